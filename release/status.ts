/** What runs of an environment, since when, and what differs from the files. */
import { setSize } from "../model/capacity";
import { environmentPrefix } from "../model/names";
import {
  COLOURS,
  type Colour,
  formatSplit,
  formatWeights,
  type ProductRelease,
  type SetRelease,
  tagOf,
} from "../model/release";
import type { Product } from "../model/service";
import type { ServedSplit } from "../clients/edge-keeper";
import { weightIn } from "./applied";
import { canaryIn } from "./at-edge";
import { TerraformError } from "../terraform/working-directory";
import { describeChange } from "./plan-words";
import { type JournalContent, unfinished } from "./journal/unfinished";
import { allProblems, inWords } from "./journal/whole";
import { type LiveProduct, liveEnvironment, type LiveSet, type LiveSwitch, unwell } from "./live";
import { servedLook, servedProblems, watchedInWords } from "./served";
import { productOf, type Site } from "./site";

export interface Status {
  /** "manacore-production": begins the containers' names. */
  readonly environment: string;
  /** "production": as commands take it. */
  readonly name: string;
  readonly products: readonly ProductStatus[];
  /** What of the journal cannot be read, each with what to do; none: it says all that it has to. */
  readonly journal?: readonly string[];
  /** Why the record could not be read: neither what is under way is known then, nor what was live before. */
  readonly recordUnknown?: string;
  /** Why it is not known what the edge serves: then traffic is as the last switch says. */
  readonly edgeUnknown?: string;
  /** What an apply of the files as they are would change; undefined: not asked for, or not known. */
  readonly drift: readonly string[] | undefined;
  /** Why it is not known. */
  readonly driftUnknown?: string;
}

export interface ProductStatus {
  readonly product: string;
  readonly sets: readonly SetStatus[];
  /** What does not fit together: release file, switch and containers. */
  readonly problems: readonly string[];
  /** A run that has not ended. */
  readonly underWay?: string;
  /** Whether somebody watches what is on trial: a canary, or a version whose old set is kept. */
  readonly watched?: string;
  /** Versions that were live before, newest first. */
  readonly earlier: readonly string[];
}

export interface SetStatus {
  readonly colour: Colour;
  readonly live: boolean;
  readonly version: string;
  /** Per cent of the traffic, by the switch. */
  readonly weight: number | undefined;
  /** Since when the traffic is split so. */
  readonly since: string | undefined;
  readonly containers: readonly ContainerStatus[];
}

export interface ContainerStatus {
  readonly name: string;
  /** Its service's role in the product: "backend". */
  readonly service: string;
  readonly replica: number;
  readonly health: string;
  readonly startedAt: string;
  readonly restarts: number;
}

const NO_JOURNAL: JournalContent = { entries: [], lines: [], unreadable: [] };

/**
 * @param known the journal, or why it could not be read
 * @param drift also plan the whole environment, which takes some seconds
 */
export async function statusOf(site: Site, known: JournalContent | string, drift: boolean): Promise<Status> {
  const journal = typeof known === "string" ? NO_JOURNAL : known;
  const release = site.release();
  const [{ products }, { splits, unknown }] = await Promise.all([liveEnvironment(site), servedLook(site)]);
  const unread = allProblems(site.platform, journal, site.environment.name).map(inWords);
  const names = site.platform.products.map(({ name }) => name).filter((name) => release[name] ?? products.get(name));
  return {
    environment: environmentPrefix(site.platform.name, site.environment.name),
    name: site.environment.name,
    products: names.map((name) =>
      productStatus(site, name, release[name], products.get(name), journal, splits.get(name)),
    ),
    ...(unknown === undefined ? {} : { edgeUnknown: unknown }),
    ...(unread.length > 0 ? { journal: unread } : {}),
    ...(typeof known === "string" ? { recordUnknown: known } : {}),
    ...(drift ? await driftOf(site) : { drift: undefined }),
  };
}

/** What runs is worth showing also where Terraform cannot plan. */
async function driftOf(site: Site): Promise<Pick<Status, "drift" | "driftUnknown">> {
  try {
    return { drift: (await site.terraform.plan()).map(describeChange) };
  } catch (reason) {
    if (!(reason instanceof TerraformError)) throw reason;
    return { drift: undefined, driftUnknown: site.redact(reason.message) };
  }
}

