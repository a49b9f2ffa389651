/** `twinset settled`: may the files be deployed, or would that undo a release? */
import { Command } from "commander";
import { Github, githubAccess } from "../../clients/github";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { formatProblem, list } from "../../model/problem";
import { openReleases } from "../../release/journal/open-releases";
import { allProblems } from "../../release/journal/whole";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { openSite } from "../shared/site";
import { loadCatalog } from "../shared/catalog";

/** The branch whose pull request brings a release's result into the release file. */
const recordBranch = (platform: string, environment: string): string => `release-record/${platform}-${environment}`;

/**
 * May an environment be deployed from the files? Not while a release is under way, nor while its result waits in a
 * pull request: the files would undo what the release did.
 * @returns 0: yes, 6: no, and why, 2: the journal cannot be read whole, so a release may be under way
 */
export async function settledCommand(
  environment: EnvironmentName,
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = console.log,
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
  const { journal } = await openSite({ environment, env, lock: false });
  const known = await journal.read();
  const unread = allProblems(platform, known, environment);
  if (unread.length > 0) {
    unread.forEach((problem) => write(formatProblem(problem)));
    return EXIT.mistake;
  }
  const releasing = openReleases(platform, known);
  if (releasing.length > 0) {
    write(`${environment}: a release of ${list(releasing)} has not ended. Go on with it (--resume), or roll back.`);
    return EXIT.locked;
  }
  write(`${environment}: no release is under way, and what was released is in its file.`);
  return EXIT.done;
}

export const command = new Command("settled")
  .description("for workflows: may the files be deployed, or would that undo a release?")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .action(async (name: string) => {
    process.exitCode = await settledCommand(environmentNamed(name, process.env), process.env);
  });
