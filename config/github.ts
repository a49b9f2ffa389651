import type { Delivery, DeliveryInputs } from "../model/delivery";
import { secret, setting } from "../model/values";

const INPUTS: DeliveryInputs = {
  githubToken: secret("github_token", {
    description:
      "GitHub token that may administrate the repository: environments, their secrets and variables, rulesets",
    where: "GitHub → Settings → Developer settings → Fine-grained tokens; docs/delivery.md has the rights",
  }),
  repository: {
    ...setting("github_repository", {
      description: "The repository that has this checkout, as owner/name",
      where: "its address at GitHub",
      example: "example/twinset",
    }),
    validation: {
      condition: 'can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))',
      message: "TF_VAR_github_repository must be owner/name, as in the repository's address.",
    },
  },
  reviewers: {
    ...setting("reviewers", {
      description: 'Whose agreement a deployment needs, with their ids: {"login"="583231", "organization/team"="42"}',
      where: "gh api users/<login> --jq .id, gh api orgs/<organization>/teams/<team> --jq .id",
      example: '{"example"="583231", "example/operators"="42"}',
    }),
    type: "map(string)",
    validation: {
      condition:
        'length(var.reviewers) > 0 && length(var.reviewers) <= 6 && alltrue([for id in values(var.reviewers) : can(regex("^[1-9][0-9]*$", id))])',
      message: "TF_VAR_reviewers must name one to six users or teams, each with its id, which is a number.",
    },
  },
};

/**
 * What anybody's approval is enough for, as it is read and never run; patterns of CODEOWNERS. All else has owners: a new
 * folder has them without anybody thinking of it.
 */
export const WITHOUT_OWNERS: readonly string[] = ["/config/releases/**/*.json", "/docs/**/*.md", "/*.md"];

/** The text of `.github/CODEOWNERS`. The last line that fits counts (docs.github.com, "About code owners"). */
export const codeOwners = (owners: readonly string[]): string =>
  [
    "# Made by `npm run generate` of config/github.ts; a test keeps it current. docs/threat-model.md says what it is for.",
    `* ${owners.map((owner) => `@${owner}`).join(" ")}`,
    ...WITHOUT_OWNERS,
    "",
  ].join("\n");

/**
 * Staging after one of the reviewers has agreed, who may be the one who pushed; production after another one has, and with
 * no way around it, and its host is out of reach for jobs that nobody agrees to. `main` changes by reviewed pull requests
 * only.
 *
 * @param stateBucket for this stack alone: see `Delivery.state`
 */
export const standardDelivery = (stateBucket: string): Delivery => ({
  state: { kind: "s3", bucket: stateBucket },
  gates: {
    staging: { reviewed: true, selfReview: true, adminsBypass: true, hostWatched: true },
    production: { reviewed: true, selfReview: false, adminsBypass: false },
  },
  // Jobs of .github/workflows/pull-request.yml. Of owners there are none before a repository is: Terraform refuses to deploy
  // the rules with these, unless they are among the reviewers.
  rules: { branch: "main", approvals: 1, checks: ["check", "plan"], owners: ["example/operators"] },
  inputs: INPUTS,
});
