import { z } from "zod";
import { NETWORK_ZONES } from "./catalog";
import { invalidInput, isProtected, operationError, serviceError } from "./errors";
import { contains, formatAddress, includes, isPrivate, overlaps, parseAddress, parseRange, type Range } from "./ip";
import { labelsSchema } from "./labels";
import { readRoutes } from "./lists";
import { created, idSchema, noContent, ok, type Routes, started } from "./routes";
import { type Cloud, find, mustBeUnique, type Network, type Route, type Subnet } from "./state";

/** Hetzner's gateway for a server's public interface; no route may lead there. */
const RESERVED_GATEWAY = "172.31.1.1";
const EVERYWHERE = "0.0.0.0/0";

const subnetSchema = z.object({
  type: z.enum(["cloud", "server", "vswitch"]),
  ip_range: z.string().optional(),
  network_zone: z.string(),
  vswitch_id: idSchema.optional(),
});
const routeSchema = z.object({ destination: z.string(), gateway: z.string() });

export function networkRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { networks } = cloud;
  const json = (network: Network) => networkJson(cloud, network);
  readRoutes(routes, {
    kind: "network",
    items: networks,
    json,
    labels: (network) => network.labels,
    sort: { id: (net) => net.id, name: (net) => net.name, created: (net) => net.created.getTime() },
    filters: { name: (network) => network.name },
  });

  const creation = z.object({
    name: z.string().min(1),
    ip_range: z.string(),
    labels: labelsSchema.optional(),
    subnets: z.array(subnetSchema).optional(),
    routes: z.array(routeSchema).optional(),
    expose_routes_to_vswitch: z.boolean().optional(),
  });
  routes.post("/networks", creation, ({ body }) => {
    privateRange("ip_range", body.ip_range, 24);
    mustBeUnique(networks, body.name);
    const network: Network = {
      ...cloud.fresh(body.name, body.labels),
      ipRange: body.ip_range,
      subnets: [],
      routes: [],
      exposeRoutesToVswitch: body.expose_routes_to_vswitch ?? false,
      deleteProtection: false,
    };
    for (const subnet of body.subnets ?? []) network.subnets.push(newSubnet(network, subnet));
    for (const route of body.routes ?? []) network.routes.push(newRoute(network, route));
    networks.set(network.id, network);
    return created({ network: json(network) });
  });

  const update = z.object({
    name: z.string().min(1).optional(),
    labels: labelsSchema.optional(),
    expose_routes_to_vswitch: z.boolean().optional(),
  });
  routes.put("/networks/:id", update, ({ id, body }) => {
    const network = free(id);
    if (body.name) mustBeUnique(networks, body.name, id);
    network.name = body.name ?? network.name;
    network.labels = body.labels ?? network.labels;
    network.exposeRoutesToVswitch = body.expose_routes_to_vswitch ?? network.exposeRoutesToVswitch;
    return ok({ network: json(network) });
  });

  routes.delete("/networks/:id", ({ id }) => {
    const network = free(id);
    if (network.deleteProtection) throw isProtected("network deletion is protected");
    // Servers do not hold a network: the API detaches them itself.
    for (const server of cloud.serversIn(id)) {
      server.privateNet = server.privateNet.filter((net) => net.network !== id);
    }
    networks.delete(id);
    return noContent;
  });

  routes.post("/networks/:id/actions/add_subnet", subnetSchema, ({ id, body, start }) => {
    const network = free(id);
    const subnet = newSubnet(network, body);
    return started(start(change("add_subnet", id, () => network.subnets.push(subnet))));
  });

  routes.post("/networks/:id/actions/delete_subnet", z.object({ ip_range: z.string() }), ({ id, body, start }) => {
    const network = free(id);
    const subnet = network.subnets.find((entry) => entry.ipRange === body.ip_range);
    if (!subnet) throw invalidInput({ ip_range: ["is no subnet of this network"] });
    const range = parseRange(subnet.ipRange)!;
    const attached = cloud
      .serversIn(id)
      .flatMap((server) => server.privateNet.filter((net) => net.network === id))
      .some((net) => [net.ip, ...net.aliasIps].some((ip) => includes(range, parseAddress(ip)!)));
    if (attached) throw serviceError("cannot remove subnet because servers are attached to it");
    return started(
      start(
        change("delete_subnet", id, () => {
          network.subnets = network.subnets.filter((entry) => entry !== subnet);
        }),
      ),
    );
  });

  routes.post("/networks/:id/actions/add_route", routeSchema, ({ id, body, start }) => {
    const network = free(id);
    const route = newRoute(network, body);
    return started(start(change("add_route", id, () => network.routes.push(route))));
  });

  routes.post("/networks/:id/actions/delete_route", routeSchema, ({ id, body, start }) => {
    const network = free(id);
    const route = network.routes.find((r) => r.destination === body.destination && r.gateway === body.gateway);
    if (!route) throw invalidInput({ destination: ["is no route of this network"] });
    return started(
      start(
        change("delete_route", id, () => {
          network.routes = network.routes.filter((entry) => entry !== route);
        }),
      ),
    );
  });

  routes.post("/networks/:id/actions/change_ip_range", z.object({ ip_range: z.string() }), ({ id, body, start }) => {
    const network = free(id);
    const range = privateRange("ip_range", body.ip_range, 24);
    const old = parseRange(network.ipRange)!;
    if (range.first !== old.first || !contains(range, old)) {
      throw invalidInput({ ip_range: ["must begin where the present one does, and be no smaller"] });
    }
    const effect = (): void => {
      network.ipRange = body.ip_range;
    };
    return started(start({ ...change("change_ip_range", id, effect), instant: true }));
  });

  routes.post("/networks/:id/actions/change_protection", z.object({ delete: z.boolean().optional() }), (call) => {
    const network = free(call.id);
    const effect = (): void => {
      network.deleteProtection = call.body.delete ?? network.deleteProtection;
    };
    return started(call.start({ ...change("change_protection", call.id, effect), instant: true }));
  });

  function free(id: number): Network {
    const network = find(networks, "network", id);
    cloud.mustBeFree({ type: "network", id });
    return network;
  }
}

