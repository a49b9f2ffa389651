import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Octokit } from "@octokit/rest";
import fc from "fast-check";
import { type GithubSimulator, startGithub } from "../../simulators/github";
import { clientOf, PLATFORM, refusalOf, startWithClient, TOKEN } from "./github-client";

let github: GithubSimulator;
let octokit: Octokit;
beforeEach(async () => {
  ({ github, octokit } = await startWithClient());
});
afterEach(() => github.stop());

describe("who asks", () => {
  test("is the token's user", async () => {
    expect((await octokit.users.getAuthenticated()).data).toMatchObject({ login: "ada", type: "User" });
  });

  test("a wrong token is 401 Bad credentials", async () => {
    const refusal = await refusalOf(clientOf(github, "wrong").users.getAuthenticated());
    expect(refusal).toMatchObject({ status: 401, message: "Bad credentials" });
  });

  test("no token at all is 401 Requires authentication", async () => {
    const response = await fetch(`${github.baseUrl}/user`);
    expect([response.status, await response.json()]).toEqual([
      401,
      expect.objectContaining({ message: "Requires authentication", status: "401" }),
    ]);
  });

  test("users, the organization and its teams are found by name and by number", async () => {
    const { data: user } = await octokit.users.getByUsername({ username: "Grace" });
    const { data: organization } = await octokit.orgs.get({ org: "manacore" });
    const { data: team } = await octokit.teams.getByName({ org: "manacore", team_slug: "platform-operators" });
    expect([user.login, organization.login, team.name]).toEqual(["grace", "manacore", "Platform Operators"]);
    const byNumber = await octokit.request("GET /organizations/{org_id}/team/{team_id}", {
      org_id: organization.id,
      team_id: team.id,
    });
    expect(byNumber.data).toEqual(team);
    const members = await octokit.teams.listMembersInOrg({ org: "manacore", team_slug: "platform-operators" });
    expect(members.data.map(({ login }) => login)).toEqual(["ada", "grace"]);
  });

  test("a stranger, another organization and an unknown team are 404", async () => {
    expect(await refusalOf(octokit.users.getByUsername({ username: "nobody" }))).toMatchObject({ status: 404 });
    expect(await refusalOf(octokit.orgs.get({ org: "others" }))).toMatchObject({ status: 404, message: "Not Found" });
    const team = octokit.teams.getByName({ org: "manacore", team_slug: "nobody" });
    expect(await refusalOf(team)).toMatchObject({ status: 404 });
  });

  test("a person as the owner is no organization, and has no teams", async () => {
    const owner = { login: "ada", type: "User" } as const;
    await expect(startGithub({ token: TOKEN, owner, repositories: [], teams: ["a"] })).rejects.toThrow("teams");
    const { github: own, octokit: client } = await startWithClient({ owner, teams: [] });
    expect(await refusalOf(client.orgs.get({ org: "ada" }))).toMatchObject({ status: 404 });
    expect((await client.repos.createForAuthenticatedUser({ name: "mine" })).data.full_name).toBe("ada/mine");
    await own.stop();
  });
});

