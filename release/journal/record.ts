/**
 * What the journal knows of a product's versions: which have held all traffic, and what the last word about each was. It is
 * what a rollback goes by: never "the other colour", which may be the version that has just failed.
 */
import { otherColour, type ProductRelease, type SetRelease } from "../../model/release";
import type { Entry } from "./entry";

/** A version that has held all traffic of its product. */
export interface Held {
  readonly set: SetRelease;
  /** When it got all traffic last: an ISO time; undefined: before the journal's first entry about the product. */
  readonly since: string | undefined;
}

/** Why a version must not get visitors by a rollback, in words: "aborted on 2026-11-21 10:00 by ada@laptop". */
export type BadWord = string;

export interface ProductRecord {
  /** Versions that held all traffic, the last one first; each once. */
  readonly held: readonly Held[];
  /** Versions whose last word was a bad one. Of all others nothing bad is known. */
  readonly bad: ReadonlyMap<string, BadWord>;
  /**
   * The version that the last attempt was about: a release, or a switch by hand; and whether it holds all traffic by that.
   * A deploy that nothing spoke against is none, as no visitor noticed.
   */
  readonly attempt: { readonly version: string; readonly took: boolean } | undefined;
  /** Seconds that each version's deploy took, where one is known. */
  readonly deploySeconds: ReadonlyMap<string, number>;
}

interface Attempt {
  readonly version: string;
  readonly entry: Entry;
  /** Does it hold all traffic by it? */
  took: boolean;
  /** What its last step that failed ended with: "refused" says nothing about the version. */
  failure?: string | undefined;
}

interface Reading {
  held: Held[];
  readonly bad: Map<string, BadWord>;
  attempt: ProductRecord["attempt"];
  readonly deploySeconds: Map<string, number>;
  /** Runs that have not ended, with the version that they are about. */
  readonly open: Map<string, Attempt>;
}

/** What is read of a journal. */
interface Entries {
  readonly entries: readonly Entry[];
}

/** Runs of a product whose entries stay when a journal gets shortened. */
const RUNS_KEPT = 5;

/**
 * Entries that have to stay, so that a shortened journal says the same of the last versions: of a product's last runs, and
 * of the last two that gave a version all traffic, whatever came after them.
 */
export function recordNeeds({ entries }: Entries, product: string): Entry[] {
  const own = entries.filter((entry) => entry.product === product && SAYS.has(entry.event));
  const runs = [...new Set(own.map(({ run }) => run))];
  const gave = runs.filter((run) => own.some((entry) => entry.run === run && givesTraffic(entry)));
  const kept = new Set([...runs.slice(-RUNS_KEPT), ...gave.slice(-2)]);
  return own.filter(({ run }) => kept.has(run));
}

/** Events that say something of a version. */
const SAYS: ReadonlySet<Entry["event"]> = new Set(["started", "step-done", "step-failed", "ended"]);

const givesTraffic = (entry: Entry): boolean =>
  entry.event === "step-done" &&
  (entry.step === "cutover" || entry.step === "back" || (entry.step === "deploy" && !entry.from));

/** Reads the whole of it, from the first entry to the last. */
export function recordOf({ entries }: Entries, product: string): ProductRecord {
  const reading: Reading = {
    held: [],
    bad: new Map(),
    attempt: undefined,
    deploySeconds: new Map(),
    open: new Map(),
  };
  const begun = new Map<string, string>();
  for (const entry of entries) {
    if (entry.product !== product) continue;
    if (entry.event === "step-started" && entry.step === "deploy") begun.set(entry.run, entry.at);
    if (entry.event === "step-done" && entry.step === "deploy" && entry.to) {
      const version = newIn(entry.from ?? null, entry.to);
      const since = begun.get(entry.run);
      if (version !== undefined && since !== undefined) {
        reading.deploySeconds.set(version, (Date.parse(entry.at) - Date.parse(since)) / 1000);
      }
    }
    read(reading, entry);
  }
  // A run that nobody ended: what it is about has not proved itself, unless it had all traffic already.
  for (const { version, entry, took } of reading.open.values()) {
    if (!took) reading.bad.set(version, `its release by ${entry.who} (${dateOf(entry.at)}) has not ended`);
  }
  const { held, bad, attempt, deploySeconds } = reading;
  return { held, bad, attempt, deploySeconds };
}

