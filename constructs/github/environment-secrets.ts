import { ActionsEnvironmentSecret } from "@cdktf/provider-github/lib/actions-environment-secret";
import type { RepositoryEnvironment } from "@cdktf/provider-github/lib/repository-environment";
import { Construct } from "constructs";
import { expression } from "../terraform-expression";

/** Values for an environment at GitHub. */
export interface EnvironmentValuesProps {
  readonly environment: RepositoryEnvironment;
  /** From the catalog, as a process has them in its environment. */
  readonly names: readonly string[];
  /** Terraform's expression of a map from these names to the values. */
  readonly from: string;
}

/**
 * Secrets of an environment at GitHub, each under its name in capitals. Which there are comes from the catalog, as
 * Terraform makes nothing "for each" of what is secret; the values stay in Terraform's variables.
 */
export class EnvironmentSecrets extends Construct {
  constructor(scope: Construct, id: string, { environment, names, from }: EnvironmentValuesProps) {
    super(scope, id);
    const secrets = new ActionsEnvironmentSecret(this, "resource", {
      ...partOf(environment),
      secretName: "${upper(each.key)}",
    });
    // Newer than the bindings, which have `plaintext_value`: that is deprecated.
    secrets.addOverride("value", `\${${from}[each.key]}`);
    secrets.addOverride("for_each", `\${toset(${expression(names)})}`);
  }
}

/** Whatever an environment has goes with it at GitHub, so it has to be made again where the environment is. */
export const partOf = (environment: RepositoryEnvironment) => ({
  repository: environment.repository,
  environment: environment.environment,
  lifecycle: { replaceTriggeredBy: [`${environment.terraformResourceType}.${environment.friendlyUniqueId}.id`] },
});
