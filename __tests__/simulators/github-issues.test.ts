import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Octokit } from "@octokit/rest";
import type { GithubSimulator } from "../../simulators/github";
import { PLATFORM, refusalOf, startWithClient } from "./github-client";

let github: GithubSimulator;
let octokit: Octokit;
beforeEach(async () => {
  ({ github, octokit } = await startWithClient());
});
afterEach(() => github.stop());

const platform = () => github.state.repositories.platform!;

describe("labels", () => {
  const create = (name: string, color = "0e8a16") => octokit.issues.createLabel({ ...PLATFORM, name, color });

  test("a new repository has nine; more are created, renamed and deleted", async () => {
    expect(Object.keys(platform().labels)).toHaveLength(9);
    await create("deploy: production");
    const name = "deploy: production";
    await octokit.issues.updateLabel({ ...PLATFORM, name, new_name: "deploy", color: "FFFFFF" });
    expect(platform().labels).toMatchObject({ deploy: "ffffff" });
    await octokit.issues.deleteLabel({ ...PLATFORM, name: "deploy" });
    expect(await refusalOf(octokit.issues.getLabel({ ...PLATFORM, name: "deploy" }))).toMatchObject({ status: 404 });
  });

  test("a name that is taken is 422 already_exists, in any capitals", async () => {
    expect(await refusalOf(create("Bug"))).toMatchObject({
      status: 422,
      message: "Validation Failed",
      errors: [{ resource: "Label", code: "already_exists", field: "name" }],
    });
  });

  test("a color that is none is 422 invalid", async () => {
    expect(await refusalOf(create("new", "green"))).toMatchObject({
      status: 422,
      errors: [{ resource: "Label", code: "invalid", field: "color" }],
    });
  });
});

describe("issues", () => {
  const create = (title: string, more: object = {}) => octokit.issues.create({ ...PLATFORM, title, ...more });
  const titles = async (query: object) =>
    (await octokit.issues.listForRepo({ ...PLATFORM, ...query })).data.map(({ title }) => title);

  test("are listed by state and by labels, all of which an issue must have", async () => {
    await create("one", { labels: ["bug"], assignees: ["grace"] });
    await create("two", { labels: ["bug", "incident"] });
    await octokit.issues.update({ ...PLATFORM, issue_number: 1, state: "closed" });
    expect(await titles({})).toEqual(["two"]);
    expect(await titles({ state: "all", labels: "bug" })).toEqual(["two", "one"]);
    expect(await titles({ state: "all", labels: "bug,Incident", direction: "asc" })).toEqual(["two"]);
    expect(await titles({ state: "all", assignee: "grace", creator: "ada" })).toEqual(["one"]);
    expect(await titles({ state: "all", since: "2999-01-01T00:00:00Z" })).toEqual([]);
  });

  test("name new labels into being", async () => {
    await create("one", { labels: ["incident"] });
    expect(platform().labels.incident).toBe("ededed");
  });

  test("are closed for a reason and opened again", async () => {
    await create("one");
    const closed = await octokit.issues.update({ ...PLATFORM, issue_number: 1, state: "closed" });
    expect(closed.data).toMatchObject({ state: "closed", state_reason: "completed", closed_at: expect.any(String) });
    const open = await octokit.issues.update({ ...PLATFORM, issue_number: 1, state: "open" });
    expect(open.data).toMatchObject({ state: "open", state_reason: "reopened", closed_at: null });
  });

  test("get and lose labels one by one", async () => {
    await create("one", { labels: ["bug"] });
    const issue = { ...PLATFORM, issue_number: 1 };
    await octokit.issues.addLabels({ ...issue, labels: ["question"] });
    await octokit.issues.removeLabel({ ...issue, name: "bug" });
    expect(platform().issues[0]?.labels).toEqual(["question"]);
    expect(await refusalOf(octokit.issues.removeLabel({ ...issue, name: "bug" }))).toMatchObject({
      status: 404,
      message: "Label does not exist",
    });
    await octokit.issues.setLabels({ ...issue, labels: ["wontfix"] });
    expect((await octokit.issues.listLabelsOnIssue(issue)).data.map(({ name }) => name)).toEqual(["wontfix"]);
  });

  test("a blank title is 422 missing_field", async () => {
    expect(await refusalOf(create(" "))).toMatchObject({
      status: 422,
      errors: [{ resource: "Issue", code: "missing_field", field: "title" }],
    });
  });

  test("an assignee whom nobody knows is 422 invalid", async () => {
    expect(await refusalOf(create("one", { assignees: ["nobody"] }))).toMatchObject({
      status: 422,
      errors: [{ resource: "Issue", code: "invalid", field: "assignees", value: "nobody" }],
    });
  });

  test("a body of more than 65536 characters is 422", async () => {
    expect(await refusalOf(create("one", { body: "x".repeat(65_537) }))).toMatchObject({ status: 422 });
  });

  test("one that is not there is 404, and all are 410 where a repository has none", async () => {
    expect(await refusalOf(octokit.issues.get({ ...PLATFORM, issue_number: 7 }))).toMatchObject({ status: 404 });
    await octokit.repos.update({ ...PLATFORM, has_issues: false });
    expect(await refusalOf(create("one"))).toMatchObject({ status: 410 });
    expect(await refusalOf(octokit.issues.listForRepo(PLATFORM))).toMatchObject({ status: 410 });
  });
});

