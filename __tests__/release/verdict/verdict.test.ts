import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { canaryRules } from "../../../model/canary";
import { minutes, seconds } from "../../../model/units";
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
const at = (
  elapsedSeconds: number,
  canary: SetMetrics,
  more: Partial<Sets> & { recent?: Recent[] } = {},
): Observed => ({
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
    expect(kind(at(300, set(1000, 20), { live: set(0) }))).toBe("wait");
    expect(kind(at(OVER, set(1000, 20), { live: set(0) }))).toBe("breach");
    expect(kind(at(OVER, set(100, 4), { live: set(900, 5) }))).toBe("breach");
    expect(kind(at(OVER, set(100, 2), { live: set(900, 5) }))).toBe("wait");
  });
  test("of the last minute alone are a breach: a version that was good for eight minutes and is no more", () => {
    const recent = [{ minutes: 1, canary: set(60, 12), live: set(540, 0) }];
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
  test("that the live set has as well at the same time are none: half as much again is allowed, and it is said", () => {
    const blip = at(200, set(120, 5), { live: set(1080, 45) });
    expect(kind(blip)).toBe("wait");
    expect(texts(blip)[0]).toBe(
      "error share 4.17 % (limit 6.25 %, 1.5 times the live set's; live set 4.17 %), 5 of 120 requests; the live set is hardly better, so the cause may lie elsewhere",
    );
    // Of its own it has more than that.
    expect(kind(at(200, set(400, 120), { live: set(3600, 360) }))).toBe("breach");
    expect(texts(at(200, set(400, 80), { live: set(3600, 40) }))[0]).not.toContain("elsewhere");
  });
  test("that both sets have for good pass up to twice the limit; beyond that a person decides", () => {
    expect(kind(at(OVER, set(600, 8), { live: set(5400, 54) }))).toBe("pass");
    expect(kind(at(OVER, set(600, 6), { live: set(5400, 54) }))).toBe("pass");
    expect(kind(at(OVER, set(600, 18), { live: set(5400, 162) }))).toBe("wait");
    expect(kind(at(AT_LAST, set(600, 18), { live: set(5400, 162) }))).toBe("undecided");
  });
  test.each<[string, SetMetrics]>([
    ["that hardly anybody asks", set(19, 19)],
    ["with less than half of the canary's requests, as while the old set is kept", set(100, 100)],
  ])("are excused by no live set %s", (_, live) => {
    expect(kind(at(200, set(400, 84), { live }))).toBe("breach");
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
    const recent = [{ minutes: 1, canary: set(60, 0, 20), live: set(540) }];
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
      "100 % of the requests took over 0.1 s (markedly slower than the live set from 4 %; live set 0 %), 400 requests timed",
    ]);
    expect(kind(at(200, within(400, 0.5), { live: within(3600, 0.1) }))).toBe("breach");
    expect(kind(at(200, within(400, 1), { live: within(3600, 1) }))).toBe("wait");
  });
  test.each([
    // Of the live set's 5 of 100, twice as many are 10 of 100.
    [20, 200, 400, "wait"],
    [40, 200, 400, "wait"],
    [80, 200, 400, "breach"],
    // Of next to none, 4 of 100 more.
    [20, 4, 400, "wait"],
    [60, 4, 400, "breach"],
    // Of 30 of 100, twice as many: 20 of 100 more are not enough.
    [200, 1200, 400, "wait"],
    [320, 1200, 400, "breach"],
    [19, 0, 19, "wait"],
  ])(
    "of %i requests over a bound, the live set's %i of 4000 there, of %i in all: %s",
    (slow, liveSlow, count, expected) => {
      const over = (requests: number, over: number): SetMetrics => ({
        requests,
        errors: 0,
        durations: [
          { le: 0.1, count: requests - over },
          { le: 0.25, count: requests },
          { le: Infinity, count: requests },
        ],
      });
      expect(kind(at(200, over(count, slow), { live: over(4000, liveSlow) }))).toBe(expected);
      // A few requests of the live set say nothing.
      expect(kind(at(200, over(count, slow), { live: over(99, 0) }))).toBe("wait");
    },
  );
  test("over the limit on both sets is no breach, and passes up to twice as many as may be slow", () => {
    expect(kind(at(200, set(400, 0, 60), { live: set(3600, 0, 540) }))).toBe("wait");
    expect(kind(at(AT_LAST, set(400, 0, 60), { live: set(3600, 0, 540) }))).toBe("undecided");
    expect(kind(at(OVER, set(400, 0, 28), { live: set(3600, 0, 240) }))).toBe("pass");
  });
  test("that was not counted is no pass", () => {
    expect(judge(RULES, at(AT_LAST, { requests: 500, errors: 0, durations: [] }))).toMatchObject({
      kind: "undecided",
      findings: [{ metric: "p95", value: undefined }],
    });
  });
});

