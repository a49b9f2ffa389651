import { join } from "node:path";
import { ENVIRONMENTS } from "../model/environment-name";
import type { Digests } from "../model/image-version";
import { type Platform, selectProducts } from "../model/platform";
import { error, list, type Problem, ProblemsError } from "../model/problem";
import { checkPlatform, type Releases } from "./checks";
import { checkDigests } from "./checks/images";
import { readDigests } from "./image-digests";
import { STANDARD_MONITORING } from "./monitoring";
import { DEFAULT_PLATFORM, PLATFORMS } from "./platforms";
import { readReleaseFile } from "./release-file";

export interface LoadedPlatform {
  readonly platform: Platform;
  /** The platform cut down to the chosen profiles. */
  readonly development: Platform;
  readonly releases: Releases;
  /** Errors and warnings; with an error nothing may be synthesized. */
  readonly problems: readonly Problem[];
}

export interface LoadOptions {
  /** @default "manacore" */
  readonly platform?: string | undefined;
  /** Product names with commas between them, or "all". @default "all" */
  readonly profiles?: string | undefined;
  /** Where the release files are. @default config/releases beside this file */
  readonly releasesDirectory?: string | undefined;
  /** The file of digests. @default config/images/digests.json */
  readonly digestsFile?: string | undefined;
  /** @default the catalog's */
  readonly platforms?: Readonly<Record<string, Platform>> | undefined;
}

/** A platform as it is run, with what it does not say itself. */
export const whole = (platform: Platform, digests: Digests): Platform => ({
  ...platform,
  monitoring: platform.monitoring ?? STANDARD_MONITORING,
  digests,
});

/**
 * Reads a platform with its release files, and checks everything.
 * @throws ProblemsError for a platform that does not exist; every other problem is in the result
 */
export function loadPlatform(options: LoadOptions = {}): LoadedPlatform {
  const platforms = options.platforms ?? PLATFORMS;
  const name = options.platform ?? DEFAULT_PLATFORM;
  const found = Object.hasOwn(platforms, name) ? platforms[name] : undefined;
  if (!found) {
    throw new ProblemsError([
      error("PLATFORM", name, `one of ${list(Object.keys(platforms))}`, "correct the name, e.g. PLATFORM=manacore"),
    ]);
  }

  const file = readDigests(options.digestsFile);
  const platform = whole(found, file.digests);
  const problems: Problem[] = [
    ...file.problems,
    ...checkDigests(
      file,
      [...Object.values(PLATFORMS), ...Object.values(platforms)].map((each) => whole(each, {})),
    ),
  ];
  const releases = Object.fromEntries(
    ENVIRONMENTS.map((environment) => {
      const path = join("config", "releases", name, `${environment}.json`);
      const directory = options.releasesDirectory ?? join(__dirname, "releases");
      const read = readReleaseFile(join(directory, name, `${environment}.json`), path);
      problems.push(...read.problems);
      return [environment, { release: read.release, path }];
    }),
  ) as unknown as Releases;
  problems.push(...checkPlatform(platform, releases));

  const profiles = (options.profiles ?? "all").split(",").map((profile) => profile.trim());
  const known = platform.products.map((p) => p.name);
  for (const profile of profiles.filter((p) => p !== "all" && !known.includes(p))) {
    problems.push(error("PROFILES", profile, `all, or some of ${list(known)}`, "correct the name"));
  }
  return {
    platform,
    development: profiles.includes("all") ? platform : selectProducts(platform, profiles),
    releases,
    problems,
  };
}
