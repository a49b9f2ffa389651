/** What the journal says of a run that did not end: all that another computer needs to go on with it. */
import type { ProductRelease } from "../../model/release";
import type { Entry, EntryOf, UnreadableLine } from "./entry";
import type { Run, Step } from "../machine";
import { recordNeeds } from "./record";

/** A journal's entries in their order, with the lines that they are in. */
export interface JournalContent {
  readonly entries: readonly Entry[];
  /** Each entry's line, from 1. */
  readonly lines: readonly number[];
  readonly unreadable: readonly UnreadableLine[];
  /** Where it was read, for people. */
  readonly place?: string;
}

export interface Unfinished {
  readonly run: string;
  readonly product: string;
  /** Who started it, or went on with it last. */
  readonly who: string;
  readonly since: string;
  /** When it was last heard of. */
  readonly lastSign: string;
  /** The line of that. */
  readonly lastLine: number;
  /** The product's entry when the run began; null: not released before. */
  readonly before: ProductRelease | null;
  /** What the run was to lead to. */
  readonly intended: ProductRelease;
  /** What was certainly brought about last. What is under way may have been, too. */
  readonly now: ProductRelease | null;
  /** Since when that is so. */
  readonly nowSince: string;
  /** The last step that was completed. */
  readonly lastDone?: Step;
  /** What was begun, or failed, after that. */
  readonly underWay?: {
    readonly step: Step;
    readonly at: string;
    readonly failed: boolean;
    readonly to?: ProductRelease;
    readonly reason?: string;
  };
  /** The state machine's state, as last written down. */
  readonly progress?: Run;
  /** Lines since the run's start that cannot be read and may be about it: nobody goes on before a person has looked. */
  readonly unreadable: readonly UnreadableLine[];
}

/** The entries that say where a product's latest run stands. */
interface Standing {
  readonly started: EntryOf<"started">;
  readonly resumed?: Entry;
  readonly done?: EntryOf<"step-done">;
  /** The last step that changed the product's entry. */
  readonly applied?: EntryOf<"step-done">;
  readonly underWay?: EntryOf<"step-started"> | EntryOf<"step-failed">;
  readonly progress?: Entry;
  readonly last: Entry;
}

/** @returns undefined: the product's latest run has ended, or there was none */
export function unfinished(journal: JournalContent, product: string): Unfinished | undefined {
  const standing = standingOf(journal, product);
  if (!standing) return undefined;
  const { started, resumed = started, done, applied, underWay, progress, last } = standing;
  return {
    run: started.run,
    product,
    who: resumed.who,
    since: resumed.at,
    lastSign: last.at,
    lastLine: journal.lines[journal.entries.indexOf(last)]!,
    before: started.from,
    intended: started.to,
    now: applied?.to ?? started.from,
    nowSince: applied?.at ?? started.at,
    ...(done ? { lastDone: done.step } : {}),
    ...(underWay
      ? {
          underWay: {
            step: underWay.step,
            at: underWay.at,
            failed: underWay.event === "step-failed",
            ...(underWay.to ? { to: underWay.to } : {}),
            ...(underWay.reason === undefined ? {} : { reason: underWay.reason }),
          },
        }
      : {}),
    ...(progress?.progress ? { progress: progress.progress } : {}),
    unreadable: doubts(journal, product),
  };
}

/**
 * Lines that cannot be read and may be about a product's latest run, or be a later one. A line of another product is none
 * of them, if so much of it can be read; nor is one from before the run's start, which is history as its run is; nor one
 * that a person has looked at and said so (`past`), but for a newer Twinset's, which no look makes readable.
 */
export function doubts(journal: JournalContent, product: string): readonly UnreadableLine[] {
  const { entries, unreadable } = journal;
  if (unreadable.length === 0) return [];
  const since = latest(journal, product)?.line ?? 0;
  const past = new Set(entries.flatMap((entry) => (entry.product === product ? (entry.past ?? []) : [])));
  return unreadable.filter(
    (each) =>
      (each.product ?? product) === product && each.line > since && (each.kind === "newer" || !past.has(each.id)),
  );
}

/** The product's latest run: the one that started last. */
export function latest({ entries, lines }: JournalContent, product: string): { run: string; line: number } | undefined {
  const i = entries.findLastIndex((entry) => entry.product === product && entry.event === "started");
  return i < 0 ? undefined : { run: entries[i]!.run, line: lines[i]! };
}

/** Entries without which `unfinished`, or the record of a product's last versions, would say something else. */
export function needed(journal: JournalContent): ReadonlySet<Entry> {
  const entries = new Set<Entry>();
  for (const product of new Set(journal.entries.map((entry) => entry.product))) {
    for (const entry of recordNeeds(journal, product)) entries.add(entry);
    const standing = standingOf(journal, product);
    if (!standing) continue;
    const { started, resumed, done, applied, underWay, progress, last } = standing;
    for (const entry of [started, resumed, done, applied, underWay, progress, last]) if (entry) entries.add(entry);
  }
  return entries;
}

/** The latest run is the one that started last: one that nobody went on with is history then. */
function standingOf({ entries }: JournalContent, product: string): Standing | undefined {
  let standing: Standing | undefined;
  entries.forEach((entry) => {
    if (entry.product !== product) return;
    if (entry.event === "started") {
      standing = {
        started: entry,
        last: entry,
        ...(entry.progress ? { progress: entry } : {}),
      };
      return;
    }
    if (!standing || entry.run !== standing.started.run) return;
    standing = { ...standing, last: entry, ...(entry.progress ? { progress: entry } : {}) };
    switch (entry.event) {
      case "resumed":
        standing = { ...standing, resumed: entry };
        break;
      case "step-started":
      case "step-failed":
        standing = { ...standing, underWay: entry };
        break;
      case "step-done": {
        const { underWay: _over, ...rest } = standing;
        standing = { ...rest, done: entry, ...(entry.to ? { applied: entry } : {}) };
        break;
      }
    }
  });
  const current = standing;
  const ended = current && entries.some(({ event, run }) => event === "ended" && run === current.started.run);
  return ended ? undefined : current;
}
