/** What was read about a canary: what goes into the verdict. */
import type { Bucket } from "./durations";

/** What the edge has counted of one set. */
export interface SetMetrics {
  readonly requests: number;
  /** Answered with 5xx. */
  readonly errors: number;
  /** Of these, those that the edge answered itself, as no server of the set was up. @default none */
  readonly byEdge?: number;
  /** The errors by service, those without errors among them. @default not known */
  readonly errorsOf?: Readonly<Record<string, number>>;
  readonly durations: readonly Bucket[];
}

/** Both sets over the same time. */
export interface Sets {
  readonly canary: SetMetrics;
  readonly live: SetMetrics;
}

/** Both sets in the last minutes. */
export interface Recent extends Sets {
  readonly minutes: number;
}

/** What was read about a canary, or why nothing was. */
export type Reading =
  | (Sets & {
      /** Without the canary's first seconds, in which it warms up; null while they last. @default it has been warm always */
      readonly settled?: Sets | null;
      /** The last minutes alone: a version that turns bad is not hidden behind its good beginning. @default not known */
      readonly recent?: readonly Recent[];
      /** Services of each set of which the edge has no server that is up, by its health checks. @default not known */
      readonly down?: { readonly canary: readonly string[]; readonly live: readonly string[] };
      /** How long the edge was watched, where that is less than the canary's age. @default all the time */
      readonly watchedSeconds?: number;
    })
  | { readonly missing: string };

export type Numbers = Exclude<Reading, { missing: string }>;

/** @property elapsedSeconds since the canary got its share of the traffic */
export type Observed = { readonly elapsedSeconds: number } & Reading;
