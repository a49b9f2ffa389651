import { setTimeout as sleep } from "node:timers/promises";
import { ProblemsError } from "../../model/problem";
import type { Ledger, Noted } from "../surroundings";
import type { Step } from "../machine";
import { Aside, type AsidePlace } from "./aside";
import type { NewEntry } from "./entry";
import type { Journal } from "./journal";

export interface RunLedger extends Ledger {
  /** Ids of the entries that it has written, or keeps aside. */
  readonly own: ReadonlySet<string>;
  /** How a run has ended. @returns false: it could not be written down, and is kept aside */
  end(entry: Extract<NewEntry, { event: "ended" }>): Promise<boolean>;
}

export interface LedgerOptions {
  readonly journal: Journal;
  readonly run: string;
  readonly product: string;
  readonly aside: AsidePlace;
  /** Lines that cannot be read, and that somebody has looked at; for a step by itself, which has no other entry. */
  readonly past?: readonly string[];
  /** Told when the store does not answer, and when it does again. */
  readonly say: (text: string) => void;
  /** Has the person at the terminal had enough of waiting? */
  readonly interrupted: () => boolean;
  /** Between two attempts, so that tests need not wait. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Steps that go forward: what they do has to be written down before. The others wait for no store. */
const FORWARD: ReadonlySet<Step> = new Set(["deploy", "canary", "cutover", "retire"]);
const EVERY_MS = 5000;
/** So long a run that has something to watch waits for the store; what is late is written meanwhile. */
const PATIENCE_MS = 3000;

/** Does a run watch while this is written, or right after it? */
const isWatching = ({ event, step, progress }: Noted): boolean =>
  progress !== undefined &&
  (step === "watch" || step === "keep" || (event !== "step-started" && (step === "canary" || step === "cutover")));

/**
 * Writes the engine's steps into the journal, as a run's. While the store does not answer, a step forward waits, in words;
 * a run that watches goes on watching, and one that takes traffic back does so: their record is kept aside, and written
 * when the store is back, each entry once and in its order.
 */
export function ledgerOf({
  journal,
  run,
  product,
  past = [],
  say,
  interrupted,
  pause = sleep,
  ...rest
}: LedgerOptions): RunLedger {
  const own = new Set<string>();
  const aside = new Aside(rest.aside, run);
  let down = false;

  let writing: Promise<unknown> = Promise.resolve();

  const silent = (step: Step | "end", why: string): void => {
    const then = FORWARD.has(step as Step)
      ? `"${step}" waits for it.`
      : "The record is kept on this computer until it does.";
    if (!down) say(`The state's store does not answer (${why}). ${then}`);
    down = true;
  };

  async function write(step: Step | "end"): Promise<boolean> {
    try {
      await aside.write(journal);
      if (down) say("The state's store answers again, and the record is written.");
      down = false;
      return true;
    } catch (reason) {
      if (!(reason instanceof ProblemsError)) throw reason;
      silent(step, reason.problems.map(({ given }) => given).join("; "));
      return false;
    }
  }

  /** One after the other, as an entry that is late is written while the run goes on. */
  function written(step: Step | "end"): Promise<boolean> {
    const result = writing.then(() => write(step));
    writing = result;
    return result;
  }

  const noted = (given: NewEntry): void => {
    const entry = journal.entryOf(given);
    own.add(entry.id);
    aside.keep(entry);
  };

  return {
    own,
    async append({ text, ...what }: Noted): Promise<void> {
      // Each event has an entry of its own kind, all with the same fields.
      const looked = past.length > 0 && what.event === "step-started" ? { past } : {};
      noted({ ...what, ...looked, run, product, ...(text ? { reason: text.join("\n") } : {}) } as NewEntry);
      const begins = what.event === "step-started";
      // Seconds count: it is written with what came of it.
      if (begins && what.step === "back") return;
      if (isWatching(what)) {
        if (await isLate(written(what.step), PATIENCE_MS)) silent("watch", `nothing within ${PATIENCE_MS / 1000} s`);
        return;
      }
      while (!(await written(what.step)) && begins && FORWARD.has(what.step)) {
        if (interrupted()) return;
        await pause(EVERY_MS);
      }
    },
    async end(entry) {
      noted(entry);
      return written("end");
    },
  };
}

/** @returns whether it has not ended after so many milliseconds @throws what it throws until then */
async function isLate(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), ms);
  });
  // Whoever comes next hears of it.
  work.catch(() => undefined);
  return Promise.race([work.then(() => false), late]).finally(() => clearTimeout(timer));
}
