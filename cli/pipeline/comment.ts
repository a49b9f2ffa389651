/** `twinset comment`: the review where a pull request's readers see it. */
import { Command } from "commander";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { Github, githubAccess } from "../../clients/github";
import { commentReview, LONGEST } from "../../delivery/comment";
import { type Origin, reviewFrom } from "../../delivery/handed-over";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { error, list, ProblemsError } from "../../model/problem";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { loadCatalog } from "../shared/catalog";

export interface CommentFlags {
  readonly pr: string;
  readonly file?: string;
  /** With these the file is what a pull request's own jobs have handed over, and may be missing. */
  readonly run?: string;
  readonly head?: string;
  readonly base?: string;
  /** Has the paths that the pull request changes, a line each. */
  readonly files?: string;
}

/** The marker of the comment goes before it. */
const MARKER = 200;

/** Writes the file as the pull request's comment about an environment; without a file: it is not changed any more. */
export async function commentCommand(
  environment: EnvironmentName,
  given: CommentFlags,
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = console.log,
): Promise<number> {
  const { platform } = loadCatalog(env);
  const origin = originOf(given);
  const wrong = [
    ...(/^[1-9]\d*$/.test(given.pr) ? [] : [error("--pr", given.pr, "a pull request's number", "correct it")]),
    ...(given.file === undefined || origin !== undefined || existsSync(given.file)
      ? []
      : [error("--file", `${given.file}, which is not there`, "the review as Markdown", "name the file")]),
  ];
  if (wrong.length > 0) throw new ProblemsError(wrong);
  const where = `${platform.name} ${environment}`;
  const text = given.file === undefined ? undefined : textOf(given.file);
  const review = origin ? reviewFrom(where, text, origin, LONGEST - MARKER) : text;
  const place = { platform: platform.name, environment, pullRequest: Number(given.pr) };
  const did = await commentReview(new Github(githubAccess(env)), place, review);
  write(`${platform.name} ${environment}: the comment at #${given.pr}: ${did}.`);
  return EXIT.done;
}

/** @throws ProblemsError where only some of what belongs together is given */
function originOf({ file, run, head, base, files }: CommentFlags): Origin | undefined {
  if ([run, head, base, files].every((each) => each === undefined)) return undefined;
  if (file !== undefined && run !== undefined && head !== undefined && base !== undefined && files !== undefined) {
    return { run, head, base, files: readFileSync(files, "utf8").split("\n") };
  }
  throw new ProblemsError([
    error(
      "--file, --run, --head, --base, --files",
      "some of them",
      "all or --file alone",
      "say where the review is from",
    ),
  ]);
}

/** A stranger may have made the file: what is no file of a review's size is none. */
function textOf(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() && found.size <= MOST_BYTES ? readFileSync(path, "utf8") : undefined;
}

const MOST_BYTES = 4 * LONGEST;

export const command = new Command("comment")
  .description("for workflows: the review as a pull request's comment, updated in place; without a file: it is over")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .requiredOption("--pr <number>", "the pull request")
  .option("--file <file>", "the review as Markdown")
  .option(
    "--run <url>",
    "the run whose jobs have handed the file over: it is taken for text of strangers, and may be missing",
  )
  .option("--head <commit>", "with --run: of what it is a review")
  .option("--base <commit>", "with --run: whose code calls this")
  .option("--files <file>", "with --run: has the paths that the pull request changes, a line each")
  .action(async (name: string, given: CommentFlags) => {
    process.exitCode = await commentCommand(environmentNamed(name, process.env), given, process.env);
  });
