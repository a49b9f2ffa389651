/** What changes about a resource, attribute by attribute, and which of it may be shown. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { HASH_LENGTH } from "../model/names";
import type { ConfiguredModule, ConfiguredResource, Plan, ResourceChange } from "../terraform/plan";

export interface AttributeChange {
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
  /** Only the apply will tell what it becomes. */
  readonly unknown: boolean;
  /** Some of it must not be shown: none of it is. */
  readonly sensitive: boolean;
  /** It is what the resource is replaced for. */
  readonly forces: boolean;
}

/** The stack's text for each resource, by address without index. */
export type Configured = ReadonlyMap<string, ConfiguredResource>;

export const configuredIn = (plan: Plan): Configured => new Map(resourcesOf(plan.configuration?.root_module, ""));

function resourcesOf(module: ConfiguredModule | undefined, prefix: string): [string, ConfiguredResource][] {
  const own = (module?.resources ?? []).map((each): [string, ConfiguredResource] => [`${prefix}${each.address}`, each]);
  const called = Object.entries(module?.module_calls ?? {});
  return [...own, ...called.flatMap(([name, call]) => resourcesOf(call.module, `${prefix}module.${name}.`))];
}

/** "hcloud_ssh_key.host_key["ops"]" is configured as "hcloud_ssh_key.host_key", in each copy of a module as in the first. */
export const withoutIndex = (address: string): string => address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");

/**
 * The attributes that a change is about: those in the stack's text, and what else becomes another value for certain.
 * What a provider fills in by itself (addresses, logs, ids) is not among them.
 */
export function attributeChanges(resource: ResourceChange, configured: Configured): AttributeChange[] {
  const { change } = resource;
  const before = change.before ?? {};
  const after = change.after ?? {};
  const expressions = configured.get(withoutIndex(resource.address))?.expressions ?? {};
  const forcing = new Set((change.replace_paths ?? []).map(([name]) => String(name)));
  const names = new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(expressions)]);
  return [...names].sort().flatMap((name): AttributeChange[] => {
    const unknown = hasMark(part(change.after_unknown, name));
    const changed = !alike(before[name], after[name]);
    // In an attribute of the stack's text a value that is not known yet is a change; of others nobody can say.
    const concerns = name in expressions ? changed || unknown : changed && !unknown;
    if (!concerns) return [];
    const sensitive = hasMark(part(change.before_sensitive, name)) || hasMark(part(change.after_sensitive, name));
    return [{ name, before: before[name], after: after[name], unknown, sensitive, forces: forcing.has(name) }];
  });
}

/** A mark's part for an attribute; a mark of the whole is one of every part. */
const part = (mark: unknown, name: string): unknown =>
  typeof mark === "object" && mark !== null ? (mark as Record<string, unknown>)[name] : mark;

/** Is anything in it marked? */
export function hasMark(mark: unknown): boolean {
  if (mark === true) return true;
  return typeof mark === "object" && mark !== null && Object.values(mark).some(hasMark);
}

/**
 * Equal, where what providers use for "nothing" is one thing: they read back `0` and `[]` where `null` was planned
 * (docker 4.5.0: `gw_priority`, `read_only`, `dns`).
 */
export const alike = (a: unknown, b: unknown): boolean => isDeepStrictEqual(withoutEmpty(a), withoutEmpty(b));

const EMPTY = new Set<unknown>([null, undefined, "", 0, false]);

/** A value without what means nothing in it; undefined if nothing is left. */
export function withoutEmpty(value: unknown): unknown {
  if (EMPTY.has(value)) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value as object)
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The end of the names of what this plan makes (`freshName`): another one in each plan. */
export const freshEnd = ({ timestamp }: Plan): string | undefined =>
  timestamp && createHash("sha256").update(timestamp).digest("hex").slice(0, HASH_LENGTH);
