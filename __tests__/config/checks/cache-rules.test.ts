import { describe, expect, test } from "@jest/globals";
import { effectiveRule, matchesPattern } from "../../../config/checks/cache-rules";
import type { CacheRule, Platform, ZoneCaching } from "../../../model/platform";
import type { Problem } from "../../../model/problem";
import type { Service } from "../../../model/service";
import { days, hours, minutes, seconds } from "../../../model/units";
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
    expectProblem(problems, { path: "zone/caching/rules", given: "6 page rules", expected: "at most 3" });
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
    expect(effectiveRule(rules, "app-chat.manacore.app/account")?.id).toBe("webs");
    expect(effectiveRule(rules, "app-chat.manacore.app/images/x.png")?.cache).toBe("assets");
    expect(effectiveRule(rules, "example.org/")).toBeUndefined();
  });
  test("a pattern's dots are dots", () => {
    expect(matchesPattern("*.manacore.app/*", "chat-manacore-app/x")).toBe(false);
  });
  test("a pattern's path is no part of a host, nor its host of a path", () => {
    expect(matchesPattern("*example.org/images/*", "app.example.org/account?x=.example.org/images/")).toBe(false);
    expect(matchesPattern("*example.org*", "app.example.org/account")).toBe(true);
    expect(matchesPattern("example.org", "example.org/")).toBe(true);
  });
  test("more cache rules than the plan permits", () => {
    const many = Array.from({ length: 26 }, (_, i) => ({
      id: `r${i}`,
      pattern: `r${i}.example.org/*`,
      cache: "bypass" as const,
    }));
    const problems = check(withCaching({ rulesAs: "cache-rules", rules: [...many.slice(6), ...rules] }));
    expectProblem(problems, { path: "zone/caching/rules", given: "26 cache rules", expected: "at most 25" });
  });
});

describe("pages with logins", () => {
  const { rules } = MANACORE.platform.zone.caching!;
  const WEB = { path: "chat/chat-web/access/cache" };
  const onChatWeb =
    (change: Partial<Service["access"]>) =>
    (platform: Platform): Platform => ({
      ...platform,
      products: platform.products.map((product) => ({
        ...product,
        services: product.services.map((service) =>
          service.name === "chat-web" ? { ...service, access: { ...service.access, ...change } } : service,
        ),
      })),
    });
  const before = (...first: readonly CacheRule[]): Problem[] => check(withCaching({ rules: [...first, ...rules] }));
  const chatWeb = (problems: readonly Problem[]): Problem[] => problems.filter(({ path }) => path === WEB.path);

  test("a service that says nothing is taken to have them, and nothing of it is kept", () => {
    const silent = (platform: Platform): Platform =>
      onChatWeb({ cache: undefined } as unknown as Partial<Service["access"]>)(platform);
    expect(check(silent)).toEqual([]);
    const problems = check((p) => silent(withCaching({ rules: rules.filter(({ id }) => id !== "webs") })(p)));
    expect(chatWeb(problems).map(({ given }) => given)).toEqual([
      '"bypass", but for staging-app-chat.manacore.app the rule "pages" says "everything"',
      '"bypass", but for app-chat.manacore.app the rule "pages" says "everything"',
    ]);
  });
  test.each([
    ["for one of its paths", "app-chat.manacore.app/help/*", 1],
    ["for a path of every name", "*manacore.app/api/*", 2],
    ["for a landing's name, whose star is about the web's as well", "*chat.manacore.app/*", 2],
    ["for everything", "*", 2],
    ["without a slash", "*manacore.app*", 2],
  ])("a rule that is asked before theirs, %s", (_, pattern, times) => {
    const problems = chatWeb(before({ id: "first", pattern, cache: "everything" }));
    expect(problems.map(({ severity }) => severity)).toEqual(Array(times).fill("error"));
    expect(problems[0]!.given).toMatch(/the rule "first" says "everything"$/);
  });
  test("an API has not even files kept", () => {
    const problems = before({ id: "files", pattern: "*manacore.app/files/*", cache: "assets" });
    expect(new Set(problems.map(({ path }) => path.split("/")[1]))).toEqual(
      new Set(
        MANACORE.platform.products.flatMap(({ services }) => services.filter((s) => s.access.api).map((s) => s.name)),
      ),
    );
  });
  test("a rule for another name, and one behind theirs, are nobody's problem", () => {
    expect(before({ id: "first", pattern: "chat.manacore.app/*", cache: "everything" })).toEqual([]);
    const last = { id: "last", pattern: "app-chat.manacore.app/*", cache: "everything" } as const;
    expect(check(withCaching({ rules: [...rules.slice(0, -1), last, ...rules.slice(-1)] }))).toEqual([]);
  });
  test("whoever writes that they are kept is told what it means", () => {
    const everything = { id: "chat", pattern: "*app-chat.manacore.app/*", cache: "everything" } as const;
    const kept = (change: Partial<Service["access"]>): Problem[] =>
      check((p) => onChatWeb({ cache: "everything", ...change })(withCaching({ rules: [everything, ...rules] })(p)));
    const problems = kept({});
    expectProblem(problems, {
      ...WEB,
      severity: "warning",
      given: "one copy of each address for 28 days",
      fix: "logins: false",
    });
    expect(problems[0]!.given).toContain("shows it to everyone; browsers keep it for 7 days");
    expect(kept({ logins: false })).toEqual([]);
  });
  test.each([
    [minutes(90), "90 minutes"],
    [days(1), "1 day"],
    [seconds(45), "45 s"],
    [hours(2), "2 hours"],
  ])("times in words: %j", (edgeTtl, words) => {
    const problems = check((p) => {
      const changed = onChatWeb({ cache: "everything" })(p);
      return withCaching({ edgeTtl, rules: [{ id: "all", pattern: "*", cache: "everything" }] })(changed);
    });
    expect(problems.find(({ severity }) => severity === "warning")!.given).toContain(` for ${words}, whatever`);
  });
});
