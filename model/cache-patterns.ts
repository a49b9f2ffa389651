/**
 * Which addresses a rule of a zone is about. A pattern is Cloudflare's: host and path without scheme, where a star stands
 * for any run of characters. Host and path are compared apart, so that `*example.org/images/*` is about a host's path and
 * not about what a visitor writes behind its question mark.
 */
import type { CacheRule } from "./platform";

/** A pattern's host and path. `*example.org*` without a slash ends in a star that stands for every path. */
export function partsOf(pattern: string): { readonly host: string; readonly path: string } {
  const slash = pattern.indexOf("/");
  if (slash < 0) return { host: pattern, path: pattern.endsWith("*") ? "/*" : "/" };
  return { host: pattern.slice(0, slash), path: pattern.slice(slash) };
}

const globMatches = (glob: string, text: string): boolean =>
  new RegExp(
    `^${glob
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  ).test(text);

/** Does Cloudflare's wildcard pattern fit the address (host and path)? */
export function matchesPattern(pattern: string, address: string): boolean {
  const [rule, asked] = [partsOf(pattern), partsOf(address)];
  return globMatches(rule.host, asked.host) && globMatches(rule.path, asked.path);
}

/** The rule that Cloudflare applies: the first that fits. */
export const effectiveRule = (rules: readonly CacheRule[], address: string): CacheRule | undefined =>
  rules.find((rule) => matchesPattern(rule.pattern, address));

/** Every rule that decides for some address of the host, in their order. */
export function rulesOfHost(rules: readonly CacheRule[], host: string): CacheRule[] {
  const asked = rules.filter(({ pattern }) => globMatches(partsOf(pattern).host, host));
  // What comes behind a rule for the whole host is never asked there.
  const last = asked.findIndex(({ pattern }) => /^\/\*+$/.test(partsOf(pattern).path));
  return last < 0 ? asked : asked.slice(0, last + 1);
}
