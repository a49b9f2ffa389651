/** Environments: who must agree, how long to wait, which branches may deploy. */
import { z } from "zod";
import { missing, noContent, ok, read, refusal, validationFailed } from "./answers";
import { ApiError } from "../simulator";
import { accountJson, teamJson } from "./accounts";
import { page } from "./pages";
import type { Router } from "./router";
import {
  dated,
  type Environment,
  nodeId,
  now,
  type Policy,
  type Repository,
  type Reviewer,
  workflowValues,
  type World,
} from "./world";

/** 30 days: docs.github.com, "Managing environments for deployment". */
const LONGEST_WAIT_MINUTES = 43_200;
const MOST_REVIEWERS = 6;

const ENVIRONMENT = z.object({
  wait_timer: z.int().nullish(),
  prevent_self_review: z.boolean().nullish(),
  can_admins_bypass: z.boolean().nullish(),
  reviewers: z.array(z.object({ type: z.enum(["User", "Team"]), id: z.int() })).nullish(),
  deployment_branch_policy: z
    .object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })
    .nullish(),
});
const POLICY_TYPES = ["branch", "tag"] as const;

export function environmentOf(repository: Repository, name: string): Environment {
  const environment = repository.environments.get(name.toLowerCase());
  if (!environment) throw missing();
  return environment;
}

function protectionRules(world: World, environment: Environment, api: string): readonly unknown[] {
  const rule = (id: number, type: string, more: object = {}) => ({ id, node_id: nodeId("GA", id), type, ...more });
  const reviewerJson = ({ type, id }: Reviewer) => {
    const team = world.teams.find((each) => type === "Team" && each.id === id);
    const user = world.users.find((each) => type === "User" && each.id === id);
    return { type, reviewer: team ? teamJson(world, team, api) : user && accountJson(user, api) };
  };
  const { ruleIds, waitTimer, reviewers, preventSelfReview, branchPolicy } = environment;
  return [
    ...(waitTimer > 0 ? [rule(ruleIds.wait, "wait_timer", { wait_timer: waitTimer })] : []),
    ...(reviewers.length > 0
      ? [
          rule(ruleIds.reviewers, "required_reviewers", {
            prevent_self_review: preventSelfReview,
            reviewers: reviewers.map(reviewerJson),
          }),
        ]
      : []),
    ...(branchPolicy ? [rule(ruleIds.branches, "branch_policy")] : []),
  ];
}

function environmentJson(world: World, repository: Repository, environment: Environment, api: string) {
  const path = `${world.owner.login}/${repository.name}`;
  const name = encodeURIComponent(environment.name);
  return {
    id: environment.id,
    node_id: nodeId("EN", environment.id),
    name: environment.name,
    url: `${api}/repos/${path}/environments/${name}`,
    html_url: `https://github.com/${path}/deployments/activity_log?environments_filter=${name}`,
    created_at: environment.createdAt,
    updated_at: environment.updatedAt,
    can_admins_bypass: environment.canAdminsBypass,
    protection_rules: protectionRules(world, environment, api),
    deployment_branch_policy: environment.branchPolicy,
  };
}

function check(world: World, given: z.output<typeof ENVIRONMENT>): void {
  const { wait_timer: wait, reviewers, deployment_branch_policy: branches } = given;
  const rule = "Failed to create or update the environment protection rule.";
  if (wait && (wait < 0 || wait > LONGEST_WAIT_MINUTES)) {
    throw refusal(422, `${rule} Wait timer must be between 0 and ${LONGEST_WAIT_MINUTES}.`);
  }
  if (reviewers && reviewers.length > MOST_REVIEWERS) {
    throw refusal(422, `${rule} Required reviewers must have at most ${MOST_REVIEWERS} reviewers.`);
  }
  const stranger = reviewers?.find(({ type, id }) => {
    return !(type === "User" ? world.users : world.teams).some((known) => known.id === id);
  });
  if (stranger)
    throw validationFailed({ resource: "Environment", code: "invalid", field: "reviewers", value: stranger });
  if (given.prevent_self_review && (reviewers ?? []).length === 0) {
    throw refusal(422, `${rule} Required reviewers must have at least one reviewer to set prevent_self_review.`);
  }
  if (branches && branches.protected_branches === branches.custom_branch_policies) {
    throw refusal(422, "protected_branches and custom_branch_policies cannot have the same value");
  }
}

