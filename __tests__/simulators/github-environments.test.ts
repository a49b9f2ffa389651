import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Octokit } from "@octokit/rest";
import fc from "fast-check";
import { type GithubSimulator, seal } from "../../simulators/github";
import { PLATFORM, refusalOf, startWithClient } from "./github-client";

const PRODUCTION = { ...PLATFORM, environment_name: "production" } as const;

let github: GithubSimulator;
let octokit: Octokit;
beforeEach(async () => {
  ({ github, octokit } = await startWithClient());
});
afterEach(() => github.stop());

const put = (body: object = {}, environment_name = "production") =>
  octokit.repos.createOrUpdateEnvironment({ ...PLATFORM, environment_name, ...body });
const production = () => github.state.repositories.platform?.environments.production;

describe("an environment", () => {
  test("has reviewers, a wait and a policy for branches", async () => {
    const { data: ada } = await octokit.users.getAuthenticated();
    const { data: team } = await octokit.teams.getByName({ org: "manacore", team_slug: "platform-operators" });
    const reviewers = [
      { type: "User", id: ada.id },
      { type: "Team", id: team.id },
    ];
    const deployment_branch_policy = { protected_branches: true, custom_branch_policies: false };
    await put({ wait_timer: 30, prevent_self_review: true, reviewers, deployment_branch_policy });
    const { data } = await octokit.repos.getEnvironment(PRODUCTION);
    expect(data.protection_rules).toEqual([
      expect.objectContaining({ type: "wait_timer", wait_timer: 30 }),
      expect.objectContaining({
        type: "required_reviewers",
        prevent_self_review: true,
        reviewers: [
          { type: "User", reviewer: expect.objectContaining({ login: "ada", id: ada.id }) },
          { type: "Team", reviewer: expect.objectContaining({ slug: "platform-operators", id: team.id }) },
        ],
      }),
      expect.objectContaining({ type: "branch_policy" }),
    ]);
    expect(data.deployment_branch_policy).toEqual(deployment_branch_policy);
    expect(production()?.reviewers).toEqual(["ada", "@manacore/platform-operators"]);
  });

  test("keeps its id and its values, and loses what a second PUT leaves out", async () => {
    const first = await put({ wait_timer: 30 });
    await octokit.actions.createEnvironmentVariable({ repository_id: 0, ...PRODUCTION, name: "A", value: "1" });
    const second = await put({}, "Production");
    expect(second.data.id).toBe(first.data.id);
    expect(production()).toMatchObject({ waitTimer: 0, variables: { A: "1" } });
  });

  test("is listed and deleted", async () => {
    await put();
    const { data } = await octokit.repos.getAllEnvironments(PLATFORM);
    expect([data.total_count, data.environments?.map(({ name }) => name)]).toEqual([1, ["production"]]);
    await octokit.repos.deleteAnEnvironment(PRODUCTION);
    expect(await refusalOf(octokit.repos.getEnvironment(PRODUCTION))).toMatchObject({ status: 404 });
    expect(await refusalOf(octokit.repos.deleteAnEnvironment(PRODUCTION))).toMatchObject({ status: 404 });
  });

  test("a name with a slash is one name", async () => {
    await put({}, "eu/production");
    const { data } = await octokit.repos.getEnvironment({ ...PLATFORM, environment_name: "eu/production" });
    expect(data.name).toBe("eu/production");
  });

  test.each([
    ["a reviewer whom nobody knows", { reviewers: [{ type: "User", id: 1 }] }, "Validation Failed"],
    ["a team's number as a user's", { reviewers: [{ type: "User", id: 1004 }] }, "Validation Failed"],
    ["more than 6 reviewers", { reviewers: Array(7).fill({ type: "User", id: 1002 }) }, "at most 6"],
    ["a wait of more than 30 days", { wait_timer: 43_201 }, "Wait timer"],
    ["prevent_self_review without reviewers", { prevent_self_review: true }, "must have at least one reviewer"],
    [
      "both kinds of branches, or neither",
      { deployment_branch_policy: { protected_branches: true, custom_branch_policies: true } },
      "cannot have the same value",
    ],
  ])("%s is 422, and nothing was created", async (_, body, message) => {
    expect(await refusalOf(put(body))).toMatchObject({ status: 422, message: expect.stringContaining(message) });
    expect(production()).toBeUndefined();
  });

  test("a name that cannot be one is 422", async () => {
    expect(await refusalOf(put({}, "it's"))).toMatchObject({ status: 422 });
  });
});

