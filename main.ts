/**
 * platform → stacks → synth: what `cdktf` runs. Besides the command line this is the only place that reads the
 * environment.
 */
import { App, type TerraformStack } from "cdktf";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadPlatform, type LoadedPlatform } from "./config/load";
import { PROVIDER_VERSIONS } from "./constructs/provider-versions";
import { DELIVERY, type StackName } from "./model/delivery";
import { stacksOf } from "./model/pipeline";
import { errorsOf, formatProblem, ProblemsError } from "./model/problem";
import { DeliveryStack } from "./stacks/delivery-stack";
import { EnvironmentStack } from "./stacks/environment-stack";
import type { StackConfig } from "./terraform/config";
import { forgetOtherPlatform } from "./terraform/other-platform";
import { outputDirectory } from "./terraform/output-directory";
import { mustLock, type ProjectLock, projectLock, writeStackLock } from "./terraform/project-lock";

/** Adds one stack per environment to an app, and the one for GitHub where the platform has it. @param names only these */
export function addStacks(
  app: App,
  { platform, development, releases }: LoadedPlatform,
  names: readonly StackName[] = stacksOf(platform),
): TerraformStack[] {
  return names.map((name) =>
    name === DELIVERY
      ? new DeliveryStack(app, name, { platform, delivery: platform.delivery! })
      : new EnvironmentStack(app, name, {
          // Profiles pick products on a developer's computer only.
          platform: platform.environments[name].profiles ? development : platform,
          environment: platform.environments[name],
          release: releases[name].release,
        }),
  );
}

/** Checks, then synthesizes into `outdir`. Nothing is written when there is an error. */
export function synthesize(
  env: Readonly<Record<string, string | undefined>>,
  outdir = outputDirectory(env),
): LoadedPlatform {
  const loaded = loadPlatform({ platform: env["PLATFORM"], profiles: env["PROFILES"] });
  if (errorsOf(loaded.problems).length > 0) throw new ProblemsError(loaded.problems);
  writeStacks(loaded, outdir, { lock: projectLock(env) });
  return loaded;
}

export interface WriteOptions {
  /** Only these stacks. @default all */
  readonly names?: readonly StackName[];
  /** Of the plugins: each stack gets its part. */
  readonly lock: ProjectLock;
}

/** Synthesizes what has been checked. @throws ProblemsError for a lock that does not fit the pinned versions: before it writes */
export function writeStacks(
  loaded: LoadedPlatform,
  outdir: string,
  { names = stacksOf(loaded.platform), lock }: WriteOptions,
): void {
  mustLock(lock, PROVIDER_VERSIONS);
  withoutTraces(() => {
    const app = new App({ outdir, stackTraces: false });
    addStacks(app, loaded, names);
    app.synth();
  });
  for (const name of names) {
    const stack = join(outdir, "stacks", name);
    const config = JSON.parse(readFileSync(join(stack, "cdk.tf.json"), "utf8")) as StackConfig;
    forgetOtherPlatform(stack, config);
    writeStackLock(stack, config, lock);
  }
}

/**
 * cdktf captures a stack trace for every token, thousands a synth, and shows none of them: a third of the time. While
 * `run` works it gets none. Errors are not concerned: they have theirs without asking.
 */
export function withoutTraces(run: () => void): void {
  const { captureStackTrace } = Error;
  Error.captureStackTrace = () => undefined;
  try {
    run();
  } finally {
    Error.captureStackTrace = captureStackTrace;
  }
}

/** What `cdktf` runs: every problem is told, and an error ends with 1. */
export function main(): void {
  try {
    for (const problem of synthesize(process.env).problems) console.error(formatProblem(problem));
  } catch (mistake) {
    if (!(mistake instanceof ProblemsError)) throw mistake;
    console.error(mistake.message);
    process.exitCode = 1;
  }
}

if (require.main === module) main();
