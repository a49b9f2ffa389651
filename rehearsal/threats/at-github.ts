/** Paths that GitHub keeps, by the rules that the delivery stack makes there. */
import {
  agree,
  allow,
  firstRefusal,
  merge,
  open,
  ownedBy,
  proposal,
  pullRequests,
  start,
  withEnvironment,
  without,
  withRules,
  withWorkflowsAgreeing,
  write,
} from "./acts";
import type { Path, Refusal, ThreatWorld } from "./path";
import { refusalOf } from "./path";

const ENVIRONMENTS = ["production", "production-watch", "production-close"];

const pushes = (world: ThreatWorld): Promise<Refusal> => refusalOf(write(world, world.mallory, "main", "cli/x.ts"));

async function agreesToOwn(world: ThreatWorld): Promise<Refusal> {
  const { number } = await proposal(world);
  return firstRefusal(
    () => agree(world, world.mallory, number),
    () => merge(world, world.mallory, number),
  );
}

async function opensAsBot(world: ThreatWorld): Promise<Refusal> {
  const branch = world.branch();
  await write(world, world.mallory, branch, "cli/x.ts");
  // Her own push is not to count: a workflow could have made the branch too, which is another path.
  return firstRefusal(() => open(world, world.workflow, branch));
}

async function botAgrees(world: ThreatWorld): Promise<Refusal> {
  const { number } = await proposal(world);
  return refusalOf(agree(world, world.workflow, number));
}

async function workflowPushes(world: ThreatWorld): Promise<Refusal> {
  const branch = world.branch();
  await write(world, world.grace, branch, "cli/x.ts");
  const number = await open(world, world.grace, branch);
  return firstRefusal(
    () => write(world, world.workflow, branch, "cli/mine.ts"),
    () => agree(world, world.mallory, number),
    () => merge(world, world.mallory, number),
  );
}

async function pushesAfter(world: ThreatWorld): Promise<Refusal> {
  const { branch, number } = await proposal(world);
  await agree(world, world.grace, number);
  await write(world, world.mallory, branch, "cli/y.ts");
  return refusalOf(merge(world, world.mallory, number));
}

/** Grace agrees, who may write and owns nothing. */
async function withoutClue(world: ThreatWorld): Promise<Refusal> {
  const { number } = await proposal(world, ".github/workflows/x.yml");
  await agree(world, world.grace, number);
  return refusalOf(merge(world, world.mallory, number));
}

/** A workflow of a branch of hers, and of a tag on it, in each of production's environments. */
async function fromBranch(world: ThreatWorld): Promise<Refusal> {
  const branch = world.branch();
  const { github, at, mallory } = world;
  await write(world, mallory, branch, ".github/workflows/own.yml");
  const { data } = await mallory.git.createRef({ ...at, ref: `refs/tags/${branch}`, sha: "1".repeat(40) });
  let through = false;
  for (const ref of [branch, data.ref]) {
    await start(world, mallory, ref, "own.yml");
    through ||= ENVIRONMENTS.some((name) => github.jobMayBegin(at.repo, "own.yml", name) !== "refused");
  }
  return through ? undefined : `a branch and a tag: refused by ${ENVIRONMENTS.join(", ")}, which are for main`;
}

async function withAnyBranch(world: ThreatWorld): Promise<Refusal> {
  const at = { ...world.at, environment_name: "production-watch" };
  const { data } = await world.admin.repos.createDeploymentBranchPolicy({ ...at, name: "**" });
  try {
    return await fromBranch(world);
  } finally {
    await world.admin.repos.deleteDeploymentBranchPolicy({ ...at, branch_policy_id: data.id! });
  }
}

async function agreesToStart(world: ThreatWorld): Promise<Refusal> {
  await start(world, world.mallory);
  return refusalOf(allow(world, world.mallory));
}

export const AT_GITHUB: readonly Path[] = [
  {
    person: "pushes to `main`",
    refused: /through a pull request/,
    attempt: pushes,
    guard: "the rule for pull requests",
    unguarded: (world) => withRules(world, "main", without("pull_request"), () => pushes(world)),
  },
  {
    person: "agrees to their own pull request",
    refused: /your own pull request/,
    attempt: agreesToOwn,
    guard: "GitHub's own, so another person agrees",
    async unguarded(world) {
      const { number } = await proposal(world);
      return firstRefusal(
        () => agree(world, world.grace, number),
        () => merge(world, world.mallory, number),
      );
    },
  },
  {
    person: "lets a workflow open a pull request as the bot, and agrees to it",
    refused: /not permitted to create or approve/,
    attempt: opensAsBot,
    guard: "the setting that workflows agree to nothing",
    unguarded: (world) => withWorkflowsAgreeing(world, () => opensAsBot(world)),
  },
  {
    person: "lets a workflow agree",
    refused: /not permitted to create or approve/,
    attempt: botAgrees,
    guard: "the setting that workflows agree to nothing",
    unguarded: (world) => withWorkflowsAgreeing(world, () => botAgrees(world)),
  },
  {
    person: "lets a workflow push onto a colleague's pull request, and agrees to it",
    refused: /protected ref/,
    attempt: workflowPushes,
    guard: "the ruleset people push",
    unguarded: (world) => withRules(world, "people push", without("update"), () => workflowPushes(world)),
  },
  {
    person: "pushes after the agreement",
    refused: /approving review is required/,
    attempt: pushesAfter,
    guard: "that an agreement is for what was looked at",
    unguarded: (world) =>
      withRules(world, "main", pullRequests({ dismiss_stale_reviews_on_push: false }), () => pushesAfter(world)),
  },
  {
    person: "has somebody without a clue agree to a workflow, script or lock file",
    refused: /code owner review of \.github\/workflows\/x\.yml/,
    attempt: (world) => ownedBy(world, "ada", () => withoutClue(world)),
    guard: "that an owner has to agree",
    unguarded: (world) =>
      ownedBy(world, "ada", () =>
        withRules(world, "main", pullRequests({ require_code_owner_review: false }), () => withoutClue(world)),
      ),
  },
  {
    person: "names an owner that GitHub does not know, whose line then counts for none",
    refused: /The owners of the code .* are not all among TF_VAR_reviewers/s,
    needsTerraform: true,
    attempt: async (world) => world.planned!({ reviewers: { mallory: "1", grace: "2" } }),
    guard: "Terraform's refusal, so the rules are there with such an owner",
    unguarded: (world) => ownedBy(world, "nobody-there", () => withoutClue(world)),
  },
  {
    person: "uses an environment from a branch or a tag",
    refused: /which are for main/,
    attempt: fromBranch,
    guard: "one environment's list of branches",
    unguarded: withAnyBranch,
  },
  {
    person: "starts production and agrees to it",
    refused: /cannot approve this deployment/,
    attempt: agreesToStart,
    guard: "that nobody agrees to their own run",
    unguarded: (world) =>
      withEnvironment(world, "production", { prevent_self_review: false }, () => agreesToStart(world)),
  },
];
