import { z } from "zod";
import type { Plan } from "./actions";
import { actionJson } from "./actions";
import { type Location, LOCATIONS } from "./catalog";
import { invalid, invalidInput, isProtected, operationError } from "./errors";
import { formatAddress, includes, parseAddress, parseRange } from "./ip";
import { type Labels, labelsSchema } from "./labels";
import { readRoutes } from "./lists";
import { created, idOrNameSchema, idSchema, isMeant, noContent, ok, type Routes, started } from "./routes";
import { type Cloud, find, mustBeUnique, type PrimaryIp, type Server } from "./state";

const dnsPtrSchema = z.object({ ip: z.string(), dns_ptr: z.string().optional() });

export function primaryIpRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { primaryIps } = cloud;
  const json = (ip: PrimaryIp) => primaryIpJson(ip, cloud.options.legacyDatacenters);
  readRoutes(routes, {
    kind: "primary_ip",
    items: primaryIps,
    json,
    labels: (ip) => ip.labels,
    sort: { id: (ip) => ip.id, created: (ip) => ip.created.getTime() },
    filters: { name: (ip) => ip.name, ip: (ip) => ip.ip },
  });

  const creation = z.object({
    name: z.string().min(1),
    type: z.enum(["ipv4", "ipv6"]),
    location: idOrNameSchema.optional(),
    assignee_type: z.enum(["server"]).optional(),
    assignee_id: idSchema.optional(),
    auto_delete: z.boolean().optional(),
    labels: labelsSchema.optional(),
  });
  routes.post("/primary_ips", creation, ({ body, start }) => {
    mustBeUnique(primaryIps, body.name);
    const server = body.assignee_id === undefined ? undefined : find(cloud.servers, "server", body.assignee_id);
    if (server) mustTake(server, body.type);
    const location = body.location === undefined ? server?.location : locationOf(body.location);
    if (!location) throw invalidInput({ location: ["is required without assignee_id"] });
    if (server && server.location !== location) throw mismatch(location);
    const ip = newPrimaryIp(cloud, body.name, body.type, location, body.auto_delete ?? false, body.labels);
    const action = server && start(assignment(ip, server));
    return created({ primary_ip: json(ip), action: action ? actionJson(action) : null });
  });

  const update = z.object({
    name: z.string().min(1).optional(),
    labels: labelsSchema.optional(),
    auto_delete: z.boolean().optional(),
  });
  routes.put("/primary_ips/:id", update, ({ id, body }) => {
    const ip = find(primaryIps, "primary_ip", id);
    if (body.name) mustBeUnique(primaryIps, body.name, id);
    if (body.auto_delete && ip.deleteProtection) throw protectionNeedsKeeping("auto_delete");
    ip.name = body.name ?? ip.name;
    ip.labels = body.labels ?? ip.labels;
    ip.autoDelete = body.auto_delete ?? ip.autoDelete;
    return ok({ primary_ip: json(ip) });
  });

  routes.delete("/primary_ips/:id", ({ id }) => {
    const ip = free(id);
    if (ip.deleteProtection) throw isProtected("Primary IP deletion is protected");
    if (ip.assignee !== undefined) {
      throw operationError("must_be_unassigned", "Primary IP must be unassigned before it can be deleted");
    }
    removePrimaryIp(cloud, ip);
    return noContent;
  });

  const assigning = z.object({ assignee_id: idSchema, assignee_type: z.enum(["server"]) });
  routes.post("/primary_ips/:id/actions/assign", assigning, ({ id, body, start }) => {
    const ip = free(id);
    const server = find(cloud.servers, "server", body.assignee_id);
    if (ip.assignee !== undefined) {
      throw operationError("primary_ip_already_assigned", "Primary IP is already assigned to a server");
    }
    mustTake(server, ip.type);
    if (server.location !== ip.location) throw mismatch(ip.location);
    return started(start(assignment(ip, server)));
  });

  routes.post("/primary_ips/:id/actions/unassign", z.object({}), ({ id, start }) => {
    const ip = free(id);
    if (ip.assignee === undefined) throw invalid("Primary IP is not assigned");
    const server = find(cloud.servers, "server", ip.assignee);
    mustBeOff(server);
    const effect = (): void => {
      ip.assignee = undefined;
    };
    return started(start({ command: "unassign_primary_ip", resources: refs(ip, server), effect }));
  });

  routes.post("/primary_ips/:id/actions/change_dns_ptr", dnsPtrSchema, ({ id, body, start }) => {
    const ip = free(id);
    const change = dnsPtrChange(ip, body.ip, body.dns_ptr);
    return started(
      start({ command: "change_dns_ptr", resources: [{ type: "primary_ip", id }], effect: change, instant: true }),
    );
  });

  routes.post("/primary_ips/:id/actions/change_protection", z.object({ delete: z.boolean() }), (call) => {
    const ip = free(call.id);
    if (call.body.delete && ip.autoDelete) throw protectionNeedsKeeping("delete");
    const effect = (): void => {
      ip.deleteProtection = call.body.delete;
    };
    const resources = [{ type: "primary_ip" as const, id: ip.id }];
    return started(call.start({ command: "change_protection", resources, effect, instant: true }));
  });

  function free(id: number): PrimaryIp {
    const ip = find(primaryIps, "primary_ip", id);
    cloud.mustBeFree({ type: "primary_ip", id });
    return ip;
  }

  function mustBeOff(server: Server): void {
    cloud.mustBeFree({ type: "server", id: server.id });
    if (server.status !== "off") {
      throw operationError("server_not_stopped", "the server is running, but needs to be powered off");
    }
  }

  function mustTake(server: Server, type: "ipv4" | "ipv6"): void {
    mustBeOff(server);
    if (cloud.primaryIpOf(server.id, type)) {
      throw operationError(`server_has_${type}`, `the server already has an ${type} address`);
    }
  }
}

