/**
 * What a rehearsal changes about an environment, and nothing else: where its edge listens and gets its certificates, where
 * its images come from, and how many cores a container may have on this computer. Each change is listed in the report.
 */
import { ownImages } from "../model/images";
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
  /** The registry that has the images: "127.0.0.1:40123". */
  readonly registry: string;
  /** The local engine's cores. */
  readonly cores: number;
  /** The edge's image with the ACME server's certificate in it. */
  readonly edgeImage: string;
  /** Stand-ins of images that are no service's: where they are in that registry. @default none is there */
  readonly published?: Readonly<Record<string, Published>>;
}

/** An image in a rehearsal's registry. */
export interface Published {
  readonly name: string;
  readonly digest: string;
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
  changes.push("images come from a registry on this computer");
  const edge = cap({ name: "edge", ...platform.edge });
  const { published = {}, edgeImage } = around;
  const named = (image: string): string => published[image]?.name ?? image;
  const result: Platform = {
    ...withRegistry(platform, around.registry),
    edge: { ...platform.edge, image: named(edgeImage), resources: edge.resources },
    ...(platform.monitoring ? { monitoring: { ...platform.monitoring, image: named(platform.monitoring.image) } } : {}),
    products: platform.products.map((product) => ({ ...product, services: product.services.map(cap) })),
    stores: platform.stores.map(cap).map((store) => ({ ...store, image: named(store.image) })),
    digests: Object.fromEntries(Object.values(published).map(({ name, digest }) => [name, digest])),
  };
  const loose = ownImages(result).filter(({ name }) => result.digests?.[name] === undefined);
  if (loose.length > 0) {
    changes.push(
      `images that are not from there go by their tags (${[...new Set(loose.map(({ name }) => name))].join(", ")})`,
    );
  }
  if (capped.size > 0) {
    changes.push(`no container may use more than this computer's ${around.cores} cores (${[...capped].join(", ")})`);
  }
  return {
    platform: { ...result, environments: { ...result.environments, [environment.name]: adapted } },
    environment: adapted,
    changes,
  };
}

/** The platform with its services' images in another registry, under the same owner. */
export const withRegistry = (platform: Platform, host: string): Platform => ({
  ...platform,
  registry: { ...platform.registry, host },
});

/** A stand-in's digest, where it has one. */
export type DigestOf = (set: SetRelease, service: string) => string | undefined;

/** A release whose pinned images are pinned stand-ins: these have other digests than what they stand for, or none. */
export const withDigests = (release: Release, digestOf: DigestOf): Release =>
  Object.fromEntries(
    Object.entries(release).map(([product, entry]) => [
      product,
      {
        ...entry,
        blue: pinned(entry.blue, digestOf),
        green: pinned(entry.green, digestOf),
      },
    ]),
  );

function pinned(set: SetRelease | null, digestOf: DigestOf): SetRelease | null {
  if (!set?.digests) return set;
  const { digests, ...others } = set;
  const known = Object.keys(digests).flatMap((service): [string, string][] => {
    const digest = digestOf(set, service);
    return digest === undefined ? [] : [[service, digest]];
  });
  return known.length === 0 ? others : { ...others, digests: Object.fromEntries(known) };
}

/** What is in no registry has no digest. */
export const withoutDigests = (release: Release): Release => withDigests(release, () => undefined);
