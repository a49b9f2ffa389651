import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { strToU8, zipSync } from "fflate";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { apply } from "../../../cli/environment/apply";
import { applyReviewed } from "../../../cli/environment/apply-reviewed";
import { review, reviewCommand, type ReviewFlags } from "../../../cli/environment/review";
import { openSite } from "../../../cli/shared/site";
import type { Waivers } from "../../../config/waivers";
import { ENVIRONMENTS } from "../../../model/environment-name";
import { ProblemsError } from "../../../model/problem";
import { fingerprint } from "../../../review/fingerprint";
import { readRecord } from "../../../review/record";
import type { Plan, ResourceChange } from "../../../terraform/plan";
import type * as Store from "../../../clients/state-store/state-store";
import { FakeTerraform, type Script } from "../../support/fake-terraform";
import { container, plan, resource, type Values } from "../../support/plan";

// Stacks are synthesized, and the machine may be busy.

let waivers: Waivers["waivers"] = [];
jest.mock("../../../config/waivers", () => ({
  readWaivers: () => ({ waivers, problems: [], path: "config/waivers/manacore.json" }),
}));

const SECRET = "s3cret-p@ss|word";
// Beside a local state, which is the project's own otherwise.
jest.mock("../../../clients/state-store/state-store", () => {
  const actual = jest.requireActual<typeof Store>("../../../clients/state-store/state-store");
  const stateFiles: typeof actual.stateFiles = (platform, environment, options) =>
    actual.stateFiles(platform, environment, { ...options, directory: fake.temp });
  return { ...actual, stateFiles };
});

let fake: FakeTerraform;
let env: NodeJS.ProcessEnv;
let said: string[];
beforeEach(() => {
  fake = new FakeTerraform();
  const releases = join(fake.temp, "releases");
  mkdirSync(join(releases, "manacore"), { recursive: true });
  for (const name of ENVIRONMENTS) {
    const products = name === "development" ? { chat: { live: "blue", blue: { version: "v1.5.2" } } } : {};
    writeFileSync(join(releases, "manacore", `${name}.json`), JSON.stringify({ products }));
  }
  env = {
    ...process.env,
    CDKTF_OUTDIR: join(fake.temp, "out"),
    TWINSET_RELEASES: releases,
    PROFILES: "chat",
    TF_VAR_registry_token: SECRET,
  };
  waivers = [];
  said = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  fake.remove();
});

const EDGE = "docker_container.edge";
const edge = (after: Values): ResourceChange => resource(EDGE, "changes", container({ memory: 256 }), container(after));
const GOOD = plan([edge({ memory: 512 })]);
/** A database is open to the world. */
const BAD = plan([
  resource(
    "docker_container.redis",
    "comes",
    container({ ports: [{ internal: 6379, external: 6379, ip: "0.0.0.0" }] }),
  ),
]);
const NOTHING = plan([resource(EDGE, "stays", container())]);

const shows = (of: Plan, more: Script = {}): Script => ({ show: { stdout: JSON.stringify(of) }, ...more });
/** Of a plan that was made here, of the stack as it is. */
async function markOf(of: Plan): Promise<string> {
  opened ??= openSite({ environment: "development", env });
  const { stackPath } = (await opened).terraform;
  return fingerprint(of, { files: new Map([["cdk.tf.json", readFileSync(stackPath, "utf8")]]), providers: {} });
}
const write = (text: string): void => void said.push(text);
const text = (): string => said.join("\n");
const inTemp = (name: string, content?: string): string => {
  const path = join(fake.temp, name);
  if (content !== undefined) writeFileSync(path, content);
  return path;
};
interface Given extends Partial<ReviewFlags> {
  readonly planPath?: string;
  readonly stdin?: string;
  readonly environment?: "development" | "staging" | "production";
}
const reviewed = ({ planPath, stdin, environment = "development", ...flags }: Given = {}): Promise<number> =>
  review({ environment, planPath, flags: { refresh: true, ...flags }, env, write, stdin: async () => stdin ?? "" });

