/** Addresses and ranges of both versions, as numbers: what fits into what, and what overlaps. */
import { isIP } from "node:net";

export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

export interface Range {
  readonly version: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
}

/** @returns undefined for what is no address */
export function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return { version: 4, value: text.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n) };
    case 6: {
      if (text.includes("%")) return undefined;
      const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
      const groups = (part: string | undefined): string[] => (part ? part.split(":") : []);
      const left = groups(head);
      const right = groups(tail);
      const zeros = new Array<string>(8 - left.length - right.length).fill("0");
      const all = [...left, ...zeros, ...right];
      return { version: 6, value: all.reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n) };
    }
    default:
      return undefined;
  }
}

/** In the one form that everybody writes: RFC 5952 for version 6. */
export function formatAddress({ version, value }: Address): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65535n).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** @returns undefined for what is no CIDR block, or has bits set behind its prefix */
export function parseRange(text: string): Range | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match && parseAddress(match[1]!);
  if (!address) return undefined;
  const prefix = Number(match[2]);
  const bits = address.version === 4 ? 32 : 128;
  if (prefix > bits) return undefined;
  const size = 1n << BigInt(bits - prefix);
  if (address.value % size !== 0n) return undefined;
  return { version: address.version, first: address.value, last: address.value + size - 1n, prefix };
}

export const formatRange = ({ version, first, prefix }: Range): string =>
  `${formatAddress({ version, value: first })}/${prefix}`;

export const includes = (range: Range, { version, value }: Address): boolean =>
  range.version === version && range.first <= value && value <= range.last;

export const contains = (outer: Range, inner: Range): boolean =>
  outer.version === inner.version && outer.first <= inner.first && inner.last <= outer.last;

export const overlaps = (a: Range, b: Range): boolean =>
  a.version === b.version && a.first <= b.last && b.first <= a.last;

/** RFC 1918. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((range) => parseRange(range)!);

export const isPrivate = (range: Range): boolean => PRIVATE.some((block) => contains(block, range));
