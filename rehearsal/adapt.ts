/**
 * What a rehearsal changes about an environment, and nothing else: where its edge listens and gets its certificates, and
 * how many cores a container may have on this computer. Each change is listed in the report.
 */
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import type { Release, SetRelease } from "../model/release";
import type { Resources } from "../model/service";

export interface Surroundings {
  /** The simulated server's address. */
  readonly address: string;
  /** The ACME directory, Cloudflare's API and the DNS server, as containers reach them. */
  readonly acmeDirectory: string;
  readonly dnsApi: string;
  readonly resolver: string;
  /** The local engine's cores. */
  readonly cores: number;
  /** The edge's image with the ACME server's certificate in it. */
  readonly edgeImage: string;
}

export interface Adapted {
  readonly platform: Platform;
  readonly environment: Environment;
  /** One sentence each. */
  readonly changes: readonly string[];
}

export function adapt(platform: Platform, environment: Environment, around: Surroundings): Adapted {
  const changes: string[] = [];
  const capped = new Set<string>();
  const cap = <T extends { readonly name: string; readonly resources: Resources }>(of: T): T => {
    const { limits } = of.resources;
    if (limits.cpu <= around.cores) return of;
    capped.add(of.name);
    return { ...of, resources: { ...of.resources, limits: { ...limits, cpu: around.cores } } };
  };
  let adapted: Environment = environment;
  if (environment.host.kind === "hetzner") {
    adapted = { ...adapted, host: { ...environment.host, publishOn: around.address } };
    changes.push(`the edge listens on ${around.address} only, not on every address`);
  }
  if (environment.tls.kind === "letsencrypt") {
    adapted = {
      ...adapted,
      tls: {
        ...environment.tls,
        caServer: around.acmeDirectory,
        ...(environment.tls.challenge === "dns" ? { resolvers: [around.resolver], dnsApi: around.dnsApi } : {}),
      },
    };
    const proof = environment.tls.challenge === "dns" ? "lies in the simulated DNS" : "is asked for at the edge";
    changes.push(`certificates come from Pebble, whose own one the edge's image has; their proof ${proof}`);
  }
  const edge = cap({ name: "edge", ...platform.edge });
  const result: Platform = {
    ...platform,
    edge: { ...platform.edge, image: around.edgeImage, resources: edge.resources },
    products: platform.products.map((product) => ({ ...product, services: product.services.map(cap) })),
    stores: platform.stores.map(cap),
  };
  if (capped.size > 0) {
    changes.push(`no container may use more than this computer's ${around.cores} cores (${[...capped].join(", ")})`);
  }
  return {
    platform: { ...result, environments: { ...result.environments, [environment.name]: adapted } },
    environment: adapted,
    changes,
  };
}

function withoutDigest(set: SetRelease | null): SetRelease | null {
  if (!set) return null;
  const { digests: _, ...others } = set;
  return others;
}

/** A stand-in has no digest in any registry. */
export const withoutDigests = (release: Release): Release =>
  Object.fromEntries(
    Object.entries(release).map(([product, entry]) => [
      product,
      {
        ...entry,
        blue: withoutDigest(entry.blue),
        green: withoutDigest(entry.green),
      },
    ]),
  );
