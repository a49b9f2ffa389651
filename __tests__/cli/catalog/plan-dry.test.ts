import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { planDry, planProblems } from "../../../cli/catalog/plan-dry";
import type { StackConfig } from "../../../terraform/config";
import type { Plan } from "../../../terraform/plan";
import { LOCK_VARIABLE } from "../../../terraform/project-lock";
import { FakeTerraform, UNREACHABLE } from "../../support/fake-terraform";
import { madeUpLock } from "../../support/made-up-lock";
import { onSmallStacks, SMALL, synthesize } from "./small-main";

// Terraform is a process each time, and the machine may be busy.

let terraform: FakeTerraform;
beforeEach(() => {
  terraform = new FakeTerraform();
  process.env[LOCK_VARIABLE] = madeUpLock(terraform.home);
});
afterEach(() => {
  expect(terraform.leftovers()).toEqual([]);
  terraform.remove();
});

const run = onSmallStacks(planDry);

const NOT_PLANNED = expect.stringMatching(/^development is not planned here: its plan needs a Docker engine/);

describe("a plan from nothing", () => {
  test("is summed up by kind for staging, production and delivery, exit code 0", async () => {
    const { code, lines } = await run();
    expect(lines).toEqual([
      "manacore, with Terraform v1.11.4",
      expect.stringMatching(/^staging {6}ok: 4 resources to add, \d+\.\d s$/),
      "             2 docker_image, 1 docker_network, 1 hcloud_ssh_key",
      expect.stringMatching(/^production {3}ok: /),
      expect.anything(),
      expect.stringMatching(/^delivery {5}ok: 1 resources to add/),
      "             1 github_repository_ruleset",
      NOT_PLANNED,
    ]);
    expect(code).toBe(0);
  });

  test("is made with a local state, dummy values and no way to the network", async () => {
    await run({ environments: ["production"] });
    const [, init, plan, show] = terraform.calls();
    expect(init!.args).toEqual(["init", "-input=false", "-no-color"]);
    const override = JSON.parse(init!.files["twinset_override.tf.json"]!) as object;
    expect(override).toEqual({ terraform: { backend: { local: { path: expect.stringContaining(terraform.temp) } } } });
    expect(plan!.args).toEqual(
      expect.arrayContaining(["plan", "-refresh=false", "-lock=false", "-var-file=dummy.tfvars", "-out=dry.plan"]),
    );
    expect(plan!.files["dummy.tfvars"]).toContain('ssh_public_keys = {"ops"');
    expect(show!.args).toEqual(["show", "-json", "dry.plan"]);
    for (const { env } of [plan!, show!])
      expect(env).toMatchObject({ HTTPS_PROXY: "http://127.0.0.1:9", NO_PROXY: "" });
  });

  test("sees none of the credentials that are around", async () => {
    for (const name of ["HCLOUD_TOKEN", "CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN", "AWS_ACCESS_KEY_ID", "DOCKER_HOST"]) {
      process.env[name] = "s3cret";
    }
    await run({ environments: ["staging"] });
    expect(terraform.calls()).toHaveLength(4);
    expect(JSON.stringify(terraform.calls())).not.toContain("s3cret");
  });
});

