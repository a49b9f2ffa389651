import { MEMORY_WARNING, peakNeed, serverTypeOf } from "../../model/capacity";
import type { Environment } from "../../model/environment";
import type { Platform } from "../../model/platform";
import { error, type Problem, warning } from "../../model/problem";

/** During a release both sets of a product run beside each other, on one server. */
export function checkMemory(platform: Platform, environment: Environment): Problem[] {
  const type = serverTypeOf(platform, environment);
  if (!type || environment.host.kind !== "hetzner") return [];
  const { memory } = peakNeed(platform, environment);
  const share = memory.mebibytes / type.memory.mebibytes;
  if (share <= MEMORY_WARNING) return [];
  const report = share > 1 ? error : warning;
  return [
    report(
      `environments/${environment.name}/host/serverType`,
      `${environment.host.serverType} with ${type.memory}, where both sets together may use ${memory} (${Math.round(share * 100)} %)`,
      share > 1 ? "a server on which both sets fit" : `at most ${MEMORY_WARNING * 100} %, as the system needs some too`,
      "take a larger server type, or lower memory limits or replicas",
    ),
  ];
}
