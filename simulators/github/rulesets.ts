/** Rulesets of a repository: what may not happen to its branches. They are kept, not enforced. */
import { z } from "zod";
import { created, missing, noContent, ok, read, validationFailed } from "./answers";
import { page } from "./pages";
import type { Router } from "./router";
import { dated, nodeId, now, type Repository, type Rule, type Ruleset, sameName, type World } from "./world";

const MERGE_METHODS = ["merge", "squash", "rebase"] as const;
const ACTORS = ["Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey", "User"] as const;

const PATTERN = z.object({
  name: z.string().optional(),
  negate: z.boolean().default(false),
  operator: z.enum(["starts_with", "ends_with", "contains", "regex"]),
  pattern: z.string(),
});
/** The parameters of each type of rule, with the values that the API fills in. `undefined`: it has none. */
const RULES: Readonly<Record<string, z.ZodType<Readonly<Record<string, unknown>>> | undefined>> = {
  creation: undefined,
  deletion: undefined,
  required_linear_history: undefined,
  required_signatures: undefined,
  non_fast_forward: undefined,
  update: z.object({ update_allows_fetch_and_merge: z.boolean().default(false) }),
  required_deployments: z.object({ required_deployment_environments: z.array(z.string()) }),
  pull_request: z.object({
    allowed_merge_methods: z
      .array(z.enum(MERGE_METHODS))
      .min(1)
      .default([...MERGE_METHODS]),
    dismiss_stale_reviews_on_push: z.boolean(),
    require_code_owner_review: z.boolean(),
    require_last_push_approval: z.boolean(),
    required_approving_review_count: z.int().min(0).max(10),
    required_review_thread_resolution: z.boolean(),
    required_reviewers: z.array(z.looseObject({})).default([]),
  }),
  required_status_checks: z.object({
    strict_required_status_checks_policy: z.boolean(),
    do_not_enforce_on_create: z.boolean().default(false),
    required_status_checks: z.array(z.object({ context: z.string(), integration_id: z.int().optional() })),
  }),
  commit_message_pattern: PATTERN,
  commit_author_email_pattern: PATTERN,
  committer_email_pattern: PATTERN,
  branch_name_pattern: PATTERN,
  tag_name_pattern: PATTERN,
  // Kept as they are given: nothing here needs them.
  merge_queue: z.looseObject({}),
  code_scanning: z.looseObject({}),
  file_path_restriction: z.looseObject({}),
  max_file_path_length: z.looseObject({}),
  file_extension_restriction: z.looseObject({}),
  max_file_size: z.looseObject({}),
  workflows: z.looseObject({}),
  copilot_code_review: z.looseObject({}),
};

const CHANGE = z.object({
  name: z.string().min(1).optional(),
  target: z.enum(["branch", "tag", "push"]).optional(),
  enforcement: z.enum(["disabled", "active", "evaluate"]).optional(),
  bypass_actors: z
    .array(
      z.object({
        actor_id: z.int().nullish(),
        actor_type: z.enum(ACTORS),
        bypass_mode: z.enum(["always", "pull_request", "exempt"]).default("always"),
      }),
    )
    .optional(),
  conditions: z
    .object({ ref_name: z.object({ include: z.array(z.string()), exclude: z.array(z.string()) }).optional() })
    .optional(),
  rules: z.array(z.object({ type: z.string(), parameters: z.unknown().optional() })).optional(),
});
const CREATION = CHANGE.required({ name: true, enforcement: true });
type Change = z.output<typeof CHANGE>;

function ruleOf({ type, parameters }: { readonly type: string; readonly parameters?: unknown }): Rule {
  if (!Object.hasOwn(RULES, type)) throw validationFailed(`Invalid rule '${type}': `);
  const schema = RULES[type];
  if (!schema) return { type };
  const result = schema.safeParse(parameters ?? {});
  if (result.success) return { type, parameters: result.data };
  const { path, message } = result.error.issues[0]!;
  throw validationFailed(`Invalid parameter \`${path.join(".")}\` for rule '${type}': ${message}`);
}

