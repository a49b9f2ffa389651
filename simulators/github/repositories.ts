/** Repositories themselves: their settings, topics, branches. They have no commits. */
import { z } from "zod";
import { created, failure, missing, noContent, ok, read, refusal, validationFailed } from "./answers";
import { ApiError } from "../simulator";
import { accountJson } from "./accounts";
import { DEFAULT_LABELS } from "./labels";
import { page } from "./pages";
import type { Call, Router } from "./router";
import { dated, nodeId, now, repositoryByName, type Repository, sameName, type World, workflowValues } from "./world";

const VISIBILITIES = ["public", "private", "internal"] as const;
const SWITCHES = {
  has_issues: true,
  has_projects: true,
  has_wiki: true,
  has_discussions: false,
  has_downloads: true,
  is_template: false,
  allow_merge_commit: true,
  allow_squash_merge: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  allow_update_branch: false,
  allow_forking: false,
  delete_branch_on_merge: false,
  web_commit_signoff_required: false,
} as const;
const DEFAULTS = {
  ...SWITCHES,
  description: null,
  homepage: null,
  visibility: "public",
  merge_commit_title: "MERGE_MESSAGE",
  merge_commit_message: "PR_TITLE",
  squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
  squash_merge_commit_message: "COMMIT_MESSAGES",
} as const;

const SETTINGS = z.object({
  description: z.string().nullish(),
  homepage: z.string().nullish(),
  private: z.boolean().optional(),
  visibility: z.enum(VISIBILITIES).optional(),
  merge_commit_title: z.enum(["PR_TITLE", "MERGE_MESSAGE"]).optional(),
  merge_commit_message: z.enum(["PR_BODY", "PR_TITLE", "BLANK"]).optional(),
  squash_merge_commit_title: z.enum(["PR_TITLE", "COMMIT_OR_PR_TITLE"]).optional(),
  squash_merge_commit_message: z.enum(["PR_BODY", "COMMIT_MESSAGES", "BLANK"]).optional(),
  ...Object.fromEntries(Object.keys(SWITCHES).map((name) => [name, z.boolean().optional()])),
});
const CREATION = SETTINGS.extend({ name: z.string() });
const CHANGE = SETTINGS.extend({
  name: z.string().optional(),
  archived: z.boolean().optional(),
  default_branch: z.string().optional(),
});

const invalid = (field: string, message: string) =>
  ({ resource: "Repository", code: "custom", field, message }) as const;

/** GitHub makes a hyphen out of whatever a name cannot have. */
const tidyName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, "-");

function settingsFrom(before: Readonly<Record<string, unknown>>, change: z.output<typeof SETTINGS>) {
  const { private: isPrivate, visibility = isPrivate === undefined ? undefined : isPrivate ? "private" : "public" } =
    change;
  const given = Object.entries({ ...change, visibility }).filter(
    ([name, value]) => name in DEFAULTS && value !== undefined,
  );
  const settings = { ...before, ...Object.fromEntries(given) };
  if (!["allow_merge_commit", "allow_squash_merge", "allow_rebase_merge"].some((name) => settings[name] === true)) {
    const message = "Sorry, you need to allow at least one merge strategy. (no_merge_method)";
    throw validationFailed(invalid("merge_commit_allowed", message));
  }
  return settings;
}

export function addRepository(world: World, name: string, change: z.output<typeof SETTINGS> = {}): Repository {
  const repository: Repository = {
    ...workflowValues(world),
    ...dated(),
    id: world.nextId(),
    name: tidyName(name),
    settings: settingsFrom(DEFAULTS, change),
    archived: false,
    defaultBranch: "main",
    topics: [],
    vulnerabilityAlerts: false,
    branches: new Set(["main"]),
    tags: new Set(),
    environments: new Map(),
    rulesets: new Map(),
    labels: new Map(),
    issues: [],
    workflows: world.workflows.map((file) => ({ id: world.nextId(), file })),
    dispatches: [],
    workflowToken: { default_workflow_permissions: "read", can_approve_pull_request_reviews: false },
    heads: new Map([["main", { sha: "0".repeat(40), pusher: world.owner, files: new Map<string, string>() }]]),
    reviews: new Map(),
    runs: [],
  };
  for (const [label, color, description] of DEFAULT_LABELS) {
    repository.labels.set(label, { id: world.nextId(), name: label, color, description, default: true });
  }
  world.repositories.set(repository.id, repository);
  world.formerNames.delete(repository.name.toLowerCase());
  return repository;
}

