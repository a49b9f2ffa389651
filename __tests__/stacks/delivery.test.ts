/** What the delivery stack of every platform promises. __tests__/rehearsal/delivery.test.ts applies one. */
import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { type Gate } from "../../model/delivery";
import {
  deployed,
  githubName,
  pipelineValues,
  planSecrets,
  providerTokens,
  SSH_KEY,
  watchSecrets,
} from "../../model/pipeline";
import { type Platform } from "../../model/platform";
import { inputUses } from "../../model/inputs";
import { secret } from "../../model/values";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthDelivery, type Synthesized } from "../support/synth";
import { EVERY_PLATFORM, KORCZEWSKI } from "../support/platforms";

/** The names in a text of Terraform that something is made for each of. */
const namesIn = (text: unknown): string[] => String(text).match(/(?<=")[A-Z][A-Za-z0-9_]+(?=")/g) ?? [];
const secretsOf = (stack: Synthesized, environment: string) =>
  stack.resource("github_actions_environment_secret", `${environment}_secrets`);
const variablesOf = (stack: Synthesized, environment: string) =>
  stack.resource("github_actions_environment_variable", `${environment}_variables`);

describe.each(EVERY_PLATFORM)("%s", (_, { platform }) => {
  const stack = synthDelivery(platform);
  const environments = deployed(platform);
  const delivery = platform.delivery!;

  test("is what it was", () => expect(stack.json).toMatchSnapshot());
  test("is byte-equal on two synths", () => expect(synthDelivery(platform).text).toBe(stack.text));
  test("is what the provider's schema asks for", () => expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]));
  test("has no path of this machine", () => {
    expect(stack.text).not.toContain(homedir());
    expect(stack.text).not.toContain(process.cwd());
  });

  test("reads no data source, so that it can be planned from nothing", () => {
    expect(stack.json).not.toHaveProperty("data");
  });
  test("has GitHub's provider at the tested version, for the repository that Terraform is told", () => {
    const { required_providers: required } = stack.json["terraform"] as { required_providers: object };
    expect(required).toEqual({ github: PROVIDER_VERSIONS.github });
    const { github } = stack.json["provider"] as { github: object[] };
    expect(github).toEqual([{ owner: '${split("/", var.github_repository)[0]}', token: "${var.github_token}" }]);
  });
  test("keeps its state as the environments do, in a bucket of its own", () => {
    const { backend } = stack.json["terraform"] as { backend: { s3: { bucket: string } } };
    expect(backend).toMatchObject({ s3: { key: `${platform.name}/delivery/terraform.tfstate`, use_lockfile: true } });
    for (const { state } of environments) expect(state).not.toMatchObject({ bucket: backend.s3.bucket });
  });

  test("each environment has one for plans of pull requests, one for watching and one for closing; there are no others", () => {
    expect(Object.keys(stack.all("github_repository_environment")).sort()).toEqual(
      environments.flatMap(({ name }) => [name, `${name}-close`, `${name}-plan`, `${name}-watch`]).sort(),
    );
  });
  test("the one for watching has what reads: neither the key nor a token that changes a cloud, unless its host is watched", () => {
    for (const environment of environments) {
      const { name } = environment;
      const gate = delivery.gates[name]!;
      expect(stack.resource("github_repository_environment", `${name}-watch`)).not.toHaveProperty("reviewers");
      const watch = secretsOf(stack, `${name}-watch`);
      expect(watch["value"]).toBe(
        `\${merge(var.${name}_secrets, var.plan_secrets, var.${name}_watch_secrets)[each.key]}`,
      );
      const { same, reader, watching } = watchSecrets(platform, environment, gate);
      expect(namesIn(watch["for_each"]).sort()).toEqual([...same, ...reader, ...watching].sort());
      // What comes from the environment's own map is what is in neither of the two that only read.
      expect(reader).toEqual(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
      expect(watching).toContain("TF_VAR_cloudflare_api_token");
      expect(watching.includes("TF_VAR_hcloud_token")).toBe(!gate.hostWatched);
      expect(same.includes(SSH_KEY)).toBe(gate.hostWatched ?? false);
      expect(variablesOf(stack, `${name}-watch`)["for_each"]).toBe(variablesOf(stack, name)["for_each"]);
    }
  });
  test("production's host is out of reach for jobs that nobody agrees to", () => {
    expect(delivery.gates.production).not.toHaveProperty("hostWatched");
  });
  test("a token that watches is none that deploys: Terraform refuses the same", () => {
    const variables = stack.json["variable"] as Record<string, { validation: { condition: string }[] }>;
    for (const { name } of environments) {
      const { validation } = variables[`${name}_watch_secrets`]!;
      expect(validation.at(-1)!.condition).toContain(
        `lookup(var.${name}_secrets, "TF_VAR_cloudflare_api_token", "") == lookup(var.${name}_watch_secrets, "TF_VAR_cloudflare_api_token", "-")`,
      );
    }
  });
  test("the one for closing has Hetzner's token and nothing else", () => {
    for (const { name } of environments) {
      expect(namesIn(secretsOf(stack, `${name}-close`)["for_each"])).toEqual(["TF_VAR_hcloud_token"]);
      expect(stack.all("github_actions_environment_variable")).not.toHaveProperty(`${name}-close_variables`);
    }
  });
  test("workflows may write nowhere: they open and approve no pull requests, and push to no branch", () => {
    expect(stack.resource("github_workflow_repository_permissions", "workflows_token")).toMatchObject({
      default_workflow_permissions: "read",
      can_approve_pull_request_reviews: false,
    });
    expect(stack.resource("github_repository_ruleset", "workflows_branches")).toMatchObject({
      enforcement: "active",
      target: "branch",
      conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
      rules: { creation: true, update: true, deletion: true },
      // People's roles, and no app.
      bypass_actors: [2, 4, 5].map((actor_id) => ({ actor_id, actor_type: "RepositoryRole", bypass_mode: "always" })),
    });
  });
  test("workflows know which platform the repository deploys", () => {
    expect(stack.resource("github_actions_variable", "platform")).toMatchObject({
      variable_name: "PLATFORM",
      value: platform.name,
    });
  });
  test("an environment is for the branch that is deployed, the other for pull requests", () => {
    for (const { name } of environments) {
      const branches = (of: string) =>
        stack.resource("github_repository_environment_deployment_policy", `${of}_branches`)["for_each"];
      for (const of of [name, `${name}-watch`, `${name}-close`]) {
        expect(branches(of)).toBe(`\${toset(["${delivery.rules.branch}"])}`);
      }
      expect(branches(`${name}-plan`)).toBe('${toset(["refs/pull/*/merge"])}');
      for (const of of [name, `${name}-plan`, `${name}-watch`, `${name}-close`]) {
        expect(stack.resource("github_repository_environment", of)["deployment_branch_policy"]).toEqual({
          protected_branches: false,
          custom_branch_policies: true,
        });
      }
    }
  });
  test("the reviewers have to agree before an environment is used, and never for a plan", () => {
    for (const { name } of environments) {
      const { reviewers } = stack.resource("github_repository_environment", name) as { reviewers: object[] };
      expect(reviewers).toEqual([
        {
          users: expect.stringContaining('if !strcontains(name, "/")'),
          teams: expect.stringContaining('if strcontains(name, "/")'),
        },
      ]);
      expect(stack.resource("github_repository_environment", `${name}-plan`)).not.toHaveProperty("reviewers");
    }
  });
  test("production's are not those who started it, and nobody passes by them", () => {
    expect(stack.resource("github_repository_environment", "production")).toMatchObject({
      prevent_self_review: true,
      can_admins_bypass: false,
      lifecycle: { precondition: [{ condition: expect.stringContaining("length(var.reviewers) > 1") }] },
    });
  });

  test.each(environments.map((environment) => [environment.name, environment] as const))(
    "%s: a secret for each secret input, the state's credentials and the key; a variable for all else",
    (name, environment) => {
      const uses = inputUses(platform, environment).map(({ input }) => input);
      const names = (isSecret: boolean): string[] =>
        uses.filter((input) => input.secret === isSecret).map((input) => `TF_VAR_${input.name}`);
      expect(namesIn(secretsOf(stack, name)["for_each"]).sort()).toEqual(
        [...names(true), "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", SSH_KEY].sort(),
      );
      expect(namesIn(variablesOf(stack, name)["for_each"]).sort()).toEqual(
        [...names(false), "AWS_ENDPOINT_URL_S3", "SSH_KNOWN_HOSTS"].sort(),
      );
      expect(secretsOf(stack, name)).toMatchObject({
        value: `\${var.${name}_secrets[each.key]}`,
        secret_name: "${upper(each.key)}",
      });
      expect(variablesOf(stack, name)).toMatchObject({
        value: `\${var.${name}_settings[each.key]}`,
        variable_name: "${upper(each.key)}",
      });
    },
  );
  test.each(environments.map((environment) => [environment.name, environment] as const))(
    "%s-plan: the same but for the key, with tokens of no use and a state's token that only reads",
    (name, environment) => {
      const all = namesIn(secretsOf(stack, name)["for_each"]);
      const plan = secretsOf(stack, `${name}-plan`);
      expect(namesIn(plan["for_each"]).sort()).toEqual(all.filter((each) => each !== SSH_KEY).sort());
      const { dummies } = planSecrets(platform, environment);
      expect(Object.keys(dummies)).toEqual(
        expect.arrayContaining(["TF_VAR_hcloud_token", "TF_VAR_cloudflare_api_token", "TF_VAR_registry_token"]),
      );
      const texts = Object.entries(dummies).map(([each, value]) => `"${each}" = "${value}"`);
      expect(plan["value"]).toBe(`\${merge(var.${name}_secrets, var.plan_secrets, {${texts.join(", ")}})[each.key]}`);
      expect(variablesOf(stack, `${name}-plan`)["for_each"]).toBe(variablesOf(stack, name)["for_each"]);
    },
  );
  test("no name is longer than its capitals, and no two are the same in capitals", () => {
    for (const environment of environments) {
      const { secrets, settings } = pipelineValues(platform, environment);
      const names = [...secrets, ...settings].map(({ name }) => githubName(name));
      expect(new Set(names).size).toBe(names.length);
      for (const each of names) expect(each).toMatch(/^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/);
    }
  });
  test("whatever an environment has is made again with it", () => {
    const parts = ["github_actions_environment_secret", "github_actions_environment_variable"];
    for (const type of [...parts, "github_repository_environment_deployment_policy"]) {
      for (const [name, body] of Object.entries(stack.all(type))) {
        const environment = name.replace(/_\w+$/, "");
        expect(body["lifecycle"]).toEqual({
          replace_triggered_by: [`github_repository_environment.${environment}.id`],
        });
      }
    }
  });
  test("secret values are sensitive variables, and no deprecated attribute takes them", () => {
    const variables = stack.json["variable"] as Record<string, { sensitive: boolean }>;
    for (const [name, { sensitive }] of Object.entries(variables)) {
      expect([name, sensitive]).toEqual([name, /token$|secrets$/.test(name)]);
    }
    expect(stack.text).not.toContain("plaintext_value");
  });

  test("the branch changes by approved pull requests that have passed, and is neither moved back nor deleted", () => {
    expect(stack.resource("github_repository_ruleset", "rules")).toMatchObject({
      enforcement: "active",
      conditions: { ref_name: { include: [`refs/heads/${delivery.rules.branch}`], exclude: [] } },
      rules: {
        deletion: true,
        non_fast_forward: true,
        pull_request: {
          required_approving_review_count: delivery.rules.approvals,
          dismiss_stale_reviews_on_push: true,
          require_last_push_approval: true,
          require_code_owner_review: true,
        },
        required_status_checks: {
          strict_required_status_checks_policy: true,
          required_check: delivery.rules.checks.map((context) => ({ context, integration_id: 15368 })),
        },
      },
    });
    expect(stack.resource("github_repository_ruleset", "rules")).not.toHaveProperty("bypass_actors");
  });
  test("the owners of the code must be reviewers: GitHub passes over whom it does not know", () => {
    expect(stack.resource("github_repository_ruleset", "rules")["lifecycle"]).toEqual({
      precondition: [
        {
          condition: '${length(setsubtract(["example/operators"], keys(var.reviewers))) == 0}',
          error_message: expect.stringContaining("npm run generate"),
        },
      ],
    });
  });
});

