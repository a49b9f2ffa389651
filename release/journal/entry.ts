/**
 * One line of the releases' journal. What is written today can be read by the Twinset of tomorrow: each has a version, `v`.
 * In every version `v` is a number and `product` the name of the one product that the line is about; so much can be read
 * of a line that is too new. What else such a line may say, and what is done about it, is in whole.ts.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { ProductRelease } from "../../model/release";
import { type Event, next, type Outcome, possible, type Run, STEPS, STOPS, task } from "../machine";

const OUTCOMES = [
  ...(["done", "failed", "went-back", "undecided", "stayed", "stuck", "not-retired", "overtaken"] as const),
] as const;
const EVENTS = [
  ...(["ok", "failed", "refused", "overtaken", "lapsed", "unrecorded", "breach", "undecided"] as const),
  ...(["go-back", "go-on", "stay"] as const),
] as const;

const tags = z.record(z.string(), z.string());
const setSchema = z.object({ version: z.string(), tags: tags.optional(), digests: tags.optional() });
const releaseSchema = z.object({
  live: z.enum(["blue", "green"]),
  canary: z.number(),
  blue: setSchema.nullable(),
  green: setSchema.nullable(),
}) satisfies z.ZodType<ProductRelease>;
const stepSchema = z.enum([...STEPS, "back", "clean-up"]);

/** The state machine's own state, so that a run goes on exactly where it was. */
const runSchema = z.object({
  step: z.enum([...STEPS, "back", "clean-up", "ended"]),
  before: releaseSchema.nullable(),
  now: releaseSchema.nullable(),
  version: z.string(),
  canaryPercent: z.number(),
  until: z.enum(STOPS).optional(),
  attempts: z.number(),
  after: z.enum(OUTCOMES).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  pins: z.object({ tags: tags.optional(), digests: tags.optional() }).optional(),
  unrecorded: z.boolean().optional(),
}) satisfies z.ZodType<Run>;

const planSchema = z.object({
  add: z.number(),
  change: z.number(),
  destroy: z.number(),
  /** One line, for people. */
  summary: z.string(),
});

const common = {
  v: z.literal(1),
  /** Of the entry, so that one that was written twice counts once. */
  id: z.string().min(1),
  at: z.iso.datetime(),
  /** Of the run. */
  run: z.string().min(1),
  /** "user@computer". */
  who: z.string(),
  product: z.string().min(1),
  /** Ids of lines that cannot be read, and that somebody has looked at: for this product they count as not there. */
  past: z.array(z.string()).optional(),
  /** The machine's state after what the entry says. */
  progress: runSchema.optional(),
  outcome: z.enum([...OUTCOMES, ...EVENTS]).optional(),
  /** Why, in words. Free text: the only field besides a plan's summary that secrets could get into. */
  reason: z.string().optional(),
};
const ofStep = {
  ...common,
  step: stepSchema,
  /** The product's entry in the release file before an apply, and after it. */
  from: releaseSchema.nullable().optional(),
  to: releaseSchema.optional(),
  plan: planSchema.optional(),
};

export const entrySchema = z.discriminatedUnion("event", [
  /** From what to what the whole run is to lead. */
  z.object({ ...common, event: z.literal("started"), from: releaseSchema.nullable(), to: releaseSchema }),
  /** Somebody went on with it, perhaps on another computer. */
  z.object({ ...common, event: z.literal("resumed") }),
  z.object({ ...ofStep, event: z.literal("step-started") }),
  z.object({ ...ofStep, event: z.literal("step-done") }),
  z.object({ ...ofStep, event: z.literal("step-failed") }),
  /** A person's word, or the verdict's. */
  z.object({ ...common, event: z.literal("decided"), step: stepSchema.optional() }),
  z.object({ ...common, event: z.literal("ended"), outcome: z.enum(OUTCOMES) }),
]);

export type Entry = z.infer<typeof entrySchema>;
export type EntryOf<E extends Entry["event"]> = Extract<Entry, { event: E }>;
type Unwritten<E> = E extends Entry ? Omit<E, "v" | "id" | "at" | "who"> : never;
/** What somebody has to say; the journal adds when and who. */
export type NewEntry = Unwritten<Entry>;
export type PlanSummary = z.infer<typeof planSchema>;

/** Of a line that cannot be read whole, what can. */
export interface Unread {
  /**
   * - `newer`: of a newer version of the journal
   * - `unknown`: JSON, but with a step, a field or a state that this version does not know, or no entry at all
   * - `torn`: not whole
   */
  readonly kind: "newer" | "unknown" | "torn";
  readonly why: string;
  /** The product that it is about; none: it may be about any. Of a torn line nothing is believed. */
  readonly product?: string;
}

/** A line that is no entry, or one of a newer Twinset. */
export interface UnreadableLine extends Unread {
  /** From 1. */
  readonly line: number;
  /** Comes of its text: names it, also when the lines before it have gone to another file. */
  readonly id: string;
}

/** One line's entry, or why it is none. An entry that would lose anything by being read is none. */
export function parseLine(line: string): Entry | Unread {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: "torn", why: "not whole" };
  }
  const { v, product } = (value ?? {}) as { v?: unknown; product?: unknown };
  const about = typeof product === "string" && product !== "" ? { product } : {};
  if (typeof v === "number" && v > 1) {
    return { kind: "newer", why: `written by a newer Twinset (version ${v} of the journal)`, ...about };
  }
  if (v !== undefined && v !== 1) return { kind: "unknown", why: "not an entry: v", ...about };
  const { data, error } = entrySchema.safeParse(value);
  const wrong = data
    ? (lostIn(value, data) ?? impossible(data.progress))
    : error!.issues[0]!.path.join(".") || "the whole line";
  return wrong === undefined ? data! : { kind: "unknown", why: `not an entry: ${wrong}`, ...about };
}

export const isEntry = (read: Entry | Unread): read is Entry => !("why" in read);

/** A line's name: nothing of its text can be seen in it. */
export const lineId = (line: string): string => createHash("sha256").update(line).digest("hex").slice(0, 12);

/** The path of the first field that reading has passed over. */
function lostIn(given: unknown, read: unknown, path: readonly string[] = []): string | undefined {
  if (typeof given !== "object" || given === null || typeof read !== "object" || read === null) return undefined;
  for (const [key, value] of Object.entries(given)) {
    const at = [...path, key];
    if (!Object.hasOwn(read, key)) return `${at.join(".")}, which this version does not know`;
    const lost = lostIn(value, (read as Record<string, unknown>)[key], at);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** A state that no run of this version can be in: nobody could go on from it. */
function impossible(run: Run | undefined): string | undefined {
  if (!run) return undefined;
  if (run.step === "ended") return run.outcome === undefined ? "progress.outcome" : undefined;
  if (run.step === "back" && run.after === undefined) return "progress.after";
  try {
    task(run);
    // Nor may it get into one by its next event.
    for (const event of possible(run)) task(next(run, event));
    return undefined;
  } catch {
    return `progress: a run in which "${run.step}" cannot come`;
  }
}

/** Fails to compile when the machine gets a field or a word that the journal would lose. */
type Within<A, B> = [A] extends [B] ? true : never;
const _nothingIsLost: [
  Within<keyof Run, keyof z.infer<typeof runSchema>>,
  Within<Outcome, (typeof OUTCOMES)[number]>,
  Within<Event, (typeof EVENTS)[number]>,
] = [true, true, true];