describe("while it warms up", () => {
  const cold = (canary: SetMetrics, more: Partial<Sets> = {}): Observed => ({ ...at(10, canary, more), settled: null });
  test("a share of errors that may end by itself is no breach yet, whatever the odds", () => {
    expect(kind(cold(set(150, 30)))).toBe("wait");
    expect(kind(cold(set(15, 3)))).toBe("wait");
  });
  test("a version that always fails is out with the fifth request", () => {
    expect([3, 4, 5].map((n) => kind(cold(set(n, n))))).toEqual(["wait", "wait", "breach"]);
    expect(texts(cold(set(5, 5)))[0]).toBe(
      "error share 100 % (limit in its first 15 s 25 %; live set 0.11 %), 5 of 5 requests",
    );
  });
  test("but not if the live set fails as well", () => {
    expect(kind(cold(set(5, 5), { live: set(45, 45) }))).toBe("wait");
  });
  test("slow answers say nothing", () => {
    expect(kind(cold(set(60, 0, 60)))).toBe("wait");
  });
  test("its errors count as soon as later ones confirm them: one in the next ten, but not one in the next twenty", () => {
    const since = (settled: SetMetrics): Observed => ({
      ...at(22, set(15 + settled.requests, 3 + settled.errors)),
      settled: { canary: settled, live: LIVE },
    });
    expect(kind(since(set(10, 1)))).toBe("breach");
    expect(kind(since(set(20, 1)))).toBe("wait");
    expect(kind(since(set(100, 0)))).toBe("wait");
    expect(kind(since(set(0, 0)))).toBe("wait");
  });
  test("what ended with it stands in the way of no pass", () => {
    const settled = { canary: set(400, 1), live: LIVE };
    expect(kind({ ...at(OVER, set(420, 10)), settled })).toBe("pass");
  });
  test("there is no pass before it is over, but in a canary that is no longer than it", () => {
    const short = canaryRules({ duration: seconds(16), minRequests: 1 });
    expect(judge(short, { ...at(16, set(100)), settled: null }).kind).toBe("wait");
    const none = canaryRules({ duration: seconds(15), minRequests: 1 });
    expect(judge(none, { ...at(15, set(100)), settled: null }).kind).toBe("pass");
    expect(judge(none, { ...at(5, set(20, 4)), settled: null }).kind).toBe("breach");
    const settled = { canary: set(0), live: set(0) };
    expect(judge(short, { ...at(20, set(100)), settled })).toMatchObject({
      kind: "wait",
      findings: [{ text: "nothing was counted yet since it is warm" }],
    });
  });
});

describe("the last minutes", () => {
  const good = set(2000, 4);
  test("that look bad are no pass yet: 3 errors in 2 minutes wait, 2 do not", () => {
    const last = (errors: number): Observed =>
      at(OVER, good, { recent: [{ minutes: 2, canary: set(120, errors), live: set(1080, 1) }] });
    expect([2, 3].map((errors) => kind(last(errors)))).toEqual(["pass", "wait"]);
    expect(texts(last(3))).toEqual([
      "error share of the last 2 minutes 2.5 % (limit 1 %; live set 0.093 %), 3 of 120 requests",
    ]);
  });
  test("of the live set are what they are held against", () => {
    const recent = [{ minutes: 1, canary: set(60, 5), live: set(540, 45) }];
    expect(kind(at(200, good, { recent }))).toBe("wait");
  });
});

