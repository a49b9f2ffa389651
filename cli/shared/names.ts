/** What a person names on the command line, looked up. */
import { loadPlatform } from "../../config/load";
import type { StackName } from "../../model/delivery";
import type { Environment } from "../../model/environment";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { stacksOf } from "../../model/pipeline";
import type { Platform } from "../../model/platform";
import { error, list, ProblemsError } from "../../model/problem";

/** @throws ProblemsError that lists the platform's own */
export function stackOf(platform: Platform, name: string): StackName {
  const known = stacksOf(platform);
  const stack = known.find((each) => each === name);
  if (stack) return stack;
  throw new ProblemsError([error("stack", name, `one of ${list([...known])}`, "correct the name")]);
}

/** @throws ProblemsError that lists the known ones */
export function environmentOf(platform: Platform, name: string): Environment {
  return platform.environments[environmentName(name)];
}

/** Its name alone, for the platform that `PLATFORM` names. @throws ProblemsError for either */
export const environmentNamed = (name: string, { PLATFORM: platform }: NodeJS.ProcessEnv): EnvironmentName =>
  environmentOf(loadPlatform({ platform }).platform, name).name;

/** The same for a command that asks nothing of the catalog before. @throws ProblemsError */
export function environmentName(name: string): EnvironmentName {
  const known = ENVIRONMENTS.find((each) => each === name);
  if (known) return known;
  throw new ProblemsError([
    error("environment", name, `one of ${list([...ENVIRONMENTS])}`, `correct the name, e.g. ${ENVIRONMENTS[1]}`),
  ]);
}

/** @throws ProblemsError that lists the known ones */
export function mustKnow(products: readonly string[], product: string): void {
  if (products.includes(product)) return;
  throw new ProblemsError([error("product", product, `one of ${list(products)}`, "correct the name")]);
}
