/**
 * Runs the real Terraform on synthesized stacks, for `validate` and `plan-dry`: in temporary directories, without the
 * state store, and with an environment that has no credentials in it.
 */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import colours from "picocolors";
import type { LoadedPlatform } from "../../config/load";
import { DELIVERY, type StackName, STACKS } from "../../model/delivery";
import { stacksOf } from "../../model/pipeline";
import type { Environment } from "../../model/environment";
import { error, list, ProblemsError } from "../../model/problem";
import type { StackConfig } from "../../terraform/config";
import { describe, type Diagnostic, errorsIn, firstLines } from "../../terraform/output";
import { howToGet, missingPlugins, type Plugin } from "../../terraform/plugins";
import { childEnvironment, findTerraform, type Terraform } from "../../terraform/program";
import { afterRefusal, LOCK_VARIABLE, lockArguments, projectLock } from "../../terraform/project-lock";
import { type Finished, run, type RunOptions, withTempDirectory } from "../../clients/program";

/** 0: every stack passed. 1: a stack is wrong. 2: nothing is known to be wrong, but something could not be checked. */
export const EXIT = { passed: 0, failed: 1, unchecked: 2 } as const;

export interface CheckOptions {
  /** @default "manacore" */
  readonly platform?: string;
  /** @default the command's own choice */
  readonly environments?: readonly string[];
  /** Takes the output, line by line. @default console.log */
  readonly write?: (line: string) => void;
  /** Seconds. Installing takes one; a registry whose name cannot be looked up may hang for minutes. @default 60 */
  readonly initTimeout?: number;
  /** Writes the stacks. @default main.ts's; tests have a small one */
  readonly synthesize?: (env: SynthEnv, outdir: string) => LoadedPlatform;
}

/** What of the environment decides what is synthesized. */
export interface SynthEnv {
  readonly PLATFORM: string | undefined;
  readonly [LOCK_VARIABLE]: string | undefined;
}

/** The platform that `PLATFORM` names. */
export const platformOf = ({ PLATFORM }: NodeJS.ProcessEnv): Pick<CheckOptions, "platform"> =>
  PLATFORM ? { platform: PLATFORM } : {};

/** What came of one stack; `lines` are printed under its name. */
export interface Verdict {
  readonly kind: keyof typeof EXIT;
  /** Follows the verdict's word on the stack's own line. */
  readonly summary: string;
  readonly lines: readonly string[];
  /** Plugins that Terraform needs and could not get. */
  readonly missing?: readonly Plugin[];
}

const verdict = (kind: Verdict["kind"], summary: string, lines: readonly string[]): Verdict => ({
  kind,
  summary,
  lines,
});
export const passed = (summary: string, lines: readonly string[] = []): Verdict => verdict("passed", summary, lines);
export const failed = (lines: readonly string[]): Verdict =>
  verdict("failed", `${lines.length} ${lines.length === 1 ? "problem" : "problems"}`, lines);
export const unchecked = (summary: string, lines: readonly string[] = []): Verdict =>
  verdict("unchecked", summary, lines);

