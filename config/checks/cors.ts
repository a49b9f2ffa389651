import type { Environment } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import { isOrigin } from "../../model/cors";
import { type Platform, servicesOf } from "../../model/platform";
import { error, list, type Problem, warning } from "../../model/problem";
import { at } from "./catalog";

/** Scheme, host and port, without a path: "https://app.example.org", "capacitor://localhost", "http://localhost:*". */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([a-z0-9.*-]+|\[[0-9a-f:]+\])(:(\d+|\*))?$/;
/** Any name, as of a star alone. */
const ANY = /^\*+$/;

/** Who may call an API from a browser, with the visitor's cookies, is written out and ours. */
export function checkCors(platform: Platform): Problem[] {
  return [
    ...platform.products.flatMap((product) =>
      product.services.flatMap((service) => {
        const { corsFrom } = service.access;
        if (!corsFrom) return [];
        const path = at(product, service, "access/corsFrom");
        if (!service.access.api) {
          return [
            error(path, `${list(corsFrom)}, of no API`, "an API: others get no CORS", "write api: true, or remove it"),
          ];
        }
        return corsFrom.flatMap((entry) =>
          isOrigin(entry) ? checkOrigin(path, entry, platform) : checkService(path, entry, platform),
        );
      }),
    ),
    ...ENVIRONMENTS.flatMap((name) =>
      platform.environments[name].corsOrigins.flatMap((origin) =>
        checkOrigin(`environments/${name}/corsOrigins`, origin, platform, platform.environments[name]),
      ),
    ),
  ];
}

function checkService(path: string, name: string, platform: Platform): Problem[] {
  const names = servicesOf(platform).map((service) => service.name);
  if (names.includes(name)) return [];
  return [error(path, name, `an origin as https://app.example.org, or one of ${list(names)}`, "correct the name")];
}

/** @param environment whose it is alone; a service's own list is for all of them */
function checkOrigin(path: string, origin: string, platform: Platform, environment?: Environment): Problem[] {
  const [, host] = ORIGIN.exec(origin) ?? [];
  if (host === undefined) {
    return [
      error(
        path,
        origin,
        "an origin: scheme, host and port, in small letters and without a path, as https://app.example.org",
        "write what a browser sends as Origin, which is compared letter by letter",
      ),
    ];
  }
  if (ANY.test(host)) {
    return [error(path, `${origin}, which is every page there is`, "names", "write the names out")];
  }
  if (environment?.host.kind === "local") return [];
  const strangers = elsewhere(platform).filter((name) => fits(host, name));
  if (!host.includes("*") && strangers.length === 0) return [];
  const who =
    strangers.length > 0 ? `${list(strangers)}, which ${strangers.length > 1 ? "lead" : "leads"} elsewhere` : "";
  return [
    warning(
      path,
      host.includes("*")
        ? `${origin}: the page of every name that fits may call with the visitor's cookies${who ? `, also of ${who}` : ""}`
        : `${origin}: ${who}, may call with the visitor's cookies`,
      "names of this catalog, each written out",
      "remove it: the catalog's own names are there without it; others each by name",
    ),
  ];
}

/** Names of the zone that lead to another's server. */
const elsewhere = ({ zone }: Platform): string[] =>
  (zone.records ?? [])
    .filter(({ content }) => content !== zone.name && !content.endsWith(`.${zone.name}`))
    .map(({ name }) => name);

const fits = (pattern: string, name: string): boolean =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replaceAll(".", "\\."))
      .join(".*")}$`,
  ).test(name);
