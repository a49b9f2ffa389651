import type { Environment } from "../../model/environment";
import { type Platform, servicesOf } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";

/** A misspelt name would be no error elsewhere: the service would just have one container. */
export function checkReplicas(platform: Platform, environment: Environment): Problem[] {
  const names = servicesOf(platform).map((s) => s.name);
  return Object.entries(environment.replicas ?? {}).flatMap(([name, count]) => {
    const path = `environments/${environment.name}/replicas/${name}`;
    if (!names.includes(name)) {
      return [error(path, name, `one of ${list(names)}`, "remove it or correct its spelling")];
    }
    return Number.isInteger(count) && count >= 1
      ? []
      : [error(path, String(count), "a whole number, at least 1", "correct the number")];
  });
}
