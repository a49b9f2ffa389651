/**
 * Who may do what: pushing, opening, agreeing to and merging pull requests, and what a job may have. Here rulesets, the
 * setting for workflows and environments are enforced, as far as a person with the right to write could get past them.
 * A branch's content is the files that were written to it by the API; there is no other git.
 */
import { z } from "zod";
import type { ApiError } from "../simulator";
import { created, missing, noContent, ok, read, refusal } from "./answers";
import { openIssue } from "./issues";
import type { Router } from "./router";
import {
  type Account,
  type Environment,
  type Head,
  type Issue,
  type Repository,
  type Rule,
  type Run,
  sameName,
  type World,
} from "./world";

const violated = (status: number, reason: string): ApiError =>
  refusal(status, `Repository rule violations found\n\n${reason}\n\n`);

/** GitHub's patterns: "~ALL", "~DEFAULT_BRANCH", "refs/heads/release/*". */
function concerns(repository: Repository, conditions: Readonly<Record<string, unknown>>, branch: string): boolean {
  const { include = [], exclude = [] } = (conditions["ref_name"] ?? {}) as { include?: string[]; exclude?: string[] };
  const fits = (pattern: string): boolean =>
    pattern === "~ALL" ||
    (pattern === "~DEFAULT_BRANCH" && branch === repository.defaultBranch) ||
    globbed(pattern).test(`refs/heads/${branch}`);
  return include.some(fits) && !exclude.some(fits);
}

/** `*` ends at a slash, `**` does not. */
export const globbed = (pattern: string): RegExp => {
  const wild: Readonly<Record<string, string>> = { "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*" };
  const source = pattern.replaceAll(/\*\*\/|\*\*|\*|[.+^${}()|[\]\\?]/g, (found) => wild[found] ?? `\\${found}`);
  return new RegExp(`^${source}$`);
};

/** Everybody here may write (4); the first user administrates (5). A job's token has no role. */
const rolesOf = (world: World, { id, type }: Account): readonly number[] =>
  type === "Bot" ? [] : id === world.users[0]!.id ? [5] : [4];

/** The rules of a branch that hold for somebody. */
function rulesFor(world: World, repository: Repository, branch: string, who: Account): Rule[] {
  return [...repository.rulesets.values()]
    .filter(({ target, enforcement, conditions }) => {
      return target === "branch" && enforcement === "active" && concerns(repository, conditions, branch);
    })
    .filter(({ bypassActors }) => {
      return !bypassActors.some((actor) => {
        return actor["actor_type"] === "RepositoryRole" && rolesOf(world, who).includes(Number(actor["actor_id"]));
      });
    })
    .flatMap(({ rules }) => rules);
}

function mayPush(world: World, repository: Repository, branch: string, status: number): void {
  const types = rulesFor(world, repository, branch, world.viewer).map(({ type }) => type);
  const isNew = !repository.heads.has(branch);
  if (isNew && types.includes("creation"))
    throw violated(status, "Cannot create ref due to creations being restricted.");
  if (!isNew && types.includes("update")) throw violated(status, "Cannot update this protected ref.");
  if (types.includes("pull_request")) throw violated(status, "Changes must be made through a pull request.");
}

function push(world: World, repository: Repository, branch: string, files: Head["files"]): Head {
  const sha = world.nextId().toString(16).padStart(40, "0");
  const head: Head = { sha, pusher: world.viewer, files };
  repository.heads.set(branch, head);
  repository.branches.add(branch);
  return head;
}

const BOT_MAY_NOT = "GitHub Actions is not permitted to create or approve pull requests.";
const mustBeAllowed = (world: World, repository: Repository): void => {
  if (world.viewer.type === "Bot" && !repository.workflowToken.can_approve_pull_request_reviews) {
    throw refusal(403, BOT_MAY_NOT);
  }
};