describe("which branches may deploy", () => {
  const custom = { deployment_branch_policy: { protected_branches: false, custom_branch_policies: true } };
  const add = (name: string, type?: "branch" | "tag") =>
    octokit.repos.createDeploymentBranchPolicy({ ...PRODUCTION, name, ...(type && { type }) });

  test("is a list of patterns", async () => {
    await put(custom);
    const { data: main } = await add("main");
    await add("v*", "tag");
    await octokit.repos.updateDeploymentBranchPolicy({ ...PRODUCTION, branch_policy_id: main.id!, name: "trunk" });
    expect(production()?.policies).toEqual(["trunk", "tag:v*"]);
    const one = await octokit.repos.getDeploymentBranchPolicy({ ...PRODUCTION, branch_policy_id: main.id! });
    expect(one.data).toMatchObject({ name: "trunk", type: "branch" });
    await octokit.repos.deleteDeploymentBranchPolicy({ ...PRODUCTION, branch_policy_id: main.id! });
    expect((await octokit.repos.listDeploymentBranchPolicies(PRODUCTION)).data.total_count).toBe(1);
  });

  test("the same pattern again is 303, which leads to the one that is there", async () => {
    await put(custom);
    const first = await add("main");
    const second = await add("main");
    expect(second.data.id).toBe(first.data.id);
    expect(github.requests.at(-2)?.status).toBe(303);
  });

  test("where the environment wants no patterns it is 404, and giving them up forgets them", async () => {
    await put();
    expect(await refusalOf(add("main"))).toMatchObject({ status: 404 });
    await put(custom);
    const { data } = await add("main");
    await put();
    expect(production()?.policies).toEqual([]);
    const gone = octokit.repos.getDeploymentBranchPolicy({ ...PRODUCTION, branch_policy_id: data.id! });
    expect(await refusalOf(gone)).toMatchObject({ status: 404 });
  });
});

describe.each(["repository", "environment"])("variables of a %s", (kind) => {
  const path = kind === "repository" ? "/actions" : "/environments/production";
  const base = `/repos/manacore/platform${path}/variables`;
  const create = (name: string, value = "1") => octokit.request(`POST ${base}`, { name, value });
  const get = (name: string) => octokit.request(`GET ${base}/${name}`);
  beforeEach(async () => {
    await put();
  });

  test("are created, read, changed and deleted, in any capitals", async () => {
    expect((await create("Release")).status).toBe(201);
    expect((await get("release")).data).toMatchObject({ name: "RELEASE", value: "1" });
    await octokit.request(`PATCH ${base}/RELEASE`, { value: "2" });
    expect((await get("RELEASE")).data.value).toBe("2");
    await octokit.request(`DELETE ${base}/release`);
    expect(await refusalOf(get("RELEASE"))).toMatchObject({ status: 404 });
  });

  test("one that exists is 409", async () => {
    await create("RELEASE");
    await create("OTHER");
    const taken = { status: 409, message: "Already exists - Variable already exists" };
    expect(await refusalOf(create("release"))).toMatchObject(taken);
    expect(await refusalOf(octokit.request(`PATCH ${base}/OTHER`, { name: "RELEASE" }))).toMatchObject(taken);
  });

  test("one that is not there is 404 to change and to delete", async () => {
    expect(await refusalOf(octokit.request(`PATCH ${base}/NONE`, { value: "1" }))).toMatchObject({ status: 404 });
    expect(await refusalOf(octokit.request(`DELETE ${base}/NONE`))).toMatchObject({ status: 404 });
  });

  test.each([
    ["GITHUB_TOKEN", "must not start with GITHUB_"],
    ["github_token", "must not start with GITHUB_"],
    ["1ST", "must start with a letter"],
    ["A-B", "can only contain alphanumeric characters"],
  ])("the name %s is 422", async (name, message) => {
    expect(await refusalOf(create(name))).toMatchObject({ status: 422, message: expect.stringContaining(message) });
  });

  test("a value of more than 48 KB is 422", async () => {
    expect(await refusalOf(create("BIG", "x".repeat(48 * 1024 + 1)))).toMatchObject({ status: 422 });
    expect((await create("BIG", "x".repeat(48 * 1024))).status).toBe(201);
  });

  test("are listed in pages of 10, at most 30", async () => {
    for (let index = 0; index < 35; index += 1) await create(`V${index}`);
    const sizes = async (query: string) => (await octokit.request(`GET ${base}${query}`)).data.variables.length;
    expect([await sizes(""), await sizes("?per_page=100")]).toEqual([10, 30]);
    expect(await octokit.paginate(`GET ${base}`)).toHaveLength(35);
  });
});

test("two names of a variable are the same exactly if they are in capitals", async () => {
  const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,3}$/);
  await fc.assert(
    fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 8 }), async (names) => {
      const { data } = await octokit.repos.createInOrg({ org: "manacore", name: "fresh" });
      const repo = { owner: "manacore", repo: data.name };
      const seen = new Set<string>();
      for (const each of names) {
        const call = octokit.actions.createRepoVariable({ ...repo, name: each, value: each });
        if (seen.has(each.toUpperCase())) expect(await refusalOf(call)).toMatchObject({ status: 409 });
        else await call;
        seen.add(each.toUpperCase());
      }
      expect(Object.keys(github.state.repositories.fresh!.variables).sort()).toEqual([...seen].sort());
      await octokit.repos.delete(repo);
    }),
    { numRuns: 25 },
  );
});

