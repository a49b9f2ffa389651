/** Variables and secrets for workflows, of a repository and of an environment: the same rules under two paths. */
import { z } from "zod";
import { created, missing, noContent, ok, read, refusal } from "./answers";
import { environmentOf } from "./environments";
import { page } from "./pages";
import type { Call, Router } from "./router";
import { unseal } from "./sealed-box";
import { dated, type NamedValue, now, type Repository, type WorkflowValues } from "./world";

const LARGEST_BYTES = 48 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
/** docs.github.com, "Variables reference": so many of each in a repository and in an environment. */
const MOST = {
  "/actions": { variables: 500, secrets: 100 },
  "/environments/:environment": { variables: 100, secrets: 100 },
};

interface Scope {
  readonly path: keyof typeof MOST;
  readonly of: (repository: Repository, call: Call) => WorkflowValues;
}
const SCOPES: readonly Scope[] = [
  { path: "/actions", of: (repository) => repository },
  { path: "/environments/:environment", of: (repository, call) => environmentOf(repository, call.params.environment!) },
];

/** @returns the name in capitals, which is how GitHub keeps and compares it */
function checkName(kind: "Variable" | "Secret", name: string): string {
  const subject = kind === "Variable" ? "Variable name" : "Secret names";
  if (!/^[a-z0-9_]+$/i.test(name)) {
    const allowed = "alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed.";
    throw refusal(422, `${subject} can only contain ${allowed}`);
  }
  if (/^[0-9]/.test(name)) throw refusal(422, `${subject} must start with a letter ([a-z], [A-Z]) or underscores (_).`);
  if (/^github_/i.test(name)) throw refusal(422, `${subject} must not start with GITHUB_.`);
  return name.toUpperCase();
}

function checkSize(kind: "Variable" | "Secret", value: string): void {
  if (Buffer.byteLength(value) > LARGEST_BYTES) throw refusal(422, `${kind} value is too large (maximum is 48 KB)`);
}

function checkCount(kind: "variables" | "secrets", values: ReadonlyMap<string, NamedValue>, scope: Scope): void {
  const most = MOST[scope.path][kind];
  if (values.size >= most) throw refusal(422, `You cannot have more than ${most} ${kind}.`);
}

function find(values: ReadonlyMap<string, NamedValue>, name: string): NamedValue {
  const found = values.get(name.toUpperCase());
  if (!found) throw missing();
  return found;
}

const sorted = (values: ReadonlyMap<string, NamedValue>): readonly NamedValue[] =>
  [...values.values()].sort((left, right) => (left.name < right.name ? -1 : 1));

const secretJson = ({ name, createdAt, updatedAt }: NamedValue) => ({
  name,
  created_at: createdAt,
  updated_at: updatedAt,
});
const variableJson = (variable: NamedValue) => ({ ...secretJson(variable), value: variable.value });

export function workflowValueRoutes({ onRepository }: Router): void {
  for (const scope of SCOPES) {
    variableRoutes(onRepository, scope);
    secretRoutes(onRepository, scope);
  }
}

function variableRoutes(onRepository: Router["onRepository"], scope: Scope): void {
  const path = `${scope.path}/variables`;
  onRepository("GET", path, (repository, call) => {
    const { variables } = scope.of(repository, call);
    const body = (items: readonly NamedValue[]) => ({
      total_count: variables.size,
      variables: items.map(variableJson),
    });
    // The one list that has shorter pages than all others.
    return page(call, sorted(variables), body, { perPage: 10, most: 30 });
  });
  onRepository("POST", path, (repository, call) => {
    const { variables } = scope.of(repository, call);
    const given = read(z.object({ name: z.string(), value: z.string() }), call.body);
    const name = checkName("Variable", given.name);
    if (variables.has(name)) throw refusal(409, "Already exists - Variable already exists");
    checkSize("Variable", given.value);
    checkCount("variables", variables, scope);
    variables.set(name, { name, value: given.value, ...dated() });
    return created({});
  });
  onRepository("GET", `${path}/:name`, (repository, call) =>
    ok(variableJson(find(scope.of(repository, call).variables, call.params.name!))),
  );
  onRepository("PATCH", `${path}/:name`, (repository, call) => {
    const { variables } = scope.of(repository, call);
    const variable = find(variables, call.params.name!);
    const given = read(z.object({ name: z.string().optional(), value: z.string().optional() }), call.body);
    const name = given.name === undefined ? variable.name : checkName("Variable", given.name);
    if (name !== variable.name && variables.has(name)) throw refusal(409, "Already exists - Variable already exists");
    const value = given.value ?? variable.value;
    checkSize("Variable", value);
    variables.delete(variable.name);
    variables.set(name, { ...variable, name, value, updatedAt: now() });
    return noContent;
  });
  onRepository("DELETE", `${path}/:name`, (repository, call) => {
    const { variables } = scope.of(repository, call);
    variables.delete(find(variables, call.params.name!).name);
    return noContent;
  });
}

function secretRoutes(onRepository: Router["onRepository"], scope: Scope): void {
  const path = `${scope.path}/secrets`;
  onRepository("GET", path, (repository, call) => {
    const { secrets } = scope.of(repository, call);
    return page(call, sorted(secrets), (items) => ({ total_count: secrets.size, secrets: items.map(secretJson) }));
  });
  onRepository("GET", `${path}/public-key`, (repository, call) => {
    const { keyId, keys } = scope.of(repository, call);
    return ok({ key_id: keyId, key: keys.publicKey });
  });
  onRepository("GET", `${path}/:name`, (repository, call) =>
    ok(secretJson(find(scope.of(repository, call).secrets, call.params.name!))),
  );
  onRepository("PUT", `${path}/:name`, (repository, call) => {
    const { secrets, keyId, keys } = scope.of(repository, call);
    const name = checkName("Secret", call.params.name!);
    const schema = z.object({ encrypted_value: z.string().regex(BASE64), key_id: z.string() });
    const { encrypted_value: sealed, key_id: given } = read(schema, call.body);
    const value = given === keyId ? unseal(sealed, keys) : undefined;
    if (value === undefined) {
      throw refusal(422, "Bad request - validation failed due to an improperly encrypted secret");
    }
    checkSize("Secret", value);
    const before = secrets.get(name);
    if (!before) checkCount("secrets", secrets, scope);
    secrets.set(name, { ...dated(), ...(before && { createdAt: before.createdAt }), name, value });
    return before ? noContent : created({});
  });
  onRepository("DELETE", `${path}/:name`, (repository, call) => {
    const { secrets } = scope.of(repository, call);
    secrets.delete(find(secrets, call.params.name!).name);
    return noContent;
  });
}
