/** Of a whole environment: what the edge serves, and in what that is not what Terraform was told. */
import { KeeperError, NoKeeper, type ServedSplit } from "../clients/edge-keeper";
import { environmentPrefix } from "../model/names";
import { ProblemsError } from "../model/problem";
import { formatWeights, type ProductRelease, weights } from "../model/release";
import type { StateResource } from "../terraform/state";
import { appliedRelease } from "./applied";
import { canaryIn, isSameSplit, servedInWords } from "./at-edge";
import { productOf, type Site } from "./site";

export interface ServedLook {
  readonly splits: ReadonlyMap<string, ServedSplit>;
  /** Why it is not known what the edge serves; undefined: it is, or there is no keeper yet. */
  readonly unknown?: string;
}

/** Asks the keeper once for all products. Whatever it does not say is told, and stops nobody. */
export async function servedLook(site: Pick<Site, "keeper" | "redact">): Promise<ServedLook> {
  try {
    const found = await (await site.keeper()).facts();
    return { splits: new Map(found.map((split) => [split.product, split])) };
  } catch (reason) {
    if (reason instanceof NoKeeper) return { splits: new Map() };
    if (!(reason instanceof KeeperError || reason instanceof ProblemsError)) throw reason;
    return { splits: new Map(), unknown: site.redact(reason.message) };
  }
}

/**
 * What of a split is not as it should be, in sentences: one for what is one difference.
 * @param entry what Terraform was told. @default that is not known, or has to be so anyway
 */
export function servedProblems(served: ServedSplit, entry?: ProductRelease): string[] {
  if (!served.recorded) {
    return [
      `the edge has ${servedInWords(served)}, and Terraform has not been told: the next release command or twinset apply tells it`,
    ];
  }
  if (!served.inForce) return [`the edge does not serve what it was given: ${servedInWords(served)}`];
  return entry && !isSameSplit(served.weights, weights(entry))
    ? [`the edge has ${servedInWords(served)}, the state says ${formatWeights(entry)}`]
    : [];
}

/** Seconds. Whoever watches looks every 5 s, and so by then has looked also where that takes long. */
const LOOKED_WITHIN = 30;

/**
 * Who watches a split that is on trial: a canary, or a version whose old set is kept.
 * @param who whose run it is, by the journal. @default that is not known
 * @param now milliseconds since 1970
 */
export function watchedInWords(served: ServedSplit, who?: string, now = Date.now()): string {
  const { lease, leaseLeft, watchedLeft, at } = served;
  const within = Math.min(LOOKED_WITHIN, lease / 2);
  if (canaryIn(served) === 0) {
    if (watchedLeft === undefined) return "nobody watches it";
    const unseen = lease - watchedLeft;
    return unseen > within ? `nobody has watched it for ${unseen} s` : `${who ?? "somebody"} watches it`;
  }
  if (leaseLeft === undefined) return "the canary ends by itself with its lease unless it is watched";
  const left = Math.max(0, leaseLeft);
  const unseen = lease - leaseLeft;
  if (unseen > within) return `nobody has watched the canary for ${unseen} s: it ends by itself in ${left} s`;
  const isNew = (now - Date.parse(at)) / 1000 <= unseen + within;
  if (isNew && who === undefined) return `the canary ends by itself in ${left} s unless it is watched`;
  return `${who ?? "somebody"} watches the canary; it ends by itself ${lease} s after the last look`;
}

const NOT_KNOWN = "What the edge serves is not known, in";

/** Does a line only say that nobody could look? Then it is no difference. */
export const isNotKnown = (line: string): boolean => line.startsWith(NOT_KNOWN);

/** Each product whose edge is not as Terraform was told, in a line: for whoever plans, reviews or looks for drift. */
export async function edgeDifferences(
  site: Pick<Site, "keeper" | "redact" | "platform" | "environment">,
  state: readonly StateResource[],
): Promise<readonly string[]> {
  if (state.length === 0) return [];
  const { splits, unknown } = await servedLook(site);
  if (unknown !== undefined) {
    return [`${NOT_KNOWN} ${environmentPrefix(site.platform.name, site.environment.name)}: ${unknown}`];
  }
  return [...splits.values()].flatMap((served) => {
    if (!site.platform.products.some(({ name }) => name === served.product)) return [];
    const applied = appliedRelease(state, site.platform, productOf(site, served.product));
    return servedProblems(served, applied).map((problem) => `${served.product}: ${problem}`);
  });
}
