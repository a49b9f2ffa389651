/** Public addresses. */
import { resourceUnavailable } from "./errors";

/** 203.0.113.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849): nobody answers there. */
export class AddressPool {
  private unused = Array.from({ length: 254 }, (_, index) => `203.0.113.${index + 1}`);
  private blocks = 0;

  /** @param given where version 4 addresses come from in place of the documentation's */
  constructor(private readonly given: (() => string) | undefined) {}

  /** @throws resource_unavailable when there are no more */
  ipv4(): string {
    if (this.given) return this.given();
    const next = this.unused.shift();
    if (next === undefined) throw resourceUnavailable("no IPv4 address available");
    return next;
  }

  /** A /64. */
  ipv6(): string {
    this.blocks += 1;
    return `2001:db8:0:${this.blocks.toString(16)}::/64`;
  }

  /** For others to have; only when all other addresses have been used. */
  release(ip: string): void {
    if (!this.given && ip.startsWith("203.0.113.")) this.unused.push(ip);
  }
}