/** A name or id. @throws invalid_input for no location */
export function locationOf(idOrName: number | string): Location {
  const location = LOCATIONS.find((entry) => isMeant(idOrName, entry));
  if (!location) throw invalid(`location '${idOrName}' not found`);
  return location;
}

export function newPrimaryIp(
  cloud: Cloud,
  name: string,
  type: "ipv4" | "ipv6",
  location: Location,
  autoDelete: boolean,
  labels?: Labels,
): PrimaryIp {
  const address = type === "ipv4" ? cloud.addresses.ipv4() : cloud.addresses.ipv6();
  const ip: PrimaryIp = {
    ...cloud.fresh(name, labels),
    type,
    ip: address,
    location,
    assignee: undefined,
    autoDelete,
    deleteProtection: false,
    dnsPtr: new Map(type === "ipv4" ? [[address, defaultName(address)]] : []),
  };
  cloud.primaryIps.set(ip.id, ip);
  return ip;
}

export function removePrimaryIp(cloud: Cloud, ip: PrimaryIp): void {
  cloud.primaryIps.delete(ip.id);
  cloud.addresses.release(ip.ip);
}

/** What to do to change an address's name. @throws invalid_input for an address that is not the Primary IP's */
export function dnsPtrChange(ip: PrimaryIp, text: string, name: string | undefined): () => void {
  const address = parseAddress(text);
  if (!address) throw invalidInput({ ip: ["is no IP address"] });
  const canonical = formatAddress(address);
  const isIts = ip.type === "ipv4" ? canonical === ip.ip : includes(parseRange(ip.ip)!, address);
  if (!isIts) throw invalidInput({ ip: ["is no address of this Primary IP"] });
  return () => {
    if (name !== undefined) ip.dnsPtr.set(canonical, name);
    else if (ip.type === "ipv4") ip.dnsPtr.set(canonical, defaultName(canonical));
    else ip.dnsPtr.delete(canonical);
  };
}

const defaultName = (ipv4: string): string => `static.${ipv4.split(".").reverse().join(".")}.clients.your-server.de`;

const refs = (ip: PrimaryIp, server: Server) => [
  { type: "primary_ip" as const, id: ip.id },
  { type: "server" as const, id: server.id },
];

function assignment(ip: PrimaryIp, server: Server): Plan {
  const effect = (): void => {
    ip.assignee = server.id;
  };
  return { command: "assign_primary_ip", resources: refs(ip, server), effect };
}

const mismatch = (location: Location) =>
  operationError("primary_ip_datacenter_mismatch", `the Primary IP is in another location (${location.name})`);

const protectionNeedsKeeping = (field: string) =>
  invalidInput({ [field]: ["a Primary IP that is deleted with its server cannot be protected"] });

export const dnsPtrJson = (ip: PrimaryIp) => [...ip.dnsPtr].map(([address, dns_ptr]) => ({ ip: address, dns_ptr }));

export const primaryIpJson = (ip: PrimaryIp, legacyDatacenters = false) => ({
  id: ip.id,
  name: ip.name,
  type: ip.type,
  ip: ip.ip,
  location: ip.location,
  ...(legacyDatacenters && { datacenter: datacenterJson(ip.location) }),
  assignee_id: ip.assignee ?? null,
  // Since 1 August 2026; before that it was "server" in any case.
  assignee_type: ip.assignee === undefined ? "unassigned" : "server",
  auto_delete: ip.autoDelete,
  blocked: false,
  protection: { delete: ip.deleteProtection },
  dns_ptr: dnsPtrJson(ip),
  labels: ip.labels,
  created: ip.created.toISOString(),
});

/** One for each location; the API has dropped them from servers and Primary IPs on 1 July 2026. */
export const datacenterJson = (location: Location) => ({
  id: location.id,
  name: `${location.name}-dc1`,
  description: `${location.description} 1`,
  location,
});
