/** Which environments a change concerns: those whose synthesized Terraform, or its lock of plugins, is another one than before. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { error, ProblemsError } from "../model/problem";
import type { Place } from "./way-in";

export interface Change extends Place {
  readonly change: "new" | "changed";
}

export interface Comparison {
  readonly platform: string;
  /** Names of the environments that pipelines deploy. */
  readonly environments: readonly string[];
  /** cdktf's output directory of what is there, and of what it would come to. */
  readonly base: string;
  readonly head: string;
}

/**
 * Compares stacks by what they say, not by their text: the order of keys means nothing in JSON.
 * @throws ProblemsError where head has no such stack, or a file is no JSON: then nothing can be said
 */
export function changedEnvironments({ platform, environments, base, head }: Comparison): Change[] {
  const problems = environments
    .filter((name) => !existsSync(stackFile(head, name)))
    .map((name) =>
      error(stackFile(head, name), "no such file", "the synthesized stack", "synthesize it first: npm start"),
    );
  if (problems.length > 0) throw new ProblemsError(problems);
  return environments.flatMap((environment): Change[] => {
    const now = readStack(stackFile(head, environment));
    const file = stackFile(base, environment);
    if (!existsSync(file)) return [{ platform, environment, change: "new" }];
    const same = isDeepStrictEqual(readStack(file), now) && lockOf(base, environment) === lockOf(head, environment);
    return same ? [] : [{ platform, environment, change: "changed" }];
  });
}

/** cdktf's layout. */
const stackFile = (directory: string, environment: string): string =>
  join(directory, "stacks", environment, "cdk.tf.json");

/** Which plugins do what the stack says: a change of that alone is reviewed, too. @returns "" where there is none */
function lockOf(directory: string, environment: string): string {
  const file = join(directory, "stacks", environment, ".terraform.lock.hcl");
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function readStack(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new ProblemsError([error(path, "not JSON", "a synthesized stack", "synthesize it again: npm start")]);
  }
}
