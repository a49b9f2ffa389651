/** What a run works with besides its site: who watches the canary, who is at the terminal, the lock, and the record. */
import type { ProductRelease } from "../model/release";
import type { PlanSummary } from "./journal/entry";
import type { Event, Run, Step } from "./machine";

/** How a canary does: asked again and again while it is watched. */
export interface Watcher {
  /**
   * @param elapsedSeconds since the new set got its share
   * @returns what to do, and what was found, in words and numbers
   */
  look(elapsedSeconds: number, rules: WatchRules): Promise<Look>;
}

/** How long, and against which limits. */
export interface WatchRules {
  readonly seconds: number;
  readonly patienceSeconds: number;
}

export interface Look {
  readonly verdict: "wait" | "pass" | "breach" | "undecided";
  readonly text: readonly string[];
  readonly requests?: number | undefined;
  readonly errorShare?: number | undefined;
  readonly p95Seconds?: number | undefined;
}

/** How long a run does what. */
export interface Timings {
  /** Seconds of the canary, of waiting for requests after that, and of keeping the old set. */
  readonly canarySeconds: number;
  readonly patienceSeconds: number;
  readonly keepSeconds: number;
  /** How long Terraform is tried to be told of traffic that is back at the edge. */
  readonly recordSeconds: number;
  /** Between two looks. */
  readonly everySeconds: number;
}

/** The person at the terminal, if there is one. */
export interface Operator {
  /** Set when Ctrl-C was pressed and not answered yet. */
  readonly interrupted: boolean;
  /** Aborted when it is pressed, so that nobody waits for the next look. @default it is seen at the next look */
  readonly interruption?: AbortSignal;
  /** Asks what is to be done. Where nobody can answer, the answer is to go back. */
  decide(what: "watch" | "keep"): Promise<"go-back" | "go-on" | "stay">;
}

/** The state's lock, for the length of a run. */
export interface RunLock {
  /** Takes it, unless this run has it already. @throws LockedError */
  hold(): Promise<void>;
  /** @throws LockedError when somebody took over */
  mustHold(): Promise<void>;
  release(): Promise<void>;
}

/** Somebody else works on the environment; the message says who. */
export class LockedError extends Error {}

/** Somebody else took the lock from this run, for which it was dead. */
export class LostLock extends LockedError {}

/** Where every step is written down. A run that cannot be written down does not go on. */
export interface Ledger {
  append(entry: Noted): Promise<void>;
}

export interface Noted {
  readonly event: "step-started" | "step-done" | "step-failed";
  readonly step: Step;
  /** The machine's state after what the entry says; none for a single step, which is no run. */
  readonly progress?: Run;
  /** The product's entry before an apply, and after it. */
  readonly from?: ProductRelease | null;
  readonly to?: ProductRelease;
  readonly plan?: PlanSummary;
  readonly outcome?: Event;
  readonly text?: readonly string[];
}
