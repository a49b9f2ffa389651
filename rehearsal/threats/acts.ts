/** What people do at GitHub, and how an administrator takes a rule away for a moment. */
import type { Octokit } from "@octokit/rest";
import type { Refusal, ThreatWorld } from "./path";
import { refusalOf } from "./path";

export const write = (
  { at }: ThreatWorld,
  who: Octokit,
  branch: string,
  path: string,
  text = "code",
): Promise<unknown> =>
  who.repos.createOrUpdateFileContents({
    ...at,
    ...{ branch, path, message: "x" },
    content: Buffer.from(text).toString("base64"),
  });

/** @returns its number */
export const open = async ({ at }: ThreatWorld, who: Octokit, head: string): Promise<number> =>
  (await who.pulls.create({ ...at, title: "x", head, base: "main" })).data.number;

export const agree = ({ at }: ThreatWorld, who: Octokit, pull_number: number): Promise<unknown> =>
  who.pulls.createReview({ ...at, pull_number, event: "APPROVE" });

export const merge = ({ at }: ThreatWorld, who: Octokit, pull_number: number): Promise<unknown> =>
  who.pulls.merge({ ...at, pull_number });

/** Mallory's change of a file, as a pull request. @returns its branch and its number */
export async function proposal(world: ThreatWorld, path = "cli/x.ts", text?: string) {
  const branch = world.branch();
  await write(world, world.mallory, branch, path, text);
  return { branch, number: await open(world, world.mallory, branch) };
}

type Rule = { readonly type: string; readonly parameters?: Readonly<Record<string, unknown>> };

/** Changes the rules of a ruleset for as long as something is tried. */
export async function withRules(
  { at, admin }: ThreatWorld,
  name: string,
  changed: (rules: readonly Rule[]) => readonly Rule[],
  attempt: () => Promise<Refusal>,
): Promise<Refusal> {
  const { data: all } = await admin.repos.getRepoRulesets(at);
  const ruleset_id = all.find((ruleset) => ruleset.name === name)!.id;
  const { data } = await admin.repos.getRepoRuleset({ ...at, ruleset_id });
  const rules = (data.rules ?? []) as readonly Rule[];
  const put = (of: readonly Rule[]): Promise<unknown> =>
    admin.request("PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}", { ...at, ruleset_id, rules: of } as never);
  await put(changed(rules));
  try {
    return await attempt();
  } finally {
    await put(rules);
  }
}

export const without =
  (type: string) =>
  (rules: readonly Rule[]): readonly Rule[] =>
    rules.filter((rule) => rule.type !== type);

/** The rule for pull requests with some of it changed. */
export const pullRequests =
  (change: Readonly<Record<string, unknown>>) =>
  (rules: readonly Rule[]): readonly Rule[] =>
    rules.map((rule) =>
      rule.type === "pull_request" ? { ...rule, parameters: { ...rule.parameters, ...change } } : rule,
    );

/** Lets workflows open and agree for as long as something is tried. */
export async function withWorkflowsAgreeing(
  { at, admin }: ThreatWorld,
  attempt: () => Promise<Refusal>,
): Promise<Refusal> {
  const put = (can_approve_pull_request_reviews: boolean): Promise<unknown> =>
    admin.actions.setGithubActionsDefaultWorkflowPermissionsRepository({ ...at, can_approve_pull_request_reviews });
  await put(true);
  try {
    return await attempt();
  } finally {
    await put(false);
  }
}

/** Makes somebody else the only owner of all code for as long as something is tried. */
export async function ownedBy(
  world: ThreatWorld,
  owner: string,
  attempt: () => Promise<Refusal>,
  text = `* @${owner}\n`,
): Promise<Refusal> {
  const path = ".github/CODEOWNERS";
  const change = async (to: string): Promise<void> => {
    const { number } = await proposal(world, path, to);
    // Whoever owns it now is one of the two.
    await agree(world, world.grace, number);
    await agree(world, world.admin, number);
    await merge(world, world.mallory, number);
  };
  await change(text);
  try {
    return await attempt();
  } finally {
    await change(`* @${world.owners}\n`);
  }
}

/** Changes an environment's settings for as long as something is tried. */
export async function withEnvironment(
  { at, admin }: ThreatWorld,
  name: string,
  change: Readonly<Record<string, unknown>>,
  attempt: () => Promise<Refusal>,
): Promise<Refusal> {
  const { data } = await admin.repos.getEnvironment({ ...at, environment_name: name });
  const rule = data.protection_rules?.find(({ type }) => type === "required_reviewers") as
    | {
        readonly prevent_self_review?: boolean;
        readonly reviewers?: readonly { readonly type: string; readonly reviewer: { readonly id: number } }[];
      }
    | undefined;
  const now = {
    prevent_self_review: rule?.prevent_self_review ?? false,
    can_admins_bypass: (data as { readonly can_admins_bypass?: boolean }).can_admins_bypass ?? true,
    reviewers: (rule?.reviewers ?? []).map(({ type, reviewer }) => ({ type, id: reviewer.id })),
    deployment_branch_policy: data.deployment_branch_policy,
  };
  const put = (of: object): Promise<unknown> =>
    admin.request("PUT /repos/{owner}/{repo}/environments/{environment_name}", {
      ...{ ...at, environment_name: name },
      ...of,
    } as never);
  await put({ ...now, ...change });
  try {
    return await attempt();
  } finally {
    await put(now);
  }
}

export const start = ({ at }: ThreatWorld, who: Octokit, ref = "main", workflow_id = "production.yml") =>
  who.actions.createWorkflowDispatch({ ...at, workflow_id, ref });

/** Agrees to what production's last run waits for. */
export async function allow({ at, admin, github }: ThreatWorld, who: Octokit): Promise<unknown> {
  const { data } = await admin.repos.getEnvironment({ ...at, environment_name: "production" });
  return who.request("POST /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments", {
    ...at,
    run_id: github.lastRun(at.repo, "production.yml").id,
    ...{ environment_ids: [data.id], state: "approved", comment: "" },
  } as never);
}

/** The first of several acts that is refused. */
export async function firstRefusal(...acts: readonly (() => Promise<unknown>)[]): Promise<Refusal> {
  for (const act of acts) {
    const refusal = await refusalOf(act());
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
