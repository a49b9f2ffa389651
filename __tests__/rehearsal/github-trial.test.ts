import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { githubTrial } from "../../rehearsal/github-trial";
import { checkTerraform, loadProviderSchemas, type TerraformJson } from "../support/provider-schemas";

const trial = githubTrial("platform") as TerraformJson & { readonly resource: Readonly<Record<string, object>> };

test("is what the provider's schema allows", () => {
  expect(checkTerraform(trial, loadProviderSchemas(join(__dirname, "../../schemas")))).toEqual([]);
});

test("has each kind of resource that the simulator serves for deploying", () => {
  expect(Object.keys(trial.resource).sort()).toEqual([
    "github_actions_environment_secret",
    "github_actions_environment_variable",
    "github_actions_secret",
    "github_actions_variable",
    "github_issue_label",
    "github_repository_environment",
    "github_repository_environment_deployment_policy",
    "github_repository_ruleset",
    "github_workflow_repository_permissions",
  ]);
});

test("has no address and no token: they come from the environment", () => {
  expect(trial.provider).toEqual({ github: { write_delay_ms: 10 } });
});

test("is for the repository that it is given", () => {
  expect(JSON.stringify(githubTrial("another"))).not.toContain("platform");
});
