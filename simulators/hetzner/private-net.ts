/** A server's place in private networks. */
import { z } from "zod";
import { conflict, invalidInput, operationError } from "./errors";
import { formatAddress, includes, overlaps, parseAddress, parseRange, type Range } from "./ip";
import { idSchema, type Routes, started } from "./routes";
import { type Cloud, find, type Network, type PrivateNet, type Server, type Subnet } from "./state";

export interface Wish {
  readonly ip?: string;
  readonly aliasIps?: readonly string[];
  readonly ipRange?: string;
}

export function privateNetRoutes(routes: Routes): void {
  const { cloud } = routes;

  const attaching = z.object({
    network: idSchema,
    ip: z.string().optional(),
    alias_ips: z.array(z.string()).optional(),
    ip_range: z.string().optional(),
  });
  routes.post("/servers/:id/actions/attach_to_network", attaching, ({ id, body, start }) => {
    const server = free(id);
    const network = find(cloud.networks, "network", body.network);
    const net = join(cloud, server, network, { ip: body.ip, aliasIps: body.alias_ips, ipRange: body.ip_range });
    return started(
      start({
        command: "attach_to_network",
        resources: refs(id, network.id),
        locks: [{ type: "server", id }],
        effect: () => {
          net.ready = true;
        },
      }),
    );
  });

  const detaching = z.object({ network: idSchema });
  routes.post("/servers/:id/actions/detach_from_network", detaching, ({ id, body, start }) => {
    const server = free(id);
    const net = memberOf(server, body.network);
    mustNotChange(cloud, body.network);
    return started(
      start({
        command: "detach_from_network",
        resources: refs(id, body.network),
        locks: [{ type: "server", id }],
        effect: () => {
          server.privateNet = server.privateNet.filter((entry) => entry !== net);
        },
      }),
    );
  });

  const aliases = z.object({ network: idSchema, alias_ips: z.array(z.string()) });
  routes.post("/servers/:id/actions/change_alias_ips", aliases, ({ id, body, start }) => {
    const server = free(id);
    const net = memberOf(server, body.network);
    const network = find(cloud.networks, "network", body.network);
    const taken = takenIn(cloud, network).filter((ip) => !net.aliasIps.includes(ip));
    checkAliases(network, body.alias_ips, taken);
    return started(
      start({
        command: "change_alias_ips",
        resources: refs(id, body.network),
        locks: [{ type: "server", id }],
        effect: () => {
          net.aliasIps = body.alias_ips;
        },
      }),
    );
  });

  function free(id: number): Server {
    const server = find(cloud.servers, "server", id);
    cloud.mustBeFree({ type: "server", id });
    return server;
  }

  function memberOf(server: Server, network: number): PrivateNet {
    find(cloud.networks, "network", network);
    const net = server.privateNet.find((entry) => entry.network === network);
    if (!net) throw invalidInput({ network: ["the server is not attached to it"] });
    return net;
  }
}

const refs = (server: number, network: number) => [
  { type: "server" as const, id: server },
  { type: "network" as const, id: network },
];

function mustNotChange(cloud: Cloud, network: number): void {
  if (cloud.actions.isLocked({ type: "network", id: network })) {
    throw conflict("another change of this network is still going on, please retry");
  }
}

/** Takes an address in a network; it is shown when it is ready. @throws the API's errors for why it cannot be had */
export function join(cloud: Cloud, server: Server, network: Network, wish: Wish = {}): PrivateNet {
  mustNotChange(cloud, network.id);
  if (server.privateNet.some((net) => net.network === network.id)) {
    throw operationError("server_already_attached", "server is already attached to this network");
  }
  const range = parseRange(network.ipRange)!;
  for (const net of server.privateNet) {
    const other = cloud.networks.get(net.network);
    if (other && overlaps(range, parseRange(other.ipRange)!)) {
      throw operationError("networks_overlap", "network overlaps with another one that the server is attached to");
    }
  }
  const subnets = network.subnets.filter(
    (subnet) => subnet.type !== "vswitch" && subnet.networkZone === server.location.network_zone,
  );
  const taken = takenIn(cloud, network);
  const ip = wish.ip
    ? wanted(wish.ip, choice(network, subnets, wish.ipRange), network, taken)
    : firstFree(choice(network, subnets, wish.ipRange), network, taken);
  const aliasIps = wish.aliasIps ?? [];
  checkAliases(network, aliasIps, [...taken, ip]);
  const net: PrivateNet = { network: network.id, ip, aliasIps, macAddress: mac(cloud.nextId()), ready: false };
  server.privateNet.push(net);
  return net;
}

/** The subnets that an address may come from. */
function choice(network: Network, subnets: readonly Subnet[], ipRange: string | undefined): Range[] {
  if (ipRange && !network.subnets.some((subnet) => subnet.ipRange === ipRange)) {
    throw invalidInput({ ip_range: ["is no subnet of the network"] });
  }
  const ranges = subnets
    .filter((subnet) => !ipRange || subnet.ipRange === ipRange)
    .map((subnet) => parseRange(subnet.ipRange)!);
  if (ranges.length === 0) throw operationError("no_subnet_available", "network has no subnet for this server");
  return ranges;
}

function wanted(text: string, ranges: readonly Range[], network: Network, taken: readonly string[]): string {
  const address = parseAddress(text);
  const range = address && ranges.find((entry) => includes(entry, address));
  if (!address || !range) throw invalidInput({ ip: ["is not in a subnet of the network"] });
  if (taken.includes(text) || isReserved(address.value, range, network)) throw notAvailable(text);
  return text;
}

function firstFree(ranges: readonly Range[], network: Network, taken: readonly string[]): string {
  for (const range of ranges) {
    for (let value = range.first + 1n; value < range.last; value += 1n) {
      const ip = formatAddress({ version: 4, value });
      if (!isReserved(value, range, network) && !taken.includes(ip)) return ip;
    }
  }
  throw operationError("no_subnet_available", "network has no free address for this server");
}

/** First and last address of a subnet, and the network's gateway: https://docs.hetzner.com/cloud/networks/faq */
const isReserved = (value: bigint, subnet: Range, network: Network): boolean =>
  value === subnet.first || value === subnet.last || value === parseRange(network.ipRange)!.first + 1n;

function checkAliases(network: Network, aliases: readonly string[], taken: readonly string[]): void {
  const subnets = network.subnets.map((subnet) => parseRange(subnet.ipRange)!);
  for (const [index, text] of aliases.entries()) {
    const address = parseAddress(text);
    const range = address && subnets.find((entry) => includes(entry, address));
    if (!address || !range) throw invalidInput({ alias_ips: [`${text} is not in a subnet of the network`] });
    const again = aliases.indexOf(text) !== index;
    if (again || taken.includes(text) || isReserved(address.value, range, network)) throw notAvailable(text);
  }
}

const takenIn = (cloud: Cloud, network: Network): string[] =>
  cloud
    .serversIn(network.id)
    .flatMap((server) => server.privateNet.filter((net) => net.network === network.id))
    .flatMap((net) => [net.ip, ...net.aliasIps]);

const notAvailable = (ip: string) => operationError("ip_not_available", `IP ${ip} is not available`);

const mac = (number: number): string =>
  `86:00:00:${(number & 0xffffff).toString(16).padStart(6, "0").match(/../g)!.join(":")}`;
