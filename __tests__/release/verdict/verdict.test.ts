import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { canaryRules } from "../../../model/canary";
import { minutes } from "../../../model/units";
import type { Bucket } from "../../../release/verdict/durations";
import { odds } from "../../../release/verdict/odds";
import type { Observed, Reading, Recent, SetMetrics, Sets } from "../../../release/verdict/reading";
import { judge } from "../../../release/verdict/verdict";

/** 10 min, 20 min of patience, 1 %, 1 s, 100 requests. */
const RULES = canaryRules();
const OVER = RULES.duration.seconds;
const AT_LAST = OVER + RULES.patience.seconds;

/** So many requests within half a second, so many in 2.5 s. */
const durations = (fast: number, slow = 0): Bucket[] => [
  { le: 0.5, count: fast },
  { le: 1, count: fast },
  { le: 2.5, count: fast + slow },
  { le: Infinity, count: fast + slow },
];
const set = (requests: number, errors = 0, slow = 0): SetMetrics => ({
  requests,
  errors,
  durations: durations(requests - slow, slow),
});
const LIVE = set(3700, 4);
const at = (elapsedSeconds: number, canary: SetMetrics, more: Partial<Sets> & { recent?: Sets } = {}): Observed => ({
  elapsedSeconds,
  canary,
  live: LIVE,
  ...more,
});
const kind = (observed: Observed): string => judge(RULES, observed).kind;
const texts = (observed: Observed): string[] => judge(RULES, observed).findings.map(({ text }) => text);

