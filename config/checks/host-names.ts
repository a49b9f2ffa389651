import { ENVIRONMENTS } from "../../model/environment-name";
import { inZone, isHostName } from "../../model/names";
import { hostsOf, namesOf, type Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { at, duplicates } from "./catalog";

/** A name leads to one service, through a zone that is ours, with a certificate that covers it. */
export function checkHostNames(platform: Platform): Problem[] {
  const problems: Problem[] = [];
  for (const name of ENVIRONMENTS) {
    const environment = platform.environments[name];
    const users = platform.products.flatMap((product) =>
      product.services.flatMap((service) =>
        namesOf(service, environment).map((host) => ({
          host,
          path: at(
            product,
            service,
            `access/${hostsOf(service, environment).includes(host) ? "hosts" : "webhooks"}/${name}`,
          ),
        })),
      ),
    );
    const all = environment.otaHost ? [...users, { host: environment.otaHost, path: `${name}/otaHost` }] : users;
    for (const [host, [first, ...others]] of duplicates(all, (u) => u.host)) {
      for (const user of others) {
        problems.push(
          error(user.path, `${host}, which ${first!.path} has`, "a host name of its own", "change one of them"),
        );
      }
    }
    const { tls } = environment;
    for (const { host, path } of users) {
      if (tls.kind === "letsencrypt" && tls.challenge === "dns" && tooDeep(host, platform.zone.name)) {
        problems.push(
          error(
            path,
            `${host}, with one certificate for ${platform.zone.name} and everything right below it`,
            `a name right below ${platform.zone.name}`,
            `take a dash for the dot, or write challenge: "http" into environments/${name}/tls`,
          ),
        );
      }
    }
    for (const { host, path } of all) {
      if (!isHostName(host)) {
        problems.push(error(path, host, "a host name: parts of letters, digits and dashes", "correct the name"));
      } else if (environment.dns.kind === "cloudflare" && !inZone(host, platform.zone.name)) {
        problems.push(
          error(path, host, `a name in the zone ${platform.zone.name}`, `let it end in .${platform.zone.name}`),
        );
      }
    }
  }
  return problems;
}

/** Is it a name that a wildcard certificate of the zone does not cover? */
const tooDeep = (host: string, zone: string): boolean =>
  host.endsWith(`.${zone}`) && host.slice(0, -zone.length - 1).includes(".");
