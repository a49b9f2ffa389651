/**
 * What can be held against a canary, each as a number, the limit it is held against, and a sentence. The limits are the
 * product's (model/canary.ts), moved by what the live set does over the same time.
 */
import type { CanaryRules } from "../../model/canary";
import { quantile, slowerThan, timed } from "./durations";
import { odds } from "./odds";
import type { Recent, SetMetrics, Sets } from "./reading";
import { WARM_UP_SECONDS } from "./spans";

export interface Finding {
  readonly metric: "error share" | "p95" | "slower" | "servers" | "requests" | "watched" | "numbers";
  /** A share from 0 to 1, seconds, or a count; undefined where nothing was counted. */
  readonly value: number | undefined;
  readonly limit: number | undefined;
  /** The live set's, over the same time. */
  readonly live?: number | undefined;
  /** "error share 20.3 % (limit 1 %; live set 0.1 %), 84 of 412 requests". */
  readonly text: string;
}

/** A metric held against a limit. */
export interface Measured extends Finding {
  readonly limit: number;
  /** How many times likelier it is to be over the limit, by what was seen, than just at it. */
  readonly odds: number;
  /** Too few for a breach, whatever the odds. */
  readonly few: boolean;
  /** Known, and good enough to pass. */
  readonly within: boolean;
}

/** One visitor's failing request is often sent again at once, so one or two are never enough. */
const FEWEST_ERRORS = 3;
/** Of fewer the 95th percentile is just the slowest. */
const FEWEST_TIMED = 20;
/** 95 of 100 have to be in time. */
const MAY_BE_SLOW = 0.05;
/** While it warms up, a quarter may fail: of a version that always fails five requests are enough, as 4^5 is 1,024. */
const WARM_UP_SHARE = 0.25;
/**
 * What the live set has as well is not the canary's, and with it half as much again, as two shares of the same trouble
 * are never quite alike.
 */
const LIKE_LIVE = 1.5;
/** Of a live set of fewer requests, or of less than half the canary's, nothing can be said that would excuse the canary. */
const FEWEST_LIVE = 20;
const PART_OF_CANARY = 0.5;
/** Nothing passes at more than twice the product's own limit, as nobody can tell what it does without that trouble. */
const MOST_TO_PASS = 2;
/**
 * Markedly more errors than the live set: over half of the limit, and over three times its share. Half of the limit, as
 * three times next to nothing is nothing; ours, as no document says when it is "worse".
 */
const OF_LIMIT = 0.5;
const WORSE_ERRORS = 3;
/**
 * Markedly slower: at one of the edge's bounds at least twice as many take longer as of the live set's, and at least 4 of
 * 100 more. A version whose p95 doubles is over that at some bound; one that is 10 % slower is so at none, unless nearly
 * all of its requests take the same time (bench/canary/).
 */
const TIMES_SLOW = 2;
const MORE_SLOW = 0.04;

/** Of a set's requests, those answered with 5xx; undefined of none. */
export const errorShareOf = ({ requests, errors }: SetMetrics): number | undefined =>
  requests > 0 ? errors / requests : undefined;

/** Seconds in which 95 of 100 of a set's requests were answered; undefined of none. */
export const p95Of = ({ durations }: SetMetrics): number | undefined => quantile(durations, 1 - MAY_BE_SLOW);

/** The error share against the product's limit, or what the live set has as well. */
export const errorShare = (rules: Required<CanaryRules>, sets: Sets, label?: string): Measured =>
  errors(rules, sets, { limit: rules.maxErrorShare, label });

/** The same for a version that may still be warming up. */
export const warmingUp = (rules: Required<CanaryRules>, sets: Sets): Measured =>
  errors(rules, sets, {
    limit: Math.max(WARM_UP_SHARE, rules.maxErrorShare),
    limitLabel: `limit in its first ${WARM_UP_SECONDS} s`,
  });

/** Within the limit, and yet more than the live set has. Of a few requests of that set it says nothing. */
export function moreErrorsThanLive(rules: Required<CanaryRules>, sets: Sets): Measured[] {
  const { live } = sets;
  if (live.requests < rules.minRequests) return [];
  const limit = Math.max(rules.maxErrorShare * OF_LIMIT, WORSE_ERRORS * errorShareOf(live)!);
  const limitLabel = "markedly worse than the live set from";
  return limit < rules.maxErrorShare ? [errors(rules, sets, { limit, limitLabel })] : [];
}

interface Against {
  readonly limit: number;
  /** How the time, or the limit, is told. */
  readonly label?: string | undefined;
  readonly limitLabel?: string;
}

