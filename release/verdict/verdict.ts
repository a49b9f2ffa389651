/**
 * How a canary does, by its numbers. Pure: what was counted goes in, a verdict with its reasons comes out.
 *
 * The limits (measures.ts) are held against what was seen with a doubt, as a few requests say little: how many times
 * likelier is what was seen if the true share is the one seen than if it is just at the limit (odds.ts)? So
 *
 * - at any look, a breach is what is 1,000 times likelier: 4 errors in 20 requests at a limit of 1 %, 3 in 12, but not 3
 *   in 15. It may be asked for every few seconds, so a good version must not be unlucky even once in hundreds of looks;
 * - while it warms up only what would be a breach at a limit of 25 % is one. After that its first errors count, too, as
 *   soon as later ones alone are 5 times likelier: a cold start ends by itself, a bad version goes on;
 * - when the time is over a breach is what is 5 times likelier, as then it has to be decided;
 * - what is over a limit by less is neither a breach nor a pass: it waits for more requests, then for a person. The same
 *   goes for the last minutes alone, where they are 1.4 times likelier over a limit: maybe it just turned bad;
 * - a service of the set without a server that is up is a breach at once, unless the live set's is down as well. What its
 *   visitors get from the edge itself is among the set's errors (unserved.ts).
 */
import type { CanaryRules } from "../../model/canary";
import {
  errorShare,
  type Finding,
  type Measured,
  moreErrorsThanLive,
  ofRecent,
  p95,
  slowerThanLive,
  warmingUp,
} from "./measures";
import type { Numbers, Observed, Sets } from "./reading";
import { WARM_UP_SECONDS } from "./spans";

export interface Verdict {
  /** wait: look again. undecided: a person has to look. */
  readonly kind: "wait" | "pass" | "breach" | "undecided";
  /** What it rests on: what is over its limit for a breach, what is still open after the time, else all numbers. */
  readonly findings: readonly Finding[];
}

/** So many times likelier it has to be at any look; when the time is over, and to confirm what was seen before. */
const BEYOND_DOUBT = 1000;
const RATHER = 5;
/** The last minutes do not look bad, or there is no pass yet. */
const MAYBE = 1.4;
/** A scrape and a look may lie between. */
const UNWATCHED_SECONDS = 30;

export function judge(rules: Required<CanaryRules>, observed: Observed): Verdict {
  const { elapsedSeconds } = observed;
  const isOver = elapsedSeconds >= rules.duration.seconds;
  const later = elapsedSeconds >= rules.duration.seconds + rules.patience.seconds ? "undecided" : "wait";
  if ("missing" in observed) return { kind: later, findings: [without(observed.missing)] };

  const recent = (observed.recent ?? []).map((sets) => ofRecent(rules, sets));
  const servers = withoutServer(observed);
  const breaches = [
    ...servers.filter(({ breach }) => breach),
    ...now(rules, observed),
    ...(isOver ? atLast(rules, observed) : []),
    ...recent.flatMap(({ limits, slower }) => [...limits, ...slower]).filter(isBeyond(BEYOND_DOUBT)),
  ];
  if (breaches.length > 0) {
    // The same metric once: over the limit says more than worse than the other set, and the whole more than a part.
    const of = ({ metric }: Finding): string => (metric === "slower" ? "p95" : metric);
    const first = breaches.filter((each, i) => breaches.findIndex((other) => of(other) === of(each)) === i);
    return { kind: "breach", findings: first.map(plain) };
  }

  const settled = warm(rules, observed) ?? observed;
  const measured: MayBeOpen[] = [
    ...servers,
    // Of no request there is no share: that there is none is said once.
    ...(settled.canary.requests > 0
      ? [errorShare(rules, settled), p95(rules, settled)].map((each) => ({ ...each, open: !each.within }))
      : []),
    enough(rules, observed),
  ];
  if (!isOver) return { kind: "wait", findings: measured.map(plain) };
  const doubtful = recent.flatMap(({ limits }) => limits).filter(({ odds }) => odds >= MAYBE);
  const open = [
    ...measured.filter((each) => each.open),
    ...unwatched(rules, observed),
    ...doubtful,
    // That there is no request at all is said already.
    ...(observed.canary.requests > 0 && !warm(rules, observed)?.canary.requests ? [stillWarming] : []),
  ];
  return open.length > 0 ? { kind: later, findings: open.map(plain) } : { kind: "pass", findings: measured.map(plain) };
}

