import { RepositoryRuleset } from "@cdktf/provider-github/lib/repository-ruleset";
import { Construct } from "constructs";
import type { BranchRules } from "../../model/delivery";
import { expression } from "../terraform-expression";

export interface BranchRulesetProps {
  /** A token. */
  readonly repository: string;
  readonly rules: BranchRules;
  /** Name of the Terraform variable that has the reviewers' ids by their names. */
  readonly reviewers: string;
}

/** GitHub's own app for Actions (api.github.com/apps/github-actions): nobody else may say that a check has passed. */
const GITHUB_ACTIONS = 15368;

/**
 * What may happen to the branch that is deployed: it changes by approved pull requests whose checks have passed on top of
 * what it is by then, and is never moved back or deleted. Nobody is let by.
 */
export class BranchRuleset extends Construct {
  constructor(scope: Construct, id: string, { repository, rules, reviewers }: BranchRulesetProps) {
    super(scope, id);
    new RepositoryRuleset(this, "resource", {
      repository,
      name: rules.branch,
      target: "branch",
      enforcement: "active",
      conditions: { refName: { include: [`refs/heads/${rules.branch}`], exclude: [] } },
      rules: {
        deletion: true,
        nonFastForward: true,
        pullRequest: {
          requiredApprovingReviewCount: rules.approvals,
          // An approval is for what was looked at.
          dismissStaleReviewsOnPush: true,
          requireLastPushApproval: true,
          // One of the owners of what is changed, by the file CODEOWNERS of the branch itself.
          requireCodeOwnerReview: true,
        },
        requiredStatusChecks: {
          strictRequiredStatusChecksPolicy: true,
          requiredCheck: rules.checks.map((context) => ({ context, integrationId: GITHUB_ACTIONS })),
        },
      },
      lifecycle: { precondition: [knownOwners(rules, reviewers)] },
    });
  }
}

/** GitHub takes a line whose owner it does not know for one without an owner, and then anybody's approval is enough. */
const knownOwners = ({ owners }: BranchRules, reviewers: string) => ({
  condition: `\${length(setsubtract(${expression(owners)}, keys(var.${reviewers}))) == 0}`,
  errorMessage:
    `The owners of the code (${owners.join(", ")}) are not all among TF_VAR_${reviewers}. Write those who may agree to ` +
    "changes into config/github.ts (owners), run npm run generate, and merge .github/CODEOWNERS first.",
});
