/** `twinset env [environment]`: which inputs are there, by name, never by value. */
import { Command } from "commander";
import { loadPlatform } from "../../config/load";
import { deliveryValues } from "../../inputs/delivery-values";
import { envFilesIn } from "../../inputs/env-file";
import { deliveryProblems } from "../../inputs/problems";
import { type InputStatus, inputStatus, isWrong } from "../../inputs/status";
import { DELIVERY, STACKS } from "../../model/delivery";
import type { Environment } from "../../model/environment";
import { list } from "../../model/problem";
import { environmentOf } from "../shared/names";
import { ROOT } from "../shared/root";
import { describeDelivery, describeDeliveryFile, describeFile, describeInputs } from "./describe";

/**
 * Of one stack with what is loaded, or without a name of all files as they are.
 * @returns 0: everything is there, 1: something is missing, too short or not loaded
 * @throws ProblemsError for an unknown name
 */
export function listInputs(name: string | undefined, env: NodeJS.ProcessEnv): number {
  const { platform, development } = loadPlatform({ platform: env["PLATFORM"], profiles: env["PROFILES"] });
  const read = envFilesIn(ROOT, platform.name);
  const statusOf = (environment: Environment, loaded: NodeJS.ProcessEnv): InputStatus[] =>
    inputStatus(environment.profiles ? development : platform, environment, loaded, read(environment.name));
  const delivery = (describe: typeof describeDelivery): boolean => {
    const values = deliveryValues(platform, platform.delivery!, read, env);
    console.log(describe(platform, values));
    return deliveryProblems(platform, values).length === 0;
  };
  if (name === DELIVERY && platform.delivery) return delivery(describeDelivery) ? 0 : 1;
  if (name === undefined) {
    const whole = Object.values(platform.environments).map((environment) => {
      const inputs = statusOf(environment, {});
      console.log(describeFile(platform, environment, inputs));
      return !inputs.some(isWrong);
    });
    // Without the file nobody means to have pipelines.
    if (platform.delivery && Object.keys(read(DELIVERY)).length > 0) whole.push(delivery(describeDeliveryFile));
    return whole.every(Boolean) ? 0 : 1;
  }
  const environment = environmentOf(platform, name);
  const inputs = statusOf(environment, env);
  console.log(describeInputs(platform, environment, inputs));
  return inputs.some((input) => isWrong(input) || input.state === "in file") ? 1 : 0;
}

export const command = new Command("env")
  .description("list which inputs of an environment are set and which are missing, by name; or look at all .env files")
  .argument("[environment]", `${list([...STACKS])}; default: all, by their files`)
  .action((name: string | undefined) => {
    process.exitCode = listInputs(name, process.env);
  });
