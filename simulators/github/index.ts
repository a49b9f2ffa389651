/**
 * A stateful simulator of the part of GitHub's REST API that deploying needs: environments, variables, secrets, rulesets,
 * issues, dispatches, packages. docs/simulators/github.md says what it has and where it differs.
 */
import { serve, type Simulator } from "../simulator";
import { badCredentials, failed, failure, notFound, ok, secondaryRateLimit } from "./answers";
import { accountRoutes } from "./accounts";
import { commentRoutes } from "./comments";
import { dispatchRoutes } from "./dispatches";
import { environmentOf, environmentRoutes } from "./environments";
import { issueOf, issueRoutes, openIssue } from "./issues";
import { labelRoutes, labelsFor } from "./labels";
import { packageRoutes, publish } from "./packages";
import { RateLimit, type RateLimitOptions } from "./rate-limit";
import { addRepository, repositoryRoutes } from "./repositories";
import { createRouter, PREFIX } from "./router";
import { jobMayBegin, rightsRoutes } from "./rights";
import { rulesetRoutes } from "./rulesets";
import { ready } from "./sealed-box";
import { type GithubState, stateOf } from "./state";
import { workflowValueRoutes } from "./workflow-values";
import { type Account, dated, type Repository, repositoryByName, type Run, type World } from "./world";

export { seal } from "./sealed-box";
export type { GithubState } from "./state";

export interface GithubOptions {
  /** @default a free one */
  readonly port?: number;
  /** A token that is good: of the first user, or of whom `jobToken` says. */
  readonly token: string;
  /** Others that are, each with the login of a user; "github-actions[bot]" is a workflow job's. @default none */
  readonly tokens?: Readonly<Record<string, string>>;
  readonly owner: { readonly login: string; readonly type: "Organization" | "User" };
  /** The names of the owner's repositories. */
  readonly repositories: readonly string[];
  /**
   * Logins of people. The token is the first one's, or the owner's where that is a person.
   *
   * @default one, "octocat"
   */
  readonly users?: readonly string[];
  /** Names of the organization's teams; everybody is in each. @default none */
  readonly teams?: readonly string[];
  /** Files in `.github/workflows` of every repository: "deploy.yml". @default none */
  readonly workflows?: readonly string[];
  readonly rateLimit?: RateLimitOptions;
  /** Is the token a workflow job's own? Then it writes as github-actions[bot], and may not ask who it is. @default false */
  readonly jobToken?: boolean;
}

export interface GithubSimulator extends Simulator {
  /** What the Terraform provider takes as `base_url`; it adds "api/v3/" itself. */
  readonly providerBaseUrl: string;
  /** A copy of everything, made when it is read. */
  readonly state: GithubState;
  /**
   * May a job of a run begin in an environment, and so have its secrets?
   * @param run the last one of that workflow
   */
  jobMayBegin(repository: string, workflow: string, environment: string): "begins" | "waits" | "refused";
  /** Who began a workflow's last run, and who began it again: what `github.actor` and `github.triggering_actor` are. */
  lastRun(
    repository: string,
    workflow: string,
  ): { readonly id: number; readonly actor: string; readonly again: string };
  /** Puts a pull request there, with its branch. @returns its number */
  openPullRequest(repository: string, pull: NewPullRequest): number;
  /** Puts a comment of somebody else's below an issue or a pull request. */
  addComment(repository: string, issue: number, comment: { readonly author: string; readonly body: string }): void;
  /** Puts an issue of somebody else's there. @returns its number */
  addIssue(repository: string, issue: NewIssue): number;
  /** Puts a version of an image into the registry, as a push does. @returns the version's id */
  publishImage(name: string, image: { readonly tags: readonly string[]; readonly digest?: string }): number;
}

export interface NewPullRequest {
  readonly title: string;
  /** The branch with the change. */
  readonly head: string;
  /** @default "" */
  readonly body?: string;
}

export interface NewIssue {
  /** One of the users. */
  readonly author: string;
  readonly title: string;
  readonly body: string;
  readonly labels?: readonly string[];
}

