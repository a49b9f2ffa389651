import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { apply, applyEnvironment } from "../../../cli/environment/apply";
import { plan, planEnvironment } from "../../../cli/environment/plan";
import { status } from "../../../cli/environment/status";
import { openSite } from "../../../cli/shared/site";
import { ENVIRONMENTS } from "../../../model/environment-name";
import { ProblemsError } from "../../../model/problem";
import type * as Store from "../../../clients/state-store/state-store";
import { FakeTerraform, type Script } from "../../support/fake-terraform";

// Stacks are synthesized, and the machine may be busy.

// Beside a local state, which is the project's own otherwise.
jest.mock("../../../clients/state-store/state-store", () => {
  const actual = jest.requireActual<typeof Store>("../../../clients/state-store/state-store");
  const stateFiles: typeof actual.stateFiles = (platform, environment, options) =>
    actual.stateFiles(platform, environment, { ...options, directory: fake.temp });
  return { ...actual, stateFiles };
});

let fake: FakeTerraform;
let env: NodeJS.ProcessEnv;
let releases: string;
let said: string[];
let opened: ReturnType<typeof openSite> | undefined;
beforeEach(() => {
  fake = new FakeTerraform();
  releases = join(fake.temp, "releases");
  const bin = join(fake.temp, "bin");
  mkdirSync(bin);
  // What a failing container says; nothing here needs an engine.
  writeFileSync(
    join(bin, "docker"),
    `#!/bin/sh
case $1 in
logs) echo "cannot log in with s3cret-password" ;;
inspect) echo '[{"RestartCount":0,"State":{"Running":true,"ExitCode":0,"Health":{"Status":"unhealthy","FailingStreak":3,"Log":[{"ExitCode":1,"Output":"refused\\\\n"}]}}}]' ;;
esac
`,
  );
  chmodSync(join(bin, "docker"), 0o755);
  env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env["PATH"]}`,
    CDKTF_OUTDIR: join(fake.temp, "out"),
    TWINSET_RELEASES: releases,
    PROFILES: "chat",
    TF_VAR_registry_token: "s3cret-password",
  };
  release("v1.5.2");
  said = [];
});
afterEach(() => {
  jest.restoreAllMocks();
  fake.remove();
});

/** A person edits development's release file. */
function release(version: string): void {
  opened = undefined;
  mkdirSync(join(releases, "manacore"), { recursive: true });
  const products = { chat: { live: "blue", blue: { version } } };
  for (const name of ENVIRONMENTS) {
    const text = JSON.stringify({ products: name === "development" ? products : {} });
    writeFileSync(join(releases, "manacore", `${name}.json`), text);
  }
}

const change = (address: string, ...actions: string[]) => {
  const [type = "", name = ""] = address.split(".");
  const after = { memory: 256, cpus: "0.5", healthcheck: [{ test: ["CMD", "true"] }] };
  return { address, mode: "managed", type, name, change: { actions, before: {}, after } };
};
const SOME = [change("docker_container.redis", "delete", "create"), change("docker_container.edge", "create")];
const shows = (changes: readonly object[]): Script => ({
  show: { stdout: JSON.stringify({ resource_changes: changes }) },
});
const line = (...messages: object[]): string => messages.map((message) => `${JSON.stringify(message)}\n`).join("");
const diagnostic = (summary: string, more: object = {}) => ({
  type: "diagnostic",
  diagnostic: { severity: "error", summary, ...more },
});

/** As a command opens it; anew after an edit, as that is what another command would find. */
const site = () => (opened ??= openSite({ environment: "development", env }));
const write = (text: string): void => void said.push(text);
const planned = async (allow: readonly string[] = []): Promise<number> => planEnvironment(await site(), allow, write);
const applied = async (id: string | undefined, allow: readonly string[] = []): Promise<number> =>
  applyEnvironment(await site(), { plan: id, allow }, write);
const shownId = (): string => /--plan (\w+)/.exec(said.join("\n"))![1]!;
const directory = (): string => join(fake.temp, "out", "stacks", "development");
/** Plans and what is kept about them. */
const kept = (): string[] => readdirSync(directory()).filter((name) => name.startsWith("tfplan."));

/** What each process has planned last. */
const lastPlans = (): string[] => readdirSync(directory()).filter((name) => name.startsWith("tfplan-last."));

async function refusal(work: Promise<unknown>): Promise<ProblemsError["problems"][number]> {
  const reason = (await work.catch((given: unknown) => given)) as ProblemsError;
  expect(reason).toBeInstanceOf(ProblemsError);
  expect(fake.calls("apply")).toEqual([]);
  return reason.problems[0]!;
}

describe("twinset plan", () => {
  test("nothing to change: said, and nothing is kept", async () => {
    fake.plays(shows([]));
    expect(await planned()).toBe(0);
    expect(said).toEqual(["development: nothing to change."]);
    expect(kept()).toEqual([]);
  });

  test("each change with its mark, the sum, and the command that applies this very plan", async () => {
    const more = [change("docker_container.a", "update"), change("docker_container.b", "delete")];
    fake.plays(shows([...SOME, ...more]));
    expect(await planned()).toBe(0);
    expect(said).toEqual([
      "± docker_container.redis delete+create",
      "+ docker_container.edge create",
      "~ docker_container.a update",
      "- docker_container.b delete",
      "",
      "development: 1 created, 1 replaced, 1 changed, 1 removed.",
      expect.stringMatching(
        /^The plan holds secrets\. It is kept until it is applied, 24 hours at most: .*tfplan\.[0-9a-f]{12}$/,
      ),
      expect.stringMatching(/^Apply this very plan: twinset apply development --plan [0-9a-f]{12}$/),
    ]);
    expect(fake.calls("apply")).toEqual([]);
  });

  test("a part of the stack is refused, here and where it is applied, whatever is let through", async () => {
    const json = JSON.stringify({ resource_changes: SOME, complete: false });
    fake.plays({ show: { stdout: json } });
    expect(await planned()).toBe(3);
    expect(said).toContainEqual(expect.stringContaining("refused: plan leaves out a part of the stack"));
    expect(said.at(-1)).toBe("Nothing lets a plan through that is not whole.");
    const record = JSON.parse(readFileSync(join(directory(), "tfplan.shown.json"), "utf8")) as { id: string };
    expect(await applied(record.id, ["plan"])).toBe(3);
    expect(fake.calls("apply")).toEqual([]);
  });

  test("with no change, too; and what only moves is shown and may be applied", async () => {
    fake.plays({ show: { stdout: JSON.stringify({ resource_changes: [], complete: false }) } });
    expect(await planned()).toBe(3);
    said = [];
    const moved = { ...change("docker_container.edge", "no-op"), previous_address: "docker_container.old" };
    fake.plays(shows([moved]));
    expect(await planned()).toBe(0);
    expect(said.slice(0, 3)).toEqual([
      "~ docker_container.edge was docker_container.old",
      "",
      "development: no resource changes.",
    ]);
    expect(await applied(shownId())).toBe(0);
    expect(fake.calls("apply")).toHaveLength(1);
  });

  test("what is kept about it has names and no values, and is whole", async () => {
    fake.plays(shows(SOME));
    await planned();
    expect(kept().sort()).toEqual([`tfplan.${shownId()}`, "tfplan.shown.json"]);
    const record = JSON.parse(readFileSync(join(directory(), "tfplan.shown.json"), "utf8")) as object;
    expect(record).toMatchObject({
      id: shownId(),
      changes: SOME.map(({ address, change }) => `${address} ${change.actions.join("+")}`),
    });
    // The plan has secrets in it: who may not read the one may not read the other.
    const mode = (name: string): number => statSync(join(directory(), name)).mode;
    expect(mode(`tfplan.${shownId()}`) & 0o777).toBe(0o600);
    expect(mode("tfplan.shown.json") & 0o777).toBe(0o600);
    expect(statSync((await site()).terraform.planPath).mode & 0o777).toBe(0o600);
    expect(said.join("\n")).toContain(
      `holds secrets. It is kept until it is applied, 24 hours at most: ${directory()}`,
    );
    expect(mode(".") & 0o777).toBe(0o700);
  });

  test("what somebody else plans in this directory while it is shown is not kept in its place", async () => {
    fake.plays(shows(SOME));
    const another = "another one's plan";
    await planEnvironment(await site(), [], (line) => {
      write(line);
      for (const name of ["tfplan", ...lastPlans()]) writeFileSync(join(directory(), name), another);
    });
    expect(readFileSync(join(directory(), `tfplan.${shownId()}`), "utf8")).not.toBe(another);
    expect(await applied(shownId())).toBe(0);
  });

  test("the next plan takes the former one's place", async () => {
    fake.plays(shows(SOME));
    await planned();
    const first = shownId();
    said = [];
    await planned();
    expect(shownId()).not.toBe(first);
    expect(kept()).toHaveLength(2);
    expect((await refusal(applied(first))).expected).toContain(`the plan that was shown last, ${shownId()}`);
  });

  test("a plan that destroys a volume is shown and refused; --allow is told", async () => {
    const volume = change("docker_volume.redis_data", "delete");
    fake.plays(shows([volume]));
    expect(await planned()).toBe(3);
    expect(said).toContain("refused: docker_volume.redis_data (delete) destroys what nothing here could bring back");
    expect(said.at(-1)).toBe(`To let one through: twinset apply development --plan ${shownId()} --allow <address>`);
    said = [];
    expect(await planned([volume.address])).toBe(0);
    expect(said.at(-1)).toMatch(/twinset apply development --plan \w+ --allow docker_volume\.redis_data$/);
  });
});

describe("twinset apply", () => {
  test("applies the plan that was shown, tells each change, and forgets the plan", async () => {
    const hook = (type: string, addr: string, action: string) => ({ type, hook: { resource: { addr }, action } });
    fake.plays({
      ...shows(SOME),
      apply: {
        stdout: line(
          hook("apply_start", "docker_container.redis", "delete"),
          hook("apply_complete", "docker_container.redis", "create"),
          hook("apply_complete", "docker_container.edge", "create"),
        ),
      },
    });
    await planned();
    const id = shownId();
    said = [];
    expect(await applied(id)).toBe(0);
    expect(said).toEqual([
      "1/2 docker_container.redis create",
      "2/2 docker_container.edge create",
      expect.stringMatching(/^development: 1 created, 1 replaced in \d+ s\.$/),
    ]);
    const [call] = fake.calls("apply");
    expect(call!.args.at(-1)).toMatch(new RegExp(`^tfplan-${id}\\.of-`));
    expect(call!.args).not.toContain("-auto-approve");
    expect(kept()).toEqual([]);
    await expect(applied(id)).rejects.toThrow("no plan was made here, or it was applied");
    expect(fake.calls("apply")).toHaveLength(1);
  });

  test("without a plan: nothing was made here", async () => {
    fake.plays(shows(SOME));
    expect(await refusal(applied("0123456789ab"))).toMatchObject({
      path: "--plan",
      given: "0123456789ab, but no plan was made here, or it was applied",
      fix: "look at it once more: twinset plan development",
    });
  });

  test("without an id: nobody has seen what is applied", async () => {
    fake.plays(shows(SOME));
    await planned();
    expect(await refusal(applied(undefined))).toMatchObject({
      given: "none",
      expected: "the id of the plan that you have seen",
    });
  });

  test.each(["0123456789ab", "", "../tfplan", "shown.json"])(
    "another id (%j) is not the one that was shown",
    async (id) => {
      fake.plays(shows(SOME));
      await planned();
      const { expected } = await refusal(applied(id));
      expect(expected).toMatch(new RegExp(`^the plan that was shown last, ${shownId()} \\(by .*@.*, 20.*Z\\)$`));
    },
  );

  test("a plan whose file was changed is none that was shown", async () => {
    fake.plays(shows(SOME));
    await planned();
    writeFileSync(join(directory(), `tfplan.${shownId()}`), "another plan");
    expect((await refusal(applied(shownId()))).given).toBe(`${shownId()}, whose file was changed`);
  });

  test("what is planned meanwhile, by twinset status or a release, does not come in its place", async () => {
    fake.plays(shows(SOME));
    await planned();
    await (await site()).terraform.plan();
    for (const name of ["tfplan", ...lastPlans()]) writeFileSync(join(directory(), name), "another plan");
    expect(await applied(shownId())).toBe(0);
    expect(fake.calls("apply")[0]!.args.at(-1)).toMatch(new RegExp(`^tfplan-${shownId()}\\.of-`));
  });

  test("a record that cannot be read is none", async () => {
    fake.plays(shows(SOME));
    await planned();
    for (const text of ["", "{", '{"id":"../tfplan","stack":"x","at":"","who":"","changes":[]}']) {
      writeFileSync(join(directory(), "tfplan.shown.json"), text);
      expect((await refusal(applied(shownId()))).given).toContain("no plan was made here");
    }
  });

  test("a release file that was edited since: look at it once more", async () => {
    fake.plays(shows(SOME));
    await planned();
    release("v1.6.0");
    expect(await refusal(applied(shownId()))).toMatchObject({
      given: `${shownId()}, which was made before the catalog or a release file changed`,
      fix: "look at it once more: twinset plan development",
    });
    // As it was, it is the one that was shown.
    release("v1.5.2");
    expect(await applied(shownId())).toBe(0);
  });

  test("a state that has changed since: Terraform's own word, and nothing was applied", async () => {
    const stale = diagnostic("Saved plan is stale", { detail: "The state was changed by another operation." });
    fake.plays({ ...shows(SOME), apply: { code: 1, stdout: line(stale) } });
    await planned();
    const reason = (await applied(shownId()).catch((given: unknown) => given)) as ProblemsError;
    expect(reason).toBeInstanceOf(ProblemsError);
    expect(reason.problems[0]!.given).toContain("Saved plan is stale. The state was changed by another operation.");
    expect(kept()).toEqual([]);
  });

  test("the guard looks at the plan once more, not at what was said when it was shown", async () => {
    const volume = change("docker_volume.redis_data", "delete", "create");
    fake.plays(shows([...SOME, volume]));
    await planned();
    const id = shownId();
    said = [];
    expect(await applied(id)).toBe(3);
    expect(said.join("\n")).toContain("error: docker_volume.redis_data");
    expect(said.join("\n")).toContain("if you mean it: --allow docker_volume.redis_data");
    expect(await applied(id, ["docker_volume.other"])).toBe(3);
    expect(fake.calls("apply")).toEqual([]);
    // The plan is still the one that was shown.
    expect(await applied(id, [volume.address])).toBe(0);
  });

  test("a failure names the container, its health check's words and its log, without secrets, and how to go on", async () => {
    const address = "docker_container.redis";
    const resource = { address, type: "docker_container", name: "redis", tainted: true, values: { name: "the-redis" } };
    fake.plays({
      ...shows(SOME),
      "show -json": { stdout: JSON.stringify({ values: { root_module: { resources: [resource] } } }) },
      apply: { code: 1, stdout: line(diagnostic("container failed to be in healthy state", { address })) },
    });
    await planned();
    const id = shownId();
    said = [];
    expect(await applied(id)).toBe(1);
    expect(said).toEqual([
      "docker_container.redis: container failed to be in healthy state",
      "  container the-redis is unhealthy: 3 health checks in a row have failed, the last one with exit code 1:",
      "    refused",
      "  container the-redis said last:",
      "    cannot log in with ***",
      "0 of 2 changes were made. When the cause is mended, look at it once more: twinset plan development",
    ]);
    expect(kept()).toEqual([]);
  });

  test("a locked state: who has it; the plan is still good", async () => {
    const detail = "Lock Info:\n  ID:        42-a\n  Who:       alice@laptop\n  Created:   2026-11-21 04:29 UTC\n";
    fake.plays({
      ...shows(SOME),
      apply: { code: 1, stdout: line(diagnostic("Error acquiring the state lock", { detail })) },
    });
    await planned();
    const id = shownId();
    said = [];
    expect(await applied(id)).toBe(6);
    expect(said).toEqual([
      "The environment is locked by alice@laptop since 2026-11-21 04:29 UTC. Nothing was changed.",
      "When that is over, do the same once more. If that run is dead and not just slow:",
      "  twinset recover development --unlock 42-a",
    ]);
    fake.plays(shows(SOME));
    expect(await applied(id)).toBe(0);
  });
});

describe("the commands", () => {
  const run = async (work: (write: jest.Mock) => Promise<number>) => {
    const [out, err] = [jest.spyOn(console, "log"), jest.spyOn(console, "error")];
    for (const spy of [out, err]) spy.mockImplementation(() => undefined);
    const code = await work(jest.fn());
    const text = (spy: typeof out): string => spy.mock.calls.map(([line]) => String(line)).join("\n");
    return { code, out: text(out), err: text(err) };
  };

  test("plan, then apply: by the environment's name and the plan's id alone", async () => {
    fake.plays(shows(SOME));
    const { code, out } = await run(() => plan("development", {}, env));
    expect(code).toBe(0);
    const id = /--plan (\w+)/.exec(out)![1]!;
    expect(await run(() => apply("development", { plan: id }, env))).toMatchObject({ code: 0 });
  });
  test.each([
    ["plan", () => plan("prod", {}, env)],
    ["apply", () => apply("prod", {}, env)],
    ["status", () => status("prod", {}, env)],
  ])("%s of no environment is a mistake: 2", async (_, command) => {
    const { code, err } = await run(command);
    expect(code).toBe(2);
    expect(err).toContain("one of development, staging and production");
  });
  test("an apply that is refused is a mistake, too: 2, without a stack trace", async () => {
    const { code, err } = await run(() => apply("development", { plan: "0123456789ab" }, env));
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --plan\n {2}given .*\n {2}expected .*\n {2}fix [^\n]*$/);
  });
  test("what Terraform refuses to plan: 1, in its own words, and the former plan is still the one that was shown", async () => {
    fake.plays(shows(SOME));
    await planned();
    fake.plays({ plan: { code: 1, stdout: line(diagnostic("No value for required variable")) } });
    const { code, err } = await run(() => plan("development", {}, env));
    expect({ code, err }).toEqual({ code: 1, err: "terraform plan: No value for required variable" });
    expect(kept()).toHaveLength(2);
    expect(kept().some((name) => name.endsWith(".new"))).toBe(false);
  });
  test("what Terraform cannot even initialise: 1", async () => {
    fake.plays({ init: { code: 1, stderr: "Error: no such bucket\n" } });
    expect(await run(() => plan("development", {}, env))).toMatchObject({
      code: 1,
      err: "terraform init: Error: no such bucket",
    });
  });
  test("a locked state: 6", async () => {
    const detail = "Lock Info:\n  ID:        42-a\n  Who:       alice@laptop\n  Created:   2026-11-21 04:29 UTC\n";
    fake.plays({ plan: { code: 1, stdout: line(diagnostic("Error acquiring the state lock", { detail })) } });
    const { code, err } = await run(() => plan("development", {}, env));
    expect(code).toBe(6);
    expect(err).toContain("locked by alice@laptop");
  });
  test("nothing but Terraform's directory is written to", async () => {
    fake.plays(shows(SOME));
    await run(() => plan("development", {}, env));
    expect(readdirSync(releases)).toEqual(["manacore"]);
    expect(readdirSync(join(releases, "manacore")).sort()).toEqual([
      "development.json",
      "production.json",
      "staging.json",
    ]);
    expect(existsSync(join(fake.temp, "out", "stacks", "production"))).toBe(false);
  });
});
