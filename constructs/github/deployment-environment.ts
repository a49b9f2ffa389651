import { RepositoryEnvironment } from "@cdktf/provider-github/lib/repository-environment";
import { RepositoryEnvironmentDeploymentPolicy } from "@cdktf/provider-github/lib/repository-environment-deployment-policy";
import { TerraformIterator, Token } from "cdktf";
import { Construct } from "constructs";
import type { Gate } from "../../model/delivery";
import { EnvironmentSecrets, type EnvironmentValuesProps, partOf } from "./environment-secrets";
import { EnvironmentVariables } from "./environment-variables";

type Values = Pick<EnvironmentValuesProps, "names" | "from">;

export interface DeploymentEnvironmentProps {
  /** A token. */
  readonly repository: string;
  /** "production", or "production-plan". */
  readonly name: string;
  /** Patterns of the branches whose jobs may use it. */
  readonly branches: readonly string[];
  /** @default none: its jobs wait for nobody */
  readonly gate?: Gate;
  /** May an administrator of the repository pass by its rules? @default the gate's, else false */
  readonly adminsBypass?: boolean;
  /** Name of the Terraform variable that has the reviewers' ids by their names. */
  readonly reviewers: string;
  readonly secrets: Values;
  readonly settings: Values;
}

/**
 * An environment at GitHub: which branches may use it, who has to agree before, and the secrets and variables that its
 * jobs get.
 */
export class DeploymentEnvironment extends Construct {
  constructor(scope: Construct, id: string, props: DeploymentEnvironmentProps) {
    super(scope, id);
    const { repository, gate, secrets, settings } = props;
    const byAnother = gate?.reviewed === true && !gate.selfReview;
    const environment = new RepositoryEnvironment(this, "resource", {
      repository,
      environment: props.name,
      canAdminsBypass: props.adminsBypass ?? gate?.adminsBypass ?? false,
      preventSelfReview: byAnother,
      ...(gate?.waitMinutes ? { waitTimer: gate.waitMinutes } : {}),
      ...(gate?.reviewed ? { reviewers: [reviewersOf(props.reviewers)] } : {}),
      deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
      ...(byAnother ? { lifecycle: { precondition: [anotherPerson(props)] } } : {}),
    });
    const branch = TerraformIterator.fromList([...props.branches]);
    new RepositoryEnvironmentDeploymentPolicy(this, "branches", {
      ...partOf(environment),
      forEach: branch,
      branchPattern: branch.value,
    });
    new EnvironmentSecrets(this, "secrets", { environment, ...secrets });
    if (settings.names.length > 0) new EnvironmentVariables(this, "variables", { environment, ...settings });
  }
}

/** Only an organization's team has a slash in its name. */
const reviewersOf = (variable: string): { readonly users: number[]; readonly teams: number[] } => {
  const ids = (which: string): number[] =>
    Token.asNumberList(`\${[for name, id in var.${variable} : tonumber(id) if ${which}]}`);
  return { users: ids('!strcontains(name, "/")'), teams: ids('strcontains(name, "/")') };
};

const anotherPerson = ({ name, reviewers }: DeploymentEnvironmentProps) => ({
  condition: `\${length(var.${reviewers}) > 1 || anytrue([for name in keys(var.${reviewers}) : strcontains(name, "/")])}`,
  errorMessage:
    `Nobody could agree to what the only reviewer of ${name} has started. ` +
    `Name another one or a team in TF_VAR_${reviewers}, or write selfReview: true into the catalog.`,
});
