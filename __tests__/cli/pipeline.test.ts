import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { driftCommand, releasesIn } from "../../cli/drift";
import { loadPlatform } from "../../config/load";
import { Journal } from "../../release/journal/journal";
import { stateFiles } from "../../clients/state-store/state-store";
import {
  changedCommand,
  commentCommand,
  compareCommand,
  environmentsCommand,
  settledCommand,
} from "../../cli/pipeline";
import { ProblemsError } from "../../model/problem";
import { type GithubSimulator, startGithub } from "../../simulators/github";
import { FakeTerraform } from "../support/fake-terraform";

const root = mkdtempSync(join(tmpdir(), "twinset-pipeline-"));
let github: GithubSimulator;
beforeAll(async () => {
  github = await startGithub({
    token: "good",
    owner: { login: "acme", type: "User" },
    repositories: ["platform"],
    jobToken: true,
  });
});
afterAll(async () => {
  await github.stop();
  rmSync(root, { recursive: true });
});

const atGithub = (): NodeJS.ProcessEnv => ({
  GITHUB_TOKEN: "good",
  GITHUB_REPOSITORY: "acme/platform",
  GITHUB_API_URL: github.baseUrl,
});
function told() {
  const lines: string[] = [];
  return { write: (line: string): void => void lines.push(line), text: () => lines.join("\n") };
}
const mistakeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (reason) {
    if (reason instanceof ProblemsError) return reason.message;
    throw reason;
  }
  throw new Error("was not refused");
};

describe("twinset environments", () => {
  test.each(["manacore", "sentineliq", "korczewski"])("a matrix of what is deployed of %s", (platform) => {
    const { write, text } = told();
    expect(environmentsCommand({ PLATFORM: platform }, write)).toBe(0);
    expect(JSON.parse(text())).toEqual(["staging", "production"].map((environment) => ({ platform, environment })));
  });
});

describe("twinset changed", () => {
  test("names what differs, for people and as a matrix", () => {
    for (const [side, production] of [
      ["base", "{}"],
      ["head", '{"a":1}'],
    ] as const) {
      for (const [name, text] of [
        ["staging", "{}"],
        ["production", production],
      ] as const) {
        const folder = join(root, side, "stacks", name);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "cdk.tf.json"), text);
      }
    }
    const [people, programs, none] = [told(), told(), told()];
    const both = { base: join(root, "base"), head: join(root, "head") };
    changedCommand(both, {}, people.write);
    changedCommand({ ...both, json: true }, {}, programs.write);
    changedCommand({ ...both, base: both.head }, {}, none.write);
    expect(people.text()).toBe("manacore production is changed.");
    expect(JSON.parse(programs.text())).toEqual([
      { platform: "manacore", environment: "production", change: "changed" },
    ]);
    expect(none.text()).toBe("manacore: no environment is changed.");
  });
});

