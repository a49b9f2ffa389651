/**
 * The values of the delivery stack. A team has nearly all of them in `.env.<platform>.<environment>` already; what is
 * missing there is in `.env.<platform>.delivery`, where a line that begins with an environment's name goes before the
 * environment's own: STAGING_TF_VAR_hcloud_token.
 */
import { type Delivery, DELIVERY } from "../model/delivery";
import { type Weakness, weakness } from "../model/made-up";
import {
  deployed,
  type PipelineValue,
  pipelineValues,
  SSH_HOSTS,
  SSH_KEY,
  STATE_CREDENTIALS,
  STATE_ENDPOINT,
  variableName,
  watchSecrets,
} from "../model/pipeline";
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import { terraformLiteral } from "../terraform/literal";
import type { ReadFile, Values } from "./env-file";

/** One value of the delivery stack, and where it is looked for. */
export interface DeliveryValue extends PipelineValue {
  /** As it is called in the file that it belongs into. */
  readonly name: string;
  /** That file: of the delivery stack, or of an environment. */
  readonly file: string;
  readonly secret: boolean;
  /** Empty or undefined: there is none. */
  readonly value: string | undefined;
  /** Terraform's variable, and the key in it where it is a map; none for what Terraform reads itself. */
  readonly variable?: { readonly name: string; readonly key?: string };
}

/** A line of the delivery file that is about one environment, or about the plans of pull requests. */
export const prefixed = (whose: string, name: string): string => `${whose.toUpperCase()}_${name}`;
const PLAN = "plan";
const watching = (environment: string): string => `${environment}_watch`;

/**
 * Every value of the stack, with what the files and the process' environment have of it.
 * @param env is asked for the stack's own inputs only: whatever else is loaded may be another environment's
 */
export function deliveryValues(platform: Platform, delivery: Delivery, read: ReadFile, env: Values): DeliveryValue[] {
  const own = read(DELIVERY);
  const environments = deployed(platform);
  const last = environments.at(-1)?.name;
  return [
    ...(delivery.state.kind === "s3"
      ? [STATE_ENDPOINT, ...STATE_CREDENTIALS].map((name): DeliveryValue => {
          const same = name === STATE_ENDPOINT && last ? read(last)[name] : undefined;
          return { name, file: DELIVERY, secret: name !== STATE_ENDPOINT, value: own[name] || same };
        })
      : []),
    ...Object.values(delivery.inputs).map(({ name: input, secret }): DeliveryValue => {
      const name = variableName(input);
      return { name, file: DELIVERY, secret, value: own[name] || env[name], variable: { name: input } };
    }),
    ...STATE_CREDENTIALS.map((key): DeliveryValue => {
      const name = prefixed(PLAN, key);
      return { name, file: DELIVERY, secret: true, value: own[name], variable: { name: "plan_secrets", key } };
    }),
    ...environments.flatMap((environment) =>
      watchSecrets(platform, environment, delivery.gates[environment.name]!).watching.map((key): DeliveryValue => {
        const name = prefixed(watching(environment.name), key);
        return {
          ...{ name, file: DELIVERY, secret: true, value: own[name] },
          variable: { name: `${watching(environment.name)}_secrets`, key },
        };
      }),
    ),
    ...environments.flatMap((environment) => ofEnvironment(platform, environment, own, read(environment.name))),
  ];
}

function ofEnvironment(platform: Platform, { name: whose }: Environment, own: Values, file: Values): DeliveryValue[] {
  const { secrets, settings } = pipelineValues(platform, platform.environments[whose]);
  const value =
    (secret: boolean) =>
    (given: PipelineValue): DeliveryValue => {
      const { name } = given;
      const special = prefixed(whose, name);
      // People have keys of their own; this one is the pipelines'.
      const ours = name === SSH_KEY || name === SSH_HOSTS;
      return {
        ...given,
        name: ours ? special : name,
        file: ours ? DELIVERY : whose,
        secret,
        value: own[special] || (ours ? undefined : file[name]),
        variable: { name: `${whose}_${secret ? "secrets" : "settings"}`, key: name },
      };
    };
  return [...secrets.map(value(true)), ...settings.map(value(false))];
}

/** Why Terraform would refuse it. */
export const weaknessOf = (given: DeliveryValue): Weakness | undefined => weakness(given.value ?? "", given);

/** What Terraform is started with. Every value of an environment is in a map's text. */
export function deliveryEnvironment(values: readonly DeliveryValue[]): Record<string, string> {
  const env: Record<string, string> = {};
  const maps = new Map<string, Record<string, string>>();
  for (const { name, value, variable } of values) {
    if (!value) continue;
    if (variable?.key === undefined) env[name] = value;
    else maps.set(variable.name, { ...maps.get(variable.name), [variable.key]: value });
  }
  for (const [name, map] of maps) env[variableName(name)] = terraformLiteral(map);
  return env;
}