async function problem(work: Promise<unknown>): Promise<ProblemsError["problems"][number]> {
  const reason = (await work.catch((given: unknown) => given)) as ProblemsError;
  expect(reason).toBeInstanceOf(ProblemsError);
  expect(fake.calls("apply")).toEqual([]);
  return reason.problems[0]!;
}

describe("where the plan comes from", () => {
  const said512 = (): void => expect(text()).toContain("256 → 512");
  test("standard input: Terraform is not even asked", async () => {
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(GOOD) })).toBe(0);
    said512();
    expect(text()).toContain("does not say whether with a look");
    expect(fake.calls()).toEqual([]);
  });
  test("a file with JSON", async () => {
    expect(await reviewed({ planPath: inTemp("plan.json", JSON.stringify(GOOD)) })).toBe(0);
    said512();
    expect(fake.calls()).toEqual([]);
  });
  test("a saved plan, which only Terraform can read: by its whole path", async () => {
    fake.plays(shows(GOOD));
    const path = inTemp("tfplan");
    writeFileSync(path, zipSync({ "tfconfig/m-/cdk.tf.json": strToU8("{}") }));
    expect(await reviewed({ planPath: path })).toBe(0);
    said512();
    expect(fake.calls("plan")).toEqual([]);
    expect(fake.calls("show")[0]!.args).toEqual(["show", "-json", path]);
  });
  test("none: it plans, without a lock, and looks at what is there", async () => {
    fake.plays(shows(GOOD));
    expect(await reviewed()).toBe(0);
    said512();
    const [call] = fake.calls("plan");
    expect(call!.args).toContain("-lock=false");
    expect(call!.args).not.toContain("-refresh=false");
    expect(text()).toContain("with a look at what is really there");
    expect(fake.calls("apply")).toEqual([]);
  });
  test("one that found something otherwise did look", async () => {
    const drift = plan([], { resource_drift: [edge({ memory: 512 })] });
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(drift) })).toBe(0);
    expect(text()).toContain("with a look at what is really there");
  });
  test("a file that is not there, and one that is no plan", async () => {
    expect(await problem(reviewed({ planPath: inTemp("none") }))).toMatchObject({
      path: "plan",
      given: expect.stringContaining("not there"),
    });
    expect((await problem(reviewed({ planPath: inTemp("x", `token = ${SECRET}`) }))).given).toBe("no JSON");
    expect((await problem(reviewed({ planPath: "-", stdin: "" }))).given).toBe("nothing");
  });
});

describe("without a look at what is there", () => {
  const dockerProvider = (): object[] =>
    (
      JSON.parse(readFileSync(join(fake.temp, "out", "stacks", "development", "cdk.tf.json"), "utf8")) as {
        provider: { docker: object[] };
      }
    ).provider.docker;
  test("neither Terraform nor the docker provider asks for the engine, and drift is said not to be known", async () => {
    fake.plays(shows(GOOD));
    expect(await reviewed({ refresh: false })).toBe(0);
    expect(fake.calls("plan")[0]!.args).toContain("-refresh=false");
    expect(dockerProvider()).not.toEqual([]);
    for (const settings of dockerProvider()) expect(settings).toMatchObject({ disable_docker_daemon_check: true });
    expect(text()).toContain("Drift was not looked for");
    expect(text()).toContain("from the state, which");
  });
  test("with one the provider's settings are the stack's own", async () => {
    fake.plays(shows(GOOD));
    await reviewed();
    for (const settings of dockerProvider()) expect(settings).not.toHaveProperty("disable_docker_daemon_check");
  });
});

