/** `twinset settled`: may the files be deployed, or would that undo a release? */
import { Command } from "commander";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { formatProblem, list } from "../../model/problem";
import { openReleases } from "../../release/journal/open-releases";
import { allProblems } from "../../release/journal/whole";
import { unrecorded } from "../../release/journal/unrecorded";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { openSite, releaseFile } from "../shared/site";

/**
 * May an environment be deployed from the files? Not while a release is under way, nor before what it left has come to the
 * branch that is checked out: the files would undo what the release did. The journal says what was left, and the file's
 * history whether it ever said so: nobody has to be asked, and no pull request can be closed to get past it.
 * @returns 0: yes, 6: no, and why, 2: the journal cannot be read whole, so a release may be under way
 */
export async function settledCommand(
  environment: EnvironmentName,
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = console.log,
): Promise<number> {
  const site = await openSite({ environment, env, lock: false });
  const { platform } = site;
  const known = await site.journal.read();
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
  const { file, path } = releaseFile(platform.name, environment, env);
  const said = await unrecorded({ products: platform.products, journal: known, release: site.release(), file, path });
  if (said.length > 0) {
    said.forEach((line) => write(`${environment}: ${line}`));
    write(`Bring the release file to the branch first: the summary of the release's run says how (docs/pipeline.md).`);
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
