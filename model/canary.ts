import { type Duration, hours, minutes } from "./units";

/** How a product's new version proves itself before it gets all traffic: data per product. */
export interface CanaryRules {
  /** Per cent of the requests that the new version gets. @default 10 (manacore-deployment-architecture.md) */
  readonly percent?: number;
  /** How long it has to do well. @default 10 min (same) */
  readonly duration?: Duration;
  /** Share of requests that may be answered with 5xx, 0 to 1. @default 0.01 (same: "error rate < 1 %") */
  readonly maxErrorShare?: number;
  /** Seconds in which 95 of 100 requests have to be answered. @default 1 (same: "response time < 1 s") */
  readonly maxP95Seconds?: number;
  /** Fewer requests than this in the whole canary prove nothing. @default 100: one error in them is the limit */
  readonly minRequests?: number;
  /** How long it waits for them after `duration`, before a person has to decide. @default 20 min */
  readonly patience?: Duration;
  /** A canary that nobody watches for so long ends by itself: all traffic goes back. @default 2 min */
  readonly lease?: Duration;
  /** How long the old set stays after the cutover, to go back to. @default 1 h (same) */
  readonly keep?: Duration;
}

export const canaryRules = (given: CanaryRules = {}): Required<CanaryRules> => ({
  percent: given.percent ?? 10,
  duration: given.duration ?? minutes(10),
  maxErrorShare: given.maxErrorShare ?? 0.01,
  maxP95Seconds: given.maxP95Seconds ?? 1,
  minRequests: given.minRequests ?? 100,
  patience: given.patience ?? minutes(20),
  lease: given.lease ?? minutes(2),
  keep: given.keep ?? hours(1),
});
