import { RepositoryRuleset } from "@cdktf/provider-github/lib/repository-ruleset";
import { Construct } from "constructs";
import type { BranchRules } from "../../model/delivery";

export interface BranchRulesetProps {
  /** A token. */
  readonly repository: string;
  readonly rules: BranchRules;
}

/** GitHub's own app for Actions (api.github.com/apps/github-actions): nobody else may say that a check has passed. */
const GITHUB_ACTIONS = 15368;

/**
 * What may happen to the branch that is deployed: it changes by approved pull requests whose checks have passed on top of
 * what it is by then, and is never moved back or deleted. Nobody is let by.
 */
export class BranchRuleset extends Construct {
  constructor(scope: Construct, id: string, { repository, rules }: BranchRulesetProps) {
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
        },
        requiredStatusChecks: {
          strictRequiredStatusChecksPolicy: true,
          requiredCheck: rules.checks.map((context) => ({ context, integrationId: GITHUB_ACTIONS })),
        },
      },
    });
  }
}
