import { ActionsEnvironmentSecret } from "@cdktf/provider-github/lib/actions-environment-secret";
import { Construct } from "constructs";
import { expression } from "../terraform-expression";

/** Values for an environment at GitHub. */
export interface EnvironmentValuesProps {
  /** A token, as is the environment. */
  readonly repository: string;
  readonly environment: string;
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
  constructor(scope: Construct, id: string, { repository, environment, names, from }: EnvironmentValuesProps) {
    super(scope, id);
    const secrets = new ActionsEnvironmentSecret(this, "resource", {
      repository,
      environment,
      secretName: "${upper(each.key)}",
    });
    // Newer than the bindings, which have `plaintext_value`: that is deprecated.
    secrets.addOverride("value", `\${${from}[each.key]}`);
    secrets.addOverride("for_each", `\${toset(${expression(names)})}`);
  }
}
