/** `twinset compare`: is a plan still the one that was reviewed? */
import { Command } from "commander";
import { existsSync } from "node:fs";
import { readRecord, recordDifference } from "../../review/record";
import { EXIT } from "../shared/exit";

/** @returns 0: the plan that was made is the one that was reviewed, 3: it is another one, and in what */
export function compareCommand(
  fingerprint: string,
  given: { readonly now: string; readonly then?: string },
  write: (line: string) => void = console.log,
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

export const command = new Command("compare")
  .description("for workflows: is a plan still the one that was reviewed? If not, in what it differs")
  .argument("<fingerprint>", "as the review has said it")
  .requiredOption("--now <file>", "the record of the plan made now")
  .option("--then <file>", "the record of what was reviewed, if it is still there")
  .action((fingerprint: string, given: { now: string; then?: string }) => {
    process.exitCode = compareCommand(fingerprint, given);
  });
