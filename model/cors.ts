/**
 * From which pages browsers may call an API with the visitor's cookies. Names are spelt out, each of them the catalog's own:
 * a subdomain may be another company's (`status.example.org`), or be taken over when what it leads to is given up.
 */
import type { Environment } from "./environment";
import { hostsOf, type Platform, servicesOf } from "./platform";
import type { Service } from "./service";

/** Is it an origin, where it could be a service's name? */
export const isOrigin = (text: string): boolean => text.includes("://");

/** A service's own origins in an environment, one for each host name. Names for webhooks have no pages. */
function originsOf(service: Service, environment: Environment): string[] {
  const scheme = environment.tls.kind === "none" ? "http" : "https";
  return hostsOf(service, environment).map((host) => `${scheme}://${host}`);
}

/**
 * The origins that one list stands for, or, without one, those of every service; and what the environment adds.
 * @param from `corsFrom` of the API: services' names and origins
 */
export function corsOrigins(platform: Platform, environment: Environment, from?: readonly string[]): string[] {
  const services = servicesOf(platform);
  const own = from
    ? from.flatMap((entry) =>
        isOrigin(entry)
          ? [entry]
          : services.filter(({ name }) => name === entry).flatMap((service) => originsOf(service, environment)),
      )
    : services.flatMap((service) => originsOf(service, environment));
  return [...new Set([...own, ...environment.corsOrigins])];
}
