/**
 * The text that a plan was made of, as blocks: what decides what runs and is in no plan's JSON is in here. Of how it is
 * spread over files and in which order nothing is left, as Terraform makes nothing of it either.
 */
import type { PlanSource } from "../terraform/plan-source";

type Json = Readonly<Record<string, unknown>>;

export interface Configuration {
  /** "resource.docker_volume.postgres_data", "provider.docker", "terraform" → all that the stack says of it, in their order. */
  readonly blocks: ReadonlyMap<string, readonly unknown[]>;
  /** What is not one of cdktf's files: HCL, an override, a module's. Path → text. */
  readonly others: ReadonlyMap<string, string>;
  /** Provider's address → version. */
  readonly providers: Readonly<Record<string, string>>;
  /** Provider's address → hashes of what could be taken for it. @default nothing is locked */
  readonly locked?: Readonly<Record<string, readonly string[]>>;
}

/** Blocks with a type and a name, and with a name alone; every other kind has neither. */
const TYPED = new Set(["resource", "data", "ephemeral"]);
const NAMED = new Set(["provider", "variable", "output", "module", "check", "locals"]);

/** Terraform lays these over the other files, by their names' order. */
const OVERRIDE = /(^|_)override\.tf(\.json)?$/;

export function configurationOf({ files, providers, locked = {} }: PlanSource): Configuration {
  const blocks = new Map<string, unknown[]>();
  const others = new Map<string, string>();
  for (const [path, text] of files) {
    const stack = path.includes("/") || OVERRIDE.test(path) ? undefined : stackIn(path, text);
    if (!stack) others.set(path, text);
    else for (const [key, block] of blocksOf(stack)) blocks.set(key, [...(blocks.get(key) ?? []), block]);
  }
  return { blocks: sortedMap(blocks), others: sortedMap(others), providers, locked };
}

function stackIn(path: string, text: string): Json | undefined {
  if (!path.endsWith(".tf.json")) return undefined;
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === "object" && parsed !== null ? (parsed as Json) : undefined;
}

function blocksOf(stack: Json): [string, unknown][] {
  return Object.entries(stack).flatMap(([kind, body]): [string, unknown][] => {
    // cdktf's own notes: where in the program a resource comes from.
    if (kind === "//") return [];
    if (TYPED.has(kind)) {
      return each(body).flatMap(([type, named]) =>
        each(named).flatMap(([name, block]) => list(`${kind}.${type}.${name}`, block)),
      );
    }
    if (NAMED.has(kind)) return each(body).flatMap(([name, block]) => list(`${kind}.${name}`, block));
    return list(kind, body);
  });
}

/** Terraform takes a list of objects wherever it takes one. */
const each = (value: unknown): [string, unknown][] =>
  (Array.isArray(value) ? value : [value]).flatMap((one: unknown) =>
    typeof one === "object" && one !== null ? Object.entries(one) : [],
  );

const list = (key: string, block: unknown): [string, unknown][] =>
  (key.startsWith("locals.") || !Array.isArray(block) ? [block] : block).map((one: unknown) => [key, plain(one)]);

/** Without cdktf's notes, and with keys in order. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => key !== "//")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}

const sortedMap = <T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
  new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