describe("comments", () => {
  test("on an issue are written, changed, listed and deleted", async () => {
    await octokit.issues.create({ ...PLATFORM, title: "one" });
    const { data } = await octokit.issues.createComment({ ...PLATFORM, issue_number: 1, body: "planned" });
    await octokit.issues.updateComment({ ...PLATFORM, comment_id: data.id, body: "applied" });
    const { data: comments } = await octokit.issues.listComments({ ...PLATFORM, issue_number: 1 });
    expect(comments.map(({ body, user }) => [body, user?.login])).toEqual([["applied", "ada"]]);
    expect((await octokit.issues.get({ ...PLATFORM, issue_number: 1 })).data.comments).toBe(1);
    await octokit.issues.deleteComment({ ...PLATFORM, comment_id: data.id });
    expect(await refusalOf(octokit.issues.getComment({ ...PLATFORM, comment_id: data.id }))).toMatchObject({
      status: 404,
    });
  });

  test("on a pull request are comments on the issue of its number", async () => {
    await octokit.issues.create({ ...PLATFORM, title: "an issue" });
    const number = github.openPullRequest("platform", { title: "Release 2", head: "release-2" });
    expect(number).toBe(2);
    await octokit.issues.createComment({ ...PLATFORM, issue_number: number, body: "the plan" });
    const { data: pull } = await octokit.pulls.get({ ...PLATFORM, pull_number: number });
    expect([pull.title, pull.head.ref, pull.base.ref, pull.comments]).toEqual(["Release 2", "release-2", "main", 1]);
    const { data: found } = await octokit.pulls.list({ ...PLATFORM, head: "manacore:release-2" });
    expect(found.map((each) => each.number)).toEqual([2]);
    expect(await refusalOf(octokit.pulls.get({ ...PLATFORM, pull_number: 1 }))).toMatchObject({ status: 404 });
    expect(platform().issues[1]?.comments).toEqual(["the plan"]);
  });

  test("a blank one, and one of more than 65536 characters, is 422", async () => {
    await octokit.issues.create({ ...PLATFORM, title: "one" });
    for (const body of [" ", "x".repeat(65_537)]) {
      expect(await refusalOf(octokit.issues.createComment({ ...PLATFORM, issue_number: 1, body }))).toMatchObject({
        status: 422,
        errors: [expect.objectContaining({ resource: "IssueComment", code: "unprocessable" })],
      });
    }
  });

  test("on an issue that is not there is 404", async () => {
    const comment = octokit.issues.createComment({ ...PLATFORM, issue_number: 7, body: "hello?" });
    expect(await refusalOf(comment)).toMatchObject({ status: 404 });
  });
});

describe("rulesets", () => {
  const rules = [
    { type: "deletion" },
    {
      type: "required_status_checks",
      parameters: { strict_required_status_checks_policy: true, required_status_checks: [{ context: "test" }] },
    },
  ];
  const create = (more: object = {}) =>
    octokit.request("POST /repos/{owner}/{repo}/rulesets", {
      ...PLATFORM,
      name: "main",
      enforcement: "active",
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules,
      ...more,
    } as never);

  test("are created with what the API fills in, changed, listed without their rules, and deleted", async () => {
    const { data } = (await create()) as { data: { id: number; rules: unknown[] } };
    expect(data.rules[1]).toEqual({
      type: "required_status_checks",
      parameters: {
        strict_required_status_checks_policy: true,
        do_not_enforce_on_create: false,
        required_status_checks: [{ context: "test" }],
      },
    });
    const ruleset = { ...PLATFORM, ruleset_id: data.id };
    const { data: changed } = await octokit.repos.updateRepoRuleset({ ...ruleset, enforcement: "disabled" });
    expect(changed).toMatchObject({ id: data.id, name: "main", enforcement: "disabled", rules: data.rules });
    expect((await octokit.repos.getRepoRulesets(PLATFORM)).data[0]).not.toHaveProperty("rules");
    await octokit.repos.deleteRepoRuleset(ruleset);
    expect(await refusalOf(octokit.repos.getRepoRuleset(ruleset))).toMatchObject({ status: 404 });
  });

  test("a name that is taken is 422", async () => {
    await create();
    expect(await refusalOf(create({ name: "Main" }))).toMatchObject({ status: 422, errors: ["Name must be unique"] });
  });

  test.each([
    ["a rule that nobody knows", { rules: [{ type: "be_nice" }] }, "Invalid rule 'be_nice'"],
    ["a rule without its parameters", { rules: [{ type: "pull_request" }] }, "for rule 'pull_request'"],
    ["a pattern that is no ref", { conditions: { ref_name: { include: ["main"], exclude: [] } } }, "'main'"],
    ["an unknown team as an actor", { bypass_actors: [{ actor_type: "Team", actor_id: 1 }] }, "Actor Team"],
  ])("%s is 422", async (_, more, error) => {
    expect(await refusalOf(create(more))).toMatchObject({ status: 422, errors: [expect.stringContaining(error)] });
    expect(platform().rulesets).toEqual({});
  });

  test("actors that are null are 422, as GitHub wants a list", async () => {
    expect(await refusalOf(create({ bypass_actors: null }))).toMatchObject({ status: 422 });
  });
});

