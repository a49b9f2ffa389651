/**
 * Rules by which a canary can be judged: ours, and beside it those of three well-known programs, each in a few lines and
 * with the figures of its documents. They are alike in kind, not in every detail.
 */
import { canaryRules } from "../../model/canary";
import { errorShareOf, p95Of } from "../../release/verdict/measures";
import type { Observed, SetMetrics, Sets } from "../../release/verdict/reading";
import { spans } from "../../release/verdict/spans";
import { judge, type Verdict } from "../../release/verdict/verdict";
import { normal } from "./random";
import type { Traffic } from "./traffic";

/** Looked at every 5 s. */
export type Rule = (traffic: Traffic, second: number) => Verdict["kind"];
export const RULES = canaryRules();
const MINUTE = 60;

/** `judge` and `spans`, the very code that a release runs. */
export const twinset: Rule = (traffic, second) => judge(RULES, observe(traffic, second)).kind;

export function observe(traffic: Traffic, second: number): Observed {
  const at = (second: number): Sets => traffic.between(traffic.scrapeAt(second));
  const { settled, recent } = spans(0, traffic.reads);
  return {
    elapsedSeconds: second,
    ...traffic.between(0),
    settled: settled === undefined ? null : at(settled),
    recent: recent.map(({ minutes, from }) => ({ minutes, ...at(from) })),
  };
}

/** The last minutes, each by itself, as programs see them that ask once a minute. */
function minutesUntil(traffic: Traffic, second: number): Sets[] {
  return Array.from({ length: Math.floor(second / MINUTE) }, (_, i) =>
    traffic.between(traffic.scrapeAt(i * MINUTE), traffic.scrapeAt((i + 1) * MINUTE)),
  );
}

const isOver = (second: number): boolean => second >= RULES.duration.seconds;
const failedChecks = (minutes: readonly Sets[], fails: (canary: SetMetrics) => boolean): number =>
  minutes.filter(({ canary }) => canary.requests > 0 && fails(canary)).length;

/**
 * Flagger: once a minute 99 % of the last minute's requests have to succeed, and the 99th percentile to be 0.5 s at most;
 * at the fifth check that fails it goes back (its tutorials' interval, threshold and metrics).
 */
export const flagger: Rule = (traffic, second) => {
  if (second % MINUTE !== 0) return "wait";
  const fails = (canary: SetMetrics): boolean => errorShareOf(canary)! > 0.01 || slowest(canary, 0.99) > 0.5;
  if (failedChecks(minutesUntil(traffic, second), fails) >= 5) return "breach";
  return isOver(second) ? "pass" : "wait";
};

/**
 * Argo Rollouts: an analysis that measures the error share once a minute, held against our limit of 1 %; more than three
 * failed measurements are a failure (`failureLimit: 3`, as its documents' example has it).
 */
export const argo: Rule = (traffic, second) => {
  if (second % MINUTE !== 0) return "wait";
  if (failedChecks(minutesUntil(traffic, second), (canary) => errorShareOf(canary)! > 0.01) > 3) return "breach";
  return isOver(second) ? "pass" : "wait";
};

/**
 * Kayenta: when the time is over, each minute's error share and p95 of the canary are compared with the live set's by the
 * Mann-Whitney test; higher with 98 % confidence is a failure.
 */
export const kayenta: Rule = (traffic, second) => {
  if (!isOver(second)) return "wait";
  const minutes = minutesUntil(traffic, second);
  const higher = (of: (set: SetMetrics) => number): boolean =>
    mannWhitney(
      minutes.map(({ canary }) => of(canary)),
      minutes.map(({ live }) => of(live)),
    ) < 0.01;
  return higher((set) => errorShareOf(set) ?? 0) || higher((set) => p95Of(set) ?? 0) ? "breach" : "pass";
};

/** The chance that the first values are that much higher, if both are alike: by the normal approximation, with ties. */
export function mannWhitney(these: readonly number[], those: readonly number[]): number {
  const wins = these.map((a) => those.map((b): number => (a > b ? 1 : a === b ? 0.5 : 0))).flat();
  const [n, m] = [these.length, those.length];
  const all = [...these, ...those];
  const ties = [...new Set(all)].map((value) => all.filter((other) => other === value).length);
  const tied = ties.reduce((sum, t) => sum + t ** 3 - t, 0);
  const spread = Math.sqrt(((n * m) / 12) * (n + m + 1 - tied / ((n + m) * (n + m - 1))));
  if (spread === 0) return 1;
  return 1 - normal((wins.reduce((a, b) => a + b, 0) - (n * m) / 2) / spread);
}

/** The upper bound of the bucket in which the share is reached, as far as buckets can tell. */
function slowest({ durations }: SetMetrics, share: number): number {
  const all = durations.at(-1)?.count ?? 0;
  return durations.find(({ count }) => count >= share * all)?.le ?? 0;
}
