/**
 * How a canary does, by its numbers. Pure: what was counted goes in, a verdict with its reasons comes out.
 *
 * The limits are the product's (model/canary.ts). They are held against what was seen with a doubt, as a few requests say
 * little: how many times likelier is what was seen if the true share is the one seen than if it is just at the limit? By
 * Chernoff's bound the chance to see that much of a version at the limit is at most one in as many. So
 *
 * - at any look, a breach is what is 1,000 times likelier: 4 errors in 20 requests at a limit of 1 %, 3 in 12, but not 3
 *   in 15. It may be asked for every few seconds, so a good version must not be unlucky even once in hundreds of looks;
 * - when the time is over it is what is 5 times likelier, as then it has to be decided;
 * - what is over a limit by less is neither a breach nor a pass: it waits for more requests, then for a person.
 */
import type { CanaryRules } from "../../model/canary";
import { type Bucket, quantile, slowerThan, timed } from "./durations";

/** What the edge has counted of one set. */
export interface SetMetrics {
  readonly requests: number;
  /** Answered with 5xx. */
  readonly errors: number;
  /** The same by service, those without errors among them. @default not known */
  readonly errorsOf?: Readonly<Record<string, number>>;
  readonly durations: readonly Bucket[];
}

/** Both sets over the same time. */
export interface Sets {
  readonly canary: SetMetrics;
  readonly live: SetMetrics;
}

/** What was read about a canary, or why nothing was. */
export type Reading =
  | (Sets & {
      /** The last minute alone: a version that turns bad is not hidden behind its good beginning. @default not known */
      readonly recent?: Sets;
      /** How long the edge was watched, where that is less than the canary's age. @default all the time */
      readonly watchedSeconds?: number;
    })
  | { readonly missing: string };

/** @property elapsedSeconds since the canary got its share of the traffic */
export type Observed = { readonly elapsedSeconds: number } & Reading;

export interface Finding {
  readonly metric: "error share" | "p95" | "requests" | "watched" | "numbers";
  /** A share from 0 to 1, seconds, or a count; undefined where nothing was counted. */
  readonly value: number | undefined;
  readonly limit: number | undefined;
  /** The live set's, over the same time. */
  readonly live?: number | undefined;
  /** "error share 20.3 % (limit 1 %; live set 0.1 %), 84 of 412 requests". */
  readonly text: string;
}

export interface Verdict {
  /** wait: look again. undecided: a person has to look. */
  readonly kind: "wait" | "pass" | "breach" | "undecided";
  /** What it rests on: what is over its limit for a breach, what is still open after the time, else all numbers. */
  readonly findings: readonly Finding[];
}

/** So many times likelier it has to be at any look; when the time is over. */
const BEYOND_DOUBT = 1000;
const RATHER = 5;
/** One visitor's failing request is often sent again at once, so one or two are never enough. */
const FEWEST_ERRORS = 3;
/** Of fewer the 95th percentile is just the slowest, and the first ones after a start are slow. */
const FEWEST_TIMED = 20;
/** 95 of 100 have to be in time. */
const MAY_BE_SLOW = 0.05;
/**
 * Markedly worse than the live set: over half of the limit, and over three times the live set's error share or twice its
 * p95. Half of the limit, as three times next to nothing is nothing; ours, as no document says when it is "worse".
 */
const OF_LIMIT = 0.5;
const WORSE_ERRORS = 3;
const WORSE_P95 = 2;
/** A scrape and a look may lie between. */
const UNWATCHED_SECONDS = 30;

