/**
 * A release as a state machine, pure: what is to be done next, given what was done and what came of it. It never asks for
 * more than one thing at a time, and each apply that it asks for is one edit of the product's entry in the release file.
 *
 *     deploy → smoke → canary → watch → cutover → keep → retire → done
 *        ↓       ↓        ↓       ↓        ↓        ↓
 *     clean up   ·        └────── back ────┴────────┘
 *
 * Whatever happens, the old set serves until the new one was healthy, and again after anything went wrong.
 */
import { otherColour, type ProductRelease } from "../model/release";
import { canary, cutover, deploy, firstRelease, retire, trafficBack } from "./steps";

/** The steps in their order, as `--until` and the journal name them. */
export const STEPS = ["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"] as const;
export type Step = (typeof STEPS)[number] | "back" | "clean-up";

/** Steps that an operator may stop after. */
export const STOPS = ["deploy", "smoke", "canary", "watch", "cutover", "keep"] as const;
export type Stop = (typeof STOPS)[number];

/** How a run ended. */
export type Outcome =
  /** The new version has all traffic and the old set is gone (or the run went as far as it was to go). */
  | "done"
  /** Before any traffic moved; the old set serves. */
  | "failed"
  /** Traffic had moved and is back on the old set. */
  | "went-back"
  /** Nothing spoke against the new version, but too little for it; the old set serves, a person decides. */
  | "undecided"
  /** The operator wanted it to stay as it is. */
  | "stayed"
  /** Traffic could not be moved back: a person has to, at once. */
  | "stuck"
  /** The new version has all traffic; the old set could not be removed. */
  | "not-retired";

/** What is to be done now. */
export type Task =
  /** Make the product's entry this, and nothing else. */
  | { readonly kind: "apply"; readonly step: Step; readonly to: ProductRelease }
  | { readonly kind: "smoke" }
  /** Watch the new set: with its share of the traffic, or with all of it while the old one is kept. */
  | { readonly kind: "watch" }
  | { readonly kind: "keep" }
  | { readonly kind: "end"; readonly outcome: Outcome };

/** What came of it. */
export type Event =
  | "ok"
  | "failed"
  /** Nothing was applied: the guard, the lock, or Terraform's own plan said no. */
  | "refused"
  /** The verdict: over a limit. */
  | "breach"
  /** The verdict: too few requests, or no metrics. */
  | "undecided"
  /** The operator's word, in `watch` and `keep`. */
  | "go-back"
  | "go-on"
  | "stay";

/** A run between two tasks. Plain data: it is what the journal keeps. */
export interface Run {
  readonly step: Step | "ended";
  /** The product's entry when the run began; null for a product that was not released before. */
  readonly before: ProductRelease | null;
  /** The entry that was last applied. */
  readonly now: ProductRelease | null;
  readonly version: string;
  readonly canaryPercent: number;
  /** The last step. @default the whole sequence */
  readonly until?: Stop | undefined;
  /** How often `back` has failed. */
  readonly attempts: number;
  /** The run's end once `back` has worked. */
  readonly after?: Outcome;
  readonly outcome?: Outcome;
  /** Tag and digest per service, found by the preflight. */
  readonly pins?: Pins;
}

/** What the set's entry has besides its version. */
export interface Pins {
  readonly tags?: Readonly<Record<string, string>>;
  readonly digests?: Readonly<Record<string, string>>;
}

/** So often is a switch back tried before a person is called. */
export const BACK_ATTEMPTS = 3;

export interface Start {
  readonly before: ProductRelease | null;
  readonly version: string;
  readonly canaryPercent: number;
  readonly until?: Stop | undefined;
  readonly pins?: Pins;
}

/** A run that begins. */
export const start = (given: Start): Run => ({ ...given, step: "deploy", now: given.before, attempts: 0 });

