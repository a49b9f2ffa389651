/** `twinset review` and `twinset apply --reviewed`: a plan as what a reviewer reads, and that plan applied or none. */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text as allOf } from "node:stream/consumers";
import colours from "picocolors";
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import { error, formatProblem, ProblemsError } from "../model/problem";
import { knownSecrets, type Redact } from "../model/redact";
import { markdown } from "../review/markdown";
import { parsePlan } from "../review/plan-file";
import { readRecord, recordDifference, recordOf, type ReviewRecord } from "../review/record";
import { brokenPolicies, type Made, type Review, reviewPlan } from "../review/review";
import { planRedactor } from "../review/secrets";
import { terminalText } from "../review/terminal";
import { effective, type Plan } from "../terraform/plan";
import { applyKept } from "./plan";
import { asProblem, refusals, waiversOf } from "./refusals";
import { EXIT } from "./release-words";
import { loadCatalog, openSite, type OpenSite } from "./site";
import { writeWhole } from "../clients/files";

export interface ReviewFlags {
  /** false: plan from the state, ask neither the engine nor a cloud. */
  readonly refresh: boolean;
  readonly markdown?: string;
  readonly record?: string;
  readonly json?: boolean;
}

/** A review with what belongs to it. */
export interface Reviewed {
  readonly plan: Plan;
  readonly review: Review;
  readonly redact: Redact;
  readonly record: ReviewRecord;
}

export interface ReviewOptions {
  readonly environment: Environment["name"];
  /** A saved plan, a plan in JSON, or "-" for one on standard input. @default none: it plans */
  readonly planPath?: string | undefined;
  readonly flags: ReviewFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly write?: (text: string) => void;
  /** @default standard input */
  readonly stdin?: () => Promise<string>;
}

/** @returns 0: reviewed; 3: a policy speaks against it @throws ProblemsError */
export async function review(options: ReviewOptions): Promise<number> {
  const { flags, write = console.log } = options;
  const reviewed = await reviewedPlan(options);
  const { review, redact, record } = reviewed;
  if (flags.markdown !== undefined) save("--markdown", flags.markdown, markdown(review, { redact }));
  if (flags.record !== undefined) save("--record", flags.record, `${JSON.stringify(record, undefined, 2)}\n`);
  write(flags.json ? redact(JSON.stringify(forPrograms(review), undefined, 2)) : terminalText(review, redact));
  return brokenPolicies(review).length > 0 ? EXIT.guarded : EXIT.done;
}

/** What programs get: no plan, and policies by name. */
const forPrograms = ({ policies, capacity: _, ...rest }: Review): object => ({
  ...rest,
  policies: policies.map(({ policy, broken, waived, pointless }) => ({
    policy: policy.name,
    pointless,
    broken,
    waived,
  })),
});

async function reviewedPlan({ environment: name, planPath, flags, env, stdin }: ReviewOptions): Promise<Reviewed> {
  const text =
    planPath === "-" ? await (stdin ?? standardInput)() : planPath !== undefined ? jsonIn(planPath) : undefined;
  if (text !== undefined) {
    const { platform } = loadCatalog(env);
    const plan = parsePlan(text, planPath === "-" ? "standard input" : planPath!);
    // A plan does not say whether Terraform looked; one that found something did.
    const refreshed = flags.refresh ? (plan.resource_drift?.length ? true : undefined) : false;
    return reviewed(plan, platform, platform.environments[name], env, { refreshed, at: new Date(plan.timestamp!) });
  }
  // It looks only, and must not be in the way of who works.
  const site = await openSite({ environment: name, env, lock: false, offline: !flags.refresh });
  if (planPath !== undefined) {
    const plan = parsePlan(await site.terraform.plannedJson(resolve(planPath)), planPath);
    const refreshed = plan.resource_drift?.length ? true : undefined;
    return reviewed(plan, site.platform, site.environment, env, { refreshed, at: new Date(plan.timestamp!) });
  }
  return reviewSite(site, env, flags.refresh);
}

/** Plans an environment and reviews that. The plan is kept in Terraform's directory. */
export async function reviewSite(site: OpenSite, env: NodeJS.ProcessEnv, refresh = true): Promise<Reviewed> {
  const { platform, environment } = site;
  const stateFrom = refresh ? undefined : await site.files.modified();
  await site.terraform.plan({ refresh });
  const plan = parsePlan(await site.terraform.plannedJson(), "terraform show -json");
  return reviewed(plan, platform, environment, env, { refreshed: refresh, stateFrom, at: new Date() });
}

function reviewed(
  plan: Plan,
  platform: Platform,
  environment: Environment,
  env: NodeJS.ProcessEnv,
  made: Made,
): Reviewed {
  const { waivers } = waiversOf(platform);
  const review = reviewPlan(plan, { platform, environment, made, waivers });
  const redact = planRedactor(plan, knownSecrets(platform, environment, env));
  return { plan, review, redact, record: recordOf(plan, review, redact) };
}

/** All of it. A pipe may not have all at once, so it cannot be read as a file is. Of a terminal nothing is awaited. */
const standardInput = async (): Promise<string> => (process.stdin.isTTY ? "" : allOf(process.stdin));

/** A file's text, if it is JSON; undefined for a saved plan, which only Terraform can read. */
function jsonIn(path: string): string | undefined {
  if (!existsSync(path)) {
    throw new ProblemsError([
      error("plan", `${path}, which is not there`, "a saved plan, or - for JSON on standard input", "name the file"),
    ]);
  }
  const bytes = readFileSync(path);
  // A saved plan is a zip.
  return bytes.subarray(0, 2).toString("latin1") === "PK" ? undefined : bytes.toString("utf8");
}

/** @throws ProblemsError where it cannot be written */
function save(option: string, path: string, text: string): void {
  try {
    writeWhole(path, text);
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    throw new ProblemsError([
      error(option, `${path} (${code})`, "a file in a folder that can be written to", "name another one"),
    ]);
  }
}

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
 * @returns 0: applied, or nothing is left to change; 3: another plan, or a policy speaks against it
 */
export async function applyReviewed(
  site: OpenSite,
  env: NodeJS.ProcessEnv,
  { fingerprint, record, allow }: ApplyReviewed,
  write: (line: string) => void = console.log,
): Promise<number> {
  const { name } = site.environment;
  const then = reviewedBefore(fingerprint, record, site);
  const { plan, review, redact, record: now } = await reviewSite(site, env);
  if (review.changes === 0) {
    write(`${name}: nothing to change. It is as the files say already.`);
    return EXIT.done;
  }
  if (review.fingerprint !== fingerprint) {
    write(colours.red(`Refused: this plan does something else than ${fingerprint}, which was reviewed.`));
    if (then) {
      write(`Reviewed (${then.at}): ${then.verdict}`);
      write(`Now: ${redact(review.verdict)}`);
      recordDifference(then, now).forEach((line) => write(`  ${line}`));
    } else {
      write("What was reviewed is not at hand (--record), so this is what would be done now:");
      write(terminalText(review, redact));
    }
    write(`Nothing was changed. Review this plan (twinset review ${name}), and apply it as ${review.fingerprint}.`);
    return EXIT.guarded;
  }
  const refused = refusals(site, plan, allow);
  if (refused.length > 0) {
    refused.forEach((refusal) => write(formatProblem(asProblem(refusal))));
    return EXIT.guarded;
  }
  write(redact(review.verdict));
  const again = `look at it once more: twinset review ${name}`;
  return applyKept(site, { changes: effective(plan), given: ["--reviewed", fingerprint], again }, write);
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