/**
 * What is known of the version since it is warm; null while it is not. Who asks for a canary that is no longer than that
 * wants to have it judged by what there is.
 */
const warm = ({ duration }: Required<CanaryRules>, observed: Numbers): Sets | null =>
  observed.settled === undefined || duration.seconds <= WARM_UP_SECONDS ? observed : observed.settled;

const isBeyond =
  (doubt: number) =>
  ({ odds, few }: Measured): boolean =>
    !few && odds >= doubt;

/** What is a breach at any look. */
function now(rules: Required<CanaryRules>, observed: Numbers): Measured[] {
  const settled = warm(rules, observed);
  const beyond = isBeyond(BEYOND_DOUBT);
  if (!settled) return [warmingUp(rules, observed)].filter(beyond);
  // What its first seconds have shown counts once what came later alone speaks against it.
  const confirmed = (measure: (sets: Sets) => Measured[]): Measured[] =>
    measure(observed).filter((each) => beyond(each) && measure(settled).some(({ odds }) => odds >= RATHER));
  return [
    ...confirmed((sets) => [errorShare(rules, sets)]),
    ...[warmingUp(rules, observed), p95(rules, settled)].filter(beyond),
    ...confirmed((sets) => moreErrorsThanLive(rules, sets)),
    ...slowerThanLive(rules, settled).filter(beyond),
  ];
}

/** When the time is over it has to be decided. */
function atLast(rules: Required<CanaryRules>, observed: Numbers): Measured[] {
  const settled = warm(rules, observed);
  if (!settled) return [];
  return [errorShare(rules, settled), p95(rules, settled), ...slowerThanLive(rules, settled)].filter(isBeyond(RATHER));
}

type MayBeOpen = Finding & { readonly open: boolean };

/** Services that the edge has nobody to send to for: it answers their visitors itself, with 503. */
function withoutServer({ down }: Numbers): (MayBeOpen & { readonly breach: boolean })[] {
  if (!down) return [];
  const says = (services: readonly string[], whose: string, more: string) =>
    `${services.join(", ")} of ${whose} has no server that is up, so visitors get 503 from the edge${more}`;
  const finding = (services: readonly string[], breach: boolean, open: boolean, text: string) =>
    services.length > 0 ? [{ metric: "servers" as const, value: 0, limit: 1, breach, open, text }] : [];
  const own = down.canary.filter((service) => !down.live.includes(service));
  const both = down.canary.filter((service) => down.live.includes(service));
  const others = down.live.filter((service) => !both.includes(service));
  return [
    ...finding(own, true, true, says(own, "this set", "")),
    ...finding(both, false, true, says(both, "both sets", ", and the cause may lie elsewhere")),
    ...finding(others, false, false, says(others, "the live set", ": that is not this version's")),
  ];
}

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
function unwatched({ duration }: Required<CanaryRules>, { watchedSeconds }: Numbers): Finding[] {
  if (watchedSeconds === undefined || watchedSeconds >= duration.seconds - UNWATCHED_SECONDS) return [];
  const value = Math.round(watchedSeconds);
  const text = `the edge was watched for ${value} s only (at least ${duration.seconds} s)`;
  return [{ metric: "watched", value, limit: duration.seconds, text }];
}

const stillWarming: Finding = {
  metric: "watched",
  value: 0,
  limit: undefined,
  text: "nothing was counted yet since it is warm",
};

const without = (why: string): Finding => ({
  metric: "numbers",
  value: undefined,
  limit: undefined,
  text: `no numbers: ${why}`,
});

const plain = ({ metric, value, limit, live, text }: Finding): Finding =>
  live === undefined ? { metric, value, limit, text } : { metric, value, limit, live, text };
