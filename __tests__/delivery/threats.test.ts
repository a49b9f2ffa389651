/**
 * docs/threat-model.md, path by path, at the simulated GitHub with the rules that the delivery stack makes: one person with
 * the right to push, a workflow of theirs with a token that may do whatever a workflow may ask for, and a colleague.
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Octokit } from "@octokit/rest";
import { codeOwners } from "../../config/github";
import { deployed } from "../../model/pipeline";
import { type GithubSimulator, startGithub } from "../../simulators/github";
import { clientOf, PLATFORM, refusalOf } from "../simulators/github-client";
import { KORCZEWSKI } from "../support/platforms";
import { synthDelivery, type Synthesized } from "../support/synth";
import { STARTED_BY_ONE } from "../../delivery/workflow-rules";
import { PATHS } from "../../rehearsal/threats";
import { PEOPLE, threatWorld, tryPath, WORKFLOWS } from "../../rehearsal/threats/path";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const { platform } = KORCZEWSKI;
const stack = synthDelivery(platform);
const AT = PLATFORM;
const READ_ONLY_RULES = ["creation", "deletion", "update", "non_fast_forward"] as const;

let github: GithubSimulator;
/** The administrator, who set the repository up; two who may write, of whom mallory is the one; a workflow of hers. */
let admin: Octokit;
let mallory: Octokit;
let grace: Octokit;
let workflow: Octokit;

type Json = Readonly<Record<string, unknown>>;

/** The API's form of a ruleset of the stack. */
function rulesetOf(of: Synthesized, id: string) {
  const { name, conditions, rules, bypass_actors } = of.resource("github_repository_ruleset", id) as {
    readonly [key: string]: Json;
  };
  const flags = READ_ONLY_RULES.filter((type) => rules![type] === true).map((type) => ({ type }));
  const pull = rules!["pull_request"];
  return {
    name: String(name),
    target: "branch",
    enforcement: "active",
    conditions,
    bypass_actors: bypass_actors ?? [],
    rules: [
      ...flags,
      ...(pull
        ? [
            {
              type: "pull_request",
              parameters: {
                require_code_owner_review: false,
                required_review_thread_resolution: false,
                ...(pull as object),
              },
            },
          ]
        : []),
    ],
  };
}

async function setUp(): Promise<void> {
  for (const id of ["rules", "workflows_branches"]) {
    await admin.request("POST /repos/{owner}/{repo}/rulesets", { ...AT, ...rulesetOf(stack, id) } as never);
  }
  const { can_approve_pull_request_reviews, default_workflow_permissions } = stack.resource(
    "github_workflow_repository_permissions",
    "workflows_token",
  );
  await admin.request("PUT /repos/{owner}/{repo}/actions/permissions/workflow", {
    ...AT,
    ...{ can_approve_pull_request_reviews, default_workflow_permissions },
  } as never);
  const users = await Promise.all(
    ["mallory", "grace"].map(async (username) => (await admin.users.getByUsername({ username })).data.id),
  );
  for (const [name, { reviewers, prevent_self_review, can_admins_bypass }] of Object.entries(
    stack.all("github_repository_environment"),
  )) {
    const at = { ...AT, environment_name: name };
    await admin.request("PUT /repos/{owner}/{repo}/environments/{environment_name}", {
      ...at,
      ...{ prevent_self_review, can_admins_bypass },
      reviewers: reviewers ? users.map((id) => ({ type: "User", id })) : [],
      deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
    } as never);
    const branches = String(
      stack.resource("github_repository_environment_deployment_policy", `${name}_branches`)["for_each"],
    );
    for (const [, branch] of branches.matchAll(/"([^"]+)"/g)) {
      await admin.repos.createDeploymentBranchPolicy({ ...at, name: branch! });
    }
  }
}

beforeEach(async () => {
  github = await startGithub({
    token: "admin",
    tokens: { mallory: "mallory", grace: "grace", workflow: "github-actions[bot]" },
    owner: { login: AT.owner, type: "Organization" },
    repositories: [AT.repo],
    users: PEOPLE,
    teams: ["operators"],
    workflows: WORKFLOWS,
  });
  [admin, mallory, grace, workflow] = ["admin", "mallory", "grace", "workflow"].map((token) =>
    clientOf(github, token),
  ) as [Octokit, Octokit, Octokit, Octokit];
  // Before there are rules, as the first push is.
  await write(admin, "main", ".github/CODEOWNERS", codeOwners([`${AT.owner}/operators`]));
  await setUp();
});
afterEach(() => github.stop());