function check(world: World, repository: Repository, given: Change, target: Ruleset["target"], itself?: Ruleset): void {
  const others = [...repository.rulesets.values()].filter((ruleset) => ruleset !== itself);
  if (given.name !== undefined && others.some(({ name }) => sameName(name, given.name!))) {
    throw validationFailed("Name must be unique");
  }
  const { include = [], exclude = [] } = given.conditions?.ref_name ?? {};
  const prefix = target === "tag" ? "refs/tags/" : "refs/heads/";
  const special = ["~ALL", ...(target === "branch" ? ["~DEFAULT_BRANCH"] : [])];
  const bad = [...include, ...exclude].filter((pattern) => !special.includes(pattern) && !pattern.startsWith(prefix));
  if (bad.length > 0)
    throw validationFailed(`Invalid target patterns: ${bad.map((pattern) => `'${pattern}'`).join(", ")}`);
  for (const { actor_type: type, actor_id: id } of given.bypass_actors ?? []) {
    const known = type === "Team" ? world.teams : type === "User" ? world.users : undefined;
    if (known && !known.some((actor) => actor.id === id)) {
      throw validationFailed(`Actor ${type} must be part of the ruleset source or owner organization`);
    }
  }
}

function summary(world: World, repository: Repository, ruleset: Ruleset, api: string) {
  const source = `${world.owner.login}/${repository.name}`;
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: ruleset.target,
    source_type: "Repository",
    source,
    enforcement: ruleset.enforcement,
    node_id: nodeId("RRS", ruleset.id),
    created_at: ruleset.createdAt,
    updated_at: ruleset.updatedAt,
    _links: {
      self: { href: `${api}/repos/${source}/rulesets/${ruleset.id}` },
      html: { href: `https://github.com/${source}/rules/${ruleset.id}` },
    },
  };
}

const full = (world: World, repository: Repository, ruleset: Ruleset, api: string) => ({
  ...summary(world, repository, ruleset, api),
  conditions: ruleset.conditions,
  rules: ruleset.rules,
  bypass_actors: ruleset.bypassActors,
  current_user_can_bypass: "never",
});

export function rulesetRoutes({ onRepository, world }: Router): void {
  const rulesetOf = (repository: Repository, id: string): Ruleset => {
    const ruleset = repository.rulesets.get(Number(id));
    if (!ruleset) throw missing();
    return ruleset;
  };
  onRepository("GET", "/rulesets", (repository, call) =>
    page(call, [...repository.rulesets.values()], (items) => {
      return items.map((ruleset) => summary(world, repository, ruleset, call.api));
    }),
  );
  onRepository("POST", "/rulesets", (repository, { api, body }) => {
    const given = read(CREATION, body);
    const { name, enforcement, target = "branch" } = given;
    check(world, repository, given, target);
    const ruleset: Ruleset = {
      id: world.nextId(),
      ...dated(),
      name,
      target,
      enforcement,
      bypassActors: given.bypass_actors ?? [],
      conditions: given.conditions ?? {},
      rules: (given.rules ?? []).map(ruleOf),
    };
    repository.rulesets.set(ruleset.id, ruleset);
    return created(full(world, repository, ruleset, api));
  });
  onRepository("GET", "/rulesets/:id", (repository, { api, params }) =>
    ok(full(world, repository, rulesetOf(repository, params.id!), api)),
  );
  onRepository("PUT", "/rulesets/:id", (repository, { api, body, params }) => {
    const ruleset = rulesetOf(repository, params.id!);
    const given = read(CHANGE, body);
    check(world, repository, given, given.target ?? ruleset.target, ruleset);
    const rules = given.rules?.map(ruleOf);
    Object.assign(ruleset, {
      name: given.name ?? ruleset.name,
      target: given.target ?? ruleset.target,
      enforcement: given.enforcement ?? ruleset.enforcement,
      bypassActors: given.bypass_actors ?? ruleset.bypassActors,
      conditions: given.conditions ?? ruleset.conditions,
      rules: rules ?? ruleset.rules,
      updatedAt: now(),
    });
    return ok(full(world, repository, ruleset, api));
  });
  onRepository("DELETE", "/rulesets/:id", (repository, { params }) => {
    repository.rulesets.delete(rulesetOf(repository, params.id!).id);
    return noContent;
  });
}
