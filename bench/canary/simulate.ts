/** Runs a case many times under a rule, and counts how it ends. */
import { CANARY_SHARE, type Case, type Result } from "./cases";
import { generator, type Random } from "./random";
import { type Rule, RULES } from "./rules";
import { Traffic } from "./traffic";

/** As often as a release looks. */
export const LOOK = 5;
/** Longer than any case needs to show what it is; a keep lasts an hour. */
const KEEP_SECONDS = 300;

interface End {
  readonly how: "breach" | "pass" | "undecided";
  readonly seconds: number;
  /** Passed, and stayed. */
  readonly kept: boolean;
}

export function simulate(kase: Case, rule: Rule, runs: number, seed: number): Result {
  const random = generator(seed);
  const ends = Array.from({ length: runs }, () => oneCanary(kase, rule, random));
  const share = (is: (end: End) => boolean): number => ends.filter(is).length / runs;
  const median = (how: End["how"]): number | undefined => {
    const seconds = ends.filter((end) => end.how === how).map((end) => end.seconds);
    return seconds.sort((a, b) => a - b)[seconds.length >> 1];
  };
  return {
    aborted: share(({ how }) => how === "breach"),
    passed: share(({ how }) => how === "pass"),
    undecided: share(({ how }) => how === "undecided"),
    kept: share(({ kept }) => kept),
    seconds: median("breach"),
    passSeconds: median("pass"),
  };
}

function oneCanary(kase: Case, rule: Rule, random: Random): End {
  const { perSecond, canary, live } = kase;
  const traffic = new Traffic(
    random,
    { ...canary, perSecond: () => perSecond * CANARY_SHARE },
    { ...live, perSecond: () => perSecond * (1 - CANARY_SHARE) },
  );
  const last = RULES.duration.seconds + RULES.patience.seconds;
  for (let second = LOOK; ; second += LOOK) {
    traffic.until(second);
    const kind = second > last ? "undecided" : rule(traffic, second);
    if (kind === "wait") continue;
    return { how: kind, seconds: second, kept: kind === "pass" && staysInKeep(kase, rule, random, second) };
  }
}

/** All traffic is the new set's now, and the old one has none; the clock of the watch begins anew. */
function staysInKeep({ perSecond, canary }: Case, rule: Rule, random: Random, since: number): boolean {
  const later = {
    ...canary,
    errorShare: (second: number) => canary.errorShare(since + second),
    down: (second: number) => canary.down?.(since + second) ?? false,
  };
  const traffic = new Traffic(random, { ...later, perSecond: () => perSecond }, { ...canary, perSecond: () => 0 });
  for (let second = LOOK; second <= KEEP_SECONDS; second += LOOK) {
    traffic.until(second);
    if (rule(traffic, second) === "breach") return false;
  }
  return true;
}