describe("what comes of it", () => {
  const stdin = JSON.stringify(GOOD);
  test("a broken policy: 3, and no command to apply it; waived: 0", async () => {
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(BAD) })).toBe(3);
    expect(text()).toContain("no-published-database");
    expect(text()).not.toContain("--reviewed");
    waivers = [
      {
        policy: "no-published-database",
        environment: "development",
        address: "docker_container.redis",
        reason: "for a test",
        until: "2026-11-21",
      },
    ];
    said = [];
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(BAD) })).toBe(0);
    expect(text()).toContain("waived until 2026-11-21");
  });
  test("the Markdown and the record, whole, with one fingerprint", async () => {
    const [comment, record] = [inTemp("comment.md"), inTemp("review.json")];
    expect(await reviewed({ planPath: "-", stdin, markdown: comment, record })).toBe(0);
    expect(readFileSync(comment, "utf8")).toMatch(/^### .*Fingerprint: `[0-9a-f]{16}`$/s);
    expect(readRecord(record)).toMatchObject({
      fingerprint: fingerprint(GOOD),
      platform: "manacore",
      environment: "development",
    });
    expect(readFileSync(comment, "utf8")).toContain(fingerprint(GOOD));
  });
  test("are written for a plan that breaks a policy, too: that is what the comment is for", async () => {
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(BAD), markdown: inTemp("comment.md") })).toBe(3);
    expect(readFileSync(inTemp("comment.md"), "utf8")).toContain("not to be applied");
  });
  test("a former file is replaced, and nothing is left beside it", async () => {
    const comment = inTemp("comment.md", "a former review");
    const before = readdirSync(fake.temp);
    await reviewed({ planPath: "-", stdin, markdown: comment });
    expect(readFileSync(comment, "utf8")).not.toContain("a former review");
    expect(readdirSync(fake.temp)).toEqual(before);
  });
  test.each(["markdown", "record"] as const)(
    "--%s: a folder that is not there, or in the file's place",
    async (option) => {
      const missing = join(fake.temp, "none", "x");
      expect(await problem(reviewed({ planPath: "-", stdin, [option]: missing }))).toMatchObject({
        path: `--${option}`,
        given: `${missing} (ENOENT)`,
      });
      mkdirSync(inTemp("folder"));
      expect((await problem(reviewed({ planPath: "-", stdin, [option]: inTemp("folder") }))).given).toMatch(
        /EISDIR|EEXIST|ENOTEMPTY/,
      );
      expect(existsSync(`${inTemp("folder")}.new`)).toBe(false);
      expect(said).toEqual([]);
    },
  );
  test("--json: for programs, with the policies by name", async () => {
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(BAD), json: true })).toBe(3);
    const found = JSON.parse(text()) as { fingerprint: string; policies: { policy: string; broken: object[] }[] };
    expect(found.fingerprint).toBe(fingerprint(BAD));
    expect(found.policies.find(({ policy }) => policy === "no-published-database")!.broken).toHaveLength(1);
  });
  test("a secret input's value is in none of it, wherever the plan has it", async () => {
    const leaky = plan([
      resource("docker_image.a", "comes", { name: `${SECRET}:1` }),
      edge({ command: [SECRET], memory: 512, env: [`TOKEN=${SECRET}`] }),
    ]);
    const files = { markdown: inTemp("comment.md"), record: inTemp("review.json") };
    await reviewed({ planPath: "-", stdin: JSON.stringify(leaky), ...files });
    await reviewed({ planPath: "-", stdin: JSON.stringify(leaky), json: true });
    const all = [text(), ...Object.values(files).map((path) => readFileSync(path, "utf8"))].join("\n");
    expect(all).toContain("***");
    expect(all).not.toMatch(/s3cret|ss\\?\|word/);
  });
});

let opened: ReturnType<typeof openSite> | undefined;
beforeEach(() => {
  opened = undefined;
});
const applied = async (
  mark: string,
  { record, allow = [] }: { record?: string; allow?: string[] } = {},
): Promise<number> =>
  applyReviewed(
    await (opened ??= openSite({ environment: "development", env })),
    env,
    { fingerprint: mark, record, allow },
    write,
  );
const done = {
  apply: {
    stdout: `${JSON.stringify({ type: "apply_complete", hook: { resource: { addr: EDGE }, action: "update" } })}\n`,
  },
};
/** The record of a review, in a file. */
const recordOf = async (of: Plan, environment: Given["environment"] = "development"): Promise<string> => {
  const record = inTemp(`${environment}.json`);
  if (environment === "development") {
    fake.plays(shows(of));
    await reviewed({ record });
  } else await reviewed({ planPath: "-", stdin: JSON.stringify(of), record, environment });
  said = [];
  return record;
};