function createWorld(options: GithubOptions): World {
  // A number is never used twice, not even for things of different kinds: so mixing them up is noticed.
  let last = 1000;
  const nextId = (): number => (last += 1);
  const owner: Account = { id: nextId(), ...options.owner };
  const people = (options.users ?? ["octocat"]).map((login): Account => ({ id: nextId(), login, type: "User" }));
  const users = owner.type === "User" ? [owner, ...people.filter(({ login }) => login !== owner.login)] : people;
  if (!users[0]) throw new Error("an organization needs at least one user, whose the token is");
  if (owner.type === "User" && options.teams?.length) throw new Error("only an organization has teams");
  const bot: Account = { id: nextId(), login: "github-actions[bot]", type: "Bot" };
  const named = (login: string): Account => {
    const found = [bot, ...users].find((account) => account.login === login);
    if (!found) throw new Error(`there is no user ${login}`);
    return found;
  };
  const viewer = options.jobToken ? bot : users[0];
  const others = Object.entries(options.tokens ?? {}).map(([token, login]) => [token, named(login)] as const);
  const world: World = {
    owner,
    viewer,
    viewers: new Map([[options.token, viewer], ...others]),
    users,
    teams: (options.teams ?? []).map((name) => {
      return { id: nextId(), name, slug: name.toLowerCase().replace(/[^a-z0-9_]+/g, "-") };
    }),
    workflows: options.workflows ?? [],
    repositories: new Map(),
    formerNames: new Map(),
    packages: new Map(),
    nextId,
  };
  for (const name of options.repositories) addRepository(world, name);
  return world;
}

/** Starts a simulated GitHub on the loopback address. */
export async function startGithub(options: GithubOptions): Promise<GithubSimulator> {
  await ready();
  const world = createWorld(options);
  const limit = new RateLimit(options.rateLimit);
  let requestNumber = 0;
  const simulator = await serve({
    prefix: PREFIX,
    ...(options.port !== undefined && { port: options.port }),
    headers: ({ url }) => {
      requestNumber += 1;
      if (!url.startsWith(`${PREFIX}/rate_limit`)) limit.count();
      return {
        ...limit.headers(),
        "x-github-media-type": "github.v3; format=json",
        "x-github-request-id": `0000:${requestNumber.toString(16).padStart(8, "0").toUpperCase()}`,
        vary: "Accept, Authorization, Cookie",
      };
    },
    refuse: ({ headers }) => {
      const [scheme = "", token] = (headers.authorization ?? "").split(" ");
      if (headers.authorization === undefined) return failure(401, "Requires authentication");
      if (!/^(bearer|token)$/i.test(scheme) || !world.viewers.has(token ?? "")) return badCredentials();
      return limit.isExceeded() ? limit.refusal(world.viewer.id) : undefined;
    },
    rateLimited: secondaryRateLimit,
    failed,
    notFound,
    unreadable: () => failure(400, "Problems parsing JSON"),
    routes: (app) => {
      const router = createRouter(app, world, (reply) => limit.giveBack(reply));
      router.on("GET", "/rate_limit", () => ok({ resources: { core: limit.status() }, rate: limit.status() }));
      accountRoutes(router);
      repositoryRoutes(router);
      environmentRoutes(router);
      workflowValueRoutes(router);
      rulesetRoutes(router);
      labelRoutes(router);
      issueRoutes(router);
      commentRoutes(router);
      dispatchRoutes(router);
      packageRoutes(router);
      rightsRoutes(router);
    },
  });
  const repositoryOf = (name: string): Repository => {
    const repository = repositoryByName(world, name);
    if (!repository) throw new Error(`there is no repository ${name}`);
    return repository;
  };
  const lastOf = (name: string, workflow: string): Run => {
    const run = repositoryOf(name).runs.findLast((each) => each.workflow === workflow);
    if (!run) throw new Error(`${workflow} was never run`);
    return run;
  };
  const personOf = (login: string): Account => {
    const person = world.users.find((user) => user.login === login);
    if (!person) throw new Error(`there is no user ${login}`);
    return person;
  };
  return {
    ...simulator,
    providerBaseUrl: `http://127.0.0.1:${simulator.port}/`,
    get state() {
      return stateOf(world);
    },
    jobMayBegin: (name, workflow, environment) =>
      jobMayBegin(environmentOf(repositoryOf(name), environment), lastOf(name, workflow)),
    lastRun: (name, workflow) => {
      const { id, actor, triggeringActor } = lastOf(name, workflow);
      return { id, actor: actor.login, again: triggeringActor.login };
    },
    openPullRequest: (name, { title, head, body = "" }) => {
      const repository = repositoryOf(name);
      const pull = { id: world.nextId(), head, base: repository.defaultBranch, sha: "1".repeat(40) };
      repository.branches.add(head);
      return openIssue(world, repository, { title, body, pull }).number;
    },
    addComment: (name, number, { author, body }) => {
      const issue = issueOf(repositoryOf(name), String(number));
      issue.comments.push({ id: world.nextId(), ...dated(), author: personOf(author), body });
    },
    addIssue: (name, { author, title, body, labels = [] }) => {
      const repository = repositoryOf(name);
      const found = labelsFor(world, repository, labels);
      return openIssue(world, repository, { title, body, labels: found, author: personOf(author) }).number;
    },
    publishImage: (name, { tags, digest }) => publish(world, name, tags, digest).id,
  };
}
