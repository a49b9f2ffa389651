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
const RECORDED_FIRST: ReadonlySet<Step> = new Set(["deploy", "canary", "cutover", "retire"]);
const EVERY_MS = 5000;
/** So long a store may take where nothing has to be written down before the run goes on. */
const PATIENCE_MS = 5000;

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
  let writing: Promise<void> | undefined;
  /** One at a time: it takes along what is kept meanwhile. */
  const write = (): Promise<void> => (writing ??= aside.write(journal).finally(() => (writing = undefined)));

  /** @param waits as long as the store likes. @default what takes long is gone on with while the run does */
  async function written(step: Step | "end", waits = false): Promise<boolean> {
    try {
      await (waits ? write() : soon(write()));
      if (down) say("The state's store answers again, and the record is written.");
      down = false;
      return true;
    } catch (reason) {
      if (!(reason instanceof ProblemsError || reason instanceof Slow)) throw reason;
      if (!down) {
        const why = reason instanceof Slow ? reason.message : reason.problems.map(({ given }) => given).join("; ");
        const then = waits ? `"${step}" waits for it.` : "The record is kept on this computer until it does.";
        say(`The state's store does not answer (${why}). ${then}`);
      }
      down = true;
      return false;
    }
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
      const waits = begins && RECORDED_FIRST.has(what.step);
      while (!(await written(what.step, waits)) && waits) {
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

/** The store takes longer than a run waits for it. */
class Slow extends Error {}

async function soon(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Slow(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  // What comes of it later is seen by who asks next.
  work.catch(() => undefined);
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
