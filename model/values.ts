import type { EnvironmentName } from "./environment-name";

/**
 * A value that is given at deploy time as a Terraform variable (`TF_VAR_<name>`): never written down in the catalog.
 * A secret one is a sensitive variable, so Terraform prints neither it nor what is made of it.
 */
export interface Input {
  readonly kind: "input";
  /** The Terraform variable's name: lower case, digits and underscores. */
  readonly name: string;
  readonly secret: boolean;
  readonly description: string;
  /** Where a person gets the value. */
  readonly where: string;
  /** A Terraform type expression. @default "string" */
  readonly type?: "string" | "list(string)" | "map(string)";
  /** What the development environment uses when nothing is set: for passwords of containers on one's own computer. */
  readonly developmentDefault?: string;
  /** A value of the right form for a plan that reaches nothing. @default made from the name */
  readonly example?: string;
  /** Shorter values are refused. @default 1 */
  readonly minLength?: number;
  /** People make it up, so it must not be one that can be guessed (`madeUp`). @default false */
  readonly madeUp?: boolean;
  /** What Terraform checks before it plans, in place of "not empty", or besides a length. */
  readonly validation?: { readonly condition: string; readonly message: string };
}

/** Text whose `{0}`, `{1}` … are other values, e.g. a connection string around a password. */
export interface Template {
  readonly kind: "template";
  readonly parts: readonly string[];
  readonly values: readonly Value[];
}

/**
 * The address of a service, without a path. In staging and production it is public: `https://api-chat.manacore.app`. On
 * a developer's computer a browser says `http://localhost:3002` and another container `http://chat-backend:3002`.
 */
export interface UrlOf {
  readonly kind: "url-of";
  readonly service: string;
  readonly from: "browser" | "container";
}

/** The connection string of the product's own database in this environment. */
export interface DatabaseUrl {
  readonly kind: "database-url";
  readonly for: "pool" | "migration";
}

/** The version that the container's set runs: "v1.6.0". */
export interface SetVersion {
  readonly kind: "set-version";
}

/** A value as it stands in an address: a password may have characters that mean something there. */
export interface UrlEncoded {
  readonly kind: "url-encoded";
  readonly value: Value;
}

/** Different values in different environments. */
export interface PerEnvironment {
  readonly kind: "per-environment";
  readonly values: Readonly<Record<EnvironmentName, Value>>;
}

/** What a container's environment variable may be. */
export type Value = string | Input | Template | UrlOf | DatabaseUrl | SetVersion | UrlEncoded | PerEnvironment;

export interface InputOptions {
  readonly description: string;
  readonly where: string;
  readonly developmentDefault?: string;
  readonly example?: string;
  readonly minLength?: number;
}

/** A value that nobody may see: a password, a token, a private key. */
export const secret = (name: string, options: InputOptions): Input => ({
  kind: "input",
  name,
  secret: true,
  ...options,
});

/** A value that differs from place to place but may be seen: a project's public address. */
export const setting = (name: string, options: InputOptions): Input => ({
  kind: "input",
  name,
  secret: false,
  ...options,
});

export const urlOf = (service: string, from: UrlOf["from"] = "container"): UrlOf => ({ kind: "url-of", service, from });
export const databaseUrl = (use: DatabaseUrl["for"] = "pool"): DatabaseUrl => ({ kind: "database-url", for: use });
export const setVersion = (): SetVersion => ({ kind: "set-version" });
export const urlEncoded = (value: Value): UrlEncoded => ({ kind: "url-encoded", value });
export const perEnvironment = (values: PerEnvironment["values"]): PerEnvironment => ({
  kind: "per-environment",
  values,
});

/** A tagged template: template`redis://:${urlEncoded(password)}@redis:6379`. */
export const template = (parts: TemplateStringsArray, ...values: readonly Value[]): Template => ({
  kind: "template",
  parts: [...parts],
  values,
});

/** A value that is made of no others. */
type Leaf = Exclude<Value, Template | UrlEncoded | PerEnvironment>;

/** What a value is made of, in any environment or in the one given. */
export function leavesOf(value: Value, environment?: EnvironmentName): Leaf[] {
  if (typeof value === "string") return [value];
  switch (value.kind) {
    case "template":
      return value.values.flatMap((v) => leavesOf(v, environment));
    case "url-encoded":
      return leavesOf(value.value, environment);
    case "per-environment":
      return (environment ? [value.values[environment]] : Object.values(value.values)).flatMap((v) =>
        leavesOf(v, environment),
      );
    default:
      return [value];
  }
}

/** Every input that a value needs, in any environment or in the one given. */
export const inputsOf = (value: Value, environment?: EnvironmentName): Input[] =>
  leavesOf(value, environment).filter((leaf) => typeof leaf !== "string" && leaf.kind === "input") as Input[];

/** Is any part of the value a secret? */
export const isSecret = (value: Value, environment?: EnvironmentName): boolean =>
  leavesOf(value, environment).some(
    (leaf) => typeof leaf !== "string" && (leaf.kind === "input" ? leaf.secret : leaf.kind === "database-url"),
  );
