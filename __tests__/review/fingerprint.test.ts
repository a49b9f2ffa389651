import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { fingerprint, normalized } from "../../review/fingerprint";
import type { Plan, ResourceChange } from "../../terraform/plan";
import { goldenPlan } from "../support/golden-plans";

type Json = Record<string, unknown>;
const same = (plan: Plan): string => JSON.stringify(normalized(plan));
const end = (timestamp: string): string => createHash("sha256").update(timestamp).digest("hex").slice(0, 8);
const isChanged = ({ change }: ResourceChange): boolean => !["no-op", "read"].includes(change.actions[0]!);

/** The same plan made at another time: its time, and the ends of names that come of it. */
function at(plan: Plan, timestamp: string): Plan {
  const text = JSON.stringify({ ...plan, timestamp });
  return JSON.parse(text.replaceAll(`-${end(plan.timestamp!)}`, `-${end(timestamp)}`)) as Plan;
}

/** Keys of all objects in the order that a number says. */
function reordered(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((each) => reordered(each, seed));
  if (typeof value !== "object" || value === null) return value;
  const weight = (key: string): string => createHash("md5").update(`${seed}${key}`).digest("hex");
  const entries = Object.entries(value).sort(([a], [b]) => (weight(a) < weight(b) ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, reordered(inner, seed)]));
}

/** What providers fill in by themselves, read back otherwise than before. */
function otherwiseFilled(plan: Plan, text: string): Plan {
  return {
    ...plan,
    resource_changes: plan.resource_changes.map((resource) => {
      const { before, after } = resource.change;
      if (resource.type !== "docker_container" || !before) return resource;
      const own = { container_logs: text, network_data: [{ ip_address: text }], bridge: text, dns: [] };
      // Where nothing is done to it they are the same afterwards.
      const kept = after && resource.change.actions[0] === "no-op" ? { ...after, ...own } : after;
      return {
        ...resource,
        change: { ...resource.change, before: { ...before, ...own }, ...(kept ? { after: kept } : {}) },
      };
    }),
  };
}

describe("the same plan made again has the same fingerprint", () => {
  test.each(["release", "cutover", "drift", "destroy", "first-deploy"])("%s, 20 times", (name) => {
    const plan = goldenPlan(name);
    const expected = same(plan);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.shuffledSubarray([...plan.resource_changes], { minLength: plan.resource_changes.length }),
        fc.date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
        fc.string(),
        (seed, changes, date, text) => {
          const { prior_state: _, ...shorter } = plan;
          const again = otherwiseFilled(at({ ...shorter, resource_changes: changes }, date.toISOString()), text);
          expect(same(reordered(again, seed) as Plan)).toBe(expected);
        },
      ),
      { numRuns: 20 },
    );
  });

  test("16 hex digits, made of what is the same", () => {
    const plan = goldenPlan("release");
    expect(fingerprint(plan)).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprint(at(plan, "2029-02-03T04:05:06Z"))).toBe(fingerprint(plan));
    expect(fingerprint(goldenPlan("canary"))).not.toBe(fingerprint(plan));
  });

  test("what was found otherwise without anything coming of it is no part of it", () => {
    const plan = goldenPlan("release");
    expect(same({ ...plan, resource_drift: [] })).toBe(same(plan));
    const seen = { ...plan, prior_state: { values: { root_module: { resources: [] } } }, relevant_attributes: [] };
    expect(same({ ...seen, planned_values: {}, terraform_version: "1.14.0" } as Plan)).toBe(same(plan));
  });
});

/** Every place of a value: paths to what is no object and no list. */
function leaves(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [[...path]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

function withLeaf(value: unknown, [key, ...rest]: readonly string[], change: (leaf: unknown) => unknown): unknown {
  if (key === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Json;
  copy[key] = withLeaf(copy[key], rest, change);
  return copy;
}

const another = (leaf: unknown): unknown =>
  typeof leaf === "number" ? leaf + 1 : typeof leaf === "boolean" ? !leaf : typeof leaf === "string" ? `${leaf}x` : "x";

/** The plan with one of its changes changed. */
const withChange = (plan: Plan, address: string, change: (of: ResourceChange) => ResourceChange): Plan => ({
  ...plan,
  resource_changes: plan.resource_changes.map((each) => (each.address === address ? change(each) : each)),
});

describe("a plan that differs in one thing has another fingerprint", () => {
  test.each(["release", "canary", "drift", "first-deploy"])(
    "%s: every single value that is to be, of every change",
    (name) => {
      const plan = goldenPlan(name);
      const expected = same(plan);
      let tried = 0;
      const missed: string[] = [];
      for (const resource of plan.resource_changes.filter(isChanged)) {
        const { after } = resource.change;
        for (const path of leaves(after)) {
          // Where nothing is and nothing was, nothing is said: a provider's `null` may be `false` the next time.
          const leaf = path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], after);
          if (leaf === null || leaf === false || leaf === "" || leaf === 0) continue;
          // In place, what is not in the stack's text and stays is not what the plan is about.
          const stays =
            resource.change.actions[0] === "update" &&
            JSON.stringify(resource.change.before?.[path[0]!]) === JSON.stringify(after?.[path[0]!]);
          tried += 1;
          const changed = withChange(plan, resource.address, (each) => ({
            ...each,
            change: { ...each.change, after: withLeaf(after, path, another) as Json },
          }));
          if (same(changed) === expected)
            missed.push(`${resource.address} ${path.join(".")}${stays ? " (stays)" : ""}`);
        }
      }
      expect(missed).toEqual([]);
      expect(tried).toBeGreaterThanOrEqual(40);
    },
  );

  test.each(["release", "destroy"])("%s: what is done, to what, and whether at all", (name) => {
    const plan = goldenPlan(name);
    const expected = same(plan);
    for (const { address } of plan.resource_changes.filter(isChanged)) {
      const others = [
        withChange(plan, address, (each) => ({ ...each, change: { ...each.change, actions: ["update"] } })),
        withChange(plan, address, (each) => ({ ...each, address: `${address}x` })),
        withChange(plan, address, (each) => ({ ...each, deposed: "12345678" })),
        withChange(plan, address, (each) => ({ ...each, change: { ...each.change, actions: ["no-op"] } })),
      ];
      for (const other of others) expect(same(other)).not.toBe(expected);
    }
  });

  test("a secret's value alone", () => {
    const plan = goldenPlan("release");
    const text = JSON.stringify(plan).replaceAll("dummy-azure-openai-api-key", "dummy-azure-openai-api-kez");
    expect(same(JSON.parse(text) as Plan)).not.toBe(same(plan));
  });

  test("an expression whose value only the apply will tell", () => {
    const plan = goldenPlan("release");
    const text = JSON.stringify(plan).replaceAll(
      "${docker_image.chat_green_backend-image.image_id}",
      "${docker_image.chat_blue_backend-image.image_id}",
    );
    expect(same(JSON.parse(text) as Plan)).not.toBe(same(plan));
  });

  test("a change more", () => {
    const plan = goldenPlan("canary");
    const idle = plan.resource_changes.find((each) => !isChanged(each) && each.type === "docker_container")!;
    const more = withChange(plan, idle.address, (each) => ({
      ...each,
      change: { ...each.change, actions: ["update"], after: { ...each.change.after, memory: 99 } },
    }));
    expect(same(more)).not.toBe(same(plan));
  });
});