const write = (who: Octokit, branch: string, path: string, text = "code"): Promise<unknown> =>
  who.repos.createOrUpdateFileContents({
    ...AT,
    branch,
    path,
    message: "x",
    content: Buffer.from(text).toString("base64"),
  });
const open = async (who: Octokit, head: string): Promise<number> =>
  (await who.pulls.create({ ...AT, title: "x", head, base: "main" })).data.number;
const agree = (who: Octokit, pull_number: number): Promise<unknown> =>
  who.pulls.createReview({ ...AT, pull_number, event: "APPROVE" });
const merge = (who: Octokit, pull_number: number): Promise<unknown> => who.pulls.merge({ ...AT, pull_number });

describe("one person …", () => {
  const given = { at: AT, owners: `${AT.owner}/operators`, path: process.env["PATH"] ?? "" };
  const here = PATHS.filter(({ needsTerraform }) => !needsTerraform);
  test.each(here.map((path) => [path.person, path] as const))(
    "%s: that is refused for its reason, and goes through without what keeps it",
    async (_, path) => {
      expect(await tryPath(path, threatWorld(github, "admin", given))).toEqual({
        person: path.person,
        refusal: expect.stringMatching(/./),
        guard: path.guard,
      });
    },
  );
  test("what Terraform itself refuses is tried by the drill, and where it is there by rehearsal/delivery.test.ts", () => {
    expect(PATHS.filter(({ needsTerraform }) => needsTerraform).map(({ person }) => person)).toEqual([
      "names an owner that GitHub does not know, whose line then counts for none",
      "deploys with a token that was to read",
    ]);
  });
  test("a path that is open, or that something else refuses, is told", async () => {
    const world = threatWorld(github, "admin", given);
    const [path] = here;
    const passes = async (): Promise<undefined> => undefined;
    const wrong = async (change: object): Promise<unknown> => tryPath({ ...path!, ...change }, world);
    expect(await wrong({ attempt: passes })).toEqual({ wrong: expect.stringContaining("it went through") });
    expect(await wrong({ refused: /never/ })).toEqual({ wrong: expect.stringContaining("for another reason") });
    expect(await wrong({ unguarded: path!.attempt })).toEqual({
      wrong: expect.stringContaining("also without its guard"),
    });
  });
  test("the page has these paths, each of them and no other, in this order", () => {
    const page = readFileSync(join(__dirname, "../../docs/threat-model.md"), "utf8");
    const table = page.split("## Paths")[1]!.split("## What is left")[0]!;
    const rows = table.split("\n").filter((line) => line.startsWith("| ") && !/^\| (?:one person …|-+) /.test(line));
    expect(rows.map((row) => row.split("|")[1]!.trim())).toEqual(PATHS.map(({ person }) => person));
  });
});

describe("one person's code does not come to main", () => {
  test("another person's agreement brings it there, so that the rest of this file means something", async () => {
    await write(mallory, "change", "cli/x.ts");
    const number = await open(mallory, "change");
    await agree(grace, number);
    await merge(mallory, number);
  });
  test("pushed to main", async () => {
    expect((await refusalOf(write(mallory, "main", "cli/x.ts"))).message).toContain("through a pull request");
    expect((await refusalOf(write(admin, "main", "cli/x.ts"))).message).toContain("through a pull request");
  });
  test("in a pull request that nobody, or only its author, has agreed to", async () => {
    await write(mallory, "change", "cli/x.ts");
    const number = await open(mallory, "change");
    expect((await refusalOf(agree(mallory, number))).message).toContain("your own pull request");
    expect(await refusalOf(merge(mallory, number))).toMatchObject({ status: 405 });
  });
  test("in a pull request that a workflow has opened in the bot's name", async () => {
    await write(mallory, "change", "cli/x.ts");
    expect((await refusalOf(open(workflow, "change"))).message).toContain("not permitted to create or approve");
  });
  test("agreed to by a workflow", async () => {
    await write(mallory, "change", "cli/x.ts");
    const number = await open(mallory, "change");
    expect((await refusalOf(agree(workflow, number))).message).toContain("not permitted to create or approve");
  });
  test("pushed by a workflow onto a colleague's pull request, which its author then agrees to", async () => {
    await write(grace, "change", "cli/x.ts");
    const number = await open(grace, "change");
    expect((await refusalOf(write(workflow, "change", "cli/mine.ts"))).message).toContain("protected ref");
    // By herself she may, and then it is hers: she was the last to push.
    await write(mallory, "change", "cli/mine.ts");
    await agree(mallory, number);
    expect(await refusalOf(merge(mallory, number))).toMatchObject({ status: 405 });
  });
  test("pushed by a workflow to a new branch, as a release's record was", async () => {
    const refused = await refusalOf(write(workflow, "release-record/x", "cli/x.ts"));
    expect(refused.message).toContain("creations being restricted");
  });
  test("pushed after it was agreed to", async () => {
    await write(mallory, "change", "cli/x.ts");
    const number = await open(mallory, "change");
    await agree(grace, number);
    await write(mallory, "change", "cli/y.ts");
    expect(await refusalOf(merge(mallory, number))).toMatchObject({ status: 405 });
  });
});