describe("a gate", () => {
  const withGate = (gate: Gate) => {
    const { delivery, ...rest } = KORCZEWSKI.platform;
    const platform: Platform = { ...rest, delivery: { ...delivery!, gates: { production: gate } } };
    return synthDelivery(platform);
  };
  const open: Gate = { reviewed: false, selfReview: true, adminsBypass: true };
  test("without a review has no reviewers and nothing to check about them", () => {
    const environment = withGate(open).resource("github_repository_environment", "production");
    expect(environment).not.toHaveProperty("reviewers");
    expect(environment).not.toHaveProperty("lifecycle");
    expect(environment["prevent_self_review"]).toBe(false);
  });
  test("waits as long as it says", () => {
    expect(
      withGate({ ...open, waitMinutes: 30 }).resource("github_repository_environment", "production"),
    ).toMatchObject({
      wait_timer: 30,
    });
  });
  test("of one environment makes that environment only", () => {
    expect(Object.keys(withGate(open).all("github_repository_environment"))).toEqual([
      ...["production", "production-close", "production-plan", "production-watch"],
    ]);
  });
});

test("each check that the branch requires is a job of the pull-request workflow", () => {
  const file = readFileSync(join(__dirname, "../../.github/workflows/pull-request.yml"), "utf8");
  const { jobs } = parse(file) as { jobs: Record<string, { name?: string; strategy?: unknown }> };
  // GitHub calls a check after its job's name, else its id; a matrix has a name for each of its parts.
  const names = Object.entries(jobs).flatMap(([id, { name, strategy }]) => (strategy ? [] : [name ?? id]));
  for (const [, { platform }] of EVERY_PLATFORM) {
    expect(names).toEqual(expect.arrayContaining([...platform.delivery!.rules.checks]));
  }
});

test("a provider's token that a service has too is real for plans: a dummy would replace that service", () => {
  const { platform } = KORCZEWSKI;
  const { production } = platform.environments;
  const names = (given: Platform): string[] => providerTokens(given, production).map(({ name }) => name);
  expect(names(platform)).toEqual(["cloudflare_api_token", "hcloud_token", "registry_token"]);
  const [first, ...others] = platform.products;
  const services = first!.services.map((service) => ({
    ...service,
    env: { ...service.env, TOKEN: secret("registry_token", { description: "x", where: "x" }) },
  }));
  expect(names({ ...platform, products: [{ ...first!, services }, ...others] })).toEqual([
    "cloudflare_api_token",
    "hcloud_token",
  ]);
});
