/** `twinset apply`: the plan that was shown or reviewed is applied, and no other. */
import { Command } from "commander";
import { join } from "node:path";
import { ENVIRONMENTS } from "../../model/environment-name";
import { error, formatProblem, list, ProblemsError } from "../../model/problem";
import { maskedPlan } from "../../review/masked-plan";
import { asProblem, refusals, refusalsOnTheEdge } from "../../review/refusals";
import { effective } from "../../terraform/plan";
import { EXIT } from "../shared/exit";
import { environmentName } from "../shared/names";
import { terminalOperator } from "../shared/operator";
import { ALLOW } from "../shared/options";
import { openSite, type OpenSite } from "../shared/site";
import { told } from "../shared/told";
import { applyKept } from "./apply-kept";
import { applyReviewed, mustBeFingerprint } from "./apply-reviewed";
import { sourceIn } from "./plan-source";
import { mustBeTheOneShown, ownOf, plannedIn } from "./shown-plan";

/** Applies the plan that was shown under this id. @throws ProblemsError for a plan that is not that one, or stale */
export async function applyEnvironment(
  site: OpenSite,
  given: { readonly plan: string | undefined; readonly allow: readonly string[] },
  write: (line: string) => void = console.log,
): Promise<number> {
  const { name } = site.environment;
  const again = `look at it once more: twinset plan ${name}`;
  const plan = ownOf(site, mustBeTheOneShown(site, given.plan, again));
  const whole = await plannedIn(site, plan);
  const source = sourceIn(join(site.terraform.path, plan));
  const refused = [
    ...refusals(site, whole, source, given.allow),
    ...(await refusalsOnTheEdge(site, whole, given.allow)),
  ];
  if (refused.length > 0) {
    refused.forEach((refusal) => write(formatProblem(asProblem(refusal))));
    return EXIT.guarded;
  }
  const { hide } = maskedPlan(whole);
  return applyKept(site, { file: plan, changes: effective(whole), given: ["--plan", given.plan!], again, hide }, write);
}

export interface ApplyFlags {
  readonly plan?: string;
  readonly reviewed?: string;
  readonly record?: string;
  readonly allow?: readonly string[];
}

export const apply = (name: string, given: ApplyFlags, env: NodeJS.ProcessEnv): Promise<number> =>
  told(name, async () => {
    if (given.plan !== undefined && given.reviewed !== undefined) {
      const both = error("--plan", "and --reviewed as well", "one of them", "leave one out");
      throw new ProblemsError([both]);
    }
    if (given.reviewed !== undefined) mustBeFingerprint(given.reviewed);
    const site = await openSite({ environment: environmentName(name), env });
    // Ctrl-C does not leave Terraform behind, half-way and with nobody to hear it.
    const operator = terminalOperator(false);
    try {
      const { reviewed: fingerprint, record, allow = [] } = given;
      if (fingerprint !== undefined) return await applyReviewed(site, env, { fingerprint, record, allow });
      return await applyEnvironment(site, { plan: given.plan, allow });
    } finally {
      operator.close();
    }
  });

export const command = new Command("apply")
  .description("apply the plan that was shown or reviewed, and no other; a stale one is refused")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--plan <id>", "as twinset plan has said it")
  .option("--reviewed <fingerprint>", "as the review has said it: plans again, and applies only the same")
  .option("--record <file>", "what was reviewed, to show in what this plan differs")
  .option(...ALLOW)
  .action(async (name: string, given: ApplyFlags) => {
    process.exitCode = await apply(name, given, process.env);
  });
