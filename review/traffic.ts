/** What a plan does to each product's traffic: read from the labels of its switch, and from what happens to its sets. */
import type { Platform } from "../model/platform";
import { COLOURS, type Colour, otherColour } from "../model/release";
import { isEffective, type ResourceChange } from "../terraform/plan";
import { type Action, actionOf, isService, labelOf, type Part, partOf } from "./parts";

/** How a product's traffic is split. */
export interface Split {
  readonly live: Colour;
  /** Per cent by colour. */
  readonly weights: Readonly<Partial<Record<Colour, number>>>;
  readonly versions: Readonly<Partial<Record<Colour, string>>>;
}

/** Names of a set's containers ("backend"), by what happens to them. */
export type SetChanges = Readonly<Record<Action | "keep", readonly string[]>>;

export interface ProductReview {
  readonly product: string;
  /** Undefined: it is not released, before or after. */
  readonly before: Split | undefined;
  readonly after: Split | undefined;
  readonly sets: Readonly<Record<Colour, SetChanges>>;
  /** Colours whose migration runs. */
  readonly migrations: readonly Colour[];
  /** Everything of the product that changes: its sets, its switch, its database. */
  readonly changes: readonly ResourceChange[];
}

/** The part of the traffic that a set gets while the plan is applied: whoever has some before or after can be noticed. */
export const isServing = ({ before, after }: Pick<ProductReview, "before" | "after">, colour: Colour): boolean =>
  (before?.weights[colour] ?? 0) > 0 || (after?.weights[colour] ?? 0) > 0;

/** A container that was lost or whose creation failed: its set is there, and it is made (again). */
export const isMissing = (sets: SetChanges): readonly string[] =>
  sets.create.length > 0 && (sets.keep.length > 0 || sets.update.length > 0) ? sets.create : [];

/** @param resources all managed resources of the plan, unchanged ones too */
export function productReviews(resources: readonly ResourceChange[], platform: Platform): ProductReview[] {
  const parts = resources.map((resource) => ({ resource, part: partOf(resource, platform) }));
  return platform.products.flatMap(({ name }): ProductReview[] => {
    const own = parts.filter(({ part }) => "product" in part && part.product === name);
    if (own.length === 0) return [];
    const job = own.find(({ part }) => part.kind === "switch")?.resource;
    const before = splitOf(job?.change.before, platform.labelPrefix);
    const after = splitOf(job?.change.after, platform.labelPrefix);
    const changes = own.map(({ resource }) => resource).filter(isEffective);
    const migrations = COLOURS.filter((colour) =>
      own.some(
        ({ resource, part }) =>
          part.kind === "set" && part.is === "migration" && part.colour === colour && runs(resource),
      ),
    );
    const sets = Object.fromEntries(COLOURS.map((colour) => [colour, changesOf(own, colour)])) as Record<
      Colour,
      SetChanges
    >;
    return [{ product: name, before, after, sets, migrations, changes }];
  });
}

const runs = ({ change }: ResourceChange): boolean => change.actions.includes("create");

function changesOf(own: readonly { resource: ResourceChange; part: Part }[], colour: Colour): SetChanges {
  const of: Record<Action | "keep", string[]> = {
    ...{ create: [], delete: [], update: [], forget: [], keep: [] },
    ...{ "replace-new-first": [], "replace-old-first": [], "replace-and-forget": [] },
  };
  for (const { resource, part } of own) {
    if (part.kind !== "set" || part.colour !== colour || !isService(resource)) continue;
    of[isEffective(resource) ? actionOf(resource.change) : "keep"].push(part.role);
  }
  return of;
}

/** What the labels of a switch say. A job that is gone says nothing. */
function splitOf(values: Readonly<Record<string, unknown>> | null | undefined, prefix: string): Split | undefined {
  const live = labelOf(values, "release.live", prefix);
  const weights = labelOf(values, "release.weights", prefix);
  if (!isColour(live) || weights === undefined) return undefined;
  const versions = Object.fromEntries(
    COLOURS.flatMap((colour) => {
      const version = labelOf(values, `release.${colour}`, prefix);
      return version === undefined ? [] : [[colour, version]];
    }),
  );
  return { live, weights: parseWeights(weights), versions };
}

const isColour = (text: string | undefined): text is Colour =>
  (COLOURS as readonly (string | undefined)[]).includes(text);

/** "blue=90,green=10", as `formatWeights` writes it. */
const parseWeights = (text: string): Partial<Record<Colour, number>> =>
  Object.fromEntries([...text.matchAll(/(blue|green)=(\d+)/g)].map(([, colour, percent]) => [colour, Number(percent)]));

/** "green v1.6.0" */
export const setName = (colour: Colour, ...splits: readonly (Split | undefined)[]): string => {
  const version = splits.map((split) => split?.versions[colour]).find((each) => each !== undefined);
  return version === undefined ? colour : `${colour} ${version}`;
};

/** Does the traffic of the product go another way? */
export const isMoved = ({ before, after }: ProductReview): boolean =>
  COLOURS.some((colour) => (before?.weights[colour] ?? 0) !== (after?.weights[colour] ?? 0));

/** What happens to the product's traffic, in one clause without its name. */
export function trafficClause({ before, after }: ProductReview): string {
  if (!after) return before ? "all of its traffic ends: nothing answers under its names any more" : "it has no traffic";
  const { live } = after;
  const idle = otherColour(live);
  const share = after.weights[idle] ?? 0;
  const most = after.weights[live] ?? 0;
  if (!before) {
    return share > 0
      ? `${setName(live, after)} gets ${most} % of its traffic, ${setName(idle, after)} ${share} %`
      : `${setName(live, after)} gets all of its traffic`;
  }
  if (share > 0 && share !== (before.weights[idle] ?? 0)) {
    // Who has more than before gets it.
    const keeps = most <= (before.weights[live] ?? 0);
    return keeps
      ? `${setName(idle, after)} gets ${share} % of the traffic, ${setName(live, after)} keeps ${most} %`
      : `${setName(live, after)} gets ${most} % of the traffic, ${setName(idle, after)} keeps ${share} %`;
  }
  if (share > 0) {
    return `traffic stays as it is: ${setName(live, after)} ${most} %, ${setName(idle, after)} ${share} %`;
  }
  if (before.live !== live || (before.weights[live] ?? 0) < (after.weights[live] ?? 0)) {
    const from = before.live === live ? idle : before.live;
    const back = isOlder(after.versions[live], before.versions[from]) || before.live === live ? " back" : "";
    const all = before.live === live ? `the ${before.weights[idle] ?? 0} % of the canary go` : "all traffic goes";
    return `${all}${back} from ${setName(from, before, after)} to ${setName(live, after)}`;
  }
  return `traffic stays on ${setName(live, after)}`;
}

/** Is one version certainly older than another? Only for versions of numbers: nobody knows of branches and hashes. */
export function isOlder(version: string | undefined, than: string | undefined): boolean {
  const numbers = (text: string | undefined): number[] | undefined =>
    /^v?(\d+)\.(\d+)\.(\d+)$/
      .exec(text ?? "")
      ?.slice(1)
      .map(Number);
  const [a, b] = [numbers(version), numbers(than)];
  if (!a || !b) return false;
  const at = a.findIndex((part, i) => part !== b[i]);
  return at >= 0 && a[at]! < b[at]!;
}