describe("a service without a server that is up", () => {
  const down = (canary: string[], live: string[] = []): Observed => ({
    ...at(100, set(412, 1)),
    down: { canary, live },
  });
  test("is a breach at once, as the edge's own 503 are in no set's numbers", () => {
    expect(judge(RULES, down(["chat-backend"]))).toEqual({
      kind: "breach",
      findings: [
        {
          metric: "servers",
          value: 0,
          limit: 1,
          text: "chat-backend of this set has no server that is up, so visitors get 503 from the edge",
        },
      ],
    });
    expect(kind({ ...down(["chat-backend"]), elapsedSeconds: 11, settled: null })).toBe("breach");
  });
  test("of the live set is said, and is no breach of the canary", () => {
    const live = down([], ["chat-web"]);
    expect(kind(live)).toBe("wait");
    expect(texts(live)[0]).toBe(
      "chat-web of the live set has no server that is up, so visitors get 503 from the edge: that is not this version's",
    );
    expect(kind({ ...live, elapsedSeconds: OVER })).toBe("pass");
  });
  test("of both sets is no breach either, as the cause may lie elsewhere, and no pass", () => {
    expect(kind(down(["chat-backend"], ["chat-backend"]))).toBe("wait");
    expect(kind({ ...down(["chat-backend"], ["chat-backend"]), elapsedSeconds: AT_LAST })).toBe("undecided");
    expect(kind(down(["chat-backend", "chat-web"], ["chat-backend"]))).toBe("breach");
  });
  test("may be unknown: services without a health path are not checked", () => {
    expect(kind(down([]))).toBe("wait");
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
    settled: fc.option(fc.record({ canary: metrics, live: metrics })),
    recent: fc.array(fc.record({ minutes: fc.constantFrom(1, 2, 4), canary: metrics, live: metrics }), {
      maxLength: 3,
    }),
    down: fc.record({ canary: fc.subarray(["a", "b"]), live: fc.subarray(["a", "b"]) }),
  });

  test("there is no pass with too few requests, before the time is over, or over a limit", () => {
    fc.assert(
      fc.property(observations, (observed) => {
        if (kind(observed) !== "pass") return;
        expect(observed.elapsedSeconds).toBeGreaterThanOrEqual(OVER);
        expect(observed.canary.requests).toBeGreaterThanOrEqual(RULES.minRequests);
        // What both sets have excuses up to twice the limit.
        const { canary, live } = observed.settled!;
        const limit = Math.max(RULES.maxErrorShare, live.requests > 0 ? (1.5 * live.errors) / live.requests : 0);
        expect(canary.errors / canary.requests).toBeLessThanOrEqual(Math.min(limit, 2 * RULES.maxErrorShare));
        expect(observed.down.canary).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
  test("more errors turn no breach into anything better, and no wait into a pass", () => {
    const worth = { breach: 0, undecided: 1, wait: 1, pass: 2 };
    fc.assert(
      fc.property(observations, fc.nat(200), fc.nat(200), fc.nat(200), (observed, more, later, moreRecent) => {
        const worse = (given: SetMetrics, errors: number): SetMetrics => ({
          ...given,
          errors: Math.min(given.requests, given.errors + errors),
        });
        const after = {
          ...observed,
          canary: worse(observed.canary, more),
          settled: observed.settled && { ...observed.settled, canary: worse(observed.settled.canary, later) },
          recent: observed.recent.map((sets) => ({ ...sets, canary: worse(sets.canary, moreRecent) })),
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

test("rules are the product's", () => {
  const rules = canaryRules({ maxErrorShare: 0.3, minRequests: 10, duration: minutes(1), maxP95Seconds: 3 });
  expect(judge(rules, at(60, set(20, 4, 15), { live: set(180, 30, 100) }))).toMatchObject({ kind: "pass" });
});
