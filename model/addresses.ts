import { BlockList } from "node:net";

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
