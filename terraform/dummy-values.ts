/** Values for a stack's variables where the real ones must not be: dry plans and rehearsals. */
import type { Environment } from "../model/environment";
import { inputUses, type Platform } from "../model/platform";
import type { Input } from "../model/values";
import type { StackConfig } from "./config";

/** A value for every variable, in Terraform's own syntax: examples of maps may say `=` or `:`. */
export function dummyValues(config: StackConfig, platform: Platform, environment: Environment): string {
  return inputUses(platform, environment)
    .filter(({ input }) => config.variable?.[input.name] !== undefined)
    .map(({ input }) => `${input.name} = ${dummyValue(input)}\n`)
    .join("");
}

function dummyValue({ name, type, example }: Input): string {
  switch (type ?? "string") {
    case "string":
      return quoted(example ?? `dummy-${name.replaceAll("_", "-")}`);
    case "list(string)":
      return example ?? '["dummy"]';
    default:
      return example ?? '{"dummy" = "dummy"}';
  }
}

const quoted = (text: string): string => JSON.stringify(text).replaceAll("${", "$${").replaceAll("%{", "%%{");
