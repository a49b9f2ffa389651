/** The part of a stack that a switch needs, and what a plan of it says. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ownName } from "../../clients/own-files";
import { switchAddress } from "../../release/guard";
import { dummyValues } from "../../terraform/dummy-values";
import { partOf } from "../../terraform/part";
import type { ResourceChange } from "../../terraform/plan";
import type { StackConfig } from "../../terraform/config";
import { childEnvironment, findTerraform, type Terraform } from "../../terraform/program";
import { WorkingDirectory } from "../../terraform/working-directory";
import { FakeTerraform } from "../support/fake-terraform";
import { missingForReal, TERRAFORM } from "../support/real-terraform";
import { synthAll, synthStack } from "../support/synth";
import { both, EVERY_PLATFORM, MANACORE, variant } from "../support/platforms";

type Body = Record<string, unknown>;
type Named = Record<string, Record<string, Body>>;

const BOTH = variant({ releases: { chat: both(10) } });
const PRODUCTION = synthStack(BOTH, "production").json as Body;
const CHAT = switchAddress("chat");

/** A state that has everything of a stack, with nothing known of it. */
const stateOf = (stack: Body): string =>
  JSON.stringify({
    version: 4,
    serial: 7,
    lineage: "a",
    outputs: { secret: { value: "hush" } },
    resources: Object.entries(stack["resource"] as Named).flatMap(([type, named]) =>
      Object.keys(named).map((name) => ({ mode: "managed", type, name, instances: [] })),
    ),
  });

