/** Where digests are on file: the one file for images of stores, edge and monitoring, and release files for services. */
import { existsSync, readFileSync } from "node:fs";
import type { Change, Recorded } from "../../clients/registry/changes";
import type { RegistryCredentials } from "../../clients/registry/digest";
import { DIGESTS_FILE, DIGESTS_PATH, digestsText, parseDigests } from "../../config/image-digests";
import { whole } from "../../config/load";
import { PLATFORMS } from "../../config/platforms";
import { parseReleaseFile, withEntry } from "../../config/release-file";
import type { Digests } from "../../model/image-version";
import { ownImages } from "../../model/images";
import { imageRepository, type Platform } from "../../model/platform";
import { error, errorsOf, ProblemsError } from "../../model/problem";
import { COLOURS, type Release, type SetRelease, tagOf } from "../../model/release";
import { loadCatalog } from "../shared/catalog";
import { environmentName } from "../shared/names";
import { releaseFile } from "../shared/site";

export interface SourceOptions {
  readonly env: NodeJS.ProcessEnv;
  /** @default the catalog's */
  readonly platforms?: readonly Platform[];
  /** @default config/images/digests.json */
  readonly file?: string;
}

/** A file with digests in it: what is on file, and its text with other ones. */
export interface DigestsSource {
  /** As a person types it. */
  readonly path: string;
  readonly file: string;
  /** Its text; undefined where there is none yet. */
  readonly text: string | undefined;
  readonly images: readonly Recorded[];
  /** On file, and of no image that is run. */
  readonly unused: readonly Recorded[];
  /** What an update writes of what was found. */
  readonly takes: (change: Change) => boolean;
  /** The file's text with those. */
  readonly updated: (changes: readonly Change[], unused: readonly Recorded[]) => string;
  /** What to do about a tag that moved and is not written. */
  readonly otherwise: string;
  readonly login: (host: string) => RegistryCredentials | undefined;
}

/** Images of stores, edge and monitoring, of all platforms: they share one file. */
export function ownSource({ env, file = DIGESTS_FILE, platforms = catalog() }: SourceOptions): DigestsSource {
  const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const { digests, problems } = text === undefined ? { digests: {}, problems: [] } : parseDigests(text);
  if (errorsOf(problems).length > 0) throw new ProblemsError(problems);
  const used = [...new Set(platforms.flatMap(ownImages).map(({ name }) => name))].sort();
  const recorded = (name: string): Recorded => ({ name, digest: digestIn(digests, name) });
  return {
    ...{ path: DIGESTS_PATH, file, text, images: used.map(recorded) },
    unused: Object.keys(digests)
      .filter((name) => !used.includes(name))
      .map(recorded),
    takes: ({ kind }) => kind === "new" || kind === "moved",
    updated: (changes, unused) => {
      const kept = Object.entries(digests).filter(([name]) => !unused.some((each) => each.name === name));
      const found = changes.flatMap((each) => ("found" in each ? [[each.name, each.found] as const] : []));
      return digestsText({ ...Object.fromEntries(kept), ...Object.fromEntries(found) });
    },
    otherwise: "",
    login: (host) => loginOf(platforms, host, env),
  };
}

const catalog = (): readonly Platform[] => Object.values(PLATFORMS).map((each) => whole(each, {}));

const digestIn = (digests: Digests, name: string): string | undefined =>
  Object.hasOwn(digests, name) ? digests[name] : undefined;

/** What hosts log in with, at the registry that it is for. */
function loginOf(
  platforms: readonly Platform[],
  host: string,
  env: NodeJS.ProcessEnv,
): RegistryCredentials | undefined {
  const own = platforms.find(({ registry }) => registry.host === host);
  const username = own && env[`TF_VAR_${own.inputs.registryUsername.name}`];
  const password = own && env[`TF_VAR_${own.inputs.registryToken.name}`];
  return username && password ? { username, password } : undefined;
}

/**
 * The services' images of a release file, of both sets. One that has a digest keeps it: what was tested is what runs, and
 * another image comes by a release.
 */
export function releaseSource(name: string, { env, platforms }: SourceOptions): DigestsSource {
  const environment = environmentName(name);
  const platform = platforms?.[0] ?? loadCatalog(env).platform;
  const { file, path } = releaseFile(platform.name, environment, env);
  if (!existsSync(file)) {
    throw new ProblemsError([error(path, "no such file", "a release file", "create it; docs/releases.md shows one")]);
  }
  const text = readFileSync(file, "utf8");
  const { release, problems } = parseReleaseFile(text, path);
  if (errorsOf(problems).length > 0) throw new ProblemsError(problems);
  const images = [
    ...new Map(placesIn(platform, release).map((each) => [`${each.name}@${each.digest}`, each])).values(),
  ];
  return {
    ...{ path, file, text, unused: [] },
    images: images.map(({ name: image, digest }) => ({ name: image, digest })),
    takes: ({ kind }) => kind === "new",
    updated: (changes) => {
      const found = new Map(changes.flatMap((each) => (each.kind === "new" ? [[each.name, each.found] as const] : [])));
      return withFound(text, platform, release, found);
    },
    otherwise:
      "what was recorded is what was tested. If another image is meant, release its version (twinset release), or take the digest out and run this again.",
    login: (host) => loginOf([platform], host, env),
  };
}

interface Place extends Recorded {
  readonly product: string;
  readonly colour: (typeof COLOURS)[number];
  readonly service: string;
}

function placesIn(platform: Platform, release: Release): Place[] {
  return platform.products.flatMap((product) =>
    COLOURS.flatMap((colour) => {
      const set = release[product.name]?.[colour];
      return product.services.flatMap((service): Place[] => {
        if (!set) return [];
        const name = `${imageRepository(platform, service)}:${tagOf(set, service.name)}`;
        const digest = digestIn(set.digests ?? {}, service.name);
        return [{ product: product.name, colour, service: service.name, name, digest }];
      });
    }),
  );
}

/** The file's text with a digest for each place that has none, and nothing else changed. */
function withFound(text: string, platform: Platform, release: Release, found: ReadonlyMap<string, string>): string {
  const places = placesIn(platform, release).filter(({ name, digest }) => digest === undefined && found.has(name));
  return [...new Set(places.map(({ product }) => product))].reduce((all, product) => {
    const entry = release[product]!;
    const pinned = (colour: (typeof COLOURS)[number]): SetRelease | null => {
      const set = entry[colour];
      const own = places.filter((place) => place.product === product && place.colour === colour);
      if (!set || own.length === 0) return set;
      const digests = own.map(({ service, name }) => [service, found.get(name)!]);
      return { ...set, digests: { ...set.digests, ...Object.fromEntries(digests) } };
    };
    return withEntry(all, product, { ...entry, blue: pinned("blue"), green: pinned("green") });
  }, text);
}
