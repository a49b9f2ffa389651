import type { Environment } from "../../model/environment";
import { type Platform, servicesOf } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";

/** A misspelt name would be no error elsewhere: the catalog's limits would just stay. */
export function checkLimits(platform: Platform, environment: Environment): Problem[] {
  const names = [...servicesOf(platform), ...platform.stores].map((s) => s.name);
  return Object.keys(environment.limits ?? {})
    .filter((name) => !names.includes(name))
    .map((name) =>
      error(
        `environments/${environment.name}/limits/${name}`,
        name,
        `one of ${list(names)}`,
        "remove it or correct its spelling",
      ),
    );
}