describe("errors", () => {
  test("over the limit are a breach, in a sentence with limit, live set and counts", () => {
    const verdict = judge(RULES, at(200, set(412, 84)));
    expect(verdict).toMatchObject({
      kind: "breach",
      findings: [{ metric: "error share", value: 84 / 412, limit: 0.01, live: 4 / 3700 }],
    });
    expect(verdict.findings[0]!.text).toBe("error share 20.4 % (limit 1 %; live set 0.11 %), 84 of 412 requests");
  });
  test("of 20 % are a breach within 20 requests, in whatever order they come", () => {
    expect(kind(at(5, set(20, 4)))).toBe("breach");
    expect(kind(at(5, set(12, 3), { live: set(0) }))).toBe("breach");
  });
  test("of everything are a breach with the third request", () => {
    expect([1, 2, 3].map((n) => kind(at(5, set(n, n))))).toEqual(["wait", "wait", "breach"]);
  });
  test.each([1, 2, 3, 4, 5, 20, 100])("one in the first %i requests is none: it may be chance", (requests) => {
    expect(kind(at(5, set(requests, 1)))).toBe("wait");
  });
  test("over the limit by little are neither a breach nor a pass: more requests, then a person", () => {
    const little = set(412, 6);
    expect(kind(at(300, little))).toBe("wait");
    expect(kind(at(OVER, little))).toBe("wait");
    expect(judge(RULES, at(AT_LAST, little))).toMatchObject({
      kind: "undecided",
      findings: [{ text: "error share 1.46 % (limit 1 %; live set 0.11 %), 6 of 412 requests" }],
    });
  });
  test("that might be chance on the way are a breach when the time is over", () => {
    expect(kind(at(300, set(1000, 20), { live: set(9000, 90) }))).toBe("wait");
    expect(kind(at(OVER, set(1000, 20), { live: set(9000, 90) }))).toBe("breach");
    expect(kind(at(OVER, set(100, 4), { live: set(900, 9) }))).toBe("breach");
    expect(kind(at(OVER, set(100, 2), { live: set(900, 9) }))).toBe("wait");
  });
  test("of the last minute alone are a breach: a version that was good for eight minutes and is no more", () => {
    const recent = { canary: set(60, 12), live: set(540, 0) };
    expect(kind(at(480, set(2000, 12)))).toBe("wait");
    expect(texts(at(480, set(2000, 12), { recent }))).toEqual([
      "error share of the last minute 20 % (limit 1 %; live set 0 %), 12 of 60 requests",
    ]);
  });
  test("within the limit, but markedly more than the live set's, are a breach", () => {
    expect(kind(at(300, set(10_000, 80), { live: set(90_000, 18) }))).toBe("breach");
    expect(texts(at(300, set(10_000, 80), { live: set(90_000, 18) }))).toEqual([
      "error share 0.8 % (markedly worse than the live set from 0.5 %; live set 0.02 %), 80 of 10000 requests",
    ]);
    // The live set has as many, or next to nothing is said of it, or it is next to nothing itself.
    expect(kind(at(300, set(10_000, 80), { live: set(90_000, 500) }))).toBe("wait");
    expect(kind(at(300, set(10_000, 80), { live: set(99, 0) }))).toBe("wait");
    expect(kind(at(300, set(10_000, 20), { live: set(90_000, 0) }))).toBe("wait");
  });
  test("that the live set has as well are a breach all the same, and it is said that the cause may lie elsewhere", () => {
    const observed = at(200, set(400, 80), { live: set(3600, 700) });
    expect(kind(observed)).toBe("breach");
    expect(texts(observed)[0]).toMatch(/; the live set is hardly better, so the cause may lie elsewhere$/);
    expect(texts(at(200, set(400, 80), { live: set(3600, 40) }))[0]).not.toContain("elsewhere");
  });
  test("are said to be one service's, where a product has several", () => {
    const of = (errorsOf: Record<string, number>): string => texts(at(200, { ...set(412, 84), errorsOf }))[0]!;
    expect(of({ "chat-web": 4, "chat-backend": 80 })).toMatch(/84 of 412 requests, 80 of them chat-backend's$/);
    expect(of({ "chat-web": 42, "chat-backend": 42 })).toMatch(/84 of 412 requests$/);
    expect(of({ "chat-backend": 84 })).toMatch(/84 of 412 requests$/);
  });
  test("where none is allowed: three are a breach, one is no pass", () => {
    const none = canaryRules({ maxErrorShare: 0 });
    expect(judge(none, at(60, set(1000, 3))).kind).toBe("breach");
    expect(judge(none, at(AT_LAST, set(1000, 1))).kind).toBe("undecided");
    expect(judge(none, at(OVER, set(1000, 0), { live: set(9000, 0) })).kind).toBe("pass");
  });
});

describe("p95", () => {
  test("over the limit is a breach", () => {
    const verdict = judge(RULES, at(200, set(400, 0, 40)));
    expect(verdict).toMatchObject({
      kind: "breach",
      findings: [{ metric: "p95", limit: 1, live: expect.any(Number) }],
    });
    expect(verdict.findings[0]!.text).toBe("p95 1.75 s (limit 1 s; live set 0.47 s), 400 requests timed");
  });
  test("of fewer than 20 requests says nothing: the first after a start are slow", () => {
    expect(kind(at(5, set(19, 0, 19)))).toBe("wait");
    expect(kind(at(5, set(20, 0, 7)))).toBe("breach");
  });
  test("over the limit by little is neither a breach nor a pass", () => {
    expect(kind(at(OVER, set(200, 0, 12)))).toBe("wait");
    expect(kind(at(AT_LAST, set(200, 0, 12)))).toBe("undecided");
  });
  test("of the last minute alone is a breach", () => {
    const recent = { canary: set(60, 0, 20), live: set(540) };
    expect(texts(at(480, set(2000, 0, 20), { recent }))).toEqual([
      "p95 of the last minute 2.27 s (limit 1 s; live set 0.47 s), 60 requests timed",
    ]);
  });
  test("within the limit, but markedly worse than the live set's, is a breach", () => {
    const within = (count: number, le: number): SetMetrics => ({
      requests: count,
      errors: 0,
      durations: [
        { le: 0.1, count: le <= 0.1 ? count : 0 },
        { le: 0.5, count: le <= 0.5 ? count : 0 },
        { le: 1, count },
        { le: Infinity, count },
      ],
    });
    expect(texts(at(200, within(400, 1), { live: within(3600, 0.1) }))).toEqual([
      "p95 0.97 s (markedly worse than the live set from 0.5 s; live set 0.095 s), 400 requests timed",
    ]);
    expect(kind(at(200, within(400, 0.5), { live: within(3600, 0.1) }))).toBe("wait");
    expect(kind(at(200, within(400, 1), { live: within(3600, 1) }))).toBe("wait");
  });
  test("that was not counted is no pass", () => {
    expect(judge(RULES, at(AT_LAST, { requests: 500, errors: 0, durations: [] }))).toMatchObject({
      kind: "undecided",
      findings: [{ metric: "p95", value: undefined }],
    });
  });
});

describe("a pass", () => {
  test("is when the time is over, there were enough requests and nothing is over a limit; all numbers are told", () => {
    expect(kind(at(OVER - 1, set(412, 1)))).toBe("wait");
    expect(judge(RULES, at(OVER, set(412, 1)))).toMatchObject({ kind: "pass" });
    expect(texts(at(OVER, set(412, 1)))).toEqual([
      "error share 0.24 % (limit 1 %; live set 0.11 %), 1 of 412 requests",
      "p95 0.47 s (limit 1 s; live set 0.47 s), 412 requests timed",
      "412 requests (at least 100; live set 3700)",
    ]);
  });
  test("is right at the limits, too", () => {
    expect(kind(at(OVER, set(100, 1, 5)))).toBe("pass");
    expect(kind(at(OVER, set(99, 0)))).toBe("wait");
  });
  test("needs no live set to compare with", () => {
    expect(kind(at(OVER, set(412, 1), { live: set(0) }))).toBe("pass");
  });
});

describe("too little to judge by", () => {
  test("too few requests wait for more, then for a person", () => {
    expect(kind(at(OVER, set(12)))).toBe("wait");
    expect(kind(at(AT_LAST - 1, set(12)))).toBe("wait");
    expect(judge(RULES, at(AT_LAST, set(12)))).toMatchObject({
      kind: "undecided",
      findings: [
        { metric: "requests", value: 12, limit: 100, text: "12 requests (too few, at least 100; live set 3700)" },
      ],
    });
  });
  test("no request is said once, and of neither set that the edge may not count", () => {
    expect(texts(at(AT_LAST, set(0)))).toEqual(["0 requests (too few, at least 100; live set 3700)"]);
    expect(texts(at(AT_LAST, set(0), { live: set(0) }))).toEqual([
      "no request to either set (at least 100): nobody asks, or the edge counts none",
    ]);
  });
  test("no numbers are no pass, and the reason is told", () => {
    const missing: Reading = { missing: "Prometheus cannot be asked" };
    expect(judge(RULES, { elapsedSeconds: OVER, ...missing }).kind).toBe("wait");
    expect(judge(RULES, { elapsedSeconds: AT_LAST, ...missing })).toEqual({
      kind: "undecided",
      findings: [
        { metric: "numbers", value: undefined, limit: undefined, text: "no numbers: Prometheus cannot be asked" },
      ],
    });
  });
  test("what happened while nobody counted is no pass", () => {
    expect(kind({ ...at(OVER, set(412)), watchedSeconds: 580 })).toBe("pass");
    expect(kind({ ...at(OVER, set(412)), watchedSeconds: 300 })).toBe("wait");
    expect(judge(RULES, { ...at(AT_LAST, set(412)), watchedSeconds: 300 })).toMatchObject({
      kind: "undecided",
      findings: [{ text: "the edge was watched for 300 s only (at least 600 s)" }],
    });
  });
});

describe("whatever is seen", () => {
  const metrics = fc
    .record({
      requests: fc.nat(5000),
      bad: fc.double({ min: 0, max: 1, noNaN: true }),
      slow: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ requests, bad, slow }) => set(requests, Math.floor(requests * bad ** 4), Math.floor(requests * slow ** 4)));
  const observations = fc.record({
    elapsedSeconds: fc.nat(AT_LAST + 600),
    canary: metrics,
    live: metrics,
    recent: fc.record({ canary: metrics, live: metrics }),
  });

  test("there is no pass with too few requests, before the time is over, or over a limit", () => {
    fc.assert(
      fc.property(observations, (observed) => {
        if (kind(observed) !== "pass") return;
        expect(observed.elapsedSeconds).toBeGreaterThanOrEqual(OVER);
        expect(observed.canary.requests).toBeGreaterThanOrEqual(RULES.minRequests);
        expect(observed.canary.errors / observed.canary.requests).toBeLessThanOrEqual(RULES.maxErrorShare);
      }),
      { numRuns: 2000 },
    );
  });
  test("more errors turn no breach into anything better, and no wait into a pass", () => {
    const worth = { breach: 0, undecided: 1, wait: 1, pass: 2 };
    fc.assert(
      fc.property(observations, fc.nat(200), fc.nat(200), (observed, more, moreRecent) => {
        const worse = (given: SetMetrics, errors: number): SetMetrics => ({
          ...given,
          errors: Math.min(given.requests, given.errors + errors),
        });
        const after = {
          ...observed,
          canary: worse(observed.canary, more),
          recent: { ...observed.recent, canary: worse(observed.recent.canary, moreRecent) },
        };
        expect(worth[judge(RULES, after).kind]).toBeLessThanOrEqual(worth[judge(RULES, observed).kind]);
      }),
      { numRuns: 2000 },
    );
  });
  test("a verdict has a reason, and no number that is none", () => {
    fc.assert(
      fc.property(observations, (observed) => {
        const { findings } = judge(RULES, observed);
        expect(findings.length).toBeGreaterThan(0);
        for (const { text } of findings) expect(text).not.toMatch(/NaN|Infinity|undefined/);
      }),
    );
  });
  test("the odds grow with what is bad, and bound the chance of it from above", () => {
    expect(odds(0, 0, 0.01)).toBe(1);
    expect(odds(1, 100, 0.01)).toBe(1);
    expect(odds(1, 10, 0)).toBe(Infinity);
    expect(odds(10, 10, 0.5)).toBeCloseTo(1024);
    for (const [of, allowed] of [
      [20, 0.01],
      [60, 0.05],
      [400, 0.01],
    ] as const) {
      for (let bad = 1; bad <= of; bad++) {
        expect(odds(bad, of, allowed)).toBeGreaterThanOrEqual(odds(bad - 1, of, allowed));
        // Beyond that, the chance itself is too small for a number.
        if (bad / of > allowed && odds(bad, of, allowed) < 1e12)
          expect(atLeast(bad, of, allowed) * odds(bad, of, allowed)).toBeLessThanOrEqual(1 + 1e-9);
      }
    }
  });
});

