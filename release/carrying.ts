/**
 * Which sets the edge sends visitors to, by what it serves and by the last switch that it took up: asked there, as a file, a
 * state or a flag may be older than what is so. No command takes such a set away.
 */
import { error, type Problem } from "../model/problem";
import { type Colour, COLOURS, type ProductRelease } from "../model/release";
import { weightIn } from "./applied";
import { liveEnvironment } from "./live";
import type { ResourceChange } from "../terraform/plan";
import { servedInWords } from "./at-edge";
import { label, type Refusal, switchAddress } from "./guard";
import { servedLook } from "./served";
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
  const [{ products }, { splits }] = await Promise.all([liveEnvironment(site), servedLook(site)]);
  const served = splits.get(product);
  const found = products.get(product)?.switch;
  return touched.flatMap((colour) => {
    // Whichever of the two says so: nobody takes away what may have visitors.
    const share = served?.weights[colour] || (found ? weightIn(found.weights, colour) : 0);
    const by = served?.weights[colour]
      ? `${servedInWords(served)}`
      : `by the switch of ${found?.since.toISOString() ?? "?"}`;
    return share === 0
      ? []
      : [
          error(
            `${product}/${colour}`,
            `${colour} has ${share} % of the traffic at the edge, ${by}`,
            "a set that no visitor is sent to",
            `see what is so: twinset status ${site.environment.name}; to move the traffic: twinset switch ${product} <colour>`,
          ),
        ];
  });
}

/**
 * Containers that an apply of a whole environment would take away without a successor, though their set has visitors at the
 * edge and the same plan does not move these first. Terraform makes the new switch before it removes a container.
 * @param allow addresses that the operator lets through
 */
export async function takenFromVisitors(
  site: Pick<Site, "keeper" | "redact">,
  changes: readonly ResourceChange[],
  allow: readonly string[] = [],
): Promise<readonly Refusal[]> {
  const gone = changes.filter(({ change }) => change.actions.join() === "delete");
  if (gone.length === 0) return [];
  const { splits } = await servedLook(site);
  return [...splits.values()].flatMap((served) =>
    COLOURS.flatMap((colour) => {
      const moved = changes.find(({ address }) => address === switchAddress(served.product));
      const after = label(moved?.change.after, "release.weights");
      const isLeft = after !== undefined && weightIn(after, colour) === 0;
      if (!served.weights[colour] || isLeft) return [];
      const container = new RegExp(`^docker_container\\.${served.product}_${colour}_.+-\\d+$`);
      return gone
        .filter(({ address }) => container.test(address) && !allow.includes(address))
        .map(({ address }) => ({
          address,
          actions: "delete",
          what: `takes away what visitors are sent to: the edge has ${servedInWords(served)}`,
        }));
    }),
  );
}