describe("code has owners", () => {
  // Owners whom nobody here is: the organization's own, without a team.
  const ownedByAda = codeOwners(["ada"]);
  /** A change of a file that another person has agreed to, who is none of the owners. @returns its number */
  const changeWithOwner = async (path: string) => {
    await write(mallory, "owners", ".github/CODEOWNERS", ownedByAda);
    const first = await open(mallory, "owners");
    await agree(grace, first);
    await merge(mallory, first);
    await write(mallory, "change", path);
    const number = await open(mallory, "change");
    await agree(grace, number);
    return number;
  };
  test.each([
    ".github/workflows/x.yml",
    ".github/CODEOWNERS",
    "scripts/x.cjs",
    "package-lock.json",
    "delivery/x.ts",
    "new/x",
  ])("%s waits for one of them, whoever else has agreed", async (path) => {
    const number = await changeWithOwner(path);
    expect((await refusalOf(merge(mallory, number))).message).toContain(`code owner review of ${path}`);
    await agree(admin, number);
    await merge(mallory, number);
  });
  test.each(["config/releases/manacore/production.json", "README.md", "docs/adr/0001.md"])(
    "%s is read and never run: another person is enough",
    async (path) => {
      const number = await changeWithOwner(path);
      await merge(mallory, number);
    },
  );
});

describe("one person does not get at production's secrets", () => {
  const names = deployed(platform).flatMap(({ name }) => ["", "-watch", "-close"].map((end) => `${name}${end}`));
  const start = (who: Octokit, ref: string, workflow_id = "production.yml"): Promise<unknown> =>
    who.actions.createWorkflowDispatch({ ...AT, workflow_id, ref });
  const allow = async (who: Octokit): Promise<unknown> => {
    const { data } = await admin.repos.getEnvironment({ ...AT, environment_name: "production" });
    return who.request("POST /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments", {
      ...AT,
      run_id: github.lastRun(AT.repo, "production.yml").id,
      ...{ environment_ids: [data.id], state: "approved", comment: "" },
    } as never);
  };
  /** What each job in `production` asks before it begins; a test holds the workflows to the same words. */
  const startedByOne = (): boolean => {
    const { actor, again } = github.lastRun(AT.repo, "production.yml");
    return actor === again && !actor.endsWith("[bot]");
  };

  test.each(names)("a branch's own workflow gets nothing of %s", async (environment) => {
    await write(mallory, "change", ".github/workflows/own.yml");
    await start(mallory, "change", "own.yml");
    expect(github.jobMayBegin(AT.repo, "own.yml", environment)).toBe("refused");
  });
  test("what is on main waits for another person; who has started it is none", async () => {
    await start(mallory, "main");
    expect(github.jobMayBegin(AT.repo, "production.yml", "production")).toBe("waits");
    await refusalOf(allow(mallory));
    await refusalOf(allow(workflow));
    expect(github.jobMayBegin(AT.repo, "production.yml", "production")).toBe("waits");
    await allow(grace);
    expect(github.jobMayBegin(AT.repo, "production.yml", "production")).toBe("begins");
    expect(startedByOne()).toBe(true);
  });
  test("started by a workflow in the bot's name, it ends by itself, as GitHub would let her agree", async () => {
    await start(workflow, "main");
    await allow(mallory);
    expect(github.jobMayBegin(AT.repo, "production.yml", "production")).toBe("begins");
    expect(startedByOne()).toBe(false);
  });
  test("a colleague's run that she begins again ends by itself, too", async () => {
    await start(grace, "main");
    const { id } = github.lastRun(AT.repo, "production.yml");
    await mallory.actions.reRunWorkflow({ ...AT, run_id: id });
    await allow(mallory);
    expect(github.jobMayBegin(AT.repo, "production.yml", "production")).toBe("begins");
    expect(startedByOne()).toBe(false);
  });
  test.each(["production.yml", "release.yml"])("%s asks who has started it", (name) => {
    const text = readFileSync(join(__dirname, "../../.github/workflows", name), "utf8");
    expect(text).toContain(`if: github.ref == 'refs/heads/main' && ${STARTED_BY_ONE}\n`);
  });
});
