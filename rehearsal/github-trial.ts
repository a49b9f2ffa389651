/** A small configuration with each kind of resource that the provider for GitHub is used for here. */
import { PROVIDER_VERSIONS } from "../constructs/provider-versions";

/**
 * Terraform JSON for one repository that exists. Tried against the simulator with the real provider: apply, a second plan
 * that is empty, destroy. The provider takes its address, its owner and its token from the environment
 * (`GITHUB_BASE_URL`, `GITHUB_OWNER`, `GITHUB_TOKEN`); the token's user becomes a reviewer.
 *
 * `var.release` (@default "1") is in several resources, so that another value makes a plan with changes.
 */
export function githubTrial(repository: string): object {
  const environment = "${github_repository_environment.production.environment}";
  return {
    terraform: { required_providers: { github: PROVIDER_VERSIONS.github } },
    // The provider waits a second before each write, and GitHub wants that; a simulator does not.
    provider: { github: { write_delay_ms: 10 } },
    variable: {
      release: { type: "string", default: "1" },
      token: { type: "string", default: "a first secret", sensitive: true },
    },
    data: {
      github_user: { reviewer: { username: "" } },
      github_repository: { trial: { name: repository } },
    },
    resource: {
      github_repository_environment: {
        production: {
          repository: "${data.github_repository.trial.name}",
          environment: "production",
          wait_timer: 5,
          can_admins_bypass: false,
          prevent_self_review: true,
          reviewers: { users: ["${data.github_user.reviewer.id}"] },
          deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
        },
        staging: { repository, environment: "staging" },
      },
      github_repository_environment_deployment_policy: {
        main: { repository, environment, branch_pattern: "main" },
        releases: { repository, environment, tag_pattern: "v${var.release}.*" },
      },
      github_actions_variable: {
        registry: { repository, variable_name: "REGISTRY", value: "ghcr.io" },
      },
      github_actions_environment_variable: {
        release: { repository, environment, variable_name: "RELEASE", value: "${var.release}" },
      },
      github_actions_secret: {
        token: { repository, secret_name: "DEPLOY_TOKEN", value: "${var.token}" },
      },
      github_actions_environment_secret: {
        token: { repository, environment, secret_name: "DEPLOY_TOKEN", value: "${var.token}" },
      },
      github_issue_label: {
        release: { repository, name: "release: ${var.release}", color: "0e8a16" },
      },
      github_workflow_repository_permissions: {
        trial: { repository, default_workflow_permissions: "read", can_approve_pull_request_reviews: false },
      },
      github_repository_ruleset: {
        people: {
          repository,
          name: "people push",
          target: "branch",
          enforcement: "active",
          conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
          bypass_actors: [2, 4, 5].map((actor_id) => ({
            ...{ actor_id, actor_type: "RepositoryRole", bypass_mode: "always" },
          })),
          rules: { creation: true, update: true, deletion: true },
        },
        main: {
          repository,
          name: "main",
          target: "branch",
          enforcement: "active",
          conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
          rules: {
            deletion: true,
            non_fast_forward: true,
            pull_request: { required_approving_review_count: 1, dismiss_stale_reviews_on_push: true },
            required_status_checks: {
              strict_required_status_checks_policy: true,
              required_check: [{ context: "test" }, { context: "lint ${var.release}" }],
            },
          },
        },
      },
    },
  };
}
