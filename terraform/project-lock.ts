/** The project's lock of plugins as it lies there, and each stack's part of it in the stack's folder. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../clients/files";
import { error, errorsOf, ProblemsError } from "../model/problem";
import type { StackConfig } from "./config";
import { oneLine } from "./output";
import {
  isStackLock,
  lockFor,
  lockProblems,
  LOCKED_REGISTRY,
  parseLock,
  type PluginLock,
  stackLockText,
} from "./plugin-lock";
import type { Terraform } from "./program";

/** Beside package-lock.json, and as that one committed. */
export const LOCK_NAME = "terraform.lock.hcl";
/** Terraform's own name for it, in a stack's folder. */
export const STACK_LOCK = ".terraform.lock.hcl";
/** Names another file; "none": no plugin is held to a lock. For rehearsals, whose hosts are stand-ins. */
export const LOCK_VARIABLE = "TWINSET_PLUGIN_LOCK";
export const NO_LOCK = "none";

/** The lock, or why plugins are held to none. */
export type ProjectLock =
  { readonly path: string; readonly lock: PluginLock } | { readonly path: string; readonly absent: string };

type Env = Readonly<Record<string, string | undefined>>;

export const lockPath = (env: Env): string => env[LOCK_VARIABLE] ?? join(__dirname, "..", LOCK_NAME);

/** @throws ProblemsError for one that cannot be read, or that was named and is not there */
export function projectLock(env: Env): ProjectLock {
  const path = lockPath(env);
  if (path === NO_LOCK) return { path, absent: `${LOCK_VARIABLE} is ${NO_LOCK}: plugins are taken by version alone` };
  if (existsSync(path)) return { path, lock: parseLock(readFileSync(path, "utf8"), LOCK_NAME) };
  if (env[LOCK_VARIABLE] !== undefined) {
    throw new ProblemsError([
      error(LOCK_VARIABLE, `${path}, which is not there`, `a file as ${LOCK_NAME}, or ${NO_LOCK}`, "name that file"),
    ]);
  }
  return { path, absent: `there is no ${LOCK_NAME} yet: plugins are taken by version alone` };
}

type Required = StackConfig["terraform"]["required_providers"];

/** @throws ProblemsError where the lock does not let in what these need */
export function mustLock(project: ProjectLock, required: Required = {}): void {
  if ("absent" in project) return;
  const problems = errorsOf(lockProblems(project.lock, required, LOCK_NAME));
  if (problems.length > 0) throw new ProblemsError(problems);
}

/**
 * Lays a stack's part of the lock into its folder, whatever an earlier `init` has left there. Without the project's lock only
 * a part of an earlier one goes: what Terraform itself has noted there stays.
 * @throws ProblemsError where the lock does not let in what the stack needs
 */
export function writeStackLock(folder: string, { terraform }: StackConfig, project: ProjectLock): void {
  const required = terraform.required_providers ?? {};
  const file = join(folder, STACK_LOCK);
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  if ("absent" in project) {
    if (before !== undefined && isStackLock(before)) rmSync(file);
    return;
  }
  mustLock(project, required);
  const text = stackLockText(lockFor(project.lock, required));
  if (text !== before) writeWhole(file, text);
}

/**
 * How `init` is to treat the lock in a stack's folder: where it is the project's, nothing may be taken that is not in it.
 * OpenTofu asks a registry of its own, of which the lock says nothing.
 */
export function lockArguments(folder: string, { registry }: Pick<Terraform, "registry">): string[] {
  const file = join(folder, STACK_LOCK);
  const isOurs = existsSync(file) && isStackLock(readFileSync(file, "utf8"));
  return isOurs && registry === LOCKED_REGISTRY ? ["-lockfile=readonly"] : [];
}

/** How Terraform says that a plugin is none of those that the lock lets in, and that the lock lets in none. */
const REFUSED = /match any of the checksums|Provider dependency changes detected/;

/** What to do where a lock has kept Terraform from a plugin. @returns nothing: it was something else */
export const afterRefusal = (said: string): string[] =>
  REFUSED.test(oneLine(said))
    ? [
        `${LOCK_NAME} does not let this plugin in: it was built by somebody else than its publisher, or changed since.`,
        "Take it out of the plugin folder (~/.terraform.d/plugins) and of TF_PLUGIN_CACHE_DIR, so that the publisher's is taken;",
        "where the lock is what is wrong: npm run locks -- --check",
      ]
    : [];
