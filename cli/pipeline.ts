/** What workflows ask: which environments there are and which are changed, the review's comment, may it be deployed. */
import { existsSync, readFileSync } from "node:fs";
import { changedEnvironments } from "../delivery/changed";
import { commentReview } from "../delivery/comment";
import { Github, githubAccess } from "../clients/github";
import { deployed } from "../model/pipeline";
import { type Environment } from "../model/environment";
import { ENVIRONMENTS, type EnvironmentName } from "../model/environment-name";
import type { Platform } from "../model/platform";
import { error, list, ProblemsError } from "../model/problem";
import { readRecord, recordDifference } from "../review/record";
import { openReleases } from "./drift";
import { EXIT } from "./release-words";
import { loadCatalog, openSite } from "./site";

type Env = NodeJS.ProcessEnv;
type Write = (line: string) => void;

/** The environments that pipelines deploy; those with a server, where a platform says nothing of pipelines. */
const deployable = (platform: Platform): readonly Environment[] =>
  platform.delivery
    ? deployed(platform)
    : ENVIRONMENTS.map((name) => platform.environments[name]).filter(({ host }) => host.kind === "hetzner");

/** A workflow's matrix: one line of JSON. */
export function environmentsCommand(env: Env, write: Write = console.log): number {
  const { platform } = loadCatalog(env);
  write(JSON.stringify(deployable(platform).map(({ name }) => ({ platform: platform.name, environment: name }))));
  return EXIT.done;
}

/** @param given cdktf's output directories of both sides, made with the same PLATFORM */
export function changedCommand(
  given: { readonly base: string; readonly head: string; readonly json?: boolean },
  env: Env,
  write: Write = console.log,
): number {
  const { platform } = loadCatalog(env);
  const changes = changedEnvironments({
    platform: platform.name,
    environments: deployable(platform).map(({ name }) => name),
    base: given.base,
    head: given.head,
  });
  if (given.json) write(JSON.stringify(changes));
  else if (changes.length === 0) write(`${platform.name}: no environment is changed.`);
  else for (const { platform: name, environment, change } of changes) write(`${name} ${environment} is ${change}.`);
  return EXIT.done;
}

/** Writes the file as the pull request's comment about an environment; without a file: it is not changed any more. */
export async function commentCommand(
  environment: EnvironmentName,
  given: { readonly pr: string; readonly file?: string },
  env: Env,
  write: Write = console.log,
): Promise<number> {
  const { platform } = loadCatalog(env);
  const wrong = [
    ...(/^[1-9]\d*$/.test(given.pr) ? [] : [error("--pr", given.pr, "a pull request's number", "correct it")]),
    ...(given.file === undefined || existsSync(given.file)
      ? []
      : [error("--file", `${given.file}, which is not there`, "the review as Markdown", "name the file")]),
  ];
  if (wrong.length > 0) throw new ProblemsError(wrong);
  const review = given.file === undefined ? undefined : readFileSync(given.file, "utf8");
  const place = { platform: platform.name, environment, pullRequest: Number(given.pr) };
  const did = await commentReview(new Github(githubAccess(env)), place, review);
  write(`${platform.name} ${environment}: the comment at #${given.pr}: ${did}.`);
  return EXIT.done;
}

/** @returns 0: the plan that was made is the one that was reviewed, 3: it is another one, and in what */
export function compareCommand(
  fingerprint: string,
  given: { readonly now: string; readonly then?: string },
  write: Write = console.log,
): number {
  const now = readRecord(given.now);
  if (now.fingerprint === fingerprint) {
    write(`${fingerprint} is still what an apply would do: ${now.verdict}`);
    return EXIT.done;
  }
  write(`An apply would do something else now than ${fingerprint}, which was reviewed.`);
  // The artifact is there as long as GitHub keeps it.
  if (given.then !== undefined && existsSync(given.then)) {
    const then = readRecord(given.then);
    write(`Reviewed (${then.at}): ${then.verdict}`);
    write(`Now: ${now.verdict}`);
    recordDifference(then, now).forEach((line) => write(`  ${line}`));
  } else {
    write("What was reviewed is not at hand, so this is what would be done now:");
    write(now.verdict);
  }
  write(`Review this plan (twinset review ${now.environment} --no-refresh), and ask for ${now.fingerprint}.`);
  return EXIT.guarded;
}

/** The branch whose pull request brings a release's result into the release file. */
export const recordBranch = (platform: string, environment: string): string =>
  `release-record/${platform}-${environment}`;

/**
 * May an environment be deployed from the files? Not while a release is under way, nor while its result waits in a
 * pull request: the files would undo what the release did.
 * @returns 0: yes, 6: no, and why
 */
export async function settledCommand(
  environment: EnvironmentName,
  env: Env,
  write: Write = console.log,
): Promise<number> {
  const github = new Github(githubAccess(env));
  const { platform } = loadCatalog(env);
  const branch = recordBranch(platform.name, environment);
  const waiting = await github.openPullRequests(branch);
  if (waiting.length > 0) {
    const numbers = list(waiting.map((number) => `#${number}`));
    write(`${environment}: what a release has done is not in its file yet. Merge ${numbers} first.`);
    return EXIT.locked;
  }
  const releasing = await openReleases(await openSite({ environment, env, lock: false }));
  if (releasing.length > 0) {
    write(`${environment}: a release of ${list(releasing)} has not ended. Go on with it (--resume), or roll back.`);
    return EXIT.locked;
  }
  write(`${environment}: no release is under way, and what was released is in its file.`);
  return EXIT.done;
}
