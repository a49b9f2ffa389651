import { GithubProvider } from "@cdktf/provider-github/lib/provider";
import type { Construct } from "constructs";
import { BranchRuleset } from "../constructs/github/branch-ruleset";
import { DeploymentEnvironment } from "../constructs/github/deployment-environment";
import { RepositoryVariable } from "../constructs/github/repository-variable";
import { pinProvider } from "../constructs/provider-versions";
import { expression } from "../constructs/terraform-expression";
import { ValueMap } from "../constructs/value-map";
import { Variables } from "../constructs/variables";
import { type Delivery, DELIVERY } from "../model/delivery";
import {
  deployed,
  pipelineValues,
  planEnvironment,
  planSecrets,
  PULL_REQUESTS,
  STATE_CREDENTIALS,
  watchEnvironment,
} from "../model/pipeline";
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import { NamedStack } from "./named-stack";

/** How values get into the variables; Terraform says so where one is missing. */
const FIX = "Run it as: npx twinset with delivery -- npx cdktf deploy delivery";

export interface DeliveryStackProps {
  readonly platform: Platform;
  readonly delivery: Delivery;
}

/**
 * The way from a commit to the servers, at GitHub: for each environment of ours one there, one for the plans of its pull
 * requests and one for jobs that only watch it; their secrets and variables; and the rules of the branch that is
 * deployed. It reads no data source, so that it can be planned from nothing: reviewers come as ids.
 */
export class DeliveryStack extends NamedStack {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: DeliveryStackProps,
  ) {
    super(scope, id);
    const { platform, delivery } = props;
    const variables = new Variables(this, "variables", false);
    this.keepState(platform.name, DELIVERY, delivery.state);

    const path = `split("/", var.${variables.variable(delivery.inputs.repository).friendlyUniqueId})`;
    new GithubProvider(this, "github", {
      owner: `\${${path}[0]}`,
      token: variables.text(delivery.inputs.githubToken),
    });
    pinProvider(this, "github");
    const repository = `\${${path}[1]}`;
    const reviewers = variables.variable(delivery.inputs.reviewers).friendlyUniqueId;

    const given = deployed(platform).map((environment) => ({ environment, ...this.values(environment) }));
    const reader = this.reader(given.map(({ secrets }) => secrets));
    for (const { environment, secrets, settings } of given) {
      const { name } = environment;
      const values = pipelineValues(platform, environment);
      const common = {
        repository,
        reviewers,
        settings: { names: values.settings.map((value) => value.name), from: settings },
      };
      const own = {
        ...common,
        branches: [delivery.rules.branch],
        secrets: { names: values.secrets.map((value) => value.name), from: secrets },
      };
      new DeploymentEnvironment(this, name, { ...own, name, gate: delivery.gates[name]! });
      new DeploymentEnvironment(this, watchEnvironment(name), { ...own, name: watchEnvironment(name) });
      const plan = planSecrets(platform, environment);
      new DeploymentEnvironment(this, planEnvironment(name), {
        ...common,
        name: planEnvironment(name),
        branches: [PULL_REQUESTS],
        secrets: {
          names: [...plan.same, ...plan.reader, ...Object.keys(plan.dummies)],
          from: `merge(${secrets}, ${reader}, ${expression(plan.dummies)})`,
        },
      });
    }
    // Environments have the same names on every platform, so a repository deploys one.
    new RepositoryVariable(this, "platform", { repository, name: "PLATFORM", value: platform.name });
    new BranchRuleset(this, "rules", { repository, rules: delivery.rules });
  }

  /** The two variables that have an environment's values, as Terraform expressions. */
  private values(environment: Environment): { readonly secrets: string; readonly settings: string } {
    const { secrets, settings } = pipelineValues(this.props.platform, environment);
    const { name } = environment;
    return {
      secrets: new ValueMap(this, `${name}_secrets`, {
        description: `Secrets of ${name}, by their names in a process' environment`,
        secret: true,
        required: secrets,
        fix: FIX,
      }).expression,
      settings: new ValueMap(this, `${name}_settings`, {
        description: `What else ${name} is given, by the same names`,
        secret: false,
        required: settings.filter(({ optional }) => !optional),
        fix: FIX,
      }).expression,
    };
  }

  /** What reads the states for the plans of pull requests. Whoever can change a workflow in one has it. */
  private reader(environments: readonly string[]): string {
    const [id] = STATE_CREDENTIALS;
    const writers = environments.map((secrets) => `lookup(${secrets}, "${id}", "")`);
    return new ValueMap(this, "plan_secrets", {
      description: "Token that may only read the environments' states, for the plans of pull requests",
      secret: true,
      required: STATE_CREDENTIALS.map((name) => ({ name })),
      fix: FIX,
      validation: [
        {
          condition: `!contains([${writers.join(", ")}], lookup(var.plan_secrets, "${id}", "-"))`,
          message:
            "plan_secrets is the token with which an environment is deployed: pull requests need one that only reads.",
        },
      ],
    }).expression;
  }
}
