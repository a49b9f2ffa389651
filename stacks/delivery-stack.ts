import { GithubProvider } from "@cdktf/provider-github/lib/provider";
import type { Construct } from "constructs";
import { BranchRuleset } from "../constructs/github/branch-ruleset";
import { DeploymentEnvironment } from "../constructs/github/deployment-environment";
import { RepositoryVariable } from "../constructs/github/repository-variable";
import { WorkflowRights } from "../constructs/github/workflow-rights";
import { pinProvider } from "../constructs/provider-versions";
import { expression } from "../constructs/terraform-expression";
import { ValueMap } from "../constructs/value-map";
import { Variables } from "../constructs/variables";
import { type Delivery, DELIVERY } from "../model/delivery";
import {
  closeEnvironment,
  closeSecrets,
  deployed,
  pipelineValues,
  planEnvironment,
  planSecrets,
  PULL_REQUESTS,
  STATE_CREDENTIALS,
  watchEnvironment,
  watchSecrets,
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
 * requests, one for jobs that only watch it and one for closing ways in; their secrets and variables; the rules of the
 * branch that is deployed, and what workflows may do. It reads no data source, so that it can be planned from nothing: reviewers come as ids.
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
      const gate = delivery.gates[name]!;
      new DeploymentEnvironment(this, name, { ...own, name, gate });
      const watch = watchSecrets(platform, environment, gate);
      const watching = this.watching(environment, watch.watching, secrets);
      new DeploymentEnvironment(this, watchEnvironment(name), {
        ...own,
        name: watchEnvironment(name),
        adminsBypass: gate.adminsBypass,
        secrets: {
          names: [...watch.same, ...watch.reader, ...watch.watching],
          from: `merge(${secrets}, ${reader}, ${watching})`,
        },
      });
      new DeploymentEnvironment(this, closeEnvironment(name), {
        ...own,
        name: closeEnvironment(name),
        adminsBypass: gate.adminsBypass,
        secrets: { names: closeSecrets(platform), from: secrets },
        settings: { names: [], from: settings },
      });
      const plan = planSecrets(platform, environment);
      new DeploymentEnvironment(this, planEnvironment(name), {
        ...common,
        name: planEnvironment(name),
        adminsBypass: gate.adminsBypass,
        branches: [PULL_REQUESTS],
        secrets: {
          names: [...plan.same, ...plan.reader, ...Object.keys(plan.dummies)],
          from: `merge(${secrets}, ${reader}, ${expression(plan.dummies)})`,
        },
      });
    }
    // Environments have the same names on every platform, so a repository deploys one.
    new RepositoryVariable(this, "platform", { repository, name: "PLATFORM", value: platform.name });
    new BranchRuleset(this, "rules", { repository, rules: delivery.rules, reviewers });
    new WorkflowRights(this, "workflows", { repository });
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

  /** Tokens with which the jobs that only look ask the clouds. Terraform refuses one with which an environment is deployed. */
  private watching({ name }: Environment, names: readonly string[], secrets: string): string {
    const id = `${name}_watch_secrets`;
    const same = names.map((each) => `lookup(${secrets}, "${each}", "") == lookup(var.${id}, "${each}", "-")`);
    return new ValueMap(this, id, {
      description: `Tokens that may only read, for the jobs that look at ${name}`,
      secret: true,
      required: names.map((each) => ({ name: each })),
      fix: FIX,
      validation: [
        {
          condition: `!anytrue([${same.join(", ")}])`,
          message: `${id} has a token with which ${name} is deployed: jobs that nobody agrees to need one that only reads.`,
        },
      ],
    }).expression;
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