describe("the delivery stack", () => {
  test("has a value for each of its variables, and GitHub's provider an answer from this computer", async () => {
    await run({ environments: ["delivery"] });
    const [plan] = terraform.calls("plan");
    expect(plan!.env["GITHUB_BASE_URL"]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const names = plan!.files["dummy.tfvars"]!.match(/^\w+(?= = )/gm);
    expect(names).toEqual([
      ...["github_token", "github_repository", "reviewers", "plan_secrets"],
      ...["staging_watch_secrets", "staging_secrets", "staging_settings"],
      ...["production_watch_secrets", "production_secrets", "production_settings"],
    ]);
  });

  const without: typeof synthesize = (env, outdir) => {
    const loaded = synthesize(env, outdir);
    const { delivery: _, ...platform } = loaded.platform;
    return { ...loaded, platform };
  };
  test("of a platform that has none is no part of all, and a mistake by name", async () => {
    expect((await run({ synthesize: without })).lines.join()).not.toContain("delivery");
    await expect(run({ synthesize: without, environments: ["delivery"] })).rejects.toThrow(
      /given {5}a platform without it/,
    );
  });
});

describe("a plan that is wrong", () => {
  test("an update is told with its address, exit code 1", async () => {
    const address = "docker_network.networks_data";
    terraform.plays({ "show staging": { actions: { [address]: ["delete", "create"] } } });
    const { code, lines } = await run();
    expect(lines.slice(1, 3)).toEqual([
      "staging      wrong: 1 problem",
      `             ${address}: the plan says delete and create; a first plan only creates`,
    ]);
    expect(lines[3]).toMatch(/^production {3}ok/);
    expect(code).toBe(1);
  });

  test("a policy that the catalog itself breaks is told, exit code 1", async () => {
    const address = "docker_image.chat";
    terraform.plays({ "show staging": { after: { [address]: { name: "chat:latest" } } } });
    const { code, lines } = await run({ environments: ["staging"] });
    expect(lines[2]).toBe(
      `             ${address}: breaks nothing-moves: chat:latest, whose tag moves or is no whole version; have its digest recorded: npx twinset images --update`,
    );
    expect(code).toBe(1);
  });

  test("Terraform's errors are told with their addresses, exit code 1", async () => {
    const diagnostic = { severity: "error", summary: "Invalid token", address: "hcloud_server.host" };
    const stdout = `{"type":"version"}\n${JSON.stringify({ type: "diagnostic", diagnostic })}\n{"type":"diagnostic`;
    terraform.plays({ plan: { code: 1, stdout } });
    const { code, lines } = await run({ environments: ["staging"] });
    expect(lines[2]).toBe("             hcloud_server.host: Invalid token");
    expect(code).toBe(1);
  });

  test("a plan that ends without a word was not checked", async () => {
    terraform.plays({ plan: { code: 1, stderr: "signal: killed" } });
    const { code, lines } = await run({ environments: ["staging"] });
    expect(lines.slice(1, 3)).toEqual([
      "staging      not checked: Terraform plan failed",
      "             signal: killed",
    ]);
    expect(code).toBe(2);
  });
});

test("a variable that the catalog's inputs do not list is a mistake of the stack", async () => {
  const withAnother: typeof synthesize = (env, outdir) => {
    const loaded = synthesize(env, outdir);
    const variable = { ...SMALL.variable, forgotten: { type: "string" }, optional: { default: "" } };
    writeFileSync(
      join(outdir, "stacks", "staging", "cdk.tf.json"),
      JSON.stringify({ ...SMALL, variable, terraform: {} }),
    );
    return loaded;
  };
  const { code, lines } = await run({ environments: ["staging"], synthesize: withAnother });
  expect(lines.slice(1)).toEqual([
    "staging      wrong: 1 problem",
    "             variable.forgotten: the stack needs it, but inputUses in model/platform.ts does not list it",
  ]);
  expect(code).toBe(1);
});

describe("what cannot be planned", () => {
  test("a missing plugin gives exit code 2", async () => {
    terraform.plays({ init: { code: 1, stderr: UNREACHABLE } });
    const { code, lines } = await run();
    expect(lines.filter((line) => line.includes("not checked"))).toHaveLength(3);
    expect(terraform.calls("plan")).toEqual([]);
    expect(code).toBe(2);
  });

  test("development by name gives exit code 2, also beside one that passes", async () => {
    expect(await run({ environments: ["development"] })).toEqual({ code: 2, lines: [NOT_PLANNED] });
    expect((await run({ environments: ["development", "staging"] })).code).toBe(2);
  });

  test("nothing is said about development when it was not asked for", async () => {
    expect((await run({ environments: ["staging"] })).lines).not.toContainEqual(NOT_PLANNED);
  });
});

describe("the comparison of plan and stack", () => {
  const config: StackConfig = {
    terraform: {},
    resource: {
      docker_image: { chat: {} },
      hcloud_ssh_key: { key: { for_each: "${var.keys}" } },
      docker_volume: { data: { count: "${length(local.disks)}" } },
    },
  };
  const change = (type: string, name: string, ...actions: string[]): Plan["resource_changes"][number] => ({
    ...{ address: `${type}.${name}`, mode: "managed", type, name },
    change: { actions: actions.length > 0 ? actions : ["create"] },
  });
  const good = [change("docker_image", "chat"), change("hcloud_ssh_key", "key"), change("docker_volume", "data")];
  const variables = { keys: { value: { ops: "ssh-ed25519" } } };
  const problems = (changes: Plan["resource_changes"], keys = variables): string[] =>
    planProblems(config, { resource_changes: changes, variables: keys });

  test("finds nothing where every resource is created as often as it should be", () => {
    expect(problems(good)).toEqual([]);
    expect(problems([...good, change("docker_volume", "data")])).toEqual([]);
    const two = { keys: { value: { ops: "a", dev: "b" } } };
    expect(problems([...good, change("hcloud_ssh_key", "key")], two)).toEqual([]);
  });

  test("finds what is missing, too many or foreign", () => {
    expect(problems(good.slice(1))).toEqual(["docker_image.chat: in the stack, but the plan has 0 of it"]);
    expect(problems([...good, change("hcloud_ssh_key", "key")])).toEqual([
      "hcloud_ssh_key.key: in the stack, but the plan has 2 of it",
    ]);
    expect(problems([...good, change("docker_image", "news")])).toEqual([
      "docker_image.news: in the plan, but not a resource of the stack",
    ]);
  });

  test("a data source that is read is not nothing", () => {
    expect(problems([...good.slice(1), change("docker_image", "chat", "read")])).toEqual([
      "docker_image.chat: the plan says read; a first plan only creates",
    ]);
  });
});
