import { BlockList, isIPv4 } from "node:net";

/** IPv4 addresses that lead nowhere from outside: this computer, private networks, carriers' (IANA's special-purpose registries). */
export const NOT_PUBLIC_IPV4 = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
] as const) {
  NOT_PUBLIC_IPV4.addSubnet(network, bits, "ipv4");
}

/** Have two ranges ("10.0.0.0/8"; an address is a range of one) an address in common? */
export function overlap(one: string, other: string): boolean {
  // Of two that do, the smaller lies in the larger whole.
  return startsIn(one, other) || startsIn(other, one);
}

function startsIn(range: string, other: string): boolean {
  const [network, bits] = range.split("/") as [string, string?];
  const kind = (address: string): "ipv4" | "ipv6" => (isIPv4(address) ? "ipv4" : "ipv6");
  const [address] = other.split("/") as [string];
  if (kind(network) !== kind(address)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits ?? (isIPv4(network) ? 32 : 128)), kind(network));
  return list.check(address, kind(address));
}