describe("repositories", () => {
  test("are the same by name, in any capitals, and by number", async () => {
    const { data } = await octokit.repos.get({ owner: "Manacore", repo: "PLATFORM" });
    expect(data).toMatchObject({ full_name: "manacore/platform", default_branch: "main", private: false });
    expect((await octokit.request("GET /repositories/{id}", { id: data.id })).data).toEqual(data);
  });

  test("are created, changed, given topics and deleted", async () => {
    const { data } = await octokit.repos.createInOrg({ org: "manacore", name: "my app!", private: true });
    expect(data).toMatchObject({ name: "my-app-", visibility: "private" });
    const repo = { owner: "manacore", repo: data.name };
    await octokit.repos.update({ ...repo, description: "An app", allow_rebase_merge: false });
    await octokit.repos.replaceAllTopics({ ...repo, names: ["Terraform"] });
    expect((await octokit.repos.get(repo)).data).toMatchObject({
      description: "An app",
      allow_rebase_merge: false,
      topics: ["terraform"],
    });
    await octokit.repos.delete(repo);
    expect(Object.keys(github.state.repositories)).toEqual(["platform"]);
  });

  test("a name that is taken is 422", async () => {
    const refusal = await refusalOf(octokit.repos.createInOrg({ org: "manacore", name: "Platform" }));
    expect(refusal).toMatchObject({ status: 422, message: "Repository creation failed." });
    expect(refusal.errors).toEqual([expect.objectContaining({ field: "name", code: "custom" })]);
  });

  test("no way to merge at all is 422", async () => {
    const off = { allow_merge_commit: false, allow_squash_merge: false, allow_rebase_merge: false };
    expect(await refusalOf(octokit.repos.update({ ...PLATFORM, ...off }))).toMatchObject({
      status: 422,
      errors: [expect.objectContaining({ field: "merge_commit_allowed" })],
    });
  });

  test("a default branch that is not there, and a bad topic, are 422", async () => {
    expect(await refusalOf(octokit.repos.update({ ...PLATFORM, default_branch: "trunk" }))).toMatchObject({
      status: 422,
      errors: [expect.objectContaining({ field: "default_branch", code: "invalid" })],
    });
    expect(await refusalOf(octokit.repos.replaceAllTopics({ ...PLATFORM, names: ["no spaces"] }))).toMatchObject({
      status: 422,
    });
  });

  test("after a renaming the API forwards from the old name, with what was asked for", async () => {
    await octokit.repos.update({ ...PLATFORM, name: "deployment" });
    await octokit.issues.create({ ...PLATFORM, title: "by the old name" });
    const { data } = await octokit.issues.listForRepo({ ...PLATFORM, state: "all" });
    expect(data.map(({ title }) => title)).toEqual(["by the old name"]);
    expect(github.requests.map(({ status }) => status)).toEqual([200, 307, 201, 301, 200]);
  });

  test("an archived one is read-only: 403", async () => {
    await octokit.repos.update({ ...PLATFORM, archived: true });
    expect(await refusalOf(octokit.issues.create({ ...PLATFORM, title: "late" }))).toMatchObject({
      status: 403,
      message: "Repository was archived so is read-only.",
    });
    expect(await refusalOf(octokit.repos.update({ ...PLATFORM, description: "late" }))).toMatchObject({ status: 403 });
    await octokit.repos.update({ ...PLATFORM, archived: false });
    await octokit.issues.create({ ...PLATFORM, title: "in time" });
  });

  test("another owner, an unknown name and an unknown path are 404", async () => {
    expect(await refusalOf(octokit.repos.get({ owner: "others", repo: "platform" }))).toMatchObject({ status: 404 });
    expect(await refusalOf(octokit.repos.get({ owner: "manacore", repo: "none" }))).toMatchObject({ status: 404 });
    expect(await refusalOf(octokit.request("GET /no/such/path"))).toMatchObject({ status: 404, message: "Not Found" });
  });

  test("branches are the default one and those of pull requests", async () => {
    github.openPullRequest("platform", { title: "Change", head: "feature/a" });
    const { data } = await octokit.repos.listBranches(PLATFORM);
    expect(data.map(({ name }) => name)).toEqual(["main", "feature/a"]);
    expect((await octokit.repos.getBranch({ ...PLATFORM, branch: "feature/a" })).data.name).toBe("feature/a");
    expect(await refusalOf(octokit.repos.getBranch({ ...PLATFORM, branch: "none" }))).toMatchObject({
      status: 404,
      message: "Branch not found",
    });
  });

  test("alerts for vulnerable dependencies are on, or else 404", async () => {
    expect(await refusalOf(octokit.repos.checkVulnerabilityAlerts(PLATFORM))).toMatchObject({ status: 404 });
    await octokit.repos.enableVulnerabilityAlerts(PLATFORM);
    expect((await octokit.repos.checkVulnerabilityAlerts(PLATFORM)).status).toBe(204);
  });
});

describe("a body of the wrong shape is 422 Invalid request", () => {
  test.each([
    ["something is missing", {}, `"name" wasn't supplied.`],
    ["a wrong type", { name: 5 }, `For 'properties/name', 5 is not a string.`],
    ["a wrong choice", { name: "a", visibility: "secret" }, `is not a member of ["public","private","internal"].`],
  ])("%s", async (_, body, reason) => {
    const refusal = await refusalOf(octokit.request("POST /orgs/{org}/repos", { org: "manacore", ...body } as never));
    expect(refusal.status).toBe(422);
    expect(refusal.message).toMatch(/^Invalid request\.\n\n/);
    expect(refusal.message).toContain(reason);
  });

  test("and one that is no JSON is 400", async () => {
    const headers = { authorization: `token ${TOKEN}`, "content-type": "application/json" };
    const response = await fetch(`${github.baseUrl}/user/repos`, { method: "POST", headers, body: "{" });
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ message: "Problems parsing JSON" }),
    ]);
  });
});

