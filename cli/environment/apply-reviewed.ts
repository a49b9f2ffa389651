/** `twinset apply --reviewed`: it plans again, and applies what comes of it only if that is what was reviewed. */
import colours from "picocolors";
import { error, formatProblem, ProblemsError } from "../../model/problem";
import { readRecord, recordDifference, type ReviewRecord } from "../../review/record";
import { asProblem, refusals, refusalsOnTheEdge } from "../../review/refusals";
import { doesSomething } from "../../review/review";
import { terminalText } from "../../review/terminal";
import { effective } from "../../terraform/plan";
import { EXIT } from "../shared/exit";
import type { OpenSite } from "../shared/site";
import { applyKept } from "./apply-kept";
import { type ReviewedHere, reviewSite } from "./review";
import { settleFiles } from "./settle-files";

/** @throws ProblemsError for what cannot be a fingerprint */
export function mustBeFingerprint(given: string): void {
  if (/^[0-9a-f]{16}$/.test(given)) return;
  throw new ProblemsError([
    error("--reviewed", given, "a fingerprint of 16 hex digits", "copy it from the end of the review"),
  ]);
}

export interface ApplyReviewed {
  readonly fingerprint: string;
  /** What was reviewed, to show in what this plan differs. */
  readonly record?: string | undefined;
  readonly allow: readonly string[];
}

/**
 * Plans again, and applies only what was reviewed.
 * @returns 0: applied, or nothing is left to change; 3: another plan, one that is not whole, or a policy speaks against it
 */
export async function applyReviewed(
  site: OpenSite,
  env: NodeJS.ProcessEnv,
  given: ApplyReviewed,
  print: (line: string) => void = console.log,
): Promise<number> {
  const then = reviewedBefore(given.fingerprint, given.record, site);
  await settleFiles(site, print);
  return reviewSite(site, env, (reviewed) => {
    // Whatever is said from here on.
    const write = (line: string): void => print(reviewed.redact(line));
    return appliedIfSame(site, given, then, reviewed, write);
  });
}

async function appliedIfSame(
  site: OpenSite,
  { fingerprint, allow }: ApplyReviewed,
  then: ReviewRecord | undefined,
  { plan, source, file, review, redact, hide, record: now }: ReviewedHere,
  write: (line: string) => void,
): Promise<number> {
  const { name } = site.environment;
  const nothing = (): number => {
    write(`${name}: nothing to change. It is as the files say already.`);
    return EXIT.done;
  };
  // What is left out, or a check that does not hold, may be why there is nothing.
  const open = review.gaps.length + review.beside.checks.length > 0;
  if (!doesSomething(review) && !open) return nothing();
  if (review.fingerprint !== fingerprint) {
    write(colours.red(`Refused: this plan does something else than ${fingerprint}, which was reviewed.`));
    if (then) {
      write(`Reviewed (${then.at}): ${then.verdict}`);
      write(`Now: ${now.verdict}`);
      recordDifference(then, now).forEach((line) => write(`  ${line}`));
    } else {
      write("What was reviewed is not at hand (--record), so this is what would be done now:");
      write(terminalText(review, redact));
    }
    write(`Nothing was changed. Review this plan (twinset review ${name}), and apply it as ${review.fingerprint}.`);
    return EXIT.guarded;
  }
  const refused = [...refusals(site, plan, source, allow), ...(await refusalsOnTheEdge(site, plan, allow))];
  if (refused.length > 0) {
    refused.forEach((refusal) => write(formatProblem(asProblem(refusal))));
    return EXIT.guarded;
  }
  if (!doesSomething(review)) return nothing();
  write(now.verdict);
  const again = `look at it once more: twinset review ${name}`;
  const changes = effective(plan);
  return applyKept(site, { file, changes, given: ["--reviewed", fingerprint], again, hide }, write);
}

function reviewedBefore(fingerprint: string, record: string | undefined, site: OpenSite): ReviewRecord | undefined {
  const refuse = (path: string, given: string, expected: string, fix: string): never => {
    throw new ProblemsError([error(path, given, expected, fix)]);
  };
  if (record === undefined) return undefined;
  const found = readRecord(record);
  const { platform, environment } = site;
  if (found.fingerprint !== fingerprint) {
    refuse(
      "--record",
      `${record}, which is about ${found.fingerprint}`,
      `the record of ${fingerprint}`,
      "name that file",
    );
  }
  if (found.platform !== platform.name || found.environment !== environment.name) {
    const of = `${found.platform} ${found.environment}`;
    refuse(
      "--record",
      `${record}, which is about ${of}`,
      `the record of ${platform.name} ${environment.name}`,
      "name that file",
    );
  }
  return found;
}
