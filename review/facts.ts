/**
 * What of a stack no plan shows, as facts that can be compared with those of another one: what runs beside resources, what
 * protects them, whom providers speak to, what must not be shown. A change of an attribute is not among them: the plan has
 * that.
 */
import { createHash } from "node:crypto";
import type { Redact } from "../model/redact";
import type { Configuration } from "./configuration";

/** "docker_volume.postgres_data lifecycle prevent_destroy" → "true". Texts of the stack: expressions, and no values of inputs. */
export type Facts = Readonly<Record<string, string>>;

/** What Terraform itself does with a resource, and no provider hears of. */
const BESIDE = new Set([...["lifecycle", "provisioner", "connection", "depends_on", "provider", "count", "for_each"]]);

/** Longer texts are told apart by their hash. */
const LONGEST = 160;

/**
 * @param hide takes secrets out of each text, before it is cut and before anything is hashed: a weak secret is found from a
 * fast hash by trying
 */
export function factsOf({ blocks, others, providers, locked = {} }: Configuration, hide: Redact): Facts {
  const facts = new Map<string, string>();
  const add = (subject: string, value: unknown): void => {
    for (const [path, text] of flat(value)) facts.set(hide([subject, ...path].join(" ")), short(hide(text)));
  };
  for (const [key, bodies] of blocks) {
    const isResource = key.startsWith("resource.");
    const subject = key.replace(/^resource\./, "");
    bodies.forEach((body, i) => {
      const own = isResource ? only(body) : key.startsWith("variable.") ? withoutDefault(body) : body;
      // That it is there at all is in the plan.
      if (isResource && Object.keys(own as object).length === 0) return;
      add(bodies.length > 1 ? `${subject} ${i + 1}` : subject, own);
    });
  }
  for (const [path, text] of others) facts.set(hide(`file ${path}`), short(hide(text)));
  for (const [name, version] of Object.entries(providers)) facts.set(`version ${name}`, version);
  for (const [name, hashes] of Object.entries(locked)) {
    facts.set(`plugin ${name}`, `${providers[name]}, ${hashes.length} hashes, sha256 ${hash(hashes.join(" "))}`);
  }
  return Object.fromEntries([...facts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const only = (body: unknown): unknown =>
  typeof body === "object" && body !== null
    ? Object.fromEntries(Object.entries(body).filter(([name]) => BESIDE.has(name)))
    : {};

/** The default of a variable that is a secret is one as well. */
function withoutDefault(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("default" in body)) return body;
  return "sensitive" in body && String(body.sensitive) === "true" ? { ...body, default: SENSITIVE } : body;
}

/** As Terraform says it. */
const SENSITIVE = "(sensitive)";

/** Paths to what is no object, with what is there as text. Lists of plain values are one; others have numbers. */
function flat(value: unknown, path: readonly string[] = []): [readonly string[], string][] {
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== "object" || one === null)) return [[path, value.join(" ")]];
    return value.flatMap((one: unknown, i) => flat(one, value.length > 1 ? [...path, String(i + 1)] : path));
  }
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  const entries = Object.entries(value);
  return entries.length === 0 ? [[path, "{}"]] : entries.flatMap(([key, inner]) => flat(inner, [...path, key]));
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

const short = (text: string): string =>
  text.length <= LONGEST
    ? text
    : `${text.split("\n")[0]!.slice(0, 60)}… (${text.length} characters, sha256 ${hash(text)})`;

/** How bad it is that a fact is another one. */
export type Mood = "danger" | "care";

export interface FactChange {
  readonly fact: string;
  /** undefined: it was not there. */
  readonly before: string | undefined;
  /** undefined: it is gone. */
  readonly after: string | undefined;
  readonly mood: Mood;
  /** What that means, in words. */
  readonly text: string;
}

interface Rule {
  readonly of: RegExp;
  readonly mood: Mood | ((before: string | undefined, after: string | undefined) => Mood);
  /** @param match of the fact's name */
  readonly says: (match: RegExpExecArray, before: string | undefined, after: string | undefined) => string;
}

const changed = (what: string, before: string | undefined, after: string | undefined): string => {
  if (before === undefined) return `${what} comes: ${after}`;
  if (after === undefined) return `${what} is gone, which was: ${before}`;
  return `${what} is another one: ${before} → ${after}`;
};

/** Another version has other content; the same one has not. */
const isOtherVersion = (before: string, after: string | undefined): boolean =>
  after !== undefined && before.split(",")[0] !== after.split(",")[0];