function read(reading: Reading, entry: Entry): void {
  switch (entry.event) {
    case "started": {
      if (entry.from) hold(reading, entry.from, undefined);
      // A version may be released again into the set that has it: then the edit brings nothing new.
      const version = entry.progress?.version ?? newIn(entry.from, entry.to);
      if (version === undefined) return;
      reading.open.set(entry.run, { version, entry, took: false });
      reading.attempt = { version, took: false };
      return;
    }
    case "step-done":
      return applied(reading, entry);
    case "step-failed": {
      const run = reading.open.get(entry.run);
      if (run) run.failure = entry.outcome;
      return;
    }
    case "ended": {
      const run = reading.open.get(entry.run);
      if (!run) return;
      reading.open.delete(entry.run);
      const word = WORDS[entry.outcome];
      // What the guard, the lock or Terraform's plan refused was never tried.
      const untried = entry.outcome === "failed" && run.failure === "refused";
      if (entry.outcome === "overtaken" && run.took) return;
      if (word !== undefined && !untried) reading.bad.set(run.version, `${word} on ${dateOf(entry.at)} (${entry.who})`);
      return;
    }
    case "resumed":
    case "decided":
      return;
  }
}

/** The last word about what a run was about, by how the run ended; undefined: nothing bad. */
const WORDS: Readonly<Record<string, string | undefined>> = {
  failed: "failed before it had a visitor",
  "went-back": "had visitors and was taken back",
  undecided: "never proved itself",
  stayed: "was left in its canary",
  stuck: "could not be taken back",
  overtaken: "was overtaken by somebody else before it had proved itself",
};

/** An edit that was brought about: who holds all traffic by it? */
function applied(reading: Reading, entry: Extract<Entry, { event: "step-done" }>): void {
  const { from, to, step, run } = entry;
  if (!to) return;
  if (from) hold(reading, from, undefined);
  const version = to[to.live]?.version;
  if (to.canary > 0 || version === undefined) return;
  const open = reading.open.get(run);
  switch (step) {
    case "cutover":
      // By a switch of the operator's own as well: whatever was said of it, somebody has decided.
      reading.bad.delete(version);
      hold(reading, to, entry.at);
      reading.attempt = { version, took: true };
      if (open?.version === version) open.took = true;
      return;
    case "back": {
      const left = leftBy(from, to);
      const isTried = left !== undefined && (from?.live !== to.live || isOnTrial(reading, left));
      hold(reading, to, entry.at);
      if (isTried && left !== version) {
        reading.bad.set(left, `was taken back on ${dateOf(entry.at)} (${entry.who})`);
        reading.attempt = { version: left, took: false };
      }
      return;
    }
    case "deploy":
      // The first release of a product is live with its deploy.
      if (!from) {
        hold(reading, to, entry.at);
        reading.attempt = { version, took: true };
        if (open) open.took = true;
      }
      return;
    default:
      return;
  }
}

/** Who had visitors, and has none by a way back. */
function leftBy(from: ProductRelease | null | undefined, to: ProductRelease): string | undefined {
  if (!from) return undefined;
  if (from.live !== to.live) return from[from.live]?.version;
  return from.canary > 0 ? from[otherColour(from.live)]?.version : undefined;
}

/** The end of its canary says something of a version, unless it is one that has held all traffic and got a share by hand. */
const isOnTrial = ({ held, attempt }: Reading, version: string): boolean =>
  attempt?.version === version || !held.some(({ set }) => set.version === version);

/** Somebody holds all traffic: it goes to the front, unless it is there. Whoever is told of later than it began keeps its time. */
function hold(reading: Reading, entry: ProductRelease, since: string | undefined): void {
  const set = entry[entry.live];
  if (!set || entry.canary > 0) return;
  const [first] = reading.held;
  if (first?.set.version === set.version) {
    if (since !== undefined) reading.held[0] = { set, since };
    return;
  }
  // Somebody gave it all traffic past the record (an apply of a release file): that was last, whatever was before.
  const known = reading.held.find((each) => each.set.version === set.version);
  reading.held = [{ set, since: since ?? known?.since }, ...reading.held.filter((each) => each !== known)];
}

/** The version that an edit brings to a set. */
function newIn(from: ProductRelease | null, to: ProductRelease): string | undefined {
  for (const colour of ["blue", "green"] as const) {
    const version = to[colour]?.version;
    if (version !== undefined && version !== from?.[colour]?.version) return version;
  }
  return undefined;
}

/** "2026-11-21 10:00", UTC. */
const dateOf = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 16)}`;
