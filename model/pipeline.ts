/** What a platform's pipelines work with: their environments at GitHub, and the values that these are given. */
import { type Gate, STACKS, type StackName } from "./delivery";
import type { Environment } from "./environment";
import { ENVIRONMENTS, type EnvironmentName } from "./environment-name";
import { inputUses } from "./inputs";
import { type Demands, demandsOf } from "./made-up";
import type { Platform } from "./platform";
import type { Input } from "./values";

/** The environments that pipelines deploy to, in their usual order. */
export const deployed = ({ environments, delivery }: Platform): Environment[] =>
  ENVIRONMENTS.filter((name) => delivery?.gates[name]).map((name) => environments[name]);

/** The stacks that a platform has. */
export const stacksOf = ({ delivery }: Pick<Platform, "delivery">): readonly StackName[] =>
  delivery ? STACKS : ENVIRONMENTS;

/** GitHub's environment for the plans of pull requests: "production-plan". */
export const planEnvironment = (environment: EnvironmentName): string => `${environment}-plan`;

/**
 * GitHub's environment for jobs that look and that nobody is there to agree to: drift at night, the check before an
 * approval. They run on the deployed branch only, which itself changes by approved pull requests, and have what reads.
 */
export const watchEnvironment = (environment: EnvironmentName): string => `${environment}-watch`;

/** GitHub's environment for closing ways in, which cannot wait for anybody. It has Hetzner's token and nothing else. */
export const closeEnvironment = (environment: EnvironmentName): string => `${environment}-close`;

/** Jobs of a pull request run on what it would come to. GitHub looks at that reference (github.blog, 2025-11-07). */
export const PULL_REQUESTS = "refs/pull/*/merge";

/** GitHub keeps names in capitals; workflows give Terraform its own again: TF_VAR_HCLOUD_TOKEN → TF_VAR_hcloud_token. */
export const githubName = (name: string): string => name.toUpperCase();

/** What the state's store wants from the environment. */
export const STATE_ENDPOINT = "AWS_ENDPOINT_URL_S3";
export const STATE_CREDENTIALS = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
/** The key with which a pipeline reaches the server, and how it knows that server. */
export const SSH_KEY = "SSH_PRIVATE_KEY";
export const SSH_HOSTS = "SSH_KNOWN_HOSTS";

/** A value that GitHub is given for an environment, under its name in the environment of a process. */
export interface PipelineValue extends Demands {
  readonly name: string;
  /** May it be left out? @default false */
  readonly optional?: boolean;
}

/** What a pipeline needs of an environment: what is secret, and what may be seen. */
export interface PipelineValues {
  readonly secrets: readonly PipelineValue[];
  readonly settings: readonly PipelineValue[];
}

/** How Terraform finds a variable in the environment of a process. */
export const variableName = (input: string): string => `TF_VAR_${input}`;

/** The same inputs that `npm run env` lists, the state's store, and the way to the host. */
export function pipelineValues(platform: Platform, environment: Environment): PipelineValues {
  const inputs = inputUses(platform, environment).map(({ input }) => input);
  const deployed = environment.host.kind !== "local";
  const value = (input: Input): PipelineValue => ({ name: variableName(input.name), ...demandsOf(input, deployed) });
  const store = environment.state.kind === "s3";
  return {
    secrets: [
      ...(store ? STATE_CREDENTIALS.map((name) => ({ name })) : []),
      { name: SSH_KEY },
      ...inputs.filter(({ secret }) => secret).map(value),
    ],
    settings: [
      ...(store ? [{ name: STATE_ENDPOINT }] : []),
      { name: SSH_HOSTS, optional: true },
      ...inputs.filter(({ secret }) => !secret).map(value),
    ],
  };
}

/**
 * Tokens with which Terraform asks and changes the clouds, and nothing else does. A plan without refresh asks nobody, so
 * pull requests get no real ones. Every other secret is part of what is planned: with a made-up one the plan would replace
 * each container that has it.
 */
export const providerTokens = (platform: Platform, environment: Environment): Input[] => {
  const { hcloudToken, cloudflareApiToken, registryToken } = platform.inputs;
  const tokens = [hcloudToken, cloudflareApiToken, registryToken].map(({ name }) => name);
  return inputUses(platform, environment)
    .filter(({ input, usedBy }) => tokens.includes(input.name) && usedBy.join() === "platform")
    .map(({ input }) => input);
};

/** What the jobs of pull requests get instead of the environment's own. */
export interface PlanSecrets {
  /** The same values as the environment's. */
  readonly same: readonly string[];
  /** Of the token that may only read the states. */
  readonly reader: readonly string[];
  /** Of the right form, and of no use. */
  readonly dummies: Readonly<Record<string, string>>;
}

export function planSecrets(platform: Platform, environment: Environment): PlanSecrets {
  const dummies = Object.fromEntries(
    providerTokens(platform, environment).map((input) => [variableName(input.name), dummyText(input)]),
  );
  const reader = environment.state.kind === "s3" ? [...STATE_CREDENTIALS] : [];
  const others = [...reader, SSH_KEY, ...Object.keys(dummies)];
  const { secrets } = pipelineValues(platform, environment);
  return { same: secrets.map(({ name }) => name).filter((name) => !others.includes(name)), reader, dummies };
}

/** What the jobs that only look get instead of the environment's own. */
export interface WatchSecrets {
  /** The same values as the environment's. */
  readonly same: readonly string[];
  /** Of the token that may only read the states, as pull requests have it. */
  readonly reader: readonly string[];
  /** Of the tokens with which the clouds can be asked, and not changed. */
  readonly watching: readonly string[];
}

/**
 * Whoever opens a way in must be able to change firewalls, so where the host is watched the job has Hetzner's own token, and
 * the key. The registry's token only reads anyway.
 */
export function watchSecrets(platform: Platform, environment: Environment, gate: Gate): WatchSecrets {
  const { hcloudToken, cloudflareApiToken } = platform.inputs;
  const clouds = [...(gate.hostWatched ? [] : [hcloudToken.name]), cloudflareApiToken.name];
  const watching = providerTokens(platform, environment)
    .map(({ name }) => name)
    .filter((name) => clouds.includes(name))
    .map(variableName);
  const reader = environment.state.kind === "s3" ? [...STATE_CREDENTIALS] : [];
  const others = [...reader, ...watching, ...(gate.hostWatched ? [] : [SSH_KEY])];
  const { secrets } = pipelineValues(platform, environment);
  return { same: secrets.map(({ name }) => name).filter((name) => !others.includes(name)), reader, watching };
}

/** What closing a way in takes. */
export const closeSecrets = (platform: Platform): readonly string[] => [variableName(platform.inputs.hcloudToken.name)];

/** A text of the right form where the real one must not be, in every environment. */
export const dummyText = (input: Input): string =>
  input.example ?? long(`dummy-${input.name.replaceAll("_", "-")}`, demandsOf(input, true));

/** The same text, longer where it has to be. */
export const long = (text: string, { minLength = 1 }: Demands): string => text.padEnd(minLength, "0123456789");