/** What a run has to do now. It is the same after a crash: every task may be done again. */
export function task(run: Run): Task {
  const { now } = run;
  switch (run.step) {
    case "deploy":
      return { kind: "apply", step: "deploy", to: deployed(run) };
    case "smoke":
      return { kind: "smoke" };
    case "canary":
      return { kind: "apply", step: "canary", to: canary(now!, run.canaryPercent) };
    case "watch":
      return { kind: "watch" };
    case "cutover":
      return { kind: "apply", step: "cutover", to: cutover(now!) };
    case "keep":
      return { kind: "keep" };
    case "retire":
      return { kind: "apply", step: "retire", to: retire(now!) };
    case "back":
      return { kind: "apply", step: "back", to: trafficBack(now!, run.before!.live) };
    case "clean-up":
      return { kind: "apply", step: "clean-up", to: run.before! };
    case "ended":
      return { kind: "end", outcome: run.outcome! };
  }
}

/** The run after its task. @throws Error for an event that the task cannot have */
export function next(run: Run, event: Event): Run {
  const { step } = run;
  const current = task(run);
  const applied = current.kind === "apply" && event === "ok" ? { ...run, now: current.to } : run;
  switch (step) {
    case "deploy":
      if (event === "ok") return then(applied, "smoke");
      // Nothing was there before, so there is nothing to go back to; the next apply of what is asked for makes it anew.
      if (event === "failed") return run.before ? { ...run, step: "clean-up" } : end(run, "failed");
      if (event === "refused") return end(run, "failed");
      break;
    case "smoke":
      // The first release of a product is live with its deploy.
      if (event === "ok") return run.before ? then(run, "canary") : end(run, "done");
      if (event === "failed") return end(run, "failed");
      break;
    case "canary":
      if (event === "ok") return then(applied, "watch");
      // It may have taken hold all the same, or before a crash.
      if (event === "failed" || event === "refused")
        return back({ ...run, now: (current as { to: ProductRelease }).to }, "went-back");
      break;
    case "watch":
      if (event === "ok" || event === "go-on") return then(run, "cutover");
      if (event === "breach" || event === "go-back") return back(run, "went-back");
      if (event === "undecided") return back(run, "undecided");
      if (event === "stay") return end(run, "stayed");
      break;
    case "cutover":
      if (event === "ok") return then(applied, "keep");
      if (event === "failed" || event === "refused")
        return back({ ...run, now: (current as { to: ProductRelease }).to }, "went-back");
      break;
    case "keep":
      if (event === "ok" || event === "go-on") return then(run, "retire");
      if (event === "breach" || event === "go-back") return back(run, "went-back");
      if (event === "stay") return end(run, "stayed");
      break;
    case "retire":
      if (event === "ok") return end(applied, "done");
      if (event === "failed" || event === "refused") return end(run, "not-retired");
      break;
    case "back":
      if (event === "ok") return end(applied, run.after!);
      if (event === "failed" || event === "refused") {
        const attempts = run.attempts + 1;
        return attempts < BACK_ATTEMPTS ? { ...run, attempts } : end({ ...run, attempts }, "stuck");
      }
      break;
    case "clean-up":
      if (event === "ok") return end(applied, "failed");
      if (event === "failed" || event === "refused") return end(run, "failed");
      break;
    case "ended":
      break;
  }
  throw new Error(`${step} cannot end with ${event}`);
}

/** Events that a run's task may have. */
export function possible(run: Run): readonly Event[] {
  const current = task(run);
  switch (current.kind) {
    case "apply":
      return ["ok", "failed", "refused"];
    case "smoke":
      return ["ok", "failed"];
    case "watch":
      return ["ok", "breach", "undecided", "go-back", "go-on", "stay"];
    case "keep":
      return ["ok", "breach", "go-back", "go-on", "stay"];
    case "end":
      return [];
  }
}

/** The next step, unless the run was to end with the one that is over. */
const then = (run: Run, step: Step): Run => (run.until === run.step ? end(run, "done") : { ...run, step });

const end = (run: Run, outcome: Outcome): Run => ({ ...run, step: "ended", outcome });

const back = (run: Run, after: Outcome): Run => ({ ...run, step: "back", after, attempts: 0 });

function deployed({ before, version, pins }: Run): ProductRelease {
  const set = { version, ...pins };
  return before ? deploy(before, set) : firstRelease(set);
}

/** The colour that the new version has. */
export const newColour = ({ before }: Pick<Run, "before">): "blue" | "green" =>
  before ? otherColour(before.live) : "blue";
