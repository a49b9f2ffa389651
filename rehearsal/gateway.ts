/**
 * This computer's own address in Docker's default network: there containers reach what a rehearsal runs beside them. The
 * engine tells it as the network's gateway, but Docker 20.10 does so only from its second start on. Then it is the address
 * that this computer has in the network; an interface without a container is "down", and Node does not list it, so Linux'
 * own table is asked as well. By Docker's rule, and last of all, it is the network's first address.
 */
import { readFileSync } from "node:fs";
import { BlockList, createServer, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { listenOn } from "../simulators/listening";

/** As `docker network inspect` has it; what is missing is missing there, too. */
export interface NetworkPart {
  readonly Subnet?: string;
  readonly Gateway?: string;
}

/** @returns the address; undefined: this computer has none there */
export async function gatewayOf(
  parts: readonly NetworkPart[],
  own = ownAddresses(),
  canListen = isOurs,
): Promise<string | undefined> {
  const told = parts.flatMap(({ Gateway = "" }) => (isIPv4(Gateway) ? [Gateway] : []));
  const subnets = parts.flatMap(({ Subnet = "" }) => subnetOf(Subnet) ?? []);
  const within = subnets.flatMap(({ has }) => own.filter(has));
  // Whatever anybody says: it is ours if we can listen there.
  for (const address of new Set([...told, ...within, ...subnets.map(({ first }) => first)])) {
    if (await canListen(address)) return address;
  }
  return undefined;
}

/** Addresses of this computer, the ones of interfaces that are down among them. */
export function ownAddresses(table = "/proc/net/fib_trie"): readonly string[] {
  const listed = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  let text = "";
  try {
    text = readFileSync(table, "utf8");
  } catch {
    // Not Linux, or a kernel that keeps it to itself.
  }
  const local = [...text.matchAll(/\|-- (\S+)\s+\/32 host LOCAL/g)].map(([, address]) => address!);
  return [...new Set([...listed.map(({ address }) => address), ...local])].filter((address) => isIPv4(address));
}

function subnetOf(text: string): { first: string; has: (address: string) => boolean } | undefined {
  const [network = "", bits] = text.split("/");
  const length = Number(bits);
  if (!isIPv4(network) || !Number.isInteger(length) || length < 1 || length > 30) return undefined;
  const list = new BlockList();
  list.addSubnet(network, length);
  const number = network.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = number - (number % 2 ** (32 - length)) + 1;
  return {
    first: [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join("."),
    has: (address) => list.check(address),
  };
}

async function isOurs(address: string): Promise<boolean> {
  const server = createServer();
  try {
    await listenOn(server, "a trial", address);
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
