/** Values for a stack's variables where the real ones must not be: dry plans and rehearsals. */
import type { Environment } from "../model/environment";
import { inputUses, type Platform } from "../model/platform";
import type { Input } from "../model/values";
import type { StackConfig } from "./config";

/**
 * A value for every variable, in Terraform's own syntax: examples of maps may say `=` or `:`.
 * @param given values to use instead, as text or in any form that JSON has
 */
export function dummyValues(
  config: StackConfig,
  platform: Platform,
  environment: Environment,
  given: Readonly<Record<string, unknown>> = {},
): string {
  return inputUses(platform, environment)
    .filter(({ input }) => config.variable?.[input.name] !== undefined)
    .map(({ input }) => {
      const own = given[input.name];
      return `${input.name} = ${own === undefined ? dummyValue(input) : literal(own)}\n`;
    })
    .join("");
}

function dummyValue({ name, type, example, minLength = 1 }: Input): string {
  switch (type ?? "string") {
    case "string":
      return literal(example ?? `dummy-${name.replaceAll("_", "-")}`.padEnd(minLength, "0"));
    case "list(string)":
      return example ?? '["dummy"]';
    default:
      return example ?? '{"dummy" = "dummy"}';
  }
}

/** JSON is an expression in Terraform's language, but for its templates. */
const literal = (value: unknown): string => JSON.stringify(value).replaceAll("${", "$${").replaceAll("%{", "%%{");
