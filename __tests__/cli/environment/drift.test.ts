import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { join } from "node:path";
import { driftCommand } from "../../../cli/environment/drift";
import { type GithubSimulator, startGithub } from "../../../simulators/github";
import { FakeTerraform } from "../../support/fake-terraform";

let github: GithubSimulator;
beforeAll(async () => {
  github = await startGithub({
    token: "good",
    owner: { login: "acme", type: "User" },
    repositories: ["platform"],
    jobToken: true,
  });
});
afterAll(() => github.stop());

const atGithub = (): NodeJS.ProcessEnv => ({
  GITHUB_TOKEN: "good",
  GITHUB_REPOSITORY: "acme/platform",
  GITHUB_API_URL: github.baseUrl,
});
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
    resource_changes: [
      { ...container, change: { actions, before: {}, after: {}, before_sensitive: {}, after_sensitive: {} } },
    ],
  }),
});
const look = async (host = true) => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const code = await driftCommand({ environment: "development", env: env(), issue: true, write, host });
  return { code, text: lines.join("\n") };
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

test("without its host, an environment is planned by what is in clouds alone; one that has nothing there is refused", async () => {
  const zone = {
    address: 'cloudflare_dns_record.web["a"]',
    type: "cloudflare_dns_record",
    mode: "managed",
    name: "web",
  };
  fake.plays({
    show: {
      stdout: JSON.stringify({
        format_version: "1.2",
        timestamp: "2026-11-21T09:00:00Z",
        values: {
          root_module: {
            resources: [
              { ...container, values: {} },
              { ...zone, values: {} },
            ],
          },
        },
        resource_changes: [
          {
            ...zone,
            change: { actions: ["update"], before: {}, after: {}, before_sensitive: {}, after_sensitive: {} },
          },
        ],
      }),
    },
  });
  const found = await look(false);
  expect(found).toMatchObject({ code: 1, text: expect.stringContaining("The host was not asked") });
  const planned = fake
    .calls()
    .map(({ args }) => args)
    .filter(([command]) => command === "plan");
  expect(planned).toHaveLength(1);
  expect(planned[0]!.filter((arg) => arg.startsWith("-target="))).toEqual(["-target=cloudflare_dns_record.web"]);
  fake.plays({ show: plan(["no-op"]) });
  expect(await look(false)).toMatchObject({ code: 2, text: expect.stringContaining("nothing in a cloud") });
}, 60_000);
