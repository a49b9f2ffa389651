/** A new server: what is checked before there is one, and the actions that make it. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { Action } from "./actions";
import { actionJson } from "./actions";
import { LOCATIONS, SERVER_TYPES, type Location, type ServerType } from "./catalog";
import { invalid, invalidInput, operationError } from "./errors";
import { labelsSchema } from "./labels";
import { imageFor } from "./images";
import { join } from "./private-net";
import { locationOf, newPrimaryIp } from "./primary-ips";
import { mustHaveRoom } from "./placement-groups";
import { type Call, created, idOrNameSchema, idSchema, isMeant, type Routes } from "./routes";
import { serverJson } from "./server-json";
import { start, userDataSchema } from "./server-power";
import {
  type Cloud,
  find,
  type Firewall,
  type Image,
  mustBeUnique,
  type PrimaryIp,
  type Server,
  type Volume,
} from "./state";
import { attachment, mustBeAttachable } from "./volumes";

/** RFC 1123. */
export const hostnameSchema = z
  .string()
  .max(253)
  .regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$/, "is no hostname");

const creationSchema = z.object({
  name: hostnameSchema,
  server_type: idOrNameSchema,
  image: idOrNameSchema,
  location: idOrNameSchema.optional(),
  start_after_create: z.boolean().optional(),
  ssh_keys: z.array(idOrNameSchema).optional(),
  user_data: userDataSchema,
  labels: labelsSchema.optional(),
  automount: z.boolean().optional(),
  volumes: z.array(idSchema).optional(),
  networks: z.array(idSchema).optional(),
  firewalls: z.array(z.object({ firewall: idSchema })).optional(),
  placement_group: idSchema.optional(),
  public_net: z
    .object({
      enable_ipv4: z.boolean().optional(),
      enable_ipv6: z.boolean().optional(),
      ipv4: idSchema.optional(),
      ipv6: idSchema.optional(),
    })
    .optional(),
});
type Creation = z.output<typeof creationSchema>;

/** What a request's names and ids stand for. */
interface Order {
  readonly type: ServerType;
  readonly image: Image;
  readonly location: Location;
  readonly sshKeys: readonly string[];
  readonly volumes: readonly Volume[];
  readonly firewalls: readonly Firewall[];
  readonly placementGroup: number | undefined;
  /** undefined: a new one is made; null: none is wanted. */
  readonly ipv4: PrimaryIp | undefined | null;
  readonly ipv6: PrimaryIp | undefined | null;
}

export function serverCreateRoutes(routes: Routes): void {
  const { cloud } = routes;
  routes.post("/servers", creationSchema, (call) => {
    const { body } = call;
    mustBeUnique(cloud.servers, body.name, undefined, "server name is already used");
    const order = check(cloud, body);
    const server = make(cloud, body, order);
    const actions = plan(cloud, call, server, order);
    return created({
      server: serverJson(cloud, server),
      action: actionJson(actions[0]!),
      next_actions: actions.slice(1).map(actionJson),
      // With keys nobody needs a password.
      root_password: order.sshKeys.length > 0 ? null : randomBytes(12).toString("base64url"),
    });
  });
}

function check(cloud: Cloud, body: Creation): Order {
  const type = SERVER_TYPES.find((entry) => isMeant(body.server_type, entry));
  if (!type) throw invalidInput({ server_type: [`server type '${body.server_type}' not found`] });
  const image = imageFor(cloud, body.image, type);
  const location = locationFor(cloud, body, type);
  const sshKeys = (body.ssh_keys ?? []).map((wanted) => {
    const key = [...cloud.sshKeys.values()].find((entry) => isMeant(wanted, entry));
    if (!key) throw invalidInput({ ssh_keys: [`SSH key '${wanted}' not found`] });
    return key.publicKey;
  });
  const volumes = (body.volumes ?? []).map((id) => {
    const volume = existing(cloud.volumes, "volumes", id);
    cloud.mustBeFree({ type: "volume", id });
    mustBeAttachable(volume, { location });
    return volume;
  });
  for (const id of body.networks ?? []) existing(cloud.networks, "networks", id);
  const firewalls = (body.firewalls ?? []).map(({ firewall }) => existing(cloud.firewalls, "firewalls", firewall));
  const { placement_group: groupId, public_net: net } = body;
  if (groupId !== undefined) mustHaveRoom(cloud, existing(cloud.placementGroups, "placement_group", groupId));
  const primaryIp = (family: "ipv4" | "ipv6"): PrimaryIp | undefined | null => {
    const id = net?.[family];
    const enabled = net?.[`enable_${family}`] ?? true;
    if (id === undefined) return enabled ? undefined : null;
    if (!enabled) throw invalidInput({ [`public_net.${family}`]: [`cannot be given without enable_${family}`] });
    return freePrimaryIp(cloud, id, family, location);
  };
  const ipv4 = primaryIp("ipv4");
  const ipv6 = primaryIp("ipv6");
  const isPrivate = ipv4 === null && ipv6 === null;
  if (isPrivate && firewalls.length > 0) {
    throw operationError("private_net_only_server", "a server without a public interface takes no firewall");
  }
  if (isPrivate && (body.networks ?? []).length === 0 && (body.start_after_create ?? true)) {
    throw invalidInput({ public_net: ["a server needs a network interface to be started"] });
  }
  return { type, image, location, sshKeys, volumes, firewalls, placementGroup: groupId ?? undefined, ipv4, ipv6 };
}