/** The owners of a path: those of the last line that fits; of a line without any, nobody. */
function ownersOf(text: string, path: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim().split(/\s+/));
  const fitting = lines.findLast(([pattern = ""]) => {
    if (pattern === "" || pattern.startsWith("#")) return false;
    const rooted = pattern.startsWith("/") ? pattern.slice(1) : `**/${pattern}`;
    return globbed(rooted.endsWith("/") ? `${rooted}**` : rooted).test(path);
  });
  return (fitting ?? []).slice(1).map((owner) => owner.replace(/^@/, ""));
}

/** Everybody is in each team, as everywhere in this simulator. A name that GitHub does not know is no owner. */
const isOwner = (world: World, owner: string, { login }: Account): boolean =>
  sameName(owner, login) || world.teams.some(({ slug }) => sameName(owner, `${world.owner.login}/${slug}`));

/** What keeps a pull request from being merged; undefined: nothing does. */
function unmergeable(world: World, repository: Repository, issue: Issue): string | undefined {
  const pull = issue.pull!;
  const head = repository.heads.get(pull.head);
  const rule = rulesFor(world, repository, pull.base, world.viewer).find(({ type }) => type === "pull_request");
  if (!rule || !head) return head ? undefined : "there is nothing to merge";
  const wants = rule.parameters as Readonly<Record<string, unknown>>;
  const counted = (repository.reviews.get(issue.number) ?? []).filter(
    ({ by, sha }) =>
      by.id !== issue.author.id &&
      by.type !== "Bot" &&
      (wants["dismiss_stale_reviews_on_push"] !== true || sha === head.sha),
  );
  const people = counted.filter(({ by }) => wants["require_last_push_approval"] !== true || by.id !== head.pusher.id);
  const needed = Number(wants["required_approving_review_count"]);
  if (new Set(people.map(({ by }) => by.id)).size < needed) return `At least ${needed} approving review is required.`;
  if (wants["require_code_owner_review"] !== true) return undefined;
  const codeowners = repository.heads.get(pull.base)?.files.get(".github/CODEOWNERS") ?? "";
  const waiting = [...head.files.keys()].filter((path) => {
    const owners = ownersOf(codeowners, path).filter((owner) =>
      world.users.some((user) => isOwner(world, owner, user)),
    );
    return owners.length > 0 && !counted.some(({ by }) => owners.some((owner) => isOwner(world, owner, by)));
  });
  return waiting.length > 0 ? `Waiting on code owner review of ${waiting.join(", ")}.` : undefined;
}

