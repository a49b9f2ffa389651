/** What a plan does to data that it does not destroy: migrations, databases, and stores that are made anew on their volumes. */
import type { Platform } from "../model/platform";
import { otherColour } from "../model/release";
import type { ResourceChange } from "../terraform/plan";
import { actionOf, goes, isReplaced, isService, partOf } from "./parts";
import type { StoreObstacle } from "./stores";
import { isServing, type ProductReview, setName } from "./traffic";

export interface DataChange {
  /** A product or a store. */
  readonly of: string;
  /** "the migration of green v1.6.0 runs, while blue v1.5.2 serves with the same data". */
  readonly what: string;
  /** Does it speak against the plan? */
  readonly bad?: boolean;
}

function isOf(volume: ResourceChange, store: string, platform: Platform): boolean {
  const part = partOf(volume, platform);
  return part.kind === "store" && part.store === store;
}

/** A server's own disk has nothing but the system and images, as long as its volume stays. */
function servers(changes: readonly ResourceChange[]): DataChange[] {
  const replaced = changes.filter(({ type, change }) => type === "hcloud_server" && isReplaced(actionOf(change)));
  const volume = changes.some(({ type, change }) => type === "hcloud_volume" && goes(actionOf(change)));
  return replaced.map(({ address }) => ({
    of: address,
    what: `what is on its own disk goes; ${volume ? "and so does its volume" : "all data is on the volume, which stays"}`,
  }));
}

/**
 * @param changes all that are made
 * @param obstacles stores whose new image is not to have their data
 */
export function dataChanges(
  changes: readonly ResourceChange[],
  products: readonly ProductReview[],
  platform: Platform,
  obstacles: readonly StoreObstacle[] = [],
): DataChange[] {
  const migrations = products.flatMap((product) =>
    product.migrations.map((colour): DataChange => {
      const { before, after } = product;
      const other = otherColour(colour);
      const serving = isServing(product, other) && before !== undefined;
      const beside = serving ? `, while ${setName(other, before, after)} serves with the same data` : "";
      return { of: product.product, what: `the migration of ${setName(colour, after, before)} runs${beside}` };
    }),
  );
  const volumes = changes.filter(({ type, change }) => type === "docker_volume" && goes(actionOf(change)));
  const all = changes.some(({ type, change }) => type === "hcloud_volume" && goes(actionOf(change)));
  const databases = platform.stores.filter(({ kind }) => kind === "postgres").map(({ name }) => name);
  const gone = all || volumes.some((volume) => databases.some((name) => isOf(volume, name, platform)));
  const end = gone ? "goes with its volume" : "is no longer looked after; it stays";
  const others = changes.flatMap((change): DataChange[] => {
    const part = partOf(change, platform);
    const action = actionOf(change.change);
    if (part.kind === "database") {
      return [{ of: part.product, what: `its database ${action === "delete" ? end : "is made, or its password set"}` }];
    }
    if (part.kind !== "store" || !isService(change) || !isReplaced(action)) return [];
    // What speaks against it says more than that the volume stays.
    if (obstacles.some(({ address }) => address === change.address)) return [];
    const lost = volumes.some((volume) => isOf(volume, part.store, platform));
    return [{ of: part.store, what: lost ? "is replaced, and its volume goes" : "is replaced; its volume stays" }];
  });
  const unreadable = obstacles.map(({ store: of, what }): DataChange => ({ of, what, bad: true }));
  return [...unreadable, ...servers(changes), ...migrations, ...others];
}