export function judge(rules: Required<CanaryRules>, observed: Observed): Verdict {
  const { elapsedSeconds } = observed;
  const isOver = elapsedSeconds >= rules.duration.seconds;
  const later = elapsedSeconds >= rules.duration.seconds + rules.patience.seconds ? "undecided" : "wait";
  if ("missing" in observed) return { kind: later, findings: [without(observed.missing)] };

  const whole = [errorShare(rules, observed), p95(rules, observed)];
  const breaches = [
    ...whole.filter(({ odds }) => odds >= (isOver ? RATHER : BEYOND_DOUBT)),
    ...worseThanLive(rules, observed).filter(({ odds }) => odds >= BEYOND_DOUBT),
    ...lastMinute(rules, observed).filter(({ odds }) => odds >= BEYOND_DOUBT),
  ];
  if (breaches.length > 0) {
    // The same metric once: over the limit says more than worse than the other set, and the whole more than a part.
    const first = breaches.filter(({ metric }, i) => breaches.findIndex((other) => other.metric === metric) === i);
    return { kind: "breach", findings: first.map(finding) };
  }

  const measured = [
    // Of no request there is no share: that there is none is said once.
    ...(observed.canary.requests > 0 ? whole.map((each) => ({ ...finding(each), open: !each.within })) : []),
    enough(rules, observed),
  ];
  if (!isOver) return { kind: "wait", findings: measured.map(plain) };
  const open = [...measured, ...unwatched(rules, observed)].filter((each) => each.open);
  return open.length > 0 ? { kind: later, findings: open.map(plain) } : { kind: "pass", findings: measured.map(plain) };
}

/** Of a set's requests, those answered with 5xx; undefined of none. */
export const errorShareOf = ({ requests, errors }: SetMetrics): number | undefined =>
  requests > 0 ? errors / requests : undefined;

/** Seconds in which 95 of 100 of a set's requests were answered; undefined of none. */
export const p95Of = ({ durations }: SetMetrics): number | undefined => quantile(durations, 1 - MAY_BE_SLOW);

/** A metric held against a limit. */
interface Measured extends Finding {
  readonly limit: number;
  /** How many times likelier it is to be over the limit, by what was seen, than just at it. */
  readonly odds: number;
  /** Known, and not over the limit. */
  readonly within: boolean;
}

interface Against {
  /** Where it is not the rules'. */
  readonly limit: number;
  /** How the limit, or the time, is told. */
  readonly label?: string;
  readonly limitLabel?: string;
}

function errorShare(
  rules: Required<CanaryRules>,
  { canary, live }: Sets,
  { limit, label = "error share", limitLabel = "limit" }: Against = { limit: rules.maxErrorShare },
): Measured {
  const value = errorShareOf(canary);
  const other = errorShareOf(live);
  return {
    metric: "error share",
    value,
    limit,
    live: other,
    odds: canary.errors >= FEWEST_ERRORS ? odds(canary.errors, canary.requests, limit) : 1,
    within: value !== undefined && value <= limit,
    text: [
      `${label} ${percent(value)} (${limitLabel} ${percent(limit)}; live set ${percent(other)})`,
      `, ${canary.errors} of ${canary.requests} requests${mostly(canary)}`,
      elsewhere(value, other, rules.maxErrorShare),
    ].join(""),
  };
}

function p95(
  rules: Required<CanaryRules>,
  { canary, live }: Sets,
  { limit, label = "p95", limitLabel = "limit" }: Against = { limit: rules.maxP95Seconds },
): Measured {
  const value = p95Of(canary);
  const other = p95Of(live);
  const count = timed(canary.durations);
  return {
    metric: "p95",
    value,
    limit,
    live: other,
    odds: count >= FEWEST_TIMED ? odds(slowerThan(canary.durations, limit), count, MAY_BE_SLOW) : 1,
    within: value !== undefined && value <= limit,
    text: [
      `${label} ${inSeconds(value)} (${limitLabel} ${inSeconds(limit)}; live set ${inSeconds(other)})`,
      `, ${count} requests timed`,
      elsewhere(value, other, rules.maxP95Seconds),
    ].join(""),
  };
}

/** The limits once more, for the last minute alone. */
function lastMinute(rules: Required<CanaryRules>, { recent }: Exclude<Reading, { missing: string }>): Measured[] {
  if (!recent) return [];
  return [
    errorShare(rules, recent, { limit: rules.maxErrorShare, label: "error share of the last minute" }),
    p95(rules, recent, { limit: rules.maxP95Seconds, label: "p95 of the last minute" }),
  ];
}

