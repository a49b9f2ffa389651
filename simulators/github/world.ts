/** What the simulated GitHub holds. Everything here is plain data; what may be done to it is in the routes. */
import { createKeyPair, type KeyPair } from "./sealed-box";

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: "Organization" | "User" | "Bot";
}

export interface Team {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
}

interface Dated {
  readonly createdAt: string;
  updatedAt: string;
}

/** A variable or a secret. Its name is in capitals, as GitHub keeps it. */
export interface NamedValue extends Dated {
  readonly name: string;
  value: string;
}

/** What both a repository and an environment have for workflows. */
export interface WorkflowValues {
  readonly variables: Map<string, NamedValue>;
  readonly secrets: Map<string, NamedValue>;
  readonly keyId: string;
  readonly keys: KeyPair;
}

export interface Policy {
  readonly id: number;
  name: string;
  readonly type: "branch" | "tag";
}

export interface Reviewer {
  readonly type: "User" | "Team";
  readonly id: number;
}

export interface BranchPolicy {
  readonly protected_branches: boolean;
  readonly custom_branch_policies: boolean;
}

export interface Environment extends WorkflowValues, Dated {
  readonly id: number;
  readonly name: string;
  readonly ruleIds: { readonly wait: number; readonly reviewers: number; readonly branches: number };
  waitTimer: number;
  preventSelfReview: boolean;
  canAdminsBypass: boolean;
  reviewers: readonly Reviewer[];
  branchPolicy: BranchPolicy | null;
  readonly policies: Map<number, Policy>;
}

export interface Rule {
  readonly type: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface Ruleset extends Dated {
  readonly id: number;
  name: string;
  target: "branch" | "tag" | "push";
  enforcement: "disabled" | "active" | "evaluate";
  bypassActors: readonly Readonly<Record<string, unknown>>[];
  conditions: Readonly<Record<string, unknown>>;
  rules: readonly Rule[];
}

export interface Label {
  readonly id: number;
  name: string;
  color: string;
  description: string | null;
  readonly default: boolean;
}

export interface Comment extends Dated {
  readonly id: number;
  readonly author: Account;
  body: string;
}

/** A pull request is an issue with branches: they share their numbers, labels and comments. */
export interface Issue extends Dated {
  readonly id: number;
  readonly number: number;
  readonly author: Account;
  title: string;
  body: string | null;
  state: "open" | "closed";
  stateReason: "completed" | "not_planned" | "reopened" | "duplicate" | null;
  closedAt: string | null;
  labels: readonly Label[];
  assignees: readonly Account[];
  readonly comments: Comment[];
  readonly pull?: { readonly id: number; readonly head: string; readonly base: string; readonly sha: string };
}

/** A workflow that somebody asked for. */
export type Dispatch =
  | { readonly kind: "repository"; readonly eventType: string; readonly clientPayload: unknown }
  | { readonly kind: "workflow"; readonly workflow: string; readonly ref: string; readonly inputs: unknown };

export interface Workflow {
  readonly id: number;
  readonly file: string;
}

/** A branch's tip: who pushed it last, and what was written to the branch by then. */
export interface Head {
  readonly sha: string;
  readonly pusher: Account;
  readonly files: ReadonlyMap<string, string>;
}

export interface Review {
  readonly by: Account;
  /** What was looked at. */
  readonly sha: string;
}

/** A run of a workflow. Nothing runs in it: a test asks whether a job of it may begin. */
export interface Run {
  readonly id: number;
  readonly workflow: string;
  readonly ref: string;
  readonly actor: Account;
  triggeringActor: Account;
  /** Ids of the environments that a reviewer has agreed to. */
  readonly agreed: Set<number>;
}

export interface Repository extends WorkflowValues, Dated {
  readonly id: number;
  name: string;
  /** What the API gives out and takes as it is: merge settings, features, visibility. */
  settings: Readonly<Record<string, unknown>>;
  archived: boolean;
  defaultBranch: string;
  topics: readonly string[];
  vulnerabilityAlerts: boolean;
  readonly branches: Set<string>;
  readonly tags: Set<string>;
  /** By name in small letters: GitHub takes "Production" for "production". */
  readonly environments: Map<string, Environment>;
  readonly rulesets: Map<number, Ruleset>;
  readonly labels: Map<string, Label>;
  readonly issues: Issue[];
  readonly workflows: readonly Workflow[];
  readonly dispatches: Dispatch[];
  /** What a workflow's own token may do where the workflow says nothing, and what it may never do. */
  workflowToken: Readonly<{ default_workflow_permissions: string; can_approve_pull_request_reviews: boolean }>;
  readonly heads: Map<string, Head>;
  /** By the number of the pull request. */
  readonly reviews: Map<number, readonly Review[]>;
  readonly runs: Run[];
}

export interface PackageVersion extends Dated {
  readonly id: number;
  /** The digest: "sha256:…". */
  readonly name: string;
  tags: readonly string[];
  deletedAt: string | null;
}

export interface Package extends Dated {
  readonly id: number;
  readonly name: string;
  readonly versions: PackageVersion[];
}

export interface World {
  readonly owner: Account;
  /** Whose token it is; of the call that is being answered. */
  viewer: Account;
  /** By token. */
  readonly viewers: ReadonlyMap<string, Account>;
  readonly users: readonly Account[];
  readonly teams: readonly Team[];
  readonly workflows: readonly string[];
  readonly repositories: Map<number, Repository>;
  /** Names that repositories had before, in small letters: the API forwards from them. */
  readonly formerNames: Map<string, number>;
  readonly packages: Map<string, Package>;
  readonly nextId: () => number;
}

/** The time as the API writes it, to the second. */
export const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

export const dated = (): Dated => {
  const createdAt = now();
  return { createdAt, updatedAt: createdAt };
};

/** An opaque id as GraphQL has it; the REST API gives it out beside each number. */
export const nodeId = (prefix: string, id: number): string =>
  `${prefix}_${Buffer.from(String(id)).toString("base64url")}`;

export function workflowValues(world: Pick<World, "nextId">): WorkflowValues {
  // GitHub's key ids are strings of digits.
  const keyId = String(568_250_160_000_000_000n + BigInt(world.nextId()));
  return { variables: new Map(), secrets: new Map(), keyId, keys: createKeyPair() };
}

export const repositoryByName = (world: World, name: string): Repository | undefined =>
  [...world.repositories.values()].find((repository) => sameName(repository.name, name));

/** GitHub compares logins, repositories, labels and environments without regard to capitals. */
export const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();
