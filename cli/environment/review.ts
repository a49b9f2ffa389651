/** `twinset review`: a plan as what a reviewer reads. */
import { Command } from "commander";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { text as allOf } from "node:stream/consumers";
import { writeWhole } from "../../clients/files";
import type { Environment } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { eachText } from "../../model/each-text";
import { error, list, ProblemsError } from "../../model/problem";
import { knownSecrets, type Redact } from "../../model/redact";
import { jsonText } from "../../model/safe-text";
import { edgeDifferences } from "../../release/served";
import { type AppliedFacts, appliedFacts } from "../../review/applied-facts";
import { markdown } from "../../review/markdown";
import { type MaskedPlan, maskedPlan } from "../../review/masked-plan";
import { parsePlan } from "../../review/plan-file";
import { recordOf, type ReviewRecord } from "../../review/record";
import { waiversOf } from "../../review/refusals";
import { isBlessed, type Made, type Review, reviewPlan, type ReviewOptions as PlanOptions } from "../../review/review";
import { planRedactor } from "../../review/secrets";
import { terminalText } from "../../review/terminal";
import type { Plan } from "../../terraform/plan";
import type { PlanSource } from "../../terraform/plan-source";
import { EXIT } from "../shared/exit";
import { environmentName } from "../shared/names";
import { openSite, type OpenSite } from "../shared/site";
import { loadCatalog } from "../shared/catalog";
import { told } from "../shared/told";
import { sourceIn } from "./plan-source";
import { ownCopy } from "./shown-plan";

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
  /** What it was made of; of a plan in JSON nobody knows. */
  readonly source: PlanSource | undefined;
  readonly review: Review;
  /** For whole texts, at the very end. */
  readonly redact: Redact;
  /** For a text that came of the plan itself. */
  readonly hide: MaskedPlan["hide"];
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

/** @returns 0: reviewed; 3: it is not whole, or a policy speaks against it @throws ProblemsError */
export async function review(options: ReviewOptions): Promise<number> {
  const { flags, write = console.log } = options;
  const reviewed = await reviewedPlan(options);
  const { review, redact, record } = reviewed;
  if (flags.markdown !== undefined) save("--markdown", flags.markdown, markdown(review, { redact }));
  if (flags.record !== undefined) save("--record", flags.record, `${jsonText(record)}\n`);
  write(flags.json ? jsonText(eachText(forPrograms(review), redact)) : terminalText(review, redact));
  return isBlessed(review) ? EXIT.done : EXIT.guarded;
}

/** What programs get: no plan, and policies by name. */
const forPrograms = ({ policies, capacity: _, unseen, ...rest }: Review): object => ({
  ...rest,
  ...(unseen ? { unseen: { ...unseen, facts: undefined } } : {}),
  policies: policies.map(({ policy, broken, waived, said, pointless }) => ({
    policy: policy.name,
    pointless,
    broken,
    waived,
    said,
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
    const path = resolve(planPath);
    const plan = parsePlan(await site.terraform.plannedJson(path), planPath);
    const refreshed = plan.resource_drift?.length ? true : undefined;
    const more = { source: sourceIn(path, planPath), applied: await appliedBefore(site) };
    return reviewed(plan, site.platform, site.environment, env, { refreshed, at: new Date(plan.timestamp!) }, more);
  }
  return reviewSite(site, env, (here) => here, { refresh: flags.refresh });
}

/** A review of what was planned just now. */
export interface ReviewedHere extends Reviewed {
  readonly source: PlanSource;
  /** The plan's own copy, in Terraform's directory. */
  readonly file: string;
}

/**
 * Plans an environment, and reviews and uses that plan, whatever else is planned in Terraform's directory meanwhile.
 * @param only addresses, where the host is not to be reached: then neither is the edge asked
 */
export async function reviewSite<Result>(
  site: OpenSite,
  env: NodeJS.ProcessEnv,
  use: (reviewed: ReviewedHere) => Promise<Result> | Result,
  { refresh = true, only }: { readonly refresh?: boolean; readonly only?: readonly string[] | undefined } = {},
): Promise<Result> {
  const stateFrom = refresh ? undefined : await site.files.modified();
  await site.terraform.plan({ refresh, ...(only ? { targets: only } : {}) });
  const file = ownCopy(site);
  try {
    return await use(
      await reviewedHere(site, env, file, { refreshed: refresh, stateFrom, at: new Date() }, only === undefined),
    );
  } finally {
    rmSync(join(site.terraform.path, file), { force: true });
  }
}

async function reviewedHere(
  site: OpenSite,
  env: NodeJS.ProcessEnv,
  file: string,
  made: Made,
  withHost: boolean,
): Promise<ReviewedHere> {
  const { platform, environment } = site;
  const plan = parsePlan(await site.terraform.plannedJson(file), "terraform show -json");
  // Without the host nothing can be said of the edge; that nobody looked is said already.
  const edge = made.refreshed && withHost ? await edgeDifferences(site, await site.terraform.state()) : [];
  const source = sourceIn(join(site.terraform.path, file));
  const more = { edge, source, applied: await appliedBefore(site) };
  return { ...reviewed(plan, platform, environment, env, made, more), source, file };
}

function reviewed(
  plan: Plan,
  platform: Platform,
  environment: Environment,
  env: NodeJS.ProcessEnv,
  made: Made,
  more: Pick<PlanOptions, "edge" | "source" | "applied"> = {},
): Reviewed {
  const { waivers } = waiversOf(platform);
  const known = knownSecrets(platform, environment, env);
  const review = reviewPlan(plan, { platform, environment, made, waivers, known, ...more });
  const redact = planRedactor(plan, known);
  const { hide } = maskedPlan(plan, known);
  return { plan, source: more.source, review, redact, hide, record: recordOf(plan, review, redact, known) };
}

/** What the stack said besides when it was applied last, or why that is not known. */
async function appliedBefore({ files }: OpenSite): Promise<AppliedFacts | string> {
  try {
    return (await appliedFacts(files)) ?? "no apply has noted it yet";
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    return `the state's store does not say it (${reason.problems.map(({ given }) => given).join("; ")})`;
  }
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

export const reviewCommand = (
  name: string,
  planPath: string | undefined,
  flags: ReviewFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> => told(name, async () => review({ environment: environmentName(name), planPath, flags, env }));

export const command = new Command("review")
  .description("what a plan does to traffic and data, for a pull request; with a fingerprint to apply just that")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .argument("[plan]", "a saved plan, or - for terraform show -json on standard input; default: it plans")
  .option("--no-refresh", "plan from the state alone: neither the host nor a cloud is asked")
  .option("--markdown <file>", "write it there as Markdown too, for a comment")
  .option("--record <file>", "write there what was reviewed, without secrets: for apply --reviewed")
  .option("--json", "for programs")
  .action(async (name: string, plan: string | undefined, given: ReviewFlags) => {
    process.exitCode = await reviewCommand(name, plan, given, process.env);
  });
