/** What speaks against applying a plan: losses that nothing could mend, and policies that it breaks. */
import { readWaivers, type Waivers } from "../config/waivers";
import type { Platform } from "../model/platform";
import { eachText } from "../model/each-text";
import { error, errorsOf, type Problem, ProblemsError } from "../model/problem";
import { takenFromVisitors } from "../release/carrying";
import { guardWhole } from "../release/guard";
import { nameOf } from "./losses";
import { maskedPlan } from "./masked-plan";
import { checkPolicies, KEEP_DATA, POLICIES } from "./policies";
import { effective, type Plan } from "../terraform/plan";
import type { PlanSource } from "../terraform/plan-source";
import { configurationOf } from "./configuration";
import { gapsIn } from "./whole";
import type { Site } from "../release/site";

/** @throws ProblemsError for a file with mistakes */
export function waiversOf(platform: Platform): Waivers {
  const found = readWaivers(
    platform.name,
    POLICIES.map(({ name }) => name),
  );
  if (errorsOf(found.problems).length > 0) throw new ProblemsError(found.problems);
  return found;
}

export interface Refused {
  readonly address: string;
  /** "(delete) destroys what nothing here could bring back", "breaks nothing-moves: …". */
  readonly what: string;
  readonly expected: string;
  readonly fix: string;
}

/**
 * All that speaks against a plan, an address once.
 * @param source what it was made of
 * @param allow addresses that the operator lets through, whatever speaks against them
 */
export function refusals(
  { platform, environment, redact }: Pick<Site, "platform" | "environment" | "redact">,
  plan: Plan,
  source: PlanSource,
  allow: readonly string[],
  now = new Date(),
): Refused[] {
  const { waivers, path } = waiversOf(platform);
  const { hide } = maskedPlan(plan);
  const broken = checkPolicies(
    { plan, platform, environment, configuration: configurationOf(source) },
    { waivers, now },
  );
  // The guard knows no waivers, and only those of its own policy are meant for it.
  const waived = broken
    .filter(({ policy }) => policy.name === KEEP_DATA)
    .flatMap((each) => each.waived.map(({ address }) => address));
  const names = new Map(effective(plan).map((resource) => [resource.address, nameOf(resource)]));
  const losses = guardWhole(effective(plan), [...allow, ...waived]).refused.map(
    ({ address, actions, what }): Refused => ({
      address,
      what: `(${actions}) ${what}${names.get(address) === undefined ? "" : `: ${names.get(address)}`}`,
      expected: "an apply that loses nothing",
      fix: `if you mean it: --allow ${address}`,
    }),
  );
  const lost = new Set(losses.map(({ address }) => address));
  const others = broken.flatMap(({ policy, broken: findings }) =>
    findings
      .filter(({ address }) => !lost.has(address) && !allow.includes(address))
      .map(({ address, given, fix }): Refused => ({
        address,
        what: `breaks ${policy.name}: ${hide(given, address)}`,
        expected: policy.demands,
        fix: `${fix}; or waive it in ${path}, or for this once: --allow ${address}`,
      })),
  );
  return [...notWhole(plan), ...losses, ...others].map((refused) => eachText(refused, (text) => redact(hide(text))));
}

/** Nobody can let through what a plan does not say. */
const notWhole = (plan: Plan): Refused[] =>
  gapsIn(plan).map(({ address, what }) => ({
    address,
    what: `${what}: the plan is not whole`,
    expected: "a plan of the whole stack, in words that are known here",
    fix: "plan the whole stack once more, with a Terraform that is known here (1.11 to 1.14)",
  }));

/** Besides, what the edge says: containers that visitors are sent to, and that the plan takes away. */
export async function refusalsOnTheEdge(
  site: Pick<Site, "keeper" | "redact">,
  plan: Plan,
  allow: readonly string[],
): Promise<readonly Refused[]> {
  return (await takenFromVisitors(site, effective(plan), allow)).map(({ address, actions, what }) => ({
    address,
    what: `(${actions}) ${what}`,
    expected: "an apply that takes no set away that has visitors",
    fix: `move the traffic first (twinset switch); if you mean it: --allow ${address}`,
  }));
}

export const asProblem = ({ address, what, expected, fix }: Refused): Problem => error(address, what, expected, fix);
