import { describe, expect, test } from "@jest/globals";
import { checkPlatform } from "../../../config/checks";
import type { Delivery } from "../../../model/delivery";
import type { Platform } from "../../../model/platform";
import type { Problem } from "../../../model/problem";
import { secret, setting } from "../../../model/values";
import { EVERY_PLATFORM, MANACORE, variant, withService } from "../../support/platforms";

const usual = MANACORE.platform.delivery!;
const check = (change: Partial<Delivery>, further = (platform: Platform): Platform => platform): Problem[] => {
  const { platform, releases } = variant({
    platform: (given) => further({ ...given, delivery: { ...usual, ...change } }),
  });
  return checkPlatform(platform, releases);
};
const production = usual.gates.production!;

describe.each(EVERY_PLATFORM)("%s", (_, { platform, releases }) => {
  test("is delivered without a problem, and may be without any delivery", () => {
    const { delivery, ...rest } = platform;
    expect(delivery).toBeDefined();
    for (const each of [platform, rest]) {
      expect(checkPlatform(each, releases).filter(({ path }) => path.startsWith("delivery"))).toEqual([]);
    }
  });
});

test.each<[title: string, change: Partial<Delivery>, problem: Partial<Problem>]>([
  [
    "a state that pull requests could read",
    { state: { kind: "s3", bucket: "manacore-terraform-state" } },
    { path: "delivery/state/bucket", given: "in which staging and production have their states" },
  ],
  ["no environment", { gates: {} }, { path: "delivery/gates", given: "none" }],
  [
    "an environment that no pipeline reaches",
    { gates: { ...usual.gates, development: production } },
    { path: "delivery/gates/development", given: "one's own computer" },
  ],
  [
    "self-review refused without a review",
    { gates: { production: { ...production, reviewed: false } } },
    { path: "delivery/gates/production/selfReview", fix: "reviewed: true" },
  ],
  [
    "a wait that is too long",
    { gates: { production: { ...production, waitMinutes: 43_201 } } },
    { path: "delivery/gates/production/waitMinutes", expected: "43200" },
  ],
  [
    "a wait of half a minute",
    { gates: { production: { ...production, waitMinutes: 0.5 } } },
    { path: "delivery/gates/production/waitMinutes", given: "0.5" },
  ],
  ["a pattern for a branch", { rules: { ...usual.rules, branch: "release/*" } }, { path: "delivery/rules/branch" }],
  ["no approval", { rules: { ...usual.rules, approvals: 0 } }, { path: "delivery/rules/approvals", given: "0" }],
  ["too many approvals", { rules: { ...usual.rules, approvals: 11 } }, { path: "delivery/rules/approvals" }],
  ["no check", { rules: { ...usual.rules, checks: [] } }, { path: "delivery/rules/checks", given: "none" }],
  ["no owner", { rules: { ...usual.rules, owners: [] } }, { path: "delivery/rules/owners", given: "none" }],
  ["one owner alone", { rules: { ...usual.rules, owners: ["ada", "ada"] } }, { given: "ada alone" }],
  [
    "an owner with an @",
    { rules: { ...usual.rules, owners: ["@a/b"] } },
    { path: "delivery/rules/owners", given: "@a/b" },
  ],
  ["a check without a name", { rules: { ...usual.rules, checks: ["a", " "] } }, { given: "one without a name" }],
  ["a check twice", { rules: { ...usual.rules, checks: ["plan", "plan"] } }, { given: "plan twice" }],
])("%s is found", (_, change, expected) => {
  const problems = check(change);
  expect(problems).toHaveLength(1);
  for (const [part, text] of Object.entries(expected)) expect(problems[0]![part as keyof Problem]).toContain(text);
  expect(problems[0]!.severity).toBe("error");
});

test("the longest wait, the most approvals and a state on this computer are fine", () => {
  expect(
    check({
      state: { kind: "local" },
      gates: { production: { ...production, waitMinutes: 43_200 } },
      rules: { ...usual.rules, approvals: 10 },
    }),
  ).toEqual([]);
});

test.each<[string, typeof secret]>([
  ["secrets", secret],
  ["variables", setting],
])("more %s than GitHub keeps in an environment are found", (what, kind) => {
  const env = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`X_${i}`, kind(`x_${i}`, { description: "X", where: "there" })]),
  );
  const problems = check({}, withService("chat-web", { env }));
  expect(problems.map(({ path }) => path)).toEqual(["delivery/gates/staging", "delivery/gates/production"]);
  expect(problems[0]!.given).toMatch(new RegExp(`^1\\d\\d ${what}`));
});