describe("pages", () => {
  test("every item comes once, in the same order, whatever the size of a page", async () => {
    for (let index = 1; index <= 23; index += 1) await octokit.issues.create({ ...PLATFORM, title: `issue ${index}` });
    const expected = Array.from({ length: 23 }, (_, index) => 23 - index);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 120 }), async (per_page) => {
        const issues = await octokit.paginate(octokit.issues.listForRepo, { ...PLATFORM, per_page });
        expect(issues.map(({ number }) => number)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test("link to each other", async () => {
    const at = (page: number) => octokit.issues.listLabelsForRepo({ ...PLATFORM, per_page: 4, page });
    const rels = async (page: number) =>
      [...((await at(page)).headers.link ?? "").matchAll(/rel="(\w+)"/g)].map(([, rel]) => rel);
    expect(await rels(1)).toEqual(["next", "last"]);
    expect(await rels(2)).toEqual(["prev", "next", "last", "first"]);
    expect(await rels(3)).toEqual(["prev", "first"]);
    expect((await at(9)).data).toEqual([]);
    expect((await octokit.issues.listLabelsForRepo(PLATFORM)).headers.link).toBeUndefined();
  });

  test("have 100 items at most", async () => {
    for (let index = 0; index < 100; index += 1) {
      await octokit.issues.createLabel({ ...PLATFORM, name: `label ${index}`, color: "ffffff" });
    }
    expect((await octokit.issues.listLabelsForRepo({ ...PLATFORM, per_page: 1000 })).data).toHaveLength(100);
  });
});

describe("what has not changed", () => {
  test("is 304 for who has its ETag, costs nothing, and 200 again after a change", async () => {
    const first = await octokit.repos.get(PLATFORM);
    const again = () => octokit.repos.get({ ...PLATFORM, headers: { "if-none-match": first.headers.etag } });
    const refusal = await refusalOf(again());
    expect(refusal.status).toBe(304);
    expect(refusal.headers).toMatchObject({ etag: first.headers.etag, "x-ratelimit-remaining": "4999" });
    expect(github.requests.at(-1)?.status).toBe(304);
    await octokit.repos.update({ ...PLATFORM, description: "new" });
    expect((await again()).status).toBe(200);
  });

  test("has a tag over the headers that it varies with and the body, as GitHub's", async () => {
    const headers = { accept: "application/json", authorization: `token ${TOKEN}` };
    const response = await fetch(`${github.baseUrl}/orgs/manacore/teams`, { headers });
    const text = `${headers.accept}:${headers.authorization}:${await response.text()}`;
    expect(response.headers.get("etag")).toBe(`W/"${createHash("sha256").update(text).digest("hex")}"`);
  });
});

describe("limits", () => {
  test("every answer says how many requests are left", async () => {
    await octokit.users.getAuthenticated();
    const { headers } = await octokit.users.getAuthenticated();
    expect(headers).toMatchObject({
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": "4998",
      "x-ratelimit-used": "2",
    });
    expect((await octokit.rateLimit.get()).data.rate).toMatchObject({ limit: 5000, remaining: 4998 });
  });

  test("past the primary one is 403 until it is reset", async () => {
    const { github: small, octokit: client } = await startWithClient({ rateLimit: { limit: 2, windowSeconds: 1 } });
    const once = () => client.users.getAuthenticated();
    // At once, so that they are in the same second.
    const asked = Array.from({ length: 6 }, once);
    const answers = await Promise.allSettled(asked);
    const refusal = await refusalOf(asked[answers.findIndex(({ status }) => status === "rejected")]!);
    expect(refusal).toMatchObject({ status: 403, message: expect.stringContaining("API rate limit exceeded") });
    expect(refusal.headers["x-ratelimit-remaining"]).toBe("0");
    const milliseconds = Number(refusal.headers["x-ratelimit-reset"]) * 1000 - Date.now();
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    expect((await client.users.getAuthenticated()).status).toBe(200);
    await small.stop();
  });
});

describe("faults", () => {
  test("rate-limit: the secondary limit, 429 with retry-after, and nothing was done", async () => {
    github.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 7 }, method: "POST" });
    const refusal = await refusalOf(octokit.issues.create({ ...PLATFORM, title: "once" }));
    expect(refusal).toMatchObject({ status: 429, message: expect.stringContaining("secondary rate limit") });
    expect(refusal.headers["retry-after"]).toBe("7");
    expect(github.state.repositories.platform?.issues).toEqual([]);
  });

  test.each([
    [500, "Server Error"],
    [403, "Resource not accessible by personal access token"],
  ])("error: %i, as the API puts it, and nothing was done", async (status, message) => {
    github.faults.inject({ fault: { kind: "error", status } });
    expect(await refusalOf(octokit.issues.create({ ...PLATFORM, title: "once" }))).toMatchObject({ status, message });
    expect(github.state.repositories.platform?.issues).toEqual([]);
  });

  test("slow: the answer takes longer", async () => {
    github.faults.inject({ fault: { kind: "slow", seconds: 0.2 } });
    const start = performance.now();
    await octokit.users.getAuthenticated();
    expect(performance.now() - start).toBeGreaterThan(190);
  });

  test("lost-answer: the work was done, so asking again makes a second one", async () => {
    github.faults.inject({ fault: { kind: "lost-answer" }, path: /issues/ });
    await expect(octokit.issues.create({ ...PLATFORM, title: "twice" })).rejects.toThrow();
    await octokit.issues.create({ ...PLATFORM, title: "twice" });
    expect(github.state.repositories.platform?.issues.map(({ title }) => title)).toEqual(["twice", "twice"]);
    expect(github.requests.map(({ status }) => status)).toEqual([undefined, 201]);
  });
});
