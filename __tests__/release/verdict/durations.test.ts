import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Bucket, quantile, slowerThan, timed } from "../../../release/verdict/durations";

const BUCKETS: Bucket[] = [
  { le: 0.5, count: 80 },
  { le: 1, count: 90 },
  { le: 2.5, count: 99 },
  { le: Infinity, count: 100 },
];

describe("durations", () => {
  test("all that were timed", () => {
    expect(timed(BUCKETS)).toBe(100);
    expect(timed([])).toBe(0);
  });
  test.each([
    [0.4, 0.25],
    [0.8, 0.5],
    [0.9, 1],
    [0.95, 1 + (1.5 * 5) / 9],
    // Nobody knows how long those took.
    [1, 2.5],
  ])("the %d quantile is %d s, as histogram_quantile has it", (share, seconds) => {
    expect(quantile(BUCKETS, share)).toBeCloseTo(seconds);
  });
  test("there is no quantile of nothing", () => {
    expect(quantile([], 0.95)).toBeUndefined();
    expect(quantile([{ le: Infinity, count: 0 }], 0.95)).toBeUndefined();
  });
  test.each([
    [0, 100],
    [0.25, 60],
    [0.5, 20],
    [1, 10],
    [10, 1],
  ])("slower than %d s: %d", (seconds, count) => expect(slowerThan(BUCKETS, seconds)).toBeCloseTo(count));
  test("5 of 100 are slower than p95", () => {
    const buckets = fc
      .array(fc.nat(50), { minLength: 4, maxLength: 4 })
      .filter((counts) => counts.some((count) => count > 0))
      .map((counts) => BUCKETS.map(({ le }, i) => ({ le, count: counts.slice(0, i + 1).reduce((a, b) => a + b, 0) })));
    fc.assert(
      fc.property(buckets, (given) => {
        const p95 = quantile(given, 0.95)!;
        if (p95 < 2.5) expect(slowerThan(given, p95) / timed(given)).toBeCloseTo(0.05);
      }),
    );
  });
});
