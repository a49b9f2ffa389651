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
  | "not-retired"
  /** Somebody else has changed the product meanwhile: what is so is theirs, and nothing more was done. */
  | "overtaken";

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
  /** Somebody else has changed the product since the run's last step. */
  | "overtaken"
  /** Nobody watched the canary for its lease, and so the keeper beside the edge has taken it back. */
  | "lapsed"
  /** Traffic is where it was to go; Terraform could not be told of it. */
  | "unrecorded"
  /** The verdict: over a limit. */
  | "breach"
  /** The verdict: too few requests, or no metrics. */
  | "undecided"
  /** The operator's word, in `watch` and `keep`. */
  | "go-back"
  | "go-on"
  | "stay";

/** Events that a step did not go well by. */
export const WENT_WRONG: ReadonlySet<Event> = new Set<Event>([
  ...(["failed", "refused", "overtaken", "lapsed", "unrecorded", "breach", "undecided"] as const),
]);

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
  /** Traffic is back at the edge, and Terraform has not been told. */
  readonly unrecorded?: boolean;
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

/** What a step does, and what comes after each way in which it can end. */
interface Chapter {
  /** It is the same after a crash: every task may be done again. */
  readonly task: (run: Run) => Task;
  readonly after: Readonly<Partial<Record<Event, (run: Run) => Run>>>;
}

/** The whole story, a chapter for each step. */
const STORY: Readonly<Record<Step, Chapter>> = {
  /** The version goes to the idle set: migration, containers, healthy. No visitor sees it. */
  deploy: {
    task: (run) => applying("deploy", deployed(run)),
    after: {
      ok: (run) => then(applied(run), "smoke"),
      // Of a first release nothing is to be cleaned up; the next apply of what is asked for makes it anew.
      failed: (run) => (run.before ? { ...run, step: "clean-up" } : end(run, "failed")),
      refused: (run) => end(run, "failed"),
    },
  },

  /** The new set is asked through the edge, by nobody but us. */
  smoke: {
    task: () => ({ kind: "smoke" }),
    after: {
      // The first release of a product is live with its deploy.
      ok: (run) => (run.before ? then(run, "canary") : end(run, "done")),
      // It has no traffic, and stays to be looked at.
      failed: (run) => end(run, "failed"),
    },
  },

  /** The new set gets its share of the visitors. */
  canary: {
    task: (run) => applying("canary", canary(run.now!, run.canaryPercent)),
    after: {
      ok: (run) => then(applied(run), "watch"),
      // It may have taken hold all the same, or before a crash.
      failed: (run) => back(applied(run), "went-back"),
      refused: (run) => back(applied(run), "went-back"),
    },
  },

  /** What happens when the canary breaks: all traffic goes back. So it does when too little speaks for it. */
  watch: {
    task: () => ({ kind: "watch" }),
    after: {
      ok: (run) => then(run, "cutover"),
      breach: (run) => back(run, "went-back"),
      lapsed: (run) => back(run, "went-back"),
      undecided: (run) => back(run, "undecided"),
      "go-back": (run) => back(run, "went-back"),
      "go-on": (run) => then(run, "cutover"),
      stay: (run) => end(run, "stayed"),
    },
  },

  /** All visitors go to the new set. */
  cutover: {
    task: (run) => applying("cutover", cutover(run.now!)),
    after: {
      ok: (run) => then(applied(run), "keep"),
      failed: (run) => back(applied(run), "went-back"),
      refused: (run) => back(applied(run), "went-back"),
    },
  },

  /** The old set is kept for a while, and the new one is watched on. */
  keep: {
    task: () => ({ kind: "keep" }),
    after: {
      ok: (run) => then(run, "retire"),
      breach: (run) => back(run, "went-back"),
      "go-back": (run) => back(run, "went-back"),
      "go-on": (run) => then(run, "retire"),
      stay: (run) => end(run, "stayed"),
    },
  },

  /** The old set goes. */
  retire: {
    task: (run) => applying("retire", retire(run.now!)),
    after: {
      ok: (run) => end(applied(run), "done"),
      failed: (run) => end(run, "not-retired"),
      refused: (run) => end(run, "not-retired"),
    },
  },

  /**
   * All traffic goes to the set that had it before the run: at the edge first, then by Terraform. Where the edge does not
   * go along, it is tried again and again, then a person is called.
   */
  back: {
    task: (run) => applying("back", trafficBack(run.now!, run.before!.live)),
    after: {
      ok: (run) => end(applied(run), run.after!),
      unrecorded: (run) => end({ ...applied(run), unrecorded: true }, run.after!),
      failed: (run) => onceMore(run),
      refused: (run) => onceMore(run),
    },
  },

  /** What was begun of a deploy goes. Traffic was never on it. */
  "clean-up": {
    task: (run) => applying("clean-up", run.before!),
    after: {
      ok: (run) => end(applied(run), "failed"),
      failed: (run) => end(run, "failed"),
      refused: (run) => end(run, "failed"),
    },
  },
};

/** What a run has to do now. */
export const task = (run: Run): Task =>
  run.step === "ended" ? { kind: "end", outcome: run.outcome! } : STORY[run.step].task(run);

/** The run after its task. @throws Error for an event that the task cannot have */
export function next(run: Run, event: Event): Run {
  if (event === "overtaken" && run.step !== "ended") return end(run, "overtaken");
  const follow = run.step === "ended" ? undefined : STORY[run.step].after[event];
  if (!follow) throw new Error(`${run.step} cannot end with ${event}`);
  return follow(run);
}

/** Events that a run's task may have. */
export const possible = (run: Run): readonly Event[] =>
  run.step === "ended" ? [] : [...(Object.keys(STORY[run.step].after) as Event[]), "overtaken"];

const applying = (step: Step, to: ProductRelease): Task => ({ kind: "apply", step, to });

/** The entry that a run's step brings about. @throws Error where it applies nothing */
export function applies(run: Run): ProductRelease {
  const current = task(run);
  if (current.kind !== "apply") throw new Error(`${run.step} applies nothing`);
  return current.to;
}

/** The run with its task's entry applied, or maybe applied. */
const applied = (run: Run): Run => {
  const current = task(run);
  return current.kind === "apply" ? { ...run, now: current.to } : run;
};

/** The next step, unless the run was to end with the one that is over. */
const then = (run: Run, step: Step): Run => (run.until === run.step ? end(run, "done") : { ...run, step });

const end = (run: Run, outcome: Outcome): Run => ({ ...run, step: "ended", outcome });

const back = (run: Run, after: Outcome): Run => ({ ...run, step: "back", after, attempts: 0 });

function onceMore(run: Run): Run {
  const attempts = run.attempts + 1;
  return attempts < BACK_ATTEMPTS ? { ...run, attempts } : end({ ...run, attempts }, "stuck");
}

function deployed({ before, version, pins }: Run): ProductRelease {
  const set = { version, ...pins };
  return before ? deploy(before, set) : firstRelease(set);
}

/** The colour that the new version has. */
export const newColour = ({ before }: Pick<Run, "before">): "blue" | "green" =>
  before ? otherColour(before.live) : "blue";

/** The steps that a run from its beginning takes. */
export function stepsOf(run: Pick<Run, "before" | "until">): readonly Step[] {
  const all: readonly Step[] = run.before ? STEPS : ["deploy", "smoke"];
  const last = run.until ? all.indexOf(run.until) : -1;
  return last < 0 ? all : all.slice(0, last + 1);
}