describe("apply --reviewed", () => {
  test("the same plan: planned again with a lock, and that very plan applied", async () => {
    fake.plays(shows(GOOD, done));
    expect(await applied(await markOf(GOOD))).toBe(0);
    expect(fake.calls("plan")[0]!.args).not.toContain("-lock=false");
    const [call] = fake.calls("apply");
    // A copy of its own: what is planned in this directory meanwhile is not applied in its place.
    expect(call!.args.at(-1)).toMatch(/^tfplan-[0-9a-f]{12}\.of-/);
    expect(fake.calls("show").map(({ args }) => args.at(-1))).toContain(call!.args.at(-1));
    expect(readdirSync((await opened!).terraform.path).filter((name) => /^tfplan[.-][0-9a-f]/.test(name))).toEqual([]);
    expect(call!.args).not.toContain("-auto-approve");
    expect(said[0]).toContain("edge");
    expect(said.at(-1)).toMatch(/^development: 1 changed in \d+ s\.$/);
  });
  test("the same plan made at another time is the same", async () => {
    fake.plays(shows({ ...GOOD, timestamp: "2027-01-01T00:00:00Z" }, done));
    expect(await applied(await markOf(GOOD))).toBe(0);
    expect(fake.calls("apply")).toHaveLength(1);
  });
  test("another plan, with the record: refused, with what differs; nothing is applied", async () => {
    const record = await recordOf(GOOD);
    const other = plan([edge({ memory: 1024 }), resource("docker_network.n", "comes")]);
    fake.plays(shows(other));
    expect(await applied(await markOf(GOOD), { record })).toBe(3);
    expect(said[0]).toBe(`Refused: this plan does something else than ${await markOf(GOOD)}, which was reviewed.`);
    expect(said).toContain("  + docker_network.n: create, which was not reviewed");
    expect(said).toContain("      memory: 256 → 512, now 256 → 1024");
    expect(said.at(-1)).toBe(
      `Nothing was changed. Review this plan (twinset review development), and apply it as ${await markOf(other)}.`,
    );
    expect(fake.calls("apply")).toEqual([]);
  });
  test("another plan, without the record: refused, with all that would be done now", async () => {
    fake.plays(shows(plan([edge({ memory: 1024 })])));
    expect(await applied(await markOf(GOOD))).toBe(3);
    expect(text()).toContain("not at hand (--record)");
    expect(text()).toContain("256 → 1024");
    expect(fake.calls("apply")).toEqual([]);
  });
  test("a secret that is another one is another plan, and is not shown", async () => {
    const of = (value: string): Plan =>
      plan([
        resource(EDGE, "changes", container({ command: ["a"] }), container({ command: [value] }), {
          change: { after_sensitive: { command: true } },
        }),
      ]);
    const record = await recordOf(of("first-value"));
    fake.plays(shows(of(SECRET)));
    expect(await applied(await markOf(of("first-value")), { record })).toBe(3);
    expect(text()).toContain("a sensitive value or an expression in one of them is another one");
    expect(text()).not.toMatch(/first-value|s3cret/);
  });
  test("nothing is left to change: 0, as it is what was wanted", async () => {
    fake.plays(shows(NOTHING));
    expect(await applied(await markOf(GOOD))).toBe(0);
    expect(said).toEqual(["development: nothing to change. It is as the files say already."]);
    expect(fake.calls("apply")).toEqual([]);
  });
  test("a policy that is broken: 3, unless waived or let through by its address", async () => {
    fake.plays(shows(BAD, done));
    expect(await applied(await markOf(BAD))).toBe(3);
    expect(text()).toContain("breaks no-published-database");
    expect(text()).toContain("--allow docker_container.redis");
    expect(await applied(await markOf(BAD), { allow: ["docker_container.other"] })).toBe(3);
    expect(fake.calls("apply")).toEqual([]);
    expect(await applied(await markOf(BAD), { allow: ["docker_container.redis"] })).toBe(0);
    const waiver = {
      policy: "no-published-database",
      environment: "development",
      address: "docker_container.redis",
      reason: "for a test",
    } as const;
    waivers = [{ ...waiver, until: "2020-01-01" }];
    expect(await applied(await markOf(BAD))).toBe(3);
    waivers = [{ ...waiver, until: "2999-12-31" }];
    expect(await applied(await markOf(BAD))).toBe(0);
    expect(fake.calls("apply")).toHaveLength(2);
  });
  test("a volume that is destroyed is refused where no policy asks for it, too", async () => {
    const of = plan([resource(EDGE, "stays", container()), resource("docker_volume.redis_data", "goes")]);
    fake.plays(shows(of));
    expect(await applied(await markOf(of))).toBe(3);
    expect(text()).toContain("--allow docker_volume.redis_data");
    expect(fake.calls("apply")).toEqual([]);
  });
});

