/** A readable copy of what the simulated GitHub holds, for assertions. */
import type { BranchPolicy, Dispatch, Environment, Repository, Rule, WorkflowValues, World } from "./world";

export interface GithubState {
  readonly repositories: Readonly<Record<string, RepositoryState>>;
  /** Images by name; of each version its digest and its tags, newest first. */
  readonly packages: Readonly<Record<string, readonly { readonly digest: string; readonly tags: readonly string[] }[]>>;
}

export interface ValuesState {
  readonly variables: Readonly<Record<string, string>>;
  /** The values in clear: the simulator has the private keys. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface EnvironmentState extends ValuesState {
  readonly id: number;
  readonly waitTimer: number;
  readonly preventSelfReview: boolean;
  readonly canAdminsBypass: boolean;
  /** Users by login ("ada"), teams with the organization ("@platform/operators"). */
  readonly reviewers: readonly string[];
  readonly branchPolicy: BranchPolicy | null;
  /** "main", or for a tag "tag:v*". */
  readonly policies: readonly string[];
}

export interface RepositoryState extends ValuesState {
  readonly id: number;
  readonly archived: boolean;
  readonly topics: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly environments: Readonly<Record<string, EnvironmentState>>;
  readonly rulesets: Readonly<Record<string, { readonly enforcement: string; readonly rules: readonly Rule[] }>>;
  /** The colours by name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly issues: readonly {
    readonly number: number;
    readonly title: string;
    readonly state: string;
    readonly labels: readonly string[];
    readonly comments: readonly string[];
  }[];
  readonly dispatches: readonly Dispatch[];
}

const record = <T, V>(items: Iterable<T>, entry: (item: T) => readonly [string, V]): Readonly<Record<string, V>> =>
  Object.fromEntries([...items].map(entry));

const valuesState = ({ variables, secrets }: WorkflowValues): ValuesState => ({
  variables: record(variables.values(), ({ name, value }) => [name, value]),
  secrets: record(secrets.values(), ({ name, value }) => [name, value]),
});

function environmentState(world: World, environment: Environment): EnvironmentState {
  const reviewers = environment.reviewers.map(({ type, id }) => {
    const user = world.users.find((each) => each.id === id);
    const team = world.teams.find((each) => each.id === id);
    return type === "User" ? user!.login : `@${world.owner.login}/${team!.slug}`;
  });
  const { id, waitTimer, preventSelfReview, canAdminsBypass, branchPolicy, policies } = environment;
  return {
    id,
    waitTimer,
    preventSelfReview,
    canAdminsBypass,
    reviewers,
    branchPolicy,
    policies: [...policies.values()].map(({ name, type }) => (type === "tag" ? `tag:${name}` : name)),
    ...valuesState(environment),
  };
}

function repositoryState(world: World, repository: Repository): RepositoryState {
  return {
    id: repository.id,
    archived: repository.archived,
    topics: repository.topics,
    settings: repository.settings,
    ...valuesState(repository),
    environments: record(repository.environments.values(), (each) => [each.name, environmentState(world, each)]),
    rulesets: record(repository.rulesets.values(), ({ name, enforcement, rules }) => [name, { enforcement, rules }]),
    labels: record(repository.labels.values(), ({ name, color }) => [name, color]),
    issues: repository.issues.map(({ number, title, state, labels, comments }) => ({
      number,
      title,
      state,
      labels: labels.map(({ name }) => name),
      comments: comments.map(({ body }) => body),
    })),
    dispatches: [...repository.dispatches],
  };
}

export function stateOf(world: World): GithubState {
  const repositories = record(world.repositories.values(), (each) => [each.name, repositoryState(world, each)]);
  const packages = record(world.packages.values(), ({ name, versions }) => [
    name,
    versions.filter(({ deletedAt }) => deletedAt === null).map((each) => ({ digest: each.name, tags: each.tags })),
  ]);
  return structuredClone({ repositories, packages });
}