test("an environment has 100 variables at most: the next one is 422", async () => {
  await put();
  const add = (index: number) =>
    octokit.actions.createEnvironmentVariable({ repository_id: 0, ...PRODUCTION, name: `V${index}`, value: "" });
  for (let index = 0; index < 100; index += 1) await add(index);
  expect(await refusalOf(add(100))).toMatchObject({ status: 422 });
});

test("values of an environment that is not there are 404", async () => {
  const variables = octokit.actions.listEnvironmentVariables({ repository_id: 0, ...PRODUCTION });
  expect(await refusalOf(variables)).toMatchObject({ status: 404 });
  const key = octokit.actions.getEnvironmentPublicKey({ repository_id: 0, ...PRODUCTION });
  expect(await refusalOf(key)).toMatchObject({ status: 404 });
});

describe("secrets", () => {
  const keyOf = async () => (await octokit.actions.getRepoPublicKey(PLATFORM)).data;
  const set = (secret_name: string, encrypted_value: string, key_id: string) =>
    octokit.actions.createOrUpdateRepoSecret({ ...PLATFORM, secret_name, encrypted_value, key_id });
  const improper = { status: 422, message: expect.stringContaining("improperly encrypted secret") };

  test("arrive in a sealed box, and nobody but the simulator's state gives them out", async () => {
    const { key, key_id } = await keyOf();
    expect((await set("deploy_token", seal("s3cret ü", key), key_id)).status).toBe(201);
    expect((await set("DEPLOY_TOKEN", seal("another", key), key_id)).status).toBe(204);
    expect(github.state.repositories.platform?.secrets).toEqual({ DEPLOY_TOKEN: "another" });
    const { data } = await octokit.actions.getRepoSecret({ ...PLATFORM, secret_name: "deploy_token" });
    expect(Object.keys(data)).toEqual(["name", "created_at", "updated_at"]);
    expect((await octokit.actions.listRepoSecrets(PLATFORM)).data.total_count).toBe(1);
    await octokit.actions.deleteRepoSecret({ ...PLATFORM, secret_name: "DEPLOY_TOKEN" });
    expect(
      await refusalOf(octokit.actions.deleteRepoSecret({ ...PLATFORM, secret_name: "DEPLOY_TOKEN" })),
    ).toMatchObject({
      status: 404,
    });
  });

  test("of an environment have a key of their own, by the repository's number as well", async () => {
    await put();
    const { data: repository } = await octokit.repos.get(PLATFORM);
    const path = `/repositories/${repository.id}/environments/production/secrets`;
    const { key, key_id } = (await octokit.request(`GET ${path}/public-key`)).data;
    expect(key_id).not.toBe((await keyOf()).key_id);
    await octokit.request(`PUT ${path}/TOKEN`, { encrypted_value: seal("for production", key), key_id });
    expect(production()?.secrets).toEqual({ TOKEN: "for production" });
  });

  test("the id of another key is 422", async () => {
    expect(await refusalOf(set("TOKEN", seal("a", (await keyOf()).key), "1"))).toMatchObject(improper);
  });

  test("a box for another key, a damaged one and one that is too short are 422", async () => {
    await put();
    const { key, key_id } = await keyOf();
    const { data: other } = await octokit.actions.getEnvironmentPublicKey({ repository_id: 0, ...PRODUCTION });
    const damaged = Buffer.from(seal("a", key), "base64");
    damaged[damaged.length - 1]! ^= 1;
    for (const box of [seal("a", other.key), damaged.toString("base64"), "AAAA", Buffer.alloc(64).toString("base64")]) {
      expect(await refusalOf(set("TOKEN", box, key_id))).toMatchObject(improper);
    }
  });

  test("without the key's id, or not in base64, it is 422 Invalid request", async () => {
    const withoutId = octokit.request("PUT /repos/manacore/platform/actions/secrets/TOKEN", {
      encrypted_value: "AAAA",
    });
    expect((await refusalOf(withoutId)).message).toBe(`Invalid request.\n\n"key_id" wasn't supplied.`);
    expect((await refusalOf(set("TOKEN", "not base64!", "1"))).message).toContain("not base64! does not match");
  });

  test("the name GITHUB_TOKEN is 422", async () => {
    const { key, key_id } = await keyOf();
    expect(await refusalOf(set("GITHUB_TOKEN", seal("a", key), key_id))).toMatchObject({
      status: 422,
      message: "Secret names must not start with GITHUB_.",
    });
  });
});