const change = (command: string, id: number, effect: () => unknown) => ({
  command,
  resources: [{ type: "network" as const, id }],
  effect: () => void effect(),
});

function privateRange(field: string, text: string, maxPrefix: number): Range {
  const range = parseRange(text);
  if (!range || range.version !== 4) throw invalidInput({ [field]: ["is no IPv4 network in CIDR notation"] });
  if (!isPrivate(range)) throw invalidInput({ [field]: ["is not in a private range of RFC 1918"] });
  if (range.prefix > maxPrefix) throw invalidInput({ [field]: [`must be at least a /${maxPrefix}`] });
  return range;
}

/** @throws invalid_input for one that is outside of the network, or overlaps with another one or a route */
function newSubnet(network: Network, given: z.output<typeof subnetSchema>): Subnet {
  if (!NETWORK_ZONES.includes(given.network_zone)) {
    throw invalidInput({ network_zone: [`network zone '${given.network_zone}' not found`] });
  }
  if ((given.type === "vswitch") !== (given.vswitch_id !== undefined)) {
    throw invalidInput({ vswitch_id: ["belongs to subnets of type vswitch, and only to these"] });
  }
  const outer = parseRange(network.ipRange)!;
  const taken = [
    ...network.subnets.map((subnet) => parseRange(subnet.ipRange)!),
    ...network.routes.filter(({ destination }) => destination !== EVERYWHERE).map((r) => parseRange(r.destination)!),
  ];
  const ipRange = given.ip_range ?? firstFree(outer, taken);
  const range = privateRange("ip_range", ipRange, 30);
  if (!contains(outer, range)) throw invalidInput({ ip_range: ["is not a part of the network's range"] });
  if (taken.some((other) => overlaps(range, other))) {
    throw invalidInput({ ip_range: ["overlaps with another subnet or route"] });
  }
  const { type, network_zone: networkZone, vswitch_id: vswitchId } = given;
  return { type, ipRange, networkZone, vswitchId: vswitchId ?? undefined };
}

function firstFree(outer: Range, taken: readonly Range[]): string {
  for (let first = outer.first; first <= outer.last; first += 256n) {
    const range: Range = { version: 4, first, last: first + 255n, prefix: 24 };
    if (!taken.some((other) => overlaps(range, other)))
      return `${formatAddress({ version: 4, value: range.first })}/24`;
  }
  throw operationError("no_subnet_available", "no /24 is free in the network");
}

function newRoute(network: Network, given: z.output<typeof routeSchema>): Route {
  const destination = parseRange(given.destination);
  if (!destination || (given.destination !== EVERYWHERE && !isPrivate(destination))) {
    throw invalidInput({ destination: ["must be 0.0.0.0/0 or in a private range of RFC 1918"] });
  }
  const taken = [
    ...network.subnets.map((subnet) => subnet.ipRange),
    ...network.routes.map((route) => route.destination).filter((other) => other !== EVERYWHERE),
  ].map((range) => parseRange(range)!);
  if (given.destination !== EVERYWHERE && taken.some((range) => overlaps(range, destination))) {
    throw invalidInput({ destination: ["overlaps with a subnet or another route"] });
  }
  if (network.routes.some((route) => route.destination === given.destination)) {
    throw invalidInput({ destination: ["has a route already"] });
  }
  const gateway = parseAddress(given.gateway);
  const outer = parseRange(network.ipRange)!;
  if (!gateway || given.gateway === RESERVED_GATEWAY || gateway.value === outer.first + 1n) {
    throw invalidInput({ gateway: ["cannot be this address"] });
  }
  if (!includes(outer, gateway)) throw invalidInput({ gateway: ["is not in the network's range"] });
  return { destination: given.destination, gateway: given.gateway };
}

export function networkJson(cloud: Cloud, network: Network) {
  const range = parseRange(network.ipRange)!;
  return {
    id: network.id,
    name: network.name,
    ip_range: network.ipRange,
    subnets: network.subnets.map((subnet) => ({
      type: subnet.type,
      ip_range: subnet.ipRange,
      network_zone: subnet.networkZone,
      // One for the whole network.
      gateway: formatAddress({ version: 4, value: range.first + 1n }),
      vswitch_id: subnet.vswitchId ?? null,
    })),
    routes: network.routes.map(({ destination, gateway }) => ({ destination, gateway })),
    servers: cloud
      .serversIn(network.id)
      .filter((server) => server.privateNet.some((net) => net.network === network.id && net.ready))
      .map((server) => server.id),
    load_balancers: [],
    protection: { delete: network.deleteProtection },
    labels: network.labels,
    created: network.created.toISOString(),
    expose_routes_to_vswitch: network.exposeRoutesToVswitch,
  };
}