function errors(
  rules: Required<CanaryRules>,
  { canary, live }: Sets,
  { limit: own, label = "error share", limitLabel = "limit" }: Against,
): Measured {
  const value = errorShareOf(canary);
  const other = errorShareOf(live);
  // A product that allows none means it.
  const likeLive = own > 0 && comparable(canary.requests, live.requests) ? LIKE_LIVE * other! : 0;
  const limit = Math.max(own, likeLive);
  const raised = limit > own ? `, ${LIKE_LIVE} times the live set's` : "";
  return {
    metric: "error share",
    value,
    limit,
    live: other,
    odds: odds(canary.errors, canary.requests, limit),
    few: canary.errors < FEWEST_ERRORS,
    within: value !== undefined && value <= Math.min(limit, MOST_TO_PASS * own),
    text: [
      `${label} ${percent(value)} (${limitLabel} ${percent(limit)}${raised}; live set ${percent(other)})`,
      `, ${canary.errors} of ${canary.requests} requests${mostly(canary)}${fromEdge(canary)}`,
      elsewhere(value, other, rules.maxErrorShare),
    ].join(""),
  };
}

/** The response time against the product's limit: 95 of 100 in time, or as many as of the live set. */
export function p95(rules: Required<CanaryRules>, { canary, live }: Sets, label = "p95"): Measured {
  const limit = rules.maxP95Seconds;
  const value = p95Of(canary);
  const other = p95Of(live);
  const [count, ofLive] = [timed(canary.durations), timed(live.durations)];
  const slow = slowerThan(canary.durations, limit);
  const likeLive = comparable(count, ofLive) ? (LIKE_LIVE * slowerThan(live.durations, limit)) / ofLive : 0;
  const allowed = Math.max(MAY_BE_SLOW, likeLive);
  return {
    metric: "p95",
    value,
    limit,
    live: other,
    odds: odds(slow, count, allowed),
    few: count < FEWEST_TIMED,
    within: value !== undefined && (value <= limit || slow / count <= Math.min(allowed, MOST_TO_PASS * MAY_BE_SLOW)),
    text: [
      `${label} ${inSeconds(value)} (limit ${inSeconds(limit)}; live set ${inSeconds(other)})`,
      `, ${count} requests timed`,
      elsewhere(value, other, limit),
    ].join(""),
  };
}

/**
 * Within the limit, and yet slower than the live set: at whichever of the edge's bounds it shows most. Only there requests
 * are counted exactly; a p95 between two of them is a guess that hides even twice as long.
 */
export function slowerThanLive(rules: Required<CanaryRules>, { canary, live }: Sets, label = ""): Measured[] {
  const [count, ofLive] = [timed(canary.durations), timed(live.durations)];
  if (ofLive < rules.minRequests) return [];
  const bounds = canary.durations.filter(({ le }) => le !== Infinity);
  const held = bounds.map(({ le }) => {
    const slow = slowerThan(canary.durations, le);
    const other = slowerThan(live.durations, le) / ofLive;
    const limit = Math.max(TIMES_SLOW * other, other + MORE_SLOW);
    return { le, slow, other, limit, odds: limit < 1 ? odds(slow, count, limit) : 1 };
  });
  const [most, ...others] = held;
  if (!most) return [];
  const { le, slow, other, limit, odds: doubt } = others.reduce((a, b) => (b.odds > a.odds ? b : a), most);
  const value = count > 0 ? slow / count : undefined;
  return [
    {
      metric: "slower",
      value,
      limit,
      live: other,
      odds: doubt,
      few: count < FEWEST_TIMED,
      within: value !== undefined && value <= limit,
      text: [
        `${percent(value)} of the requests${label} took over ${inSeconds(le)}`,
        ` (markedly slower than the live set from ${percent(limit)}; live set ${percent(other)}), ${count} requests timed`,
      ].join(""),
    },
  ];
}

/** All of it once more for the last minutes alone. */
export function ofRecent(rules: Required<CanaryRules>, recent: Recent): { limits: Measured[]; slower: Measured[] } {
  const last = ` of the last ${recent.minutes === 1 ? "minute" : `${recent.minutes} minutes`}`;
  return {
    limits: [errorShare(rules, recent, `error share${last}`), p95(rules, recent, `p95${last}`)],
    slower: slowerThanLive(rules, recent, last),
  };
}

const comparable = (canary: number, live: number): boolean => live >= Math.max(FEWEST_LIVE, PART_OF_CANARY * canary);

/** The live set, too, is over the limit, and not by much less. */
const elsewhere = (value: number | undefined, live: number | undefined, limit: number): string =>
  value !== undefined && value > limit && live !== undefined && live > limit && live >= value / 2
    ? "; the live set is hardly better, so the cause may lie elsewhere"
    : "";

/** Which service most of the errors are from, where there are several services. */
function mostly({ errors: all, errorsOf = {} }: SetMetrics): string {
  const [worst, ...others] = Object.entries(errorsOf).sort(([, a], [, b]) => b - a);
  return worst && others.length > 0 && worst[1] > all / 2 ? `, ${worst[1]} of them ${worst[0]}'s` : "";
}

/** In its own log there is nothing of them. */
const fromEdge = ({ byEdge = 0 }: SetMetrics): string =>
  byEdge > 0 ? `, ${byEdge} of them answered by the edge, as no server was up` : "";

const short = (n: number): string => String(Number(n.toPrecision(n >= 100 ? 4 : n >= 1 ? 3 : 2)));
const percent = (share: number | undefined): string => (share === undefined ? "unknown" : `${short(share * 100)} %`);
const inSeconds = (n: number | undefined): string => (n === undefined ? "unknown" : `${short(n)} s`);