/** The first that fits says it. */
const RULES: readonly Rule[] = [
  {
    of: /^(\S+) lifecycle prevent_destroy$/,
    mood: (_, after) => (after === "true" ? "care" : "danger"),
    says: ([, address], _, after) =>
      after === "true"
        ? `prevent_destroy of ${address} comes: Terraform will not destroy it`
        : `prevent_destroy of ${address} is gone: Terraform may destroy it`,
  },
  {
    of: /^(\S+) lifecycle (.+)$/,
    mood: "care",
    says: ([, address, what], before, after) => changed(`${what} of ${address}`, before, after),
  },
  {
    of: /^(\S+) provisioner (.+)$/,
    mood: "danger",
    says: ([, address, what], before, after) =>
      changed(`a provisioner of ${address}, which runs outside of every container (${what}),`, before, after),
  },
  {
    of: /^(\S+) connection (.+)$/,
    mood: "danger",
    says: ([, address, what], before, after) => changed(`the connection of ${address} (${what})`, before, after),
  },
  {
    of: /^provider\.(\S+)(?: \d+)? host$/,
    mood: "danger",
    says: ([, name], before, after) =>
      `the ${name} provider now speaks to ${after ?? "this computer's own engine"}, before to ${before ?? "this computer's own engine"}`,
  },
  {
    of: /^provider\.(\S+)(?: \d+)? (.+)$/,
    mood: "danger",
    says: ([, name, what], before, after) => changed(`the ${name} provider's ${what}`, before, after),
  },
  {
    of: /^(variable|output)\.(\S+) sensitive$/,
    mood: (_, after) => (after === "true" ? "care" : "danger"),
    says: ([, kind, name], _, after) =>
      after === "true" ? `the ${kind} ${name} is a secret now` : `the ${kind} ${name} is no secret any more`,
  },
  {
    of: /^file (.+)$/,
    mood: "danger",
    says: ([, path], before, after) => changed(`the file ${path} beside the stack`, before, after),
  },
  {
    of: /^version (\S+)$/,
    mood: "care",
    says: ([, name], before, after) => changed(`the version of the provider ${name}`, before, after),
  },
  {
    of: /^plugin (\S+)$/,
    mood: (before, after) => (before === undefined || isOtherVersion(before, after) ? "care" : "danger"),
    says: ([, name], before, after) =>
      after === undefined
        ? `the plugin of ${name} is locked no more: whatever has its version is taken`
        : changed(`the lock of ${name}'s plugin`, before, after),
  },
  {
    of: /^(terraform|module\.\S+|removed)(?: (.+))?$/,
    mood: "danger",
    says: ([fact], before, after) => changed(fact, before, after),
  },
  { of: /^.*$/, mood: "care", says: ([fact], before, after) => changed(fact, before, after) },
];

/** What is otherwise now, worst first. */
export function factChanges(before: Facts, after: Facts): FactChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .filter((fact) => before[fact] !== after[fact] && !becameSecret(before[fact], after[fact]))
    .map((fact): FactChange => {
      const [was, is] = [before[fact], after[fact]];
      const rule = RULES.find(({ of }) => of.test(fact))!;
      const mood = typeof rule.mood === "function" ? rule.mood(was, is) : rule.mood;
      return { fact, before: was, after: is, mood, text: rule.says(rule.of.exec(fact)!, was, is) };
    })
    .sort((a, b) => Number(b.mood === "danger") - Number(a.mood === "danger"));
}

/** That a text is a secret now, or none any more, is a fact of its own; the text itself stays unsaid on both sides. */
const becameSecret = (before: string | undefined, after: string | undefined): boolean =>
  before !== undefined && after !== undefined && [before, after].includes(SENSITIVE);

/** All facts of a kind in one line, for whoever has nothing to compare them with. */
export interface FactSummary {
  readonly kind: string;
  readonly count: number;
  /** Of all of them: another one where anything about them is. */
  readonly hash: string;
}

const KINDS: readonly (readonly [string, RegExp])[] = [
  ["protected from being destroyed", /^\S+ lifecycle prevent_destroy$/],
  ["lifecycle otherwise", / lifecycle /],
  ["provisioners and connections", / (provisioner|connection)( |$)/],
  ["order, and copies", / (depends_on|count|for_each|provider)( |$)/],
  ["providers' settings and versions", /^(provider\.|version |plugin )/],
  ["inputs", /^variable\./],
  ["outputs", /^output\./],
  ["modules, and files beside the stack", /^(module\.|file )/],
  ["everything else", /^/],
];

export function summarized(facts: Facts): FactSummary[] {
  const kinds = new Map<string, [string, string][]>();
  for (const [fact, text] of Object.entries(facts)) {
    const [kind] = KINDS.find(([, pattern]) => pattern.test(fact))!;
    kinds.set(kind, [...(kinds.get(kind) ?? []), [fact, text]]);
  }
  return KINDS.flatMap(([kind]): FactSummary[] => {
    const own = kinds.get(kind);
    return own ? [{ kind, count: own.length, hash: hash(JSON.stringify(own)) }] : [];
  });
}
