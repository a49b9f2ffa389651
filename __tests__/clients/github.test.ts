/** Comments and issues of the pipeline, at the simulated GitHub. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { commentReview } from "../../delivery/comment";
import { DRIFT_LABEL, reportDrift } from "../../delivery/drift-issue";
import { ACTIONS_BOT, Github, githubAccess } from "../../clients/github";
import { ProblemsError } from "../../model/problem";
import { type GithubOptions, type GithubSimulator, startGithub } from "../../simulators/github";

const TOKEN = "a-good-token";
const PRODUCTION = { platform: "manacore", environment: "production" };
const STAGING = { platform: "manacore", environment: "staging" };

let simulator: GithubSimulator;
const client = (token = TOKEN): Github =>
  new Github({ token, repository: "manacore/platform", baseUrl: simulator.baseUrl });

async function start(options: Partial<GithubOptions> = {}): Promise<Github> {
  await simulator?.stop();
  simulator = await startGithub({
    token: TOKEN,
    owner: { login: "manacore", type: "Organization" },
    repositories: ["platform"],
    users: ["ada", "grace"],
    jobToken: true,
    ...options,
  });
  return client();
}

let github: Github;
beforeEach(async () => {
  github = await start();
});
afterEach(() => simulator.stop());

const issues = () => simulator.state.repositories["platform"]!.issues;

async function problemOf(work: Promise<unknown>): Promise<string> {
  const reason = await work.then(
    () => new Error("was not refused"),
    (refusal: unknown) => refusal,
  );
  if (reason instanceof ProblemsError) return reason.message;
  throw reason;
}

test("a job's token writes as the bot; a person's as that person", async () => {
  expect(await github.self()).toBe(ACTIONS_BOT);
  expect(await (await start({ jobToken: false })).self()).toBe("ada");
});

describe("the review's comment", () => {
  let pullRequest: number;
  beforeEach(() => {
    pullRequest = simulator.openPullRequest("platform", { title: "chat v1.6.0", head: "chat" });
  });
  const comment = (review: string | undefined, place = PRODUCTION) =>
    commentReview(github, { ...place, pullRequest }, review);
  const bodies = () => issues()[0]!.comments;

  test("is one per environment, written once and then updated in place", async () => {
    expect(await comment("first")).toBe("written");
    expect(await comment("other", STAGING)).toBe("written");
    expect(await comment("first")).toBe("unchanged");
    expect(await comment("second")).toBe("updated");
    expect(bodies()).toEqual([expect.stringContaining("\nsecond"), expect.stringContaining("\nother")]);
  });

  test("says so when the environment is not changed any more; without one nothing is written", async () => {
    expect(await comment(undefined)).toBe("nothing to retire");
    expect(bodies()).toEqual([]);
    await comment("first");
    expect(await comment(undefined)).toBe("retired");
    expect(bodies()).toEqual([expect.stringContaining("manacore production:** nothing changes any more")]);
    expect(await comment("changed once more")).toBe("updated");
    expect(bodies()).toHaveLength(1);
  });

  test("a comment that somebody else wrote is not touched, though it looks the same", async () => {
    await comment("first");
    const body = bodies()[0]!;
    github = await start();
    pullRequest = simulator.openPullRequest("platform", { title: "chat v1.6.0", head: "chat" });
    simulator.addComment("platform", pullRequest, { author: "grace", body });
    expect(await comment("second")).toBe("written");
    expect(bodies()).toEqual([body, expect.stringContaining("second")]);
  });

  test("one that quotes the marker further down is not the review", async () => {
    await github.createComment(pullRequest, "> <!-- twinset:review platform=manacore environment=production -->");
    expect(await comment("first")).toBe("written");
  });

  test("is found among more than a page of comments", async () => {
    for (let n = 0; n < 101; n++) simulator.addComment("platform", pullRequest, { author: "grace", body: `${n}` });
    await comment("first");
    expect(await comment("second")).toBe("updated");
    expect(bodies()).toHaveLength(102);
  });

  test("one that is too long is refused before GitHub is asked", async () => {
    const before = simulator.requests.length;
    expect(await problemOf(comment("x".repeat(65_536)))).toContain("at most 65536");
    expect(simulator.requests).toHaveLength(before);
  });

  test("a refusal says what was wanted, and what to do", async () => {
    const refused = (status: number) => {
      simulator.faults.inject({ fault: { kind: "error", status }, method: "POST" });
      return problemOf(comment("first"));
    };
    expect(await refused(403)).toMatch(/a comment to #1[\s\S]*403[\s\S]*permissions: in the workflow/);
    expect(await refused(500)).toMatch(/500[\s\S]*githubstatus/);
    github = client("a-bad-token");
    const message = await problemOf(comment("first"));
    expect(message).toContain("401");
    expect(message).not.toContain("a-bad-token");
  });
});

describe("the drift's issue", () => {
  const report = (body: string | undefined, place = PRODUCTION, by = github) => reportDrift(by, { ...place, body });
  const written = async () => (await github.openIssues(DRIFT_LABEL))[0]!;
  const open = () => issues().filter(({ state }) => state === "open");

  test("is opened, kept, updated, and closed with a word when the drift is gone", async () => {
    expect(await report(undefined)).toEqual({ did: "nothing" });
    expect(await report("chat has drifted")).toEqual({ did: "opened", issue: 1 });
    expect(issues()[0]).toMatchObject({ title: "Drift: manacore production", labels: [DRIFT_LABEL] });
    expect(await report("chat has drifted")).toEqual({ did: "kept", issue: 1 });
    expect(await report("chat and auth have drifted")).toEqual({ did: "updated", issue: 1 });
    expect((await written()).body).toContain("chat and auth");
    expect(await report(undefined)).toEqual({ did: "closed", issue: 1 });
    expect(issues()[0]).toMatchObject({ state: "closed" });
    expect(issues()[0]!.comments).toEqual([expect.stringContaining("The drift is gone")]);
  });

  test("drift that comes again is a new issue, and each environment has its own", async () => {
    await report("one");
    await report(undefined);
    expect(await report("again")).toEqual({ did: "opened", issue: 2 });
    expect(await report("elsewhere", STAGING)).toEqual({ did: "opened", issue: 3 });
    expect(await report(undefined, STAGING)).toEqual({ did: "closed", issue: 3 });
    expect(open().map(({ number }) => number)).toEqual([2]);
  });

  test("one that somebody else wrote is neither changed nor closed", async () => {
    await report("one");
    const { title, body } = await written();
    github = await start();
    simulator.addIssue("platform", { author: "grace", title, body, labels: [DRIFT_LABEL] });
    expect(await report(undefined)).toEqual({ did: "nothing" });
    expect(await report("one")).toEqual({ did: "opened", issue: 2 });
    expect(issues()[0]).toMatchObject({ state: "open" });
    expect((await written()).body).toBe(body);
  });

  test("of runs at once all but one issue are closed", async () => {
    const reports = await Promise.all([1, 2, 3, 4].map(() => report("one", PRODUCTION, client())));
    expect(open()).toHaveLength(1);
    expect(reports.map((each) => ("issue" in each ? each.issue : 0))).toContain(open()[0]!.number);
  });

  test("two that stayed, as when a run was killed in between, are one after the next run", async () => {
    await report("one");
    const { title, body } = await written();
    await github.createIssue(title, body, [DRIFT_LABEL]);
    expect(await report("one")).toEqual({ did: "kept", issue: 1 });
    expect(open().map(({ number }) => number)).toEqual([1]);
    expect(issues()[1]!.comments).toEqual(["The same as #1."]);
  });

  test("where issues are turned off, that is said", async () => {
    simulator.faults.inject({ fault: { kind: "error", status: 410 }, method: "GET", path: /\/issues/ });
    expect(await problemOf(report("one"))).toContain("turn issues on");
  });
});

test("what a job must have is named, all at once", () => {
  expect(() => githubAccess({ GITHUB_REPOSITORY: "no-slash" })).toThrow(
    /GITHUB_TOKEN[\s\S]*GITHUB_REPOSITORY\n.*no-slash/,
  );
  const env = { GITHUB_TOKEN: "t", GITHUB_REPOSITORY: "a/b", GITHUB_API_URL: "http://127.0.0.1:1" };
  expect(githubAccess(env)).toEqual({ token: "t", repository: "a/b", baseUrl: "http://127.0.0.1:1" });
});