function productStatus(
  site: Site,
  product: string,
  entry: ProductRelease | undefined,
  found: LiveProduct | undefined,
  journal: JournalContent,
  served: ServedSplit | undefined,
): ProductStatus {
  const open = unfinished(journal, product);
  // The edge itself knows best; the last switch's labels are what Terraform was told.
  const traffic = served
    ? { live: served.live, weights: formatSplit(served.weights), since: new Date(served.at) }
    : found?.switch;
  const live = traffic?.live ?? entry?.live;
  const isKept = open?.underWay?.step === "keep";
  const isWatched = open !== undefined && (isKept || open.underWay?.step === "watch");
  const unserved = served ? servedProblems(served) : [];
  return {
    product,
    sets: COLOURS.flatMap((colour) => {
      const set = found?.sets[colour];
      if (!set) return [];
      const fits = entry?.[colour] && otherTags(productOf(site, product), entry[colour], set).length === 0;
      return [setStatus(colour, colour === live, fits ? entry[colour]!.version : set.version, set, traffic)];
    }).sort((a, b) => Number(b.live) - Number(a.live)),
    problems: [...problemsOf(site, product, entry, found, traffic, unserved)],
    ...(served && (isKept || canaryIn(served) > 0)
      ? { watched: watchedInWords(served, isWatched ? open.who : undefined) }
      : {}),
    ...(open
      ? {
          underWay: `${open.progress?.version ?? "a run"} by ${open.who} since ${open.since}, at ${open.underWay?.step ?? open.lastDone ?? "its start"}`,
        }
      : {}),
    earlier: earlierVersions(product, entry, journal),
  };
}

function setStatus(
  colour: Colour,
  live: boolean,
  version: string,
  { containers }: LiveSet,
  traffic: LiveSwitch | undefined,
): SetStatus {
  return {
    colour,
    live,
    version,
    weight: traffic && weightIn(traffic.weights, colour),
    since: traffic?.since.toISOString(),
    containers: containers.map(({ name, service, replica, running, health, startedAt, restarts }) => ({
      ...{ name, service, replica },
      health: running ? (health ?? "no health check") : "stopped",
      startedAt: startedAt.toISOString(),
      restarts,
    })),
  };
}

/** Containers with another image than the release file says: a service may have a tag of its own. */
function otherTags(product: Product, wanted: SetRelease, { containers }: LiveSet): string[] {
  const differ = containers.flatMap(({ service: role, version }) => {
    const service = product.services.find((each) => each.role === role);
    const tag = service && tagOf(wanted, service.name);
    return tag === undefined || tag === version ? [] : [{ role, version, tag }];
  });
  const versions = new Set(differ.map(({ version, tag }) => `${version}, the release file says ${tag}`));
  // All of them alike is one thing to say.
  return differ.length === containers.length && versions.size === 1
    ? [...versions]
    : [...new Set(differ.map(({ role, version, tag }) => `${version} as ${role}, the release file says ${tag}`))];
}

function problemsOf(
  site: Site,
  name: string,
  entry: ProductRelease | undefined,
  found: LiveProduct | undefined,
  traffic: LiveSwitch | undefined,
  unserved: readonly string[],
): string[] {
  if (!entry) return ["runs, but is not in the release file"];
  if (!found) return ["is in the release file, but does not run"];
  const product = productOf(site, name);
  const size = setSize(product, site.environment);
  const wanted = COLOURS.filter((colour) => entry[colour] !== null);
  const { failedSwitch } = found;
  const split = formatWeights(entry);
  return [
    ...wanted.flatMap((colour) => {
      const set = found.sets[colour];
      if (!set) return [`${colour} ${entry[colour]!.version} is in the release file, but does not run`];
      const count = set.containers.length;
      return [
        ...otherTags(product, entry[colour]!, set).map((what) => `${colour} runs ${what}`),
        ...(count === size ? [] : [`${colour} has ${count} container${count === 1 ? "" : "s"} in place of ${size}`]),
        ...unwell(set),
      ];
    }),
    ...COLOURS.filter((colour) => found.sets[colour] && entry[colour] === null).map(
      (colour) => `${colour} ${found.sets[colour]!.version} runs, but is not in the release file`,
    ),
    ...(failedSwitch === undefined
      ? []
      : [`its last switch (${failedSwitch}) has failed or is not done: traffic is as it was before`]),
    ...trafficProblems(traffic, split, unserved),
    ...(traffic || failedSwitch ? [] : ["has no switch"]),
  ];
}

/** One line for one difference, be it of the edge from the release file, from what Terraform was told, or from both. */
function trafficProblems(traffic: LiveSwitch | undefined, split: string, unserved: readonly string[]): string[] {
  if (!traffic || traffic.weights === split) return [...unserved];
  return unserved.length > 0
    ? unserved.map((line) => `${line}; the release file says ${split}`)
    : [`the edge has ${traffic.weights}, the release file says ${split}`];
}

/** What was live before, by the journal. */
function earlierVersions(product: string, entry: ProductRelease | undefined, { entries }: JournalContent): string[] {
  const now = entry?.[entry.live]?.version;
  const versions = entries.flatMap((each) => {
    const from = each.product === product && "from" in each ? each.from : undefined;
    const version = from?.[from.live]?.version;
    return version === undefined || version === now ? [] : [version];
  });
  return [...new Set(versions.reverse())].slice(0, 3);
}

export const hasTrouble = ({ products, drift, driftUnknown, edgeUnknown, recordUnknown }: Status): boolean =>
  edgeUnknown !== undefined ||
  recordUnknown !== undefined ||
  products.some(({ problems }) => problems.length > 0) ||
  (drift?.length ?? 0) > 0 ||
  driftUnknown !== undefined;
