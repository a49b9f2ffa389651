import type { Environment } from "../../model/environment";
import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";

/** A server and a volume that can be had. */
export function checkServer(platform: Platform, environment: Environment): Problem[] {
  const { host } = environment;
  if (host.kind === "local") return [];
  const path = `environments/${environment.name}/host`;
  return [
    ...(platform.serverTypes[host.serverType]
      ? []
      : [
          error(
            `${path}/serverType`,
            host.serverType,
            `one of ${list(Object.keys(platform.serverTypes))}`,
            "correct the name or add the type to serverTypes",
          ),
        ]),
    ...(host.volume.gibibytes < 10
      ? [error(`${path}/volume`, host.volume.toString(), "at least 10 GiB, Hetzner's smallest volume", "enlarge it")]
      : []),
  ];
}
