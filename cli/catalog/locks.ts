/** `npm run locks`: makes the lock of the provider plugins, or looks whether it is still right. */
import { Command } from "commander";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import colours from "picocolors";
import { writeWhole } from "../../clients/files";
import { withTempDirectory } from "../../clients/program";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { error, errorsOf, formatProblem, list, ProblemsError } from "../../model/problem";
import { type LockChange, type Made, makeLock, type Missing, renewed, type Renewed } from "../../terraform/lock-making";
import {
  LOCK_PLATFORMS,
  LOCKED_REGISTRY,
  lockProblems,
  lockText,
  NEEDED_PLATFORMS,
  type PluginLock,
} from "../../terraform/plugin-lock";
import {
  LOCK_NAME,
  LOCK_VARIABLE,
  lockPath,
  NO_LOCK,
  type ProjectLock,
  projectLock,
} from "../../terraform/project-lock";
import { findTerraform, type Terraform } from "../../terraform/program";
import { EXIT } from "./check-stacks";

export interface LocksOptions {
  /** Only look. @default false */
  readonly check?: boolean;
  /** A folder with plugins, as Terraform's own. @default the registry is asked */
  readonly fsMirror?: string | undefined;
  /** @default LOCK_PLATFORMS */
  readonly platform?: readonly string[] | undefined;
  /** Providers whose content may be another one than it was at the same version. */
  readonly allow?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** @default console.log */
  readonly write?: (line: string) => void;
}

/**
 * @returns 0: it is as it is to be; 1: it is not, or must not be written; 2: it could not be said
 * @throws ProblemsError for a lock that cannot be read, and for options that are none
 */
export async function locks(options: LocksOptions): Promise<number> {
  const { env, write = console.log, check = false, fsMirror } = options;
  const platforms = platformsOf(options);
  mirrorMustBeThere(fsMirror);
  const project = lockOf(env, check);
  const stored = "absent" in project ? [] : project.lock;
  if (check && "absent" in project) {
    write(`${colours.yellow("not checked")}: ${project.absent}; make it with npm run locks`);
    return EXIT.unchecked;
  }
  // What is wrong by itself needs nobody to be asked.
  const wrong = check ? lockProblems(stored, PROVIDER_VERSIONS, LOCK_NAME) : [];
  wrong.forEach((problem) => write(formatProblem(problem)));
  if (errorsOf(wrong).length > 0) return EXIT.failed;
  const terraform = await findTerraform(env);
  const without = cannotBe(terraform);
  if (typeof terraform === "string" || without !== undefined) {
    write(without ?? String(terraform));
    return EXIT.unchecked;
  }
  return withTempDirectory(async (directory) => {
    const asks = (platform: string): void => write(colours.dim(`plugins for ${platform} …`));
    const made = await makeLock({
      ...{ terraform, required: PROVIDER_VERSIONS, platforms, mirror: fsMirror && resolve(fsMirror) },
      ...{ directory, env, asks },
    });
    const found = renewed(stored, made, PROVIDER_VERSIONS);
    found.changes.forEach((change) => describe(change).forEach((line) => write(line)));
    missingLines(made.missing).forEach((line) => write(line));
    return check ? checked(found, made, write) : kept(project, found, made, options);
  });
}

/** One that is named and not there yet is no mistake for who makes it; to be told that there is none is one. */
function lockOf(env: NodeJS.ProcessEnv, check: boolean): ProjectLock {
  const path = lockPath(env);
  if (check) return projectLock(env);
  if (path === NO_LOCK) {
    throw new ProblemsError([error(LOCK_VARIABLE, path, "the file to make, or nothing", `unset ${LOCK_VARIABLE}`)]);
  }
  return existsSync(path) ? projectLock(env) : { path, absent: `there is no ${LOCK_NAME} yet` };
}

const cannotBe = (terraform: Terraform | string): string | undefined =>
  typeof terraform !== "string" && terraform.registry !== LOCKED_REGISTRY
    ? `${terraform.version} takes plugins from ${terraform.registry}; the lock is of ${LOCKED_REGISTRY}, so nothing was made or checked.`
    : undefined;

function platformsOf({ platform }: LocksOptions): readonly string[] {
  if (platform === undefined || platform.length === 0) return LOCK_PLATFORMS;
  const unknown = platform.filter((name) => !LOCK_PLATFORMS.includes(name));
  if (unknown.length === 0) return [...new Set(platform)];
  throw new ProblemsError(
    unknown.map((name) => error("--platform", name, `one of ${list([...LOCK_PLATFORMS])}`, "correct the name")),
  );
}

