import { ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";

/** Environments share the zone, and two that manage it would undo each other's changes. */
export function checkZoneOwner(platform: Platform): Problem[] {
  const users = ENVIRONMENTS.filter((name) => platform.environments[name].dns.kind === "cloudflare");
  const owners = users.filter((name) => {
    const { dns } = platform.environments[name];
    return dns.kind === "cloudflare" && dns.ownsZone;
  });
  return users.length === 0 || owners.length === 1
    ? []
    : [
        error(
          "environments/dns/ownsZone",
          owners.length === 0 ? "no environment owns the zone" : `${list(owners)} own the zone`,
          "exactly one: a zone has its settings and rules only once",
          "set ownsZone: true in one environment, as a rule production",
        ),
      ];
}