describe("twinset comment", () => {
  test("writes the file as the comment, and without one says that it is over", async () => {
    const pr = String(github.openPullRequest("platform", { title: "change", head: "change" }));
    const file = join(root, "review.md");
    writeFileSync(file, "chat: green v1.6.0 arrives");
    const { write, text } = told();
    await commentCommand("production", { pr, file }, atGithub(), write);
    await commentCommand("production", { pr }, atGithub(), write);
    expect(text()).toMatch(/written\.[\s\S]*retired\./);
  });

  test("a number that is none and a file that is not there are told at once", async () => {
    const message = await mistakeOf(() =>
      commentCommand("production", { pr: "#1", file: join(root, "no.md") }, atGithub()),
    );
    expect(message).toMatch(/--pr\n.*#1[\s\S]*--file/);
  });
});

describe("twinset compare", () => {
  const record = (name: string, fingerprint: string, verdict: string): string => {
    const path = join(root, name);
    const about = {
      v: 1,
      fingerprint,
      platform: "manacore",
      environment: "production",
      at: "2026-11-21T10:00:00.000Z",
    };
    writeFileSync(path, JSON.stringify({ ...about, verdict, changes: {} }));
    return path;
  };
  test("the same plan is fine; another one is not, and what was reviewed is shown where it is at hand", () => {
    const now = record("now.json", "2222222222222222", "auth arrives");
    const then = record("then.json", "1111111111111111", "chat arrives");
    const [same, other, gone] = [told(), told(), told()];
    expect(compareCommand("2222222222222222", { now, then }, same.write)).toBe(0);
    expect(compareCommand("1111111111111111", { now, then }, other.write)).toBe(3);
    expect(other.text()).toMatch(/Reviewed \(.*\): chat arrives\nNow: auth arrives[\s\S]*ask for 2222222222222222/);
    expect(compareCommand("1111111111111111", { now, then: join(root, "gone.json") }, gone.write)).toBe(3);
    expect(gone.text()).toContain("not at hand");
  });
});

test("a release that has begun and not ended is under way, whichever product's", async () => {
  const { platform } = loadPlatform();
  const files = stateFiles(platform.name, platform.environments.development, { env: {}, directory: root });
  const journal = new Journal(files, { redact: (text) => text });
  const under = async (): Promise<string[]> => releasesIn(platform, await journal.read());
  const to = { live: "blue", canary: 0, blue: { version: "v1" }, green: null } as const;
  expect(await under()).toEqual([]);
  await journal.append({ event: "started", run: "r1", product: "chat", from: null, to });
  await journal.append({ event: "started", run: "r2", product: "news", from: null, to });
  expect((await under()).sort()).toEqual(["chat", "news"]);
  await journal.append({ event: "ended", run: "r1", product: "chat", outcome: "failed" });
  expect(await under()).toEqual(["news"]);
});

describe("with a played Terraform", () => {
  let fake: FakeTerraform;
  beforeEach(() => {
    fake = new FakeTerraform();
  });
  afterEach(() => fake.remove());
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, ...atGithub(), CDKTF_OUTDIR: join(fake.temp, "out") });
  const issues = () => github.state.repositories["platform"]!.issues.filter(({ title }) => title.startsWith("Drift"));
  const container = { address: "docker_container.edge", type: "docker_container", mode: "managed", name: "edge" };
  const plan = (actions: string[]) => ({
    stdout: JSON.stringify({
      format_version: "1.2",
      timestamp: "2026-11-21T09:00:00Z",
      values: { root_module: { resources: [{ ...container, values: {} }] } },
      resource_changes: [{ ...container, change: { actions, before: {}, after: {} } }],
    }),
  });
  const look = async () => {
    const { write, text } = told();
    const code = await driftCommand({ environment: "development", env: env(), issue: true, write });
    return { code, text: text() };
  };

  test("drift opens the issue, and its end closes it", async () => {
    fake.plays({ show: plan(["update"]) });
    const found = await look();
    expect(found).toMatchObject({ code: 1, text: expect.stringContaining("docker_container.edge") });
    expect(found.text).toMatch(/Issue #\d+ was opened/);
    // What a reviewer would read: the verdict first.
    expect(found.text).toContain("An apply of development would change what runs");
    expect(found.text).toContain("### ");
    fake.plays({ show: plan(["no-op"]) });
    const gone = await look();
    expect(gone).toMatchObject({ code: 0, text: expect.stringContaining("what runs is what the files say") });
    expect(issues().map(({ state }) => state)).toEqual(["closed"]);
  }, 60_000);

  test("where nothing is deployed there is nothing to drift", async () => {
    fake.plays({ show: { stdout: '{"format_version":"1.0"}' } });
    expect(await look()).toMatchObject({ code: 0, text: expect.stringContaining("not deployed yet") });
  }, 60_000);

  test("a locked state is no drift and touches no issue", async () => {
    const before = issues().length;
    const lock =
      "Lock Info:\n  ID:        1234\n  Path:      x\n  Operation: OperationTypeApply\n  Who:       ada@laptop\n  Created:   now\n";
    const diagnostic = { severity: "error", summary: "Error acquiring the state lock", detail: lock };
    fake.plays({
      show: plan(["update"]),
      plan: { code: 1, stdout: JSON.stringify({ "@level": "error", type: "diagnostic", diagnostic }) },
    });
    expect(await look()).toMatchObject({ code: 6, text: expect.stringContaining("ada@laptop") });
    expect(issues()).toHaveLength(before);
  }, 60_000);

  test("an environment is settled, unless what a release did waits in a pull request", async () => {
    const { write, text } = told();
    expect(await settledCommand("development", env(), write)).toBe(0);
    const number = github.openPullRequest("platform", { title: "record", head: "release-record/manacore-development" });
    expect(await settledCommand("development", env(), write)).toBe(6);
    expect(text()).toMatch(new RegExp(`in its file\\.\n[\\s\\S]*Merge #${number} first`));
  }, 60_000);
});
