/** Before a release changes anything: can it work? All that speaks against it, at once. */
import { serverTypeOf, setNeed, setSize } from "../model/capacity";
import { environmentPrefix } from "../model/names";
import { error, list, type Problem } from "../model/problem";
import { otherColour, type ProductRelease } from "../model/release";
import { mebibytes } from "../model/units";
import { liveEnvironment, type LiveEnvironment, unwell } from "./live";
import type { Pins } from "./machine";
import { productOf, type Site } from "./site";

export interface PreflightOptions {
  readonly product: string;
  readonly version: string;
  /** The product's entry in the release file. */
  readonly before: ProductRelease | null;
  /** Finds every service's image in the registry. */
  readonly findImages: () => Promise<Pins | readonly Problem[]>;
}

export interface Preflight {
  readonly pins: Pins;
  readonly problems: readonly Problem[];
}

export async function preflight(site: Site, options: PreflightOptions): Promise<Preflight> {
  const [images, live] = await Promise.all([options.findImages(), liveEnvironment(site)]);
  const missing = Array.isArray(images) ? (images as readonly Problem[]) : [];
  return {
    pins: Array.isArray(images) ? {} : (images as Pins),
    problems: [
      ...checkEntry(site, options),
      ...missing,
      ...checkLive(site, options, live),
      ...checkRoom(site, options.product, live),
    ],
  };
}

/** Is the product between two releases? */
function checkEntry(site: Site, { product, version, before }: PreflightOptions): Problem[] {
  if (!before) return [];
  const at = `--environment ${site.environment.name}`;
  const path = `${product}/release`;
  const idle = before[otherColour(before.live)];
  if (before.canary > 0) {
    return [
      error(
        path,
        `a canary is under way: ${otherColour(before.live)} ${idle?.version ?? ""} has ${before.canary} %`,
        "a product between two releases",
        `take its traffic away: twinset rollback ${product} ${at}`,
      ),
    ];
  }
  return before[before.live]?.version === version
    ? [
        error(
          path,
          `${version}, which is live in ${before.live}`,
          "another version than the live one",
          "name the version that is to be released",
        ),
      ]
    : [];
}

/** The set that everybody depends on while the new one is tried. */
function checkLive(site: Site, { product, before }: PreflightOptions, live: LiveEnvironment): Problem[] {
  if (!before) return [];
  const found = live.products.get(product);
  const set = found?.sets[before.live];
  const path = `${product}/${before.live}`;
  if (!set) {
    return [
      error(
        path,
        `${before.live} is live in the release file, but has no container on the engine`,
        "a live set that serves",
        `bring the environment about first: twinset plan ${site.environment.name}, twinset apply ${site.environment.name}`,
      ),
    ];
  }
  if (found?.switch && found.switch.live !== before.live) {
    return [
      error(
        path,
        `the edge's traffic is on ${found.switch.live}, the release file says ${before.live}`,
        "a release file that says what is so",
        `get the newest release file (git pull), or see what happened: twinset status ${site.environment.name}`,
      ),
    ];
  }
  const size = setSize(productOf(site, product), site.environment);
  const ill = [
    ...(set.containers.length < size ? [`${set.containers.length} of ${size} containers`] : []),
    ...unwell(set),
  ];
  return ill.length > 0
    ? [error(path, list(ill), "a live set that is healthy", "mend it first: there would be nothing to go back to")]
    : [];
}

/** Is there memory for a second set beside everything that runs? */
function checkRoom(site: Site, product: string, { containers }: LiveEnvironment): Problem[] {
  const type = serverTypeOf(site.platform, site.environment);
  if (!type) return [];
  const prefix = environmentPrefix(site.platform.name, site.environment.name);
  const used = mebibytes(
    containers.filter(({ running }) => running).reduce((sum, { memoryLimit }) => sum + memoryLimit, 0),
  );
  const need = setNeed(productOf(site, product), site.environment).memory;
  return used.plus(need).mebibytes <= type.memory.mebibytes
    ? []
    : [
        error(
          `${prefix}/memory`,
          `containers that run may use ${used} of ${type.memory}, and a second set of ${product} needs ${need}`,
          "room for a second set",
          `retire sets that are not needed (twinset status ${site.environment.name}), or take a larger server`,
        ),
      ];
}