function repositoryJson(world: World, repository: Repository, api: string): Readonly<Record<string, unknown>> {
  const { id, name, settings, createdAt, updatedAt } = repository;
  const full = `${world.owner.login}/${name}`;
  const off = { status: "disabled" };
  return {
    id,
    node_id: nodeId("R", id),
    name,
    full_name: full,
    private: settings.visibility !== "public",
    owner: accountJson(world.owner, api),
    html_url: `https://github.com/${full}`,
    fork: false,
    url: `${api}/repos/${full}`,
    git_url: `git://github.com/${full}.git`,
    ssh_url: `git@github.com:${full}.git`,
    clone_url: `https://github.com/${full}.git`,
    svn_url: `https://github.com/${full}`,
    language: null,
    size: 0,
    license: null,
    forks_count: 0,
    stargazers_count: 0,
    open_issues_count: repository.issues.filter(({ state }) => state === "open").length,
    ...settings,
    has_pages: false,
    archived: repository.archived,
    disabled: false,
    topics: repository.topics,
    default_branch: repository.defaultBranch,
    created_at: createdAt,
    updated_at: updatedAt,
    pushed_at: createdAt,
    permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
    ...(world.owner.type === "Organization" && { organization: accountJson(world.owner, api) }),
    security_and_analysis: { secret_scanning: off, secret_scanning_push_protection: off },
  };
}

function change(world: World, repository: Repository, body: unknown): void {
  const given = read(CHANGE, body);
  if (repository.archived && given.archived !== false) throw refusal(403, "Repository was archived so is read-only.");
  const name = tidyName(given.name ?? repository.name);
  const other = repositoryByName(world, name);
  if (other && other !== repository) throw validationFailed(invalid("name", "name already exists on this account"));
  const branch = given.default_branch ?? repository.defaultBranch;
  if (!repository.branches.has(branch)) {
    const message = `The branch ${branch} was not found. Please push that ref first or create it via the Git Data API.`;
    throw validationFailed({ resource: "Repository", code: "invalid", field: "default_branch", message });
  }
  repository.settings = settingsFrom(repository.settings, given);
  if (!sameName(name, repository.name)) {
    world.formerNames.set(repository.name.toLowerCase(), repository.id);
    world.formerNames.delete(name.toLowerCase());
  }
  repository.name = name;
  repository.defaultBranch = branch;
  repository.archived = given.archived ?? repository.archived;
  repository.updatedAt = now();
}

export function repositoryRoutes({ on, onRepository, world }: Router): void {
  const create = ({ api, body }: Call) => {
    const { name, ...settings } = read(CREATION, body);
    if (repositoryByName(world, tidyName(name))) {
      const errors = [invalid("name", "name already exists on this account")];
      throw new ApiError(failure(422, "Repository creation failed.", { errors }));
    }
    const repository = addRepository(world, name, settings as z.output<typeof SETTINGS>);
    const json = repositoryJson(world, repository, api);
    return created(json, String(json.url));
  };
  const mine = (login: string, type: "Organization" | "User"): void => {
    if (world.owner.type !== type || !sameName(login, world.owner.login)) throw missing();
  };
  on("POST", "/user/repos", (call) => {
    mine(world.viewer.login, "User");
    return create(call);
  });
  on("POST", "/orgs/:login/repos", (call) => {
    mine(call.params.login!, "Organization");
    return create(call);
  });
  for (const [path, type] of [
    ["/orgs", "Organization"],
    ["/users", "User"],
  ] as const) {
    on("GET", `${path}/:login/repos`, (call) => {
      mine(call.params.login!, type);
      return page(call, [...world.repositories.values()], (items) =>
        items.map((repository) => repositoryJson(world, repository, call.api)),
      );
    });
  }

  onRepository("GET", "", (repository, { api }) => ok(repositoryJson(world, repository, api)));
  onRepository("PATCH", "", (repository, { api, body }) => {
    change(world, repository, body);
    return ok(repositoryJson(world, repository, api));
  });
  onRepository("DELETE", "", (repository) => {
    world.repositories.delete(repository.id);
    return noContent;
  });

  onRepository("GET", "/topics", ({ topics }) => ok({ names: topics }));
  onRepository("PUT", "/topics", (repository, { body }) => {
    const { names } = read(z.object({ names: z.array(z.string()) }), body);
    const bad = names.find((name) => !/^[a-z0-9][a-z0-9-]{0,49}$/i.test(name));
    if (bad !== undefined) {
      const message = `Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include hyphens.`;
      throw validationFailed({ resource: "Repository", code: "invalid", field: "topics", value: bad, message });
    }
    repository.topics = names.map((name) => name.toLowerCase());
    return ok({ names: repository.topics });
  });

  onRepository("GET", "/vulnerability-alerts", ({ vulnerabilityAlerts }) => {
    if (!vulnerabilityAlerts) throw refusal(404, "Vulnerability alerts are disabled.");
    return noContent;
  });
  for (const [method, value] of [
    ["PUT", true],
    ["DELETE", false],
  ] as const) {
    onRepository(method, "/vulnerability-alerts", (repository) => {
      repository.vulnerabilityAlerts = value;
      return noContent;
    });
  }

  const branchJson = (repository: Repository, name: string) => ({
    name,
    commit: { sha: "0".repeat(40) },
    protected: [...repository.rulesets.values()].some(({ target, enforcement }) => {
      return target === "branch" && enforcement === "active";
    }),
  });
  onRepository("GET", "/branches", (repository, call) =>
    page(call, [...repository.branches], (names) => names.map((name) => branchJson(repository, name))),
  );
  onRepository("GET", "/branches/*", (repository, { params }) => {
    const name = params["*"]!;
    if (!repository.branches.has(name)) throw refusal(404, "Branch not found");
    return ok(branchJson(repository, name));
  });
}
