/** Values for a stack's variables where the real ones must not be: dry plans and rehearsals. */
import { type Delivery } from "../model/delivery";
import {
  deployed,
  dummyText,
  long,
  pipelineValues,
  type PipelineValue,
  STATE_CREDENTIALS,
  watchSecrets,
} from "../model/pipeline";
import type { Environment } from "../model/environment";
import { type Platform } from "../model/platform";
import { inputUses } from "../model/inputs";
import type { Input } from "../model/values";
import type { StackConfig } from "./config";
import { terraformLiteral } from "./literal";

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
      return `${input.name} = ${own === undefined ? dummyValue(input) : terraformLiteral(own)}\n`;
    })
    .join("");
}

/** The same for the delivery stack, whose maps have a value for every name in them. */
export function dummyDeliveryValues(platform: Platform, { inputs, gates }: Delivery): string {
  const map = (values: readonly PipelineValue[], of: string): string =>
    terraformLiteral(Object.fromEntries(values.map((value) => [value.name, long(`dummy-${of}-${value.name}`, value)])));
  return [
    ...Object.values(inputs).map((input) => `${input.name} = ${dummyValue(input)}\n`),
    `plan_secrets = ${map(
      STATE_CREDENTIALS.map((name) => ({ name })),
      "plan",
    )}\n`,
    ...deployed(platform).flatMap((environment) => {
      const { secrets, settings } = pipelineValues(platform, environment);
      const { name } = environment;
      const watching = watchSecrets(platform, environment, gates[name]!).watching.map((each) => ({ name: each }));
      return [
        `${name}_watch_secrets = ${map(watching, `${name}-watch`)}\n`,
        `${name}_secrets = ${map(secrets, name)}\n`,
        `${name}_settings = ${map(settings, name)}\n`,
      ];
    }),
  ].join("");
}

function dummyValue(input: Input): string {
  const { type, example } = input;
  switch (type ?? "string") {
    case "string":
      return terraformLiteral(dummyText(input));
    case "list(string)":
      return example ?? '["dummy"]';
    default:
      return example ?? '{"dummy" = "dummy"}';
  }
}
