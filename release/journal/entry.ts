/** One line of the releases' journal. What is written today can be read by the Twinset of tomorrow: each has a version. */
import { z } from "zod";
import type { ProductRelease } from "../../model/release";
import { type Event, type Outcome, type Run, STEPS, STOPS } from "../machine";

const OUTCOMES = [
  ...(["done", "failed", "went-back", "undecided", "stayed", "stuck", "not-retired", "overtaken"] as const),
] as const;
const EVENTS = ["ok", "failed", "refused", "overtaken", "breach", "undecided", "go-back", "go-on", "stay"] as const;

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

/** A line that is no entry, or one of a newer Twinset. */
export interface UnreadableLine {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

/** One line's entry, or why it is none. */
export function parseLine(line: string): Entry | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "not whole";
  }
  const { v } = (value ?? {}) as { v?: unknown };
  if (typeof v === "number" && v > 1) return `written by a newer Twinset (version ${v} of the journal)`;
  const { data, error } = entrySchema.safeParse(value);
  return data ?? `not an entry: ${error!.issues[0]!.path.join(".") || "the whole line"}`;
}

/** Fails to compile when the machine gets a field or a word that the journal would lose. */
type Within<A, B> = [A] extends [B] ? true : never;
const _nothingIsLost: [
  Within<keyof Run, keyof z.infer<typeof runSchema>>,
  Within<Outcome, (typeof OUTCOMES)[number]>,
  Within<Event, (typeof EVENTS)[number]>,
] = [true, true, true];
