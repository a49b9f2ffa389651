import { describe, expect, test } from "@jest/globals";
import type { CanaryRules } from "../../../model/canary";
import type { Platform } from "../../../model/platform";
import type { Problem } from "../../../model/problem";
import { hours, seconds } from "../../../model/units";
import { check, expectProblem } from "./support";

describe("a canary's limits", () => {
  const withCanary = (canary: CanaryRules) => (platform: Platform) => ({
    ...platform,
    products: platform.products.map((each) => (each.name === "chat" ? { ...each, canary } : each)),
  });
  test.each<[CanaryRules, Partial<Problem>]>([
    [{ percent: 0 }, { path: "chat/canary/percent", given: "0", expected: "from 1 to 50" }],
    [{ percent: 12.5 }, { path: "chat/canary/percent" }],
    [{ maxErrorShare: 1 }, { path: "chat/canary/maxErrorShare", fix: "write 0.01 for 1 %" }],
    [{ maxErrorShare: NaN }, { path: "chat/canary/maxErrorShare" }],
    [{ maxP95Seconds: 0 }, { path: "chat/canary/maxP95Seconds" }],
    [{ maxP95Seconds: 30 }, { path: "chat/canary/maxP95Seconds", expected: "at most 10" }],
    [{ minRequests: 0 }, { path: "chat/canary/minRequests", fix: "write 100" }],
    [{ lease: seconds(14) }, { path: "chat/canary/lease", given: "14", expected: "from 15 to 3600 seconds" }],
    [{ lease: seconds(3601) }, { path: "chat/canary/lease", given: "3601", fix: "write minutes(2)" }],
  ])("%j", (canary, problem) => expectProblem(check(withCanary(canary)), problem));
  test("that are ones", () => {
    const canary = { percent: 50, maxErrorShare: 0, maxP95Seconds: 0.8, minRequests: 1 };
    expect(check(withCanary(canary))).toEqual([]);
    for (const lease of [seconds(15), hours(1)]) expect(check(withCanary({ lease }))).toEqual([]);
  });
});