const addresses = (resources: Named): string[] =>
  Object.entries(resources).flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`));

describe.each(EVERY_PLATFORM)("%s", (_, loaded) => {
  const stacks = synthAll(loaded);
  test("the part of each switch is whole: whatever it refers to of the stack is in it, and nothing of Cloudflare's", () => {
    for (const name of ["development", "staging", "production"] as const) {
      const stack = stacks[name].json as Body;
      const all = addresses(stack["resource"] as Named);
      const switches = all.filter((address) => address.endsWith("_switch_job"));
      expect(switches.length).toBeGreaterThan(0);
      for (const address of switches) {
        const { config, state } = partOf(stack, stateOf(stack), address)!;
        const inPart = addresses(config["resource"] as Named);
        expect(inPart).toContain(address);
        const text = JSON.stringify(config);
        const missing = all.filter((each) => !inPart.includes(each) && new RegExp(`\\b${each}\\b`).test(text));
        expect(missing).toEqual([]);
        const variables = [...text.matchAll(/\$\{var\.(\w+)/g)].map(([, variable]) => variable!);
        expect(Object.keys(config["variable"] as Body)).toEqual(expect.arrayContaining(variables));
        expect(text).not.toContain("cloudflare_");
        expect(inPart.length).toBeLessThan(all.length);
        // The state has the same, and no outputs: they are secrets at times.
        const kept = (state["resources"] as { type: string; name: string }[]).map(
          ({ type, name }) => `${type}.${name}`,
        );
        expect(new Set(kept)).toEqual(new Set(inPart));
        expect(state["outputs"]).toEqual({});
      }
    }
  });
});

test("other products and other stores' tokens are no part of it", () => {
  const { config } = partOf(PRODUCTION, stateOf(PRODUCTION), CHAT)!;
  const inPart = addresses(config["resource"] as Named);
  expect(inPart.filter((address) => /picture|cards|cloudflare/.test(address))).toEqual([]);
  expect(inPart).toEqual(
    expect.arrayContaining(["docker_container.chat_blue_backend-0", "docker_container.chat_green_backend-0"]),
  );
  expect(Object.keys(config["variable"] as Body)).not.toContain("cloudflare_api_token");
  expect(Object.keys(config["provider"] as Body).sort()).toEqual(["docker", "hcloud"]);
});

describe("no part is made", () => {
  const state = stateOf(PRODUCTION);
  test.each([
    ["of a resource that the stack does not have", PRODUCTION, state, "docker_container.nobody"],
    ["of a stack with modules, whose resources nobody knows", { ...PRODUCTION, module: {} }, state, CHAT],
    ["of a stack that moves resources", { ...PRODUCTION, moved: [] }, state, CHAT],
    ["with a state of another format", PRODUCTION, JSON.stringify({ version: 5, resources: [] }), CHAT],
    ["with an encrypted state", PRODUCTION, JSON.stringify({ encrypted_data: "x" }), CHAT],
    ["with half a state", PRODUCTION, state.slice(0, 100), CHAT],
  ])("%s", (_, stack, text, address) => {
    expect(partOf(stack, text, address)).toBeUndefined();
  });
});

describe("references", () => {
  const part = (resource: Named, more: Body = {}) =>
    partOf({ terraform: {}, resource, ...more }, stateOf({ resource }), "a_x.one");
  const inPart = (resource: Named, more: Body = {}): string[] =>
    addresses(part(resource, more)!.config["resource"] as Named).sort();

  test("are followed in expressions, names of attributes, depends_on, lifecycle, locals, data and providers", () => {
    const resource: Named = {
      a_x: {
        one: { text: "line\n${a_x.two.id}", "${a_x.three.id}": "", depends_on: ["a_y.four"] },
        two: { v: "${local.l}" },
        three: { v: "${data.a_d.d.id}" },
        other: {},
      },
      a_y: { four: { lifecycle: { replace_triggered_by: ["a_z.five"] } } },
      a_z: { five: { provider: "p.second" }, six: {}, seven: {}, eight: {}, nine: {} },
    };
    const more = {
      locals: { l: "${a_z.six.id}", other: "${a_z.nine.id}" },
      data: { a_d: { d: { v: "${a_z.seven.id}" }, other: {} } },
      provider: { p: [{ alias: "second", host: "${a_z.eight.ip}" }] },
    };
    expect(inPart(resource, more)).toEqual(
      ["a_x.one", "a_x.three", "a_x.two", "a_y.four", "a_z.eight", "a_z.five", "a_z.seven", "a_z.six"].sort(),
    );
    const { config } = part(resource, more)!;
    expect(config).toMatchObject({
      locals: { l: expect.any(String) },
      data: { a_d: { d: {} } },
      provider: { p: [{}] },
    });
    expect(JSON.stringify(config)).not.toContain("nine");
  });
});

describe("a preview", () => {
  let fake: FakeTerraform;
  let directory: WorkingDirectory;
  let state: string | undefined;
  beforeEach(async () => {
    fake = new FakeTerraform();
    const terraform = (await findTerraform(process.env)) as Terraform;
    state = stateOf(PRODUCTION);
    directory = new WorkingDirectory(terraform, join(fake.temp, "stack"), process.env, {
      stateFile: () => Promise.resolve(state),
    });
    directory.write(PRODUCTION, 'token = "secret"\n');
  });
  afterEach(() => fake.remove());

  test("plans the part in a directory of its own, without refresh and lock, and leaves nothing behind", async () => {
    const { changes } = (await directory.preview(CHAT))!;
    expect(changes.length).toBeGreaterThan(10);
    const [call] = fake.calls("plan");
    expect(call!.args).toEqual(expect.arrayContaining(["-lock=false", "-refresh=false", `-target=${CHAT}`]));
    expect(dirname(call!.directory)).toBe(join(directory.path, ".part"));
    expect(call!.files).toEqual({ "values.auto.tfvars": 'token = "secret"\n' });
    expect(existsSync(call!.directory)).toBe(false);
    expect(readdirSync(directory.path).sort()).toEqual([".part", "cdk.tf.json", "values.auto.tfvars"]);
  });

  test("of a directory with a relative path has its own data, too", async () => {
    const terraform = (await findTerraform(process.env)) as Terraform;
    const beside = new WorkingDirectory(terraform, relative(process.cwd(), directory.path), process.env, {
      stateFile: () => Promise.resolve(state),
    });
    await beside.preview(CHAT);
    const [call] = fake.calls("plan");
    // A relative one would be beneath that directory, where nothing is.
    expect(call!.env["TF_DATA_DIR"]).toBe(join(call!.directory, ".terraform"));
  });

  test("that fails says so, initializes nothing, and leaves nothing behind", async () => {
    fake.plays({ plan: { code: 1, stderr: "Error: Required plugins are not installed\nrun terraform init" } });
    await expect(directory.preview(CHAT)).rejects.toThrow("Required plugins are not installed");
    expect(fake.calls("init")).toEqual([]);
    expect(readdirSync(join(directory.path, ".part"))).toEqual([]);
  });

  test("takes away what a killed one has left behind, and not what another one works in", async () => {
    const [left, works] = [ownName("plan-x").replace(/of-\d+-/, "of-999999999-"), ownName("plan-y")].map((name) =>
      join(directory.path, ".part", name),
    );
    for (const path of [left!, works!]) mkdirSync(path, { recursive: true });
    await directory.preview(CHAT);
    expect([existsSync(left!), existsSync(works!)]).toEqual([false, true]);
  });

  test("knows whether the state is another one by now", async () => {
    const preview = (await directory.preview(CHAT))!;
    expect(await preview.isCurrent()).toBe(true);
    state = state!.replace('"serial":7', '"serial":8');
    expect(await preview.isCurrent()).toBe(false);
  });

  test("is not there without a state that can be read", async () => {
    state = undefined;
    expect(await directory.preview(CHAT)).toBeUndefined();
    state = "{";
    expect(await directory.preview(CHAT)).toBeUndefined();
    expect(fake.calls("plan")).toEqual([]);
  });
});

const missing = missingForReal("docker");
if (missing) process.stderr.write(`A preview was not compared with a real plan: ${missing}.\n`);

(missing ? describe.skip : describe)("a preview by the real Terraform", () => {
  const folder = mkdtempSync(join(tmpdir(), "twinset-part-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("says what a plan of the whole with the same target says", async () => {
    const { platform, environments } = { platform: MANACORE.platform, environments: MANACORE.platform.environments };
    const config = synthStack(MANACORE, "development").json as Body & StackConfig;
    const directory = new WorkingDirectory(TERRAFORM, folder, childEnvironment(process.env), {
      stateFile: () => Promise.resolve(JSON.stringify({ version: 4, serial: 1, lineage: "a", resources: [] })),
    });
    const local = { ...config, terraform: { ...config.terraform, backend: { local: { path: "x.tfstate" } } } };
    directory.write(local, dummyValues(config, platform, environments.development));
    directory.silence();
    await directory.init();
    // Names end with a hash of the plan's own time.
    const effect = (changes: readonly ResourceChange[]): ReadonlyMap<string, string> =>
      new Map(changes.map((each) => [each.address, JSON.stringify(each.change).replace(/-[0-9a-f]{8}\b/g, "-")]));
    const { changes: preview } = (await directory.preview(CHAT))!;
    const whole = effect(await directory.plan({ targets: [CHAT], refresh: false }));
    const differ = [...whole].filter(([address, change]) => effect(preview).get(address) !== change);
    expect(differ.map(([address]) => address)).toEqual([]);
    expect(preview).toHaveLength(whole.size);
    expect(preview.map(({ address }) => address)).toContain(CHAT);
  }, 120_000);
});
