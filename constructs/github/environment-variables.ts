import { ActionsEnvironmentVariable } from "@cdktf/provider-github/lib/actions-environment-variable";
import { Construct } from "constructs";
import { expression } from "../terraform-expression";
import { type EnvironmentValuesProps, partOf } from "./environment-secrets";

/** Variables of an environment at GitHub, each under its name in capitals. There are none with an empty value. */
export class EnvironmentVariables extends Construct {
  constructor(scope: Construct, id: string, { environment, names, from }: EnvironmentValuesProps) {
    super(scope, id);
    const variables = new ActionsEnvironmentVariable(this, "resource", {
      ...partOf(environment),
      variableName: "${upper(each.key)}",
      value: `\${${from}[each.key]}`,
    });
    const given = `[for name in ${expression(names)} : name if lookup(${from}, name, "") != ""]`;
    variables.addOverride("for_each", `\${toset(${given})}`);
  }
}