/** Within the limits, and yet something that the live set does not have. Of a few requests of that set it says nothing. */
function worseThanLive(rules: Required<CanaryRules>, sets: Sets): Measured[] {
  const { live } = sets;
  if (live.requests < rules.minRequests) return [];
  const limitLabel = "markedly worse than the live set from";
  const share = Math.max(rules.maxErrorShare * OF_LIMIT, WORSE_ERRORS * errorShareOf(live)!);
  const seconds = Math.max(rules.maxP95Seconds * OF_LIMIT, WORSE_P95 * (p95Of(live) ?? Infinity));
  return [
    ...(share < rules.maxErrorShare ? [errorShare(rules, sets, { limit: share, limitLabel })] : []),
    ...(seconds < rules.maxP95Seconds ? [p95(rules, sets, { limit: seconds, limitLabel })] : []),
  ];
}

type MayBeOpen = Finding & { readonly open: boolean };

function enough({ minRequests }: Required<CanaryRules>, { canary, live }: Sets): MayBeOpen {
  const { requests } = canary;
  const none = requests === 0 && live.requests === 0;
  const open = requests < minRequests;
  return {
    metric: "requests",
    value: requests,
    limit: minRequests,
    live: live.requests,
    open,
    text: none
      ? `no request to either set (at least ${minRequests}): nobody asks, or the edge counts none`
      : `${requests} requests (${open ? "too few, " : ""}at least ${minRequests}; live set ${live.requests})`,
  };
}

/** What happened while nobody counted is no pass. */
function unwatched(
  { duration }: Required<CanaryRules>,
  { watchedSeconds }: Exclude<Reading, { missing: string }>,
): MayBeOpen[] {
  if (watchedSeconds === undefined || watchedSeconds >= duration.seconds - UNWATCHED_SECONDS) return [];
  const value = Math.round(watchedSeconds);
  const text = `the edge was watched for ${value} s only (at least ${duration.seconds} s)`;
  return [{ metric: "watched", value, limit: duration.seconds, open: true, text }];
}

const without = (why: string): Finding => ({
  metric: "numbers",
  value: undefined,
  limit: undefined,
  text: `no numbers: ${why}`,
});

/**
 * How many times likelier it is to see so many bad ones if their true share is the one seen than if it is `allowed`; 1
 * when no more were seen than that.
 */
export function odds(bad: number, of: number, allowed: number): number {
  if (of === 0 || bad / of <= allowed) return 1;
  if (allowed <= 0) return Infinity;
  const seen = bad / of;
  const good = seen < 1 ? (of - bad) * Math.log((1 - seen) / (1 - allowed)) : 0;
  return Math.exp(bad * Math.log(seen / allowed) + good);
}

/** The live set, too, is over the limit, and not by much less. */
const elsewhere = (value: number | undefined, live: number | undefined, limit: number): string =>
  value !== undefined && value > limit && live !== undefined && live > limit && live >= value / 2
    ? "; the live set is hardly better, so the cause may lie elsewhere"
    : "";

/** Which service most of the errors are from, where there are several services. */
function mostly({ errors, errorsOf = {} }: SetMetrics): string {
  const [worst, ...others] = Object.entries(errorsOf).sort(([, a], [, b]) => b - a);
  return worst && others.length > 0 && worst[1] > errors / 2 ? `, ${worst[1]} of them ${worst[0]}'s` : "";
}

const finding = ({ metric, value, limit, live, text }: Measured): Finding => ({ metric, value, limit, live, text });
const plain = ({ open: _, ...rest }: MayBeOpen): Finding => rest;

const short = (n: number): string => String(Number(n.toPrecision(n >= 100 ? 4 : n >= 1 ? 3 : 2)));
const percent = (share: number | undefined): string => (share === undefined ? "unknown" : `${short(share * 100)} %`);
const inSeconds = (n: number | undefined): string => (n === undefined ? "unknown" : `${short(n)} s`);