/** One stack in a working directory of its own. */
export interface Stack {
  /** None for the delivery stack. */
  readonly environment: Environment | undefined;
  readonly loaded: LoadedPlatform;
  readonly directory: string;
  readonly config: StackConfig;
  readonly terraform: Terraform;
  readonly initTimeout: number;
  /** Runs Terraform there. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Finished>;
}

/** Looks at one stack whose directory is prepared. */
export type Check = (stack: Stack) => Promise<Verdict>;

/**
 * Synthesizes a platform, runs a check on each of its stacks, prints the verdicts and says with which code to exit.
 * @throws ProblemsError for mistakes in the catalog or the options
 */
export async function checkStacks(options: CheckOptions, chosen: readonly StackName[], check: Check): Promise<number> {
  const write = options.write ?? console.log;
  const terraform = await findTerraform(process.env);
  if (typeof terraform === "string") {
    write(terraform);
    return EXIT.unchecked;
  }
  return withTempDirectory(async (temp) => {
    const synthesize = options.synthesize ?? (await import("../../main")).synthesize;
    const loaded = synthesize(
      { PLATFORM: options.platform, [LOCK_VARIABLE]: process.env[LOCK_VARIABLE] },
      join(temp, "out"),
    );
    write(`${loaded.platform.name}, with ${terraform.version}`);
    const verdicts: Verdict[] = [];
    for (const name of present(chosen, loaded, options)) {
      const stack = prepare(loaded, name, { terraform, temp, initTimeout: options.initTimeout ?? 60 });
      // Asking again for what was not there a moment ago can take a minute per stack.
      const known = verdicts.flatMap((v) => v.missing ?? []);
      const missing = missingPlugins(stack.config, stack.terraform, process.env).filter((plugin) =>
        known.some((k) => k.path === plugin.path),
      );
      const result =
        missing.length > 0
          ? withoutPlugins(stack, missingPlugins(stack.config, stack.terraform, process.env), [])
          : await check(stack);
      verdicts.push(result);
      linesOf(name, result).forEach((line) => write(line));
    }
    howToGet(
      verdicts.flatMap((v) => v.missing ?? []),
      process.env,
    ).forEach((line) => write(line));
    const lock = projectLock(process.env);
    if ("absent" in lock) write(`plugins ${colours.yellow("not checked")}: ${lock.absent}`);
    return exitCode(verdicts);
  });
}

/** Those that the platform has. @throws ProblemsError for one that was asked for by name and that it has not */
function present(chosen: readonly StackName[], { platform }: LoadedPlatform, asked: CheckOptions): StackName[] {
  const known = stacksOf(platform);
  if (asked.environments?.includes(DELIVERY) && !known.includes(DELIVERY)) {
    const fix = "add delivery: standardDelivery(…) to the platform; docs/delivery.md says what it is";
    throw new ProblemsError([error("delivery", "a platform without it", `one of ${list([...known])}`, fix)]);
  }
  return chosen.filter((name) => known.includes(name));
}

/** The stacks that were asked for, or the default. @throws ProblemsError for a name that is none */
export function chosenStacks(
  asked: readonly string[] | undefined,
  otherwise: readonly StackName[],
): readonly StackName[] {
  if (!asked || asked.length === 0) return otherwise;
  const unknown = asked.filter((name) => !STACKS.some((known) => known === name));
  if (unknown.length > 0) {
    throw new ProblemsError(
      unknown.map((name) => error("environment", name, `one of ${list([...STACKS])}`, "correct the name")),
    );
  }
  return STACKS.filter((name) => asked.includes(name));
}

/** A wrong stack counts more than one that could not be checked, and that is never a pass. */
function exitCode(verdicts: readonly Verdict[]): number {
  if (verdicts.some((v) => v.kind === "failed")) return EXIT.failed;
  return verdicts.length === 0 || verdicts.some((v) => v.kind === "unchecked") ? EXIT.unchecked : EXIT.passed;
}

const WIDTH = Math.max(...STACKS.map((name) => name.length)) + 2;

function linesOf(name: StackName, { kind, summary, lines }: Verdict): string[] {
  const word = { passed: colours.green("ok"), failed: colours.red("wrong"), unchecked: colours.yellow("not checked") };
  return [`${name.padEnd(WIDTH)}${word[kind]}: ${summary}`, ...lines.map((line) => `${" ".repeat(WIDTH)}${line}`)];
}

/** Copies a synthesized stack away from cdktf's output: Terraform writes beside the files that it reads. */
function prepare(
  loaded: LoadedPlatform,
  name: StackName,
  { terraform, temp, initTimeout }: Pick<Stack, "terraform" | "initTimeout"> & { readonly temp: string },
): Stack {
  const directory = join(temp, name);
  cpSync(join(temp, "out", "stacks", name), directory, { recursive: true });
  const env = { ...childEnvironment(process.env), TF_DATA_DIR: join(temp, `${name}.data`) };
  return {
    environment: name === DELIVERY ? undefined : loaded.platform.environments[name],
    loaded,
    directory,
    config: JSON.parse(readFileSync(join(directory, "cdk.tf.json"), "utf8")) as StackConfig,
    terraform,
    initTimeout,
    run: (args, options) =>
      run(terraform.binary, args, { ...options, cwd: directory, env: { ...env, ...options?.env } }),
  };
}

function withoutPlugins(stack: Stack, missing: readonly Plugin[], reasons: readonly string[]): Verdict {
  const lines = [...missing.map(({ source, version }) => `missing plugin ${source} ${version}`), ...reasons];
  return { ...unchecked(`${nameOf(stack)} could not get its plugins`, lines), missing };
}

const nameOf = ({ terraform }: Stack): string => terraform.version.split(" ")[0]!;

// init

/** How Terraform says that a plugin could not be had, which says nothing about the stack. */
const UNAVAILABLE = /^Failed to (query available provider packages|install provider|resolve provider packages)/;

/** `terraform init`. Returns a verdict only when the check cannot go on. */
export async function init(stack: Stack, ...args: readonly string[]): Promise<Verdict | undefined> {
  const result = await stack.run(
    ["init", "-input=false", "-no-color", ...lockArguments(stack.directory, stack.terraform), ...args],
    { timeout: stack.initTimeout },
  );
  if (result.code === 0) return undefined;
  // A plugin that is there and is not let in is no plugin that could not be had.
  const refused = afterRefusal(result.stdout + result.stderr);
  if (refused.length > 0) return failed([...errorsIn(`${result.stdout}\n${result.stderr}`), ...refused]);
  const missing = missingPlugins(stack.config, stack.terraform, process.env);
  if (result.timedOut) {
    return withoutPlugins(stack, missing, [`${nameOf(stack)} init was stopped after ${stack.initTimeout} s`]);
  }
  const errors = errorsIn(`${result.stdout}\n${result.stderr}`);
  if (errors.length > 0 && errors.every((text) => UNAVAILABLE.test(text))) {
    // Each names its plugin; only the part about why is news beside our own lines.
    const reasons = new Set(errors.map((text) => text.replace(/^.*?provider \S+: /, "")));
    return withoutPlugins(
      stack,
      missing,
      [...reasons].map((reason) => `${nameOf(stack)} says: ${reason}`),
    );
  }
  return failed(errors.length > 0 ? errors : [firstLines(result.stderr || result.stdout)]);
}

/** A plugin that does not start, e.g. one for another kind of computer: nothing is known about the stack then. */
const UNUSABLE =
  /^(Failed to (load plugin schemas|obtain provider schema|instantiate provider)|Missing required provider)/;

/** What a run's messages come to: a verdict when there is an error, else nothing. */
export function verdictOf(diagnostics: readonly Diagnostic[]): Verdict | undefined {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0) return undefined;
  const lines = errors.map(describe);
  return errors.every(({ summary }) => UNUSABLE.test(summary))
    ? unchecked("a plugin does not start", lines)
    : failed(lines);
}

/** The verdict on a run that printed nothing that can be read. */
export function unreadable(stack: Stack, command: string, result: Finished): Verdict {
  if (result.timedOut) return unchecked(`${nameOf(stack)} ${command} took too long and was stopped`);
  return unchecked(`${nameOf(stack)} ${command} failed`, [firstLines(result.stderr || result.stdout)]);
}