/** A PUT says all there is: what it leaves out is taken away. */
function put(world: World, repository: Repository, name: string, body: unknown): Environment {
  if (name.length > 255 || /[\p{Cc}'"`,;\\]/u.test(name)) {
    throw validationFailed({ resource: "Environment", code: "invalid", field: "name", value: name });
  }
  const given = read(ENVIRONMENT, body);
  check(world, given);
  const environment = repository.environments.get(name.toLowerCase()) ?? {
    ...workflowValues(world),
    ...dated(),
    id: world.nextId(),
    name,
    ruleIds: { wait: world.nextId(), reviewers: world.nextId(), branches: world.nextId() },
    waitTimer: 0,
    preventSelfReview: false,
    canAdminsBypass: true,
    reviewers: [],
    branchPolicy: null,
    policies: new Map<number, Policy>(),
  };
  environment.waitTimer = given.wait_timer ?? 0;
  environment.preventSelfReview = given.prevent_self_review ?? false;
  environment.canAdminsBypass = given.can_admins_bypass ?? true;
  environment.reviewers = given.reviewers ?? [];
  environment.branchPolicy = given.deployment_branch_policy ?? null;
  if (!environment.branchPolicy?.custom_branch_policies) environment.policies.clear();
  environment.updatedAt = now();
  repository.environments.set(name.toLowerCase(), environment);
  return environment;
}

export function environmentRoutes({ onRepository, world }: Router): void {
  onRepository("GET", "/environments", (repository, call) => {
    const environments = [...repository.environments.values()];
    return page(call, environments, (items) => ({
      total_count: environments.length,
      environments: items.map((environment) => environmentJson(world, repository, environment, call.api)),
    }));
  });
  onRepository("GET", "/environments/:environment", (repository, { api, params }) =>
    ok(environmentJson(world, repository, environmentOf(repository, params.environment!), api)),
  );
  onRepository("PUT", "/environments/:environment", (repository, { api, body, params }) =>
    ok(environmentJson(world, repository, put(world, repository, params.environment!, body), api)),
  );
  onRepository("DELETE", "/environments/:environment", (repository, { params }) => {
    environmentOf(repository, params.environment!);
    repository.environments.delete(params.environment!.toLowerCase());
    return noContent;
  });
  policyRoutes(onRepository, world);
}

function policyRoutes(onRepository: Router["onRepository"], world: World): void {
  const path = "/environments/:environment/deployment-branch-policies";
  const policyJson = ({ id, name, type }: Policy) => ({ id, node_id: nodeId("GPBP", id), name, type });
  /** Patterns exist only where the environment says that it has some. */
  const customized = (repository: Repository, name: string): Environment => {
    const environment = environmentOf(repository, name);
    if (!environment.branchPolicy?.custom_branch_policies) throw missing();
    return environment;
  };
  const policyOf = (repository: Repository, params: Readonly<Record<string, string>>) => {
    const environment = customized(repository, params.environment!);
    const policy = environment.policies.get(Number(params.policy));
    if (!policy) throw missing();
    return { environment, policy };
  };

  onRepository("GET", path, (repository, call) => {
    const policies = [...environmentOf(repository, call.params.environment!).policies.values()];
    return page(call, policies, (items) => ({
      total_count: policies.length,
      branch_policies: items.map(policyJson),
    }));
  });
  onRepository("POST", path, (repository, { body, params, url }) => {
    const schema = z.object({ name: z.string().min(1), type: z.enum(POLICY_TYPES).default("branch") });
    const { name, type } = read(schema, body);
    const { policies } = customized(repository, params.environment!);
    const same = [...policies.values()].find((policy) => policy.name === name && policy.type === type);
    // So it is documented: not an error, but the way to the one that is there.
    if (same) throw new ApiError({ status: 303, headers: { location: `${url}/${same.id}` }, body: policyJson(same) });
    const policy: Policy = { id: world.nextId(), name, type };
    policies.set(policy.id, policy);
    return ok(policyJson(policy));
  });
  onRepository("GET", `${path}/:policy`, (repository, { params }) =>
    ok(policyJson(policyOf(repository, params).policy)),
  );
  onRepository("PUT", `${path}/:policy`, (repository, { body, params }) => {
    const { policy } = policyOf(repository, params);
    policy.name = read(z.object({ name: z.string().min(1) }), body).name;
    return ok(policyJson(policy));
  });
  onRepository("DELETE", `${path}/:policy`, (repository, { params }) => {
    const { environment, policy } = policyOf(repository, params);
    environment.policies.delete(policy.id);
    return noContent;
  });
}
