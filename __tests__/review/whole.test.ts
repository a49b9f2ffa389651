/** Plans that leave something open, and what they do beside their changes: by the real Terraform where it can, else by hand. */
import { afterAll, describe, expect, jest, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markdown } from "../../review/markdown";
import { parsePlan } from "../../review/plan-file";
import { refusals } from "../../review/refusals";
import { isBlessed, type Review } from "../../review/review";
import { terminalText } from "../../review/terminal";
import { gapsIn } from "../../review/whole";
import { childEnvironment } from "../../terraform/program";
import type { Plan } from "../../terraform/plan";
import { GOLDEN_PLANS, goldenPlan } from "../support/golden-plans";
import { container, MANACORE, plan, PRODUCTION, resource, reviewed, sourceOf } from "../support/plan";
import { missingForReal, TERRAFORM } from "../support/real-terraform";

// It is slow on purpose, and no matter here.
jest.mock("../../review/fingerprint", () => ({ fingerprint: () => "0123456789abcdef" }));

const plain = (text: string): string => text;
const written = (review: Review): string => markdown(review, { redact: plain });
/** In Markdown some characters are escaped; here it only matters that it is said. */
const inAll = (review: Review, ...texts: readonly string[]): void => {
  const unescaped = written(review).replaceAll("\\", "");
  for (const text of texts) {
    expect(review.verdict).toContain(text);
    expect(unescaped).toContain(text);
    expect(terminalText(review, plain)).toContain(text);
    expect(JSON.stringify(review)).toContain(text);
  }
};
/** Nobody is told how to apply it, and nobody can let it through. */
function notBlessed(of: Plan): Review {
  const review = reviewed(of);
  expect(isBlessed(review)).toBe(false);
  expect(review.verdict).not.toMatch(/nothing else|nothing to change/);
  expect(written(review)).toMatch(/^### 🛑/);
  expect(written(review)).not.toContain("--reviewed");
  expect(terminalText(review, plain)).not.toContain("--reviewed");
  expect(
    refusals({ platform: MANACORE, environment: PRODUCTION, redact: plain }, of, sourceOf(of), []).length,
  ).toBeGreaterThan(0);
  return review;
}
function notWhole(of: Plan): Review {
  const review = notBlessed(of);
  expect(review.gaps.length).toBeGreaterThan(0);
  expect(review.verdict).toMatch(/^not whole, so not to be applied: /);
  const allowed = review.gaps.map(({ address }) => address);
  expect(
    refusals({ platform: MANACORE, environment: PRODUCTION, redact: plain }, of, sourceOf(of), allowed).length,
  ).toBeGreaterThan(0);
  return review;
}

const edge = resource("docker_container.edge", "changes", container({ memory: 256 }), container({ memory: 512 }));
const some = (more: object): Plan => plan([edge], more as Partial<Plan>);

test.each(GOLDEN_PLANS)("the whole plan %s is whole", (name) => {
  expect(gapsIn(goldenPlan(name))).toEqual([]);
});

describe("by hand", () => {
  const deferredOf = (reason: string): object => ({
    complete: false,
    deferred_changes: [{ reason, resource_change: resource("docker_container.later", "comes", container()) }],
  });
  test.each([
    ["instance_count_unknown", "how many of it there are to be is not known yet"],
    ["resource_config_unknown", "its settings are not known yet"],
    ["provider_config_unknown", "its provider's settings are not known yet"],
    ["deferred_prereq", "something that it needs is put off itself"],
    ["of_tomorrow", "for a reason that is not known here"],
  ])("a change that is put off: %s", (reason, words) => {
    inAll(notWhole(some(deferredOf(reason))), "docker_container.later is put off", words);
  });
  test("an action that is put off", () => {
    const more = {
      deferred_action_invocations: [{ reason: "deferred_prereq", action_invocation: { address: "action.a.b" } }],
    };
    inAll(notWhole(some(more)), "action.a.b is put off");
  });
  test("an action that is run breaks a policy, and is let through by its address", () => {
    const trigger = { triggering_resource_address: "docker_container.edge", action_trigger_event: "after_update" };
    const of = some({ action_invocations: [{ address: "action.local_command.x", lifecycle_action_trigger: trigger }] });
    const review = notBlessed(of);
    inAll(review, "action.local_command.x");
    expect(written(review)).toContain("with docker\\_container.edge (after\\_update)");
    expect(
      refusals({ platform: MANACORE, environment: PRODUCTION, redact: plain }, of, sourceOf(of), [
        "action.local_command.x",
      ]),
    ).toEqual([]);
  });
  test("an action alone is something to apply", () => {
    const of = plan([], { action_invocations: [{ address: "action.a.b" }] });
    expect(notBlessed(of).verdict).toContain("production: no resource changes; action.a.b is run");
  });
  test("a key that is not known: of the plan, of a resource, of its change", () => {
    inAll(notWhole(some({ future_part: [] })), "the plan says something of future_part");
    const [of, change] = [
      { ...edge, future: 1 },
      { ...edge, change: { ...edge.change, hidden: {} } },
    ];
    inAll(notWhole(plan([of])), "docker_container.edge says something of future");
    inAll(notWhole(plan([change])), "docker_container.edge says something of hidden");
    inAll(notWhole(some({ resource_drift: [of] })), "says something of future");
  });
  test.each([[["rename"]], [["delete", "archive"]], [["create", "delete", "create"]], [[]]])(
    "actions that are not known: %j",
    (actions) => {
      notWhole(plan([edge, { ...edge, address: "docker_container.x", change: { ...edge.change, actions } }]));
    },
  );
  test("a kind of resource that is not known", () => {
    inAll(notWhole(plan([edge, { ...edge, address: "list.x.y", mode: "list" }])), "list.x.y is of a kind");
  });
  test("not complete, and not applyable though something changes", () => {
    inAll(notWhole(some({ complete: false })), "the plan leaves out a part of the stack");
    inAll(notWhole(plan([], { complete: false, applyable: false })), "the plan leaves out a part of the stack");
    inAll(notWhole(some({ applyable: false })), "cannot be applied");
    expect(isBlessed(reviewed(plan([], { applyable: false })))).toBe(true);
  });
  test("one that does not say whether it is complete says so", () => {
    const { complete: _, ...silent } = some({});
    expect(isBlessed(reviewed(silent))).toBe(true);
    expect(written(reviewed(silent))).toContain("It does not say whether it is the whole plan.");
  });
  test("a replacement that forgets the old one destroys nothing, and says who is left", () => {
    const change = {
      ...resource("docker_volume.redis_data", "changes", { name: "n" }).change,
      actions: ["create", "forget"],
    };
    const review = reviewed(plan([edge, { ...resource("docker_volume.redis_data", "changes"), change }]));
    inAll(review, "docker_volume.redis_data left to themselves, out of the state");
    expect(review.losses).toEqual([]);
  });
  test("a set that is forgotten is not nothing", () => {
    const review = reviewed(plan([edge, resource("docker_container.chat_blue_web-0", "is forgotten", container())]));
    inAll(review, "docker_container.chat_blue_web-0 left to themselves");
    expect(review.verdict).not.toMatch(/nothing else|chat:/);
  });
  test("parts of another shape are no plan", () => {
    for (const more of [{ complete: "yes" }, { deferred_changes: {} }, { checks: [{}] }, { action_invocations: [1] }]) {
      expect(() => parsePlan(JSON.stringify(some(more)), "x")).toThrow();
    }
  });
  test("an unknown rule of the stack's own variables is none, of a module's it is one", () => {
    const rule = (module?: string): object => ({
      address: { kind: "var", to_display: "var.a", module },
      status: "unknown",
    });
    expect(reviewed(some({ checks: [rule()] })).beside.checks).toEqual([]);
    notBlessed(some({ checks: [rule("module.m")] }));
  });
});

const missing = missingForReal();
if (missing) process.stderr.write(`Plans that are not whole were not made by the real Terraform: ${missing}.\n`);

(missing ? describe.skip : describe)("by the real Terraform", () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
  const BEFORE = { resource: { terraform_data: { one: { input: "a" }, two: { input: "b" } } } };
  /** The plan from one stack to another. */
  function planned(after: object, options: readonly string[] = [], before: object = BEFORE): Plan {
    const folder = mkdtempSync(join(tmpdir(), "twinset-whole-"));
    folders.push(folder);
    const run = (...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(TERRAFORM.binary, args, {
        cwd: folder,
        env: childEnvironment(process.env),
        encoding: "utf8",
        maxBuffer: 2 ** 26,
      });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    const stack = (of: object): void => writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(of));
    stack(before);
    run("init", "-input=false");
    run("apply", "-auto-approve", "-input=false");
    stack(after);
    run("plan", "-input=false", "-out=p", ...options);
    return parsePlan(run("show", "-json", "p"), "terraform show");
  }
  const data = (of: Readonly<Record<string, object>>, more: object = {}): object => ({
    resource: { terraform_data: of },
    ...more,
  });
  const check = (condition: string): object => ({
    check: { c: { assert: { condition, error_message: "there is no room" } } },
  });

  test("a targeted plan, with changes and without", () => {
    const after = data({ one: { input: "x" }, two: { input: "y" } });
    inAll(notWhole(planned(after, ["-target=terraform_data.one"])), "leaves out a part of the stack (-target");
    inAll(notWhole(planned(BEFORE, ["-target=terraform_data.one"])), "leaves out a part of the stack (-target");
  });
  test("a check that fails, and one that is not known", () => {
    const { one, two } = BEFORE.resource.terraform_data;
    inAll(
      notBlessed(planned(data({ one, two }, check('${terraform_data.one.output == "z"}')))),
      "check.c does not hold",
    );
    const later = planned(data({ one: { input: "x" }, two }, check('${terraform_data.one.output == "z"}')));
    const review = notBlessed(later);
    inAll(review, "check.c is not known to hold");
    expect(written(notBlessed(planned(data({ one, two }, check('${terraform_data.one.output == "z"}')))))).toContain(
      "there is no room",
    );
    expect(
      refusals({ platform: MANACORE, environment: PRODUCTION, redact: plain }, later, sourceOf(later), ["check.c"]),
    ).toEqual([]);
  });
  test("a condition of a resource that is not known", () => {
    const postcondition = [{ condition: '${self.output == "x"}', error_message: "other" }];
    const of = planned(
      data({ one: { input: "a", triggers_replace: "1", lifecycle: { postcondition } }, two: { input: "b" } }),
    );
    inAll(notBlessed(of), "terraform_data.one is not known to hold");
  });
  test("an import, a moved address and one that leaves the state: said, and blessed", () => {
    const of = planned({
      ...data({ moved: { input: "a" }, imported: {} }),
      import: [{ to: "terraform_data.imported", id: "an-id-of-old" }],
      moved: [{ from: "terraform_data.one", to: "terraform_data.moved" }],
      removed: [{ from: "terraform_data.two", lifecycle: { destroy: false } }],
    });
    const review = reviewed(of);
    inAll(
      review,
      "terraform_data.two left to themselves, out of the state",
      "terraform_data.imported is there already and is taken into the state",
    );
    expect(review.verdict).toContain("terraform_data.moved (was terraform_data.one) has another address");
    expect(written(review)).toContain("`terraform_data.imported` from `an-id-of-old`");
    expect(written(review)).toContain("`terraform_data.moved`, which was `terraform_data.one`");
    expect(isBlessed(review)).toBe(true);
    expect(review.verdict).not.toMatch(/nothing/);
  });
  test("a moved address alone is something to apply", () => {
    const of = planned({
      ...data({ moved: { input: "a" }, two: { input: "b" } }),
      moved: [{ from: "terraform_data.one", to: "terraform_data.moved" }],
    });
    expect(reviewed(of).verdict).toBe(
      "production: no resource changes; terraform_data.moved (was terraform_data.one) has another address",
    );
    expect(written(reviewed(of))).toContain("--reviewed");
  });
  test("the same stack once more: whole, and nothing to change", () => {
    const review = reviewed(planned(BEFORE));
    expect([review.verdict, review.gaps]).toEqual(["production: nothing to change", []]);
    expect(written(review)).toContain("There is nothing to apply.");
  });
});
