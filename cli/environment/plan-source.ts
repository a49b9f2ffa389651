/** What a saved plan was made of, or why that cannot be said. */
import { readFileSync } from "node:fs";
import { error, ProblemsError } from "../../model/problem";
import { NoPlanSource, planSource, type PlanSource } from "../../terraform/plan-source";

/** @param shown the file's name for people @throws ProblemsError for a file that does not say it */
export function sourceIn(path: string, shown = "tfplan"): PlanSource {
  try {
    return planSource(readFileSync(path));
  } catch (reason) {
    if (!(reason instanceof NoPlanSource)) throw reason;
    throw new ProblemsError([
      error(
        "plan",
        `${shown}: ${reason.message}`,
        "a saved plan with the text of its stack, as Terraform 1.11 writes it",
        "plan with Terraform 1.11 or newer, without encrypting the plan",
      ),
    ]);
  }
}
