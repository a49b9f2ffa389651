import { describe, expect, test } from "@jest/globals";
import { effectiveRule, matchesPattern } from "../../../config/checks/cache-rules";
import type { Platform, ZoneCaching } from "../../../model/platform";
import { days } from "../../../model/units";
import { MANACORE } from "../../support/platforms";
import { check, expectProblem } from "./support";

const withCaching =
  (change: Partial<ZoneCaching>) =>
  (platform: Platform): Platform => ({
    ...platform,
    zone: { ...platform.zone, caching: { ...platform.zone.caching!, ...change } },
  });

describe("cache rules", () => {
  const { rules } = MANACORE.platform.zone.caching!;
  const onFreePlan = (change: Partial<ZoneCaching>) => (p: Platform) => {
    const changed = withCaching(change)(p);
    return { ...changed, zone: { ...changed.zone, plan: "free" as const } };
  };
  test("more page rules than the plan permits", () => {
    const problems = check(onFreePlan({ rules: rules.map(({ polish: _, ...rule }) => rule) }));
    expectProblem(problems, { path: "zone/caching/rules", given: "4 page rules", expected: "at most 3" });
  });
  test("cache rules are not counted as page rules", () => {
    const problems = check(onFreePlan({ rulesAs: "cache-rules", rules: rules.map(({ polish: _, ...rule }) => rule) }));
    expect(problems).toEqual([]);
  });
  test("Polish on the free plan", () => {
    const problems = check(onFreePlan({ rules: rules.filter((r) => r.id !== "auth") }));
    expect(problems.map((p) => p.path)).toContainEqual("zone/caching/rules/images/polish");
  });
  test("longer than the provider accepts", () => {
    expectProblem(check(withCaching({ edgeTtl: days(30) })), { path: "zone/caching/edgeTtl" });
  });
  test("a rule that does something else than the service says", () => {
    const problems = check(withCaching({ rules: rules.filter((rule) => rule.id !== "auth") }));
    expect(problems.map((p) => p.path)).toEqual(Array(3).fill("mana-core-auth/mana-core-auth/access/cache"));
    expect(problems[0]!.given).toBe('"bypass", but for staging-auth.manacore.app the rule "pages" says "everything"');
  });
  test("none, but services that want to be cached", () => {
    const { caching: _, ...zone } = MANACORE.platform.zone;
    const cached = MANACORE.platform.products
      .flatMap(({ services }) => services)
      .filter((s) => s.access.cache !== "bypass");
    const problems = check((p) => ({ ...p, zone }));
    expect(new Set(problems.map(({ path }) => path)).size).toBe(cached.length);
    expect(problems[0]!.given).toMatch(/^"everything", but for .* no rule fits$/);
  });
  test("the first rule that fits decides", () => {
    expect(effectiveRule(rules, "api-chat.manacore.app/images/x.png")?.id).toBe("api");
    expect(effectiveRule(rules, "chat.manacore.app/images/x.png")?.id).toBe("images");
    expect(effectiveRule(rules, "manacore.app/")?.id).toBe("pages");
    expect(effectiveRule(rules, "example.org/")).toBeUndefined();
  });
  test("a pattern's dots are dots", () => {
    expect(matchesPattern("*.manacore.app/*", "chat-manacore-app/x")).toBe(false);
  });
});
