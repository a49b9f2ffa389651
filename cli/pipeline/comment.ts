/** `twinset comment`: the review where a pull request's readers see it. */
import { Command } from "commander";
import { existsSync, readFileSync } from "node:fs";
import { Github, githubAccess } from "../../clients/github";
import { commentReview } from "../../delivery/comment";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { error, list, ProblemsError } from "../../model/problem";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { loadCatalog } from "../shared/catalog";

/** Writes the file as the pull request's comment about an environment; without a file: it is not changed any more. */
export async function commentCommand(
  environment: EnvironmentName,
  given: { readonly pr: string; readonly file?: string },
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = console.log,
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

export const command = new Command("comment")
  .description("for workflows: the review as a pull request's comment, updated in place; without a file: it is over")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .requiredOption("--pr <number>", "the pull request")
  .option("--file <file>", "the review as Markdown")
  .action(async (name: string, given: { pr: string; file?: string }) => {
    process.exitCode = await commentCommand(environmentNamed(name, process.env), given, process.env);
  });