export function rightsRoutes({ onRepository, world }: Router): void {
  const SETTING = "/actions/permissions/workflow";
  onRepository("GET", SETTING, ({ workflowToken }) => ok(workflowToken));
  onRepository("PUT", SETTING, (repository, { body }) => {
    const schema = z.object({
      default_workflow_permissions: z.enum(["read", "write"]).optional(),
      can_approve_pull_request_reviews: z.boolean().optional(),
    });
    const given = Object.entries(read(schema, body)).filter(([, value]) => value !== undefined);
    repository.workflowToken = { ...repository.workflowToken, ...Object.fromEntries(given) };
    return noContent;
  });

  onRepository("PUT", "/contents/*", (repository, { body, params }) => {
    const schema = z.object({ message: z.string(), content: z.string(), branch: z.string().optional() });
    const { content, branch = repository.defaultBranch } = read(schema, body);
    mayPush(world, repository, branch, 409);
    const before = branch === repository.defaultBranch ? undefined : repository.heads.get(branch);
    const text = Buffer.from(content, "base64").toString("utf8");
    const base = before ?? (branch === repository.defaultBranch ? repository.heads.get(branch) : undefined);
    const { sha } = push(world, repository, branch, new Map([...(base?.files ?? []), [params["*"]!, text]]));
    return created({ content: { path: params["*"] }, commit: { sha } });
  });

  // Branches come with the first file that is written to them.
  onRepository("POST", "/git/refs", (repository, { body }) => {
    const { ref, sha } = read(z.object({ ref: z.string().regex(/^refs\/tags\/.+/), sha: z.string() }), body);
    const name = ref.replace(/^refs\/tags\//, "");
    if (repository.tags.has(name)) throw refusal(422, "Reference already exists");
    repository.tags.add(name);
    return created({ ref, object: { type: "commit", sha } });
  });

  const pullOf = (repository: Repository, number: string): Issue => {
    const issue = repository.issues.find((each) => each.pull && String(each.number) === number);
    if (!issue) throw missing();
    return issue;
  };
  onRepository("POST", "/pulls", (repository, { body }) => {
    const { title, head, base } = read(z.object({ title: z.string(), head: z.string(), base: z.string() }), body);
    mustBeAllowed(world, repository);
    const tip = repository.heads.get(head);
    if (!tip) throw refusal(422, "Validation Failed");
    const pull = { id: world.nextId(), head, base, sha: tip.sha };
    const { number } = openIssue(world, repository, { title, body: "", pull });
    return created({ number });
  });
  onRepository("POST", "/pulls/:number/reviews", (repository, { body, params }) => {
    const issue = pullOf(repository, params.number!);
    read(z.object({ event: z.literal("APPROVE") }), body);
    mustBeAllowed(world, repository);
    if (issue.author.id === world.viewer.id) {
      throw refusal(422, "Unprocessable Entity: Can not approve your own pull request");
    }
    const sha = repository.heads.get(issue.pull!.head)!.sha;
    const reviews = repository.reviews.get(issue.number) ?? [];
    repository.reviews.set(issue.number, [...reviews, { by: world.viewer, sha }]);
    return ok({ state: "APPROVED" });
  });
  onRepository("PUT", "/pulls/:number/merge", (repository, { params }) => {
    const issue = pullOf(repository, params.number!);
    const why = unmergeable(world, repository, issue);
    if (why !== undefined) throw violated(405, why);
    const { head, base } = issue.pull!;
    const files = [...(repository.heads.get(base)?.files ?? []), ...repository.heads.get(head)!.files];
    const { sha } = push(world, repository, base, new Map(files));
    issue.state = "closed";
    return ok({ sha, merged: true });
  });
  runRoutes(onRepository, world);
}

function runRoutes(onRepository: Router["onRepository"], world: World): void {
  const runOf = (repository: Repository, id: string): Run => {
    const run = repository.runs.find((each) => String(each.id) === id);
    if (!run) throw missing();
    return run;
  };
  onRepository("POST", "/actions/runs/:id/rerun", (repository, { params }) => {
    const run = runOf(repository, params.id!);
    run.triggeringActor = world.viewer;
    run.agreed.clear();
    return created({});
  });
  onRepository("POST", "/actions/runs/:id/pending_deployments", (repository, { body, params }) => {
    const run = runOf(repository, params.id!);
    const schema = z.object({ environment_ids: z.array(z.int()), state: z.literal("approved"), comment: z.string() });
    for (const id of read(schema, body).environment_ids) {
      const environment = [...repository.environments.values()].find((each) => each.id === id);
      if (!environment) throw missing();
      const may = environment.reviewers.some(
        ({ type, id: reviewer }) => type === "Team" || reviewer === world.viewer.id,
      );
      const own = environment.preventSelfReview && run.actor.id === world.viewer.id;
      if (!may || own || world.viewer.type === "Bot") throw refusal(422, "You cannot approve this deployment");
      run.agreed.add(environment.id);
    }
    return ok([]);
  });
}

/** Does an environment let a job of a run begin, and with it have the secrets? */
export function jobMayBegin(environment: Environment, run: Run): "begins" | "waits" | "refused" {
  if (environment.branchPolicy?.custom_branch_policies) {
    const branch = run.ref.replace(/^refs\/heads\//, "");
    const fits = [...environment.policies.values()].some(({ type, name }) => {
      return type === "branch" && !run.ref.startsWith("refs/tags/") && globbed(name).test(branch);
    });
    if (!fits) return "refused";
  }
  return environment.reviewers.length === 0 || run.agreed.has(environment.id) ? "begins" : "waits";
}