function locationFor(cloud: Cloud, body: Creation, type: ServerType): Location {
  // Without a wish the server goes to where its things are.
  const volume = body.volumes?.map((id) => cloud.volumes.get(id)).find((entry) => entry !== undefined);
  const primaryIp = [body.public_net?.ipv4, body.public_net?.ipv6]
    .map((id) => (id === undefined ? undefined : cloud.primaryIps.get(id)))
    .find((entry) => entry !== undefined);
  const location =
    body.location !== undefined
      ? locationOf(body.location)
      : (volume?.location ??
        primaryIp?.location ??
        LOCATIONS.find((candidate) => type.soldIn.includes(candidate.name))!);
  if (!type.soldIn.includes(location.name)) throw invalid("unsupported location for server type");
  return location;
}

function existing<T>(items: ReadonlyMap<number, T>, field: string, id: number): T {
  const item = items.get(id);
  if (item === undefined) throw invalidInput({ [field]: [`${id} not found`] });
  return item;
}

function freePrimaryIp(cloud: Cloud, id: number, family: "ipv4" | "ipv6", location: Location): PrimaryIp {
  const ip = existing(cloud.primaryIps, `public_net.${family}`, id);
  cloud.mustBeFree({ type: "primary_ip", id });
  if (ip.type !== family) {
    throw operationError("primary_ip_version_mismatch", "the Primary IP has the wrong IP version", 412);
  }
  if (ip.assignee !== undefined) {
    throw operationError("primary_ip_assigned", "the Primary IP is already assigned to a server");
  }
  if (ip.location !== location) {
    throw operationError("primary_ip_datacenter_mismatch", `the Primary IP is in ${ip.location.name}`);
  }
  return ip;
}

function make(cloud: Cloud, body: Creation, order: Order): Server {
  const server: Server = {
    ...cloud.fresh(body.name, body.labels),
    status: "initializing",
    starts: 0,
    type: order.type,
    image: order.image,
    location: order.location,
    diskSize: order.type.disk,
    privateNet: [],
    placementGroup: order.placementGroup,
    backupWindow: undefined,
    rescue: false,
    iso: undefined,
    protection: { delete: false, rebuild: false },
    userData: body.user_data ?? undefined,
    sshKeys: order.sshKeys,
  };
  // These two can still be refused: nothing may be left of the server then.
  for (const id of body.networks ?? []) join(cloud, server, find(cloud.networks, "network", id));
  const addresses = (["ipv4", "ipv6"] as const).map((family) => {
    const given = order[family];
    return given === undefined
      ? newPrimaryIp(cloud, `primary_ip-${server.id}-${family}`, family, order.location, true)
      : given;
  });
  cloud.servers.set(server.id, server);
  for (const ip of addresses) if (ip) ip.assignee = server.id;
  for (const firewall of order.firewalls) firewall.targets.push({ type: "server", server: server.id });
  return server;
}

/** The first action makes it, the others follow: volumes, then power. */
function plan(cloud: Cloud, call: Pick<Call, "start"> & { body: Creation }, server: Server, order: Order): Action[] {
  const creation = call.start({
    command: "create_server",
    resources: [
      { type: "server", id: server.id },
      { type: "image", id: order.image.id },
    ],
    locks: [{ type: "server", id: server.id }],
    effect: () => {
      server.status = "off";
      for (const net of server.privateNet) net.ready = true;
    },
  });
  const actions = [creation];
  for (const volume of order.volumes) {
    actions.push(call.start(attachment(cloud, volume, server, actions.at(-1))));
  }
  if (call.body.start_after_create ?? true) actions.push(call.start(start(cloud, server, actions.at(-1))));
  return actions;
}