function mirrorMustBeThere(mirror: string | undefined): void {
  if (mirror === undefined || existsSync(mirror)) return;
  const folder = "a folder with plugins, as ~/.terraform.d/plugins";
  throw new ProblemsError([error("--fs-mirror", `${mirror}, which is not there`, folder, "name that folder")]);
}

function checked({ changes }: Renewed, { missing }: Made, write: (line: string) => void): number {
  if (changes.length > 0) {
    write(`${colours.red("wrong")}: ${LOCK_NAME} is not what there is now; npm run locks makes it anew`);
    return EXIT.failed;
  }
  if (missing.length > 0) {
    write(`${colours.yellow("not checked")}: what is missing above; all else of ${LOCK_NAME} is right`);
    return EXIT.unchecked;
  }
  write(`${colours.green("ok")}: ${LOCK_NAME} is what there is`);
  return EXIT.passed;
}

function kept(
  project: ProjectLock,
  { lock, changes }: Renewed,
  { missing }: Made,
  { write = console.log, allow = [] }: LocksOptions,
): number {
  const swapped = changes.filter((change) => change.swapped.length > 0 && !isAllowed(change, allow));
  if (swapped.length > 0) {
    write(colours.red(`${LOCK_NAME} was not written: find out why the same version is another program now.`));
    write(`If it is to be so: npm run locks -- --allow ${swapped.map(({ address }) => address).join(" ")}`);
    return EXIT.failed;
  }
  const problems = errorsOf(lockProblems(lock, PROVIDER_VERSIONS, LOCK_NAME));
  if (problems.length > 0) {
    problems.forEach((problem) => write(formatProblem(problem)));
    write(colours.red(`${LOCK_NAME} was not written: it has to have ${list([...NEEDED_PLATFORMS])} of every plugin.`));
    return missing.length > 0 ? EXIT.unchecked : EXIT.failed;
  }
  const isSame = "lock" in project && lockText(project.lock) === lockText(lock);
  const isWhole = !missing.some(({ platform }) => NEEDED_PLATFORMS.includes(platform));
  if (isSame) write(`${LOCK_NAME} ${isWhole ? "is current" : "stays as it was"}: ${covered(lock)}.`);
  else {
    writeWhole(project.path, lockText(lock));
    write(`wrote ${LOCK_NAME}: ${covered(lock)}. Look at it (git diff), and commit it.`);
  }
  if (!isWhole) write(`${colours.yellow("not checked")}: what is missing above is in it as it was before`);
  return isWhole ? EXIT.passed : EXIT.unchecked;
}

const isAllowed = ({ address }: LockChange, allow: readonly string[]): boolean =>
  allow.some((name) => name === address || address === `${LOCKED_REGISTRY}/${name}`);

const covered = (lock: PluginLock): string =>
  `${lock.length} plugins, ${lock.flatMap((one) => one.hashes).length} hashes`;

/** One line, and one more for what must not be. */
function describe({ address, before, after, added, removed, swapped }: LockChange): string[] {
  const hashes = `${added} ${added === 1 ? "hash" : "hashes"} added, ${removed} removed`;
  if (swapped.length > 0) {
    return [
      colours.red(
        `! ${address} ${after}: THE SAME VERSION HAS OTHER CONTENT NOW, for ${list([...swapped])}; ${hashes}`,
      ),
    ];
  }
  if (before === undefined) return [colours.green(`+ ${address} ${after}: ${hashes}`)];
  if (after === undefined) return [colours.yellow(`- ${address} ${before}: no stack needs it; ${hashes}`)];
  return [colours.yellow(`~ ${address} ${before === after ? after : `${before} → ${after}`}: ${hashes}`)];
}

function missingLines(missing: readonly Missing[]): string[] {
  const platforms = [...new Set(missing.map(({ platform }) => platform))];
  return platforms.flatMap((platform) => {
    const own = missing.filter((one) => one.platform === platform);
    const names = list(own.map(({ address }) => address.replace(`${LOCKED_REGISTRY}/`, "")));
    const [why] = own.map((one) => one.why);
    return [colours.yellow(`missing for ${platform}: ${names}`), `  ${why}`];
  });
}

export const command = new Command("locks")
  .description("make terraform.lock.hcl, which provider plugins may be taken, by their content; or check it")
  .option("--check", "only look: is it right, and still what the registry has?")
  .option("--fs-mirror <folder>", "take plugins from there and not from the registry")
  .option("--platform <names...>", `default: ${list([...LOCK_PLATFORMS])}`)
  .option("--allow <providers...>", "whose content may be another one than it was at the same version")
  .action(async (given: Omit<LocksOptions, "env">) => {
    process.exitCode = await locks({ ...given, env: process.env });
  });