describe("a plan that is not whole", () => {
  const PART = plan([edge({ memory: 512 })], { complete: false });
  const FUTURE = plan([], { future: true } as Partial<Plan>);
  const MOVED = plan([resource(EDGE, "stays", container(), container(), { previous_address: "docker_container.old" })]);
  const failing = (of: readonly ResourceChange[]): Plan =>
    plan(of, { checks: [{ address: { to_display: "check.c" }, status: "fail" }] });
  test.each([
    ["of a part", PART],
    ["in words of a newer Terraform, with no change", FUTURE],
    ["whose check fails", failing([edge({ memory: 512 })])],
    ["whose check fails, with no change", failing([])],
  ])("%s: review ends with 3 and says no way to apply it; apply --reviewed refuses it", async (_, of) => {
    fake.plays(shows(of));
    expect(await reviewed()).toBe(3);
    expect(text()).not.toContain("--reviewed");
    expect(await applied(await markOf(of))).toBe(3);
    expect(fake.calls("apply")).toEqual([]);
  });
  test("no --allow lets it through", async () => {
    fake.plays(shows(PART));
    expect(await applied(await markOf(PART), { allow: ["plan", EDGE] })).toBe(3);
    expect(text()).toContain("the plan is not whole");
    expect(fake.calls("apply")).toEqual([]);
  });
  test("a failing check is let through by its address", async () => {
    const of = failing([edge({ memory: 512 })]);
    fake.plays(shows(of, done));
    expect(await applied(await markOf(of), { allow: ["check.c"] })).toBe(0);
  });
  test("for programs it says the same", async () => {
    expect(await reviewed({ planPath: "-", stdin: JSON.stringify(PART), json: true })).toBe(3);
    expect(JSON.parse(text())).toMatchObject({ complete: false, gaps: [{ address: "plan" }] });
  });
  test("what only moves in the state is applied", async () => {
    fake.plays(shows(MOVED, done));
    expect(await reviewed()).toBe(0);
    expect(text()).toContain("docker_container.edge (was docker_container.old) has another address");
    expect(await applied(await markOf(MOVED))).toBe(0);
    expect(fake.calls("apply")).toHaveLength(1);
  });
});

describe("a record that is about something else", () => {
  test("another fingerprint, another environment: nothing is planned", async () => {
    const [own, others] = [await recordOf(GOOD), await recordOf(GOOD, "production")];
    const before = fake.calls("plan").length;
    expect((await problem(applied("0123456789abcdef", { record: own }))).given).toBe(
      `${own}, which is about ${await markOf(GOOD)}`,
    );
    expect((await problem(applied(fingerprint(GOOD), { record: others }))).expected).toBe(
      "the record of manacore development",
    );
    expect(fake.calls("plan")).toHaveLength(before);
  });
  test("another platform", async () => {
    const record = await recordOf(GOOD);
    writeFileSync(record, readFileSync(record, "utf8").replace('"manacore"', '"korczewski"'));
    expect((await problem(applied(await markOf(GOOD), { record }))).given).toContain("korczewski development");
  });
  test("none, or half of one", async () => {
    expect((await problem(applied("0123456789abcdef", { record: inTemp("none.json") }))).given).toContain("not there");
    expect((await problem(applied("0123456789abcdef", { record: inTemp("half.json", "{") }))).given).toContain(
      "no record",
    );
  });
});