/** The chance of so many bad ones or more, exactly. */
function atLeast(bad: number, of: number, share: number): number {
  let chance = 1;
  for (let k = 0; k < bad; k++) chance *= ((of - k) / (k + 1)) * share;
  chance *= (1 - share) ** (of - bad);
  let sum = 0;
  for (let k = bad; k <= of; k++) {
    sum += chance;
    chance *= ((of - k) / (k + 1)) * (share / (1 - share));
  }
  return sum;
}

/**
 * Whole canaries, looked at every 5 s as a release does: the criterion is asked for some hundred times, and may not go
 * wrong once.
 */
describe("over a whole canary", () => {
  /** mulberry32. */
  function generator(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }
  const LOOK = 5;
  const PER_MINUTE = 60 / LOOK;

  /** A set that is asked so often, and fails by chance: how many requests and errors it has had. */
  function traffic(random: () => number, perSecond: number, share: number) {
    // Requests until the next error, instead of a die for each of them.
    const good = (): number => (share > 0 ? Math.ceil(Math.log(1 - random()) / Math.log(1 - share)) : Infinity);
    let [exact, errors, next] = [0, 0, good()];
    const past: [requests: number, errors: number][] = [[0, 0]];
    return {
      goOn: (): void => {
        exact += perSecond * LOOK;
        for (; next <= exact; next += good()) errors++;
        past.push([Math.floor(exact), errors]);
      },
      since: (looksAgo: number): SetMetrics => {
        const [requests, before] = past[Math.max(0, past.length - 1 - looksAgo)]!;
        return set(Math.floor(exact) - requests, errors - before);
      },
    };
  }

  /** @returns how it ended and after how many seconds; the live set has nine times the requests */
  function canary(random: () => number, perSecond: number, share: number, liveShare: number): [string, number] {
    const sets = { canary: traffic(random, perSecond, share), live: traffic(random, perSecond * 9, liveShare) };
    for (let look = 1; ; look++) {
      sets.canary.goOn();
      sets.live.goOn();
      const over = (looks: number): Sets => ({ canary: sets.canary.since(looks), live: sets.live.since(looks) });
      const verdict = judge(RULES, { elapsedSeconds: look * LOOK, ...over(look), recent: over(PER_MINUTE) }).kind;
      if (verdict !== "wait") return [verdict, look * LOOK];
    }
  }

  const RUNS = 500;
  const runs = (seed: number, ...[perSecond, share, liveShare]: [number, number, number]): [string, number][] => {
    const random = generator(seed);
    return Array.from({ length: RUNS }, () => canary(random, perSecond, share, liveShare));
  };
  const ended = (results: readonly [string, number][], how: string): number =>
    results.filter(([end]) => end === how).length;

  test.each([0.2, 2])(
    "a version with 0.2 %% of errors is stopped in fewer than 1 of 100, at %d requests a second",
    (perSecond) => {
      expect(ended(runs(42, perSecond, 0.002, 0.001), "breach")).toBeLessThan(RUNS / 100);
    },
  );
  test("a version with 20 % of errors is stopped within a minute, mostly in 20 s, at one request a second", () => {
    const results = runs(7, 1, 0.2, 0.001);
    expect(ended(results, "breach")).toBe(RUNS);
    const seconds = results.map(([, after]) => after).sort((a, b) => a - b);
    expect([seconds[RUNS / 2], seconds[RUNS * 0.99]]).toEqual([expect.closeTo(15, -1), expect.closeTo(50, -1)]);
  });
  test("a version with three times the limit does not pass", () => {
    expect(ended(runs(11, 1, 0.03, 0.001), "pass")).toBeLessThan(RUNS / 100);
  });
});

test("rules are the product's", () => {
  const rules = canaryRules({ maxErrorShare: 0.3, minRequests: 10, duration: minutes(1), maxP95Seconds: 3 });
  expect(judge(rules, at(60, set(20, 4, 15), { live: set(180, 30, 100) }))).toMatchObject({ kind: "pass" });
});