describe("asking for workflows", () => {
  test("is recorded, by an event and by a file", async () => {
    const client_payload = { release: "2026-10-01.1" };
    await octokit.repos.createDispatchEvent({ ...PLATFORM, event_type: "deploy", client_payload });
    const workflow = { ...PLATFORM, workflow_id: "deploy.yml" };
    await octokit.actions.createWorkflowDispatch({ ...workflow, ref: "main", inputs: { environment: "production" } });
    expect(platform().dispatches).toEqual([
      { kind: "repository", eventType: "deploy", clientPayload: client_payload },
      { kind: "workflow", workflow: "deploy.yml", ref: "main", inputs: { environment: "production" } },
    ]);
    expect((await octokit.actions.listRepoWorkflows(PLATFORM)).data.workflows[0]).toMatchObject({ name: "deploy" });
    expect((await octokit.actions.getWorkflow(workflow)).data.path).toBe(".github/workflows/deploy.yml");
  });

  test("a workflow that is not there is 404, a branch that is not there 422", async () => {
    const ask = (workflow_id: string, ref: string) =>
      refusalOf(octokit.actions.createWorkflowDispatch({ ...PLATFORM, workflow_id, ref }));
    expect(await ask("none.yml", "main")).toMatchObject({ status: 404 });
    expect(await ask("deploy.yml", "none")).toMatchObject({ status: 422, message: "No ref found for: none" });
  });

  test("more than 10 properties are 422", async () => {
    const client_payload = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`p${index}`, index]));
    const call = octokit.repos.createDispatchEvent({ ...PLATFORM, event_type: "deploy", client_payload });
    expect(await refusalOf(call)).toMatchObject({ status: 422 });
    expect(platform().dispatches).toEqual([]);
  });
});

describe("container images", () => {
  const IMAGE = { org: "manacore", package_type: "container", package_name: "chat/backend" } as const;
  const versions = async (state?: "deleted") =>
    (await octokit.packages.getAllPackageVersionsForPackageOwnedByOrg({ ...IMAGE, ...(state && { state }) })).data;
  const tagsOf = async () => (await versions()).map(({ metadata }) => metadata?.container?.tags);

  test("have versions, newest first; a tag is on the version that had it last", async () => {
    github.publishImage("chat/backend", { tags: ["1.0.0", "latest"] });
    github.publishImage("chat/backend", { tags: ["1.1.0", "latest"], digest: `sha256:${"a".repeat(64)}` });
    expect(await tagsOf()).toEqual([["1.1.0", "latest"], ["1.0.0"]]);
    expect(github.state.packages["chat/backend"]?.[0]?.digest).toBe(`sha256:${"a".repeat(64)}`);
    const { data } = await octokit.packages.listPackagesForOrganization({ org: "manacore", package_type: "container" });
    expect(data).toMatchObject([{ name: "chat/backend", version_count: 2 }]);
    expect((await octokit.packages.getPackageForOrganization(IMAGE)).data.name).toBe("chat/backend");
  });

  test("the same digest again only gets more tags", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const first = github.publishImage("chat/backend", { tags: ["1.0.0"], digest });
    expect(github.publishImage("chat/backend", { tags: ["stable"], digest })).toBe(first);
    expect(await tagsOf()).toEqual([["1.0.0", "stable"]]);
  });

  test("a version is deleted and restored", async () => {
    const old = { ...IMAGE, package_version_id: github.publishImage("chat/backend", { tags: ["1"] }) };
    github.publishImage("chat/backend", { tags: ["2"] });
    await octokit.packages.deletePackageVersionForOrg(old);
    expect(await refusalOf(octokit.packages.getPackageVersionForOrganization(old))).toMatchObject({ status: 404 });
    expect([await tagsOf(), (await versions("deleted")).length]).toEqual([[["2"]], 1]);
    await octokit.packages.restorePackageVersionForOrg(old);
    expect((await octokit.packages.getPackageVersionForOrganization(old)).data.id).toBe(old.package_version_id);
  });

  test("the last version cannot be deleted: 400", async () => {
    const package_version_id = github.publishImage("chat/backend", { tags: ["1"] });
    const refusal = await refusalOf(octokit.packages.deletePackageVersionForOrg({ ...IMAGE, package_version_id }));
    expect(refusal).toMatchObject({ status: 400, message: expect.stringContaining("last version") });
    await octokit.packages.deletePackageForOrg(IMAGE);
    expect(github.state.packages).toEqual({});
  });

  test("one that was never pushed is 404, and a list without its type 400", async () => {
    expect(await refusalOf(versions())).toMatchObject({ status: 404, message: "Package not found." });
    expect(await refusalOf(octokit.request("GET /orgs/manacore/packages" as never))).toMatchObject({ status: 400 });
  });
});