test("a plan comes whole through a pipe that is slower than its reader", async () => {
  const program = join(__dirname, "../../../bin/twinset.cjs");
  const args = [program, "review", "development", "-", "--json"];
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
  const json = JSON.stringify(GOOD);
  // Node gives a child's pipe as one that does not wait.
  child.stdin.write(json.slice(0, 100));
  await sleep(1500);
  child.stdin.end(json.slice(100));
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ fingerprint: fingerprint(GOOD) });
});

describe("the commands", () => {
  const run = async (work: () => Promise<number>): Promise<{ code: number; out: string; err: string }> => {
    const [out, err] = [jest.spyOn(console, "log"), jest.spyOn(console, "error")];
    for (const spy of [out, err]) spy.mockImplementation(() => undefined);
    const code = await work();
    const lines = (spy: typeof out): string => spy.mock.calls.map(([line]) => String(line)).join("\n");
    return { code, out: lines(out), err: lines(err) };
  };
  test("review, then apply of its fingerprint", async () => {
    fake.plays(shows(GOOD, done));
    const { code, out } = await run(() => reviewCommand("development", undefined, { refresh: true }, env));
    expect(code).toBe(0);
    const mark = /--reviewed ([0-9a-f]{16})/.exec(out)![1]!;
    expect(await run(() => apply("development", { reviewed: mark }, env))).toMatchObject({ code: 0 });
    expect(fake.calls("apply")).toHaveLength(1);
  });
  test("--plan together with --reviewed is a mistake: 2", async () => {
    const { code, err } = await run(() =>
      apply("development", { plan: "0123456789ab", reviewed: "0123456789abcdef" }, env),
    );
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --plan\n {2}given .*--reviewed/);
    expect(fake.calls()).toEqual([]);
  });
  test("without the state's credentials it says which, in place of Terraform's own words", async () => {
    const { AWS_ENDPOINT_URL_S3: _1, AWS_ACCESS_KEY_ID: _2, AWS_SECRET_ACCESS_KEY: _3, ...without } = env;
    const { code, err } = await run(() => reviewCommand("production", undefined, { refresh: true }, without));
    expect(code).toBe(2);
    expect(err.match(/^error: AWS_\w+/gm)).toEqual([
      "error: AWS_ENDPOINT_URL_S3",
      "error: AWS_ACCESS_KEY_ID",
      "error: AWS_SECRET_ACCESS_KEY",
    ]);
    expect(fake.calls("init")).toEqual([]);
  });
  test("what is no fingerprint is refused before anything is planned: 2", async () => {
    for (const reviewed of ["", "0123", "ABCDEF0123456789", "0123456789abcdef0", "../tfplan"]) {
      const { code, err } = await run(() => apply("development", { reviewed }, env));
      expect(code).toBe(2);
      expect(err).toContain("error: --reviewed");
      expect(err).toContain("a fingerprint of 16 hex digits");
    }
    expect(fake.calls()).toEqual([]);
  });
  test("mistakes end with 2, without a stack trace; what Terraform refuses with 1", async () => {
    for (const work of [
      () => reviewCommand("prod", undefined, { refresh: true }, env),
      () => reviewCommand("development", inTemp("none"), { refresh: true }, env),
      () => apply("development", { reviewed: "x" }, env),
    ]) {
      const { code, err } = await run(work);
      expect(code).toBe(2);
      expect(err).toMatch(/^error: /);
      expect(err).not.toMatch(/\n\s+at /);
    }
    fake.plays({ plan: { code: 1, stderr: "Error: no engine\n" } });
    expect(await run(() => reviewCommand("development", undefined, { refresh: true }, env))).toMatchObject({ code: 1 });
  });
});

