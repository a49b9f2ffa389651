/**
 * Which sets the edge sends visitors to, by the last switch that it took up: read from the engine, as a file, a state or a
 * flag may be older than what is so. No command takes such a set away.
 */
import { error, type Problem } from "../model/problem";
import { type Colour, COLOURS, type ProductRelease } from "../model/release";
import { weightIn } from "./applied";
import { liveEnvironment } from "./live";
import type { Site } from "./site";

/** Sets that an edit of the product's entry removes, or gives other containers. */
const touchedBy = (from: ProductRelease | null, to: ProductRelease): Colour[] =>
  COLOURS.filter((colour) => from?.[colour] && from[colour].version !== to[colour]?.version);

/**
 * What speaks against an edit: a set that it removes or replaces has visitors. An edit of the live set itself is meant: its
 * containers' successors are healthy before they go.
 * @throws ProblemsError when the engine does not answer
 */
export async function stillCarrying(
  site: Site,
  product: string,
  from: ProductRelease | null,
  to: ProductRelease,
): Promise<Problem[]> {
  const touched = touchedBy(from, to).filter((colour) => colour !== to.live);
  if (touched.length === 0) return [];
  const found = (await liveEnvironment(site)).products.get(product)?.switch;
  if (!found) return [];
  return touched.flatMap((colour) => {
    const share = weightIn(found.weights, colour);
    return share === 0
      ? []
      : [
          error(
            `${product}/${colour}`,
            `${colour} has ${share} % of the traffic at the edge, by the switch of ${found.since.toISOString()}`,
            "a set that no visitor is sent to",
            `see what is so: twinset status ${site.environment.name}; to move the traffic: twinset switch ${product} <colour>`,
          ),
        ];
  });
}
