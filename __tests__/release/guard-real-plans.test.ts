/**
 * The guard on plans that the real Terraform made (1.11.4, docker 4.5.0): of a release of chat in a rehearsal, from blue
 * v1.5.2 to green, and of one beside which Redis had been removed by hand. Kept are addresses, actions and the switch's
 * labels.
 */
import { describe, expect, test } from "@jest/globals";
import { PLATFORMS } from "../../config/platforms";
import type { ProductRelease } from "../../model/release";
import { guard } from "../../release/guard";
import type { Step } from "../../release/machine";
import type { ResourceChange } from "../../terraform/plan";
import plans from "./plans/chat.json";

const PLANS = plans as unknown as Record<string, readonly ResourceChange[]>;
const products = PLATFORMS["manacore"]!.products.map(({ name }) => name);
const before: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: null };
const deployed: ProductRelease = { ...before, green: { version: "v2.10.0-rehearsal" } };
const over: ProductRelease = { ...deployed, live: "green" };

const STEPS: readonly (readonly [step: Step, to: ProductRelease])[] = [
  ["deploy", deployed],
  ["clean-up", before],
  ["canary", { ...deployed, canary: 10 }],
  ["cutover", over],
  ["retire", { ...over, blue: null }],
];
const refused = (plan: string, product: string, step: Step, to: ProductRelease): string[] =>
  guard(PLANS[plan]!, { product, step, to, first: false }, products).refused.map(({ address }) => address);

describe.each(STEPS)("the plan of %s", (step, to) => {
  test("is let through for that step", () => {
    expect(PLANS[step]!.length).toBeGreaterThan(0);
    expect(refused(step, "chat", step, to)).toEqual([]);
  });
  test("is refused, change by change, for every other product", () => {
    for (const product of products.filter((name) => name !== "chat")) {
      expect(refused(step, product, step, to)).toEqual(PLANS[step]!.map(({ address }) => address));
    }
  });
  test("is refused for a step that is to lead elsewhere: the switch would say something else", () => {
    const elsewhere: ProductRelease = { ...deployed, canary: 33 };
    expect(refused(step, "chat", "canary", elsewhere)).toContain("docker_container.chat_switch_job");
  });
});

test("a foreign change in the plan is refused by name, and nothing else of it", () => {
  expect(refused("foreign", "chat", "deploy", { ...deployed, green: { version: "v2.11.0-rehearsal" } })).toEqual([
    "docker_container.redis",
  ]);
});