describe("what no plan shows, against the last apply", () => {
  const OVERRIDE = { resource: { docker_volume: { redis_data: { lifecycle: { prevent_destroy: false } } } } };
  const site = (): ReturnType<typeof openSite> => (opened ??= openSite({ environment: "development", env }));
  const edited = async (edit: (stack: Record<string, Record<string, unknown>>) => void): Promise<string> => {
    const { stackPath } = (await site()).terraform;
    const stack = JSON.parse(readFileSync(stackPath, "utf8")) as Record<string, Record<string, unknown>>;
    edit(stack);
    const path = inTemp("tampered");
    writeFileSync(path, zipSync({ "tfconfig/m-/cdk.tf.json": strToU8(JSON.stringify(stack)) }));
    return path;
  };

  test("nothing was applied yet: a line for each kind, and why there is no more", async () => {
    fake.plays(shows(GOOD));
    await reviewed();
    expect(text()).toContain("What no plan shows");
    expect(text()).toContain("cannot be said: no apply has noted it yet");
    expect(text()).toMatch(/providers' settings and versions: \d+, [0-9a-f]{12}/);
  });

  test("it was applied: with no change of a resource, too, what differs is said, and in the first line", async () => {
    fake.plays(shows(GOOD, done));
    expect(await applied(await markOf(GOOD))).toBe(0);
    said = [];
    fake.plays(shows(NOTHING));
    await reviewed();
    expect(text()).not.toContain("What no plan shows");
    expect(text()).toContain("development: nothing to change");
    const path = await edited((stack) => {
      stack["provider"]!["docker"] = [{ host: "tcp://10.0.0.1:2375" }];
    });
    said = [];
    expect(await reviewed({ planPath: path, markdown: inTemp("comment.md") })).toBe(3);
    const comment = readFileSync(inTemp("comment.md"), "utf8");
    expect(comment).toMatch(/^### 🛑 the docker provider now speaks to tcp:.*nothing is to change/);
    expect(comment).toContain("What no plan shows, and is otherwise since the last apply");
    expect(comment).toContain("broken: `own-providers`");
  });

  test("an apply of what was shown notes it, too; one that failed does not", async () => {
    const noted = async (): Promise<boolean> => (await (await site()).files.read("configuration.json")) !== undefined;
    fake.plays(shows(GOOD, { apply: { code: 1 } }));
    expect(await applied(await markOf(GOOD))).toBe(1);
    expect(await noted()).toBe(false);
    fake.plays(shows(GOOD, done));
    expect(await applied(await markOf(GOOD))).toBe(0);
    expect(await noted()).toBe(true);
  });

  test("a note of another version, or half of one, is none", async () => {
    const { files } = await site();
    await files.write("configuration.json", "{", { ifVersion: "absent" });
    fake.plays(shows(GOOD));
    await reviewed();
    expect(text()).toContain("no apply has noted it yet");
  });

  test("what lies beside the stack breaks a policy and is another plan", async () => {
    fake.plays(shows(GOOD, done));
    const path = inTemp("beside");
    const { stackPath } = (await site()).terraform;
    const files = { "cdk.tf.json": readFileSync(stackPath), "x_override.tf.json": strToU8(JSON.stringify(OVERRIDE)) };
    writeFileSync(
      path,
      zipSync(Object.fromEntries(Object.entries(files).map(([name, content]) => [`tfconfig/m-/${name}`, content]))),
    );
    expect(await reviewed({ planPath: path, json: true })).toBe(3);
    const found = JSON.parse(text()) as { fingerprint: string; policies: { policy: string; broken: object[] }[] };
    expect(found.fingerprint).not.toBe(await markOf(GOOD));
    expect(found.policies.find(({ policy }) => policy === "one-stack")!.broken).toHaveLength(1);
  });

  test("in what two stacks differ is said from the record", async () => {
    const record = await recordOf(GOOD);
    const was = JSON.parse(readFileSync(record, "utf8")) as { unseen: Record<string, string> };
    expect(was.unseen["provider.docker registry_auth address"]).toBe("ghcr.io");
    const other = { ...was.unseen, "provider.docker registry_auth address": "registry.example.com" };
    writeFileSync(record, JSON.stringify({ ...was, fingerprint: "0123456789abcdef", unseen: other }));
    fake.plays(shows(GOOD));
    expect(await applied("0123456789abcdef", { record })).toBe(3);
    expect(text()).toContain(
      "the docker provider's registry_auth address is another one: registry.example.com → ghcr.io",
    );
  });

  test("a plan in JSON says that nothing can be applied by its fingerprint", async () => {
    await reviewed({ planPath: "-", stdin: JSON.stringify(GOOD) });
    expect(text()).toContain("nothing can be applied by this fingerprint");
    expect(text()).not.toContain("--reviewed");
  });
});
