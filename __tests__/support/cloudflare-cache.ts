/**
 * What Cloudflare does with an address by the rules that were made for it: page rules, of which the one with the highest
 * priority alone counts, and cache rules, of which each setting is taken from the last that fits and has it.
 */
import { matchesPattern } from "../../model/cache-patterns";
import type { Body } from "./cases";

/** What is kept where: seconds, or "answer": as the answer itself says; undefined where nothing is said. */
export interface Kept {
  readonly edge: "nothing" | "answer" | number;
  readonly browser: "answer" | number;
}

const NOTHING: Kept = { edge: "nothing", browser: "answer" };
const FILE = /\.(css|js|png|jpg|svg|woff2)$/;

export function byPageRules(rules: readonly Body[], address: string): Kept {
  const [rule] = rules
    .filter((each) => matchesPattern(each["target"], address))
    .sort((a, b) => b["priority"] - a["priority"]);
  const actions = (rule?.["actions"] ?? {}) as Body;
  switch (actions["cache_level"]) {
    case "cache_everything":
      return { edge: actions["edge_cache_ttl"] ?? "answer", browser: actions["browser_cache_ttl"] ?? "answer" };
    case "bypass":
      return NOTHING;
    default:
      return FILE.test(pathOf(address)) ? { edge: "answer", browser: "answer" } : NOTHING;
  }
}

export function byCacheRules(rules: readonly Body[], address: string): Kept {
  const settings = Object.assign(
    {},
    ...rules.filter(({ expression }) => holds(expression as string, address)).map((each) => each["action_parameters"]),
  ) as Body;
  const seconds = (ttl: Body | undefined): number | "answer" => ttl?.["default"] ?? "answer";
  const cached = settings["cache"] ?? FILE.test(pathOf(address));
  return { edge: cached ? seconds(settings["edge_ttl"]) : "nothing", browser: seconds(settings["browser_ttl"]) };
}

const pathOf = (address: string): string => address.slice(address.indexOf("/")).split("?")[0]!;

/** The part of Cloudflare's rules language that the rules are written in. */
function holds(expression: string, address: string): boolean {
  const fields: Readonly<Record<string, string>> = {
    "http.request.full_uri": `https://${address}`,
    "http.host": address.slice(0, address.indexOf("/")),
    "http.request.uri.path": pathOf(address),
    "http.request.uri.path.extension": /\.([^./]+)$/.exec(pathOf(address))?.[1] ?? "",
  };
  let reduced = expression
    .replace(/(http\.[a-z._]+) (?:strict )?wildcard r"([^"]*)"/g, (_, field: string, glob: string) =>
      bit(
        new RegExp(
          `^${glob
            .split("*")
            .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
            .join(".*")}$`,
        ).test(fields[field]!),
      ),
    )
    .replace(/(http\.[a-z._]+) in \{([^}]*)\}/g, (_, field: string, names: string) =>
      bit(names.includes(`"${fields[field]!}"`)),
    );
  for (let before = ""; before !== reduced;) {
    before = reduced;
    reduced = reduced
      .replace(/\(([01])\)/g, "$1")
      .replace(/not ([01])/g, (_, value: string) => bit(value === "0"))
      .replace(/^([01]) and ([01])|(?<=\()([01]) and ([01])/g, (whole) => bit(!whole.includes("0")));
  }
  if (!/^[01]$/.test(reduced)) throw new Error(`not understood: ${expression} → ${reduced}`);
  return reduced === "1";
}

const bit = (value: boolean): string => (value ? "1" : "0");
