/** What was moved at the edge past Terraform is told to it before a command does anything else. */
import type { ServedSplit } from "../../clients/edge-keeper";
import { isDeepStrictEqual } from "node:util";
import { entryServed, isSameSplit, servedInWords, type WentBack, wentBack } from "../../release/at-edge";
import { appliedRelease, appliedSets, differences } from "../../release/applied";
import { recordOf } from "../../release/journal/record";
import { productOf } from "../../release/site";
import { error, ProblemsError } from "../../model/problem";
import { formatWeights, otherColour, type ProductRelease, weights } from "../../model/release";
import type { StateResource } from "../../terraform/state";
import { EXIT } from "../shared/exit";
import { edgeOf, type Session } from "./session";
import { takenOnTheWay } from "./taken";

/**
 * Under the lock. By the newest record, which is the edge's: whoever moved the traffic there did so after the last switch.
 * @returns undefined: go on; else the code to end with, as Terraform could not be told
 */
export async function settled(session: Session): Promise<number | undefined> {
  const { site, product, report } = session;
  const served = await edgeOf(session).served();
  if (!served) return undefined;
  const state = await site.terraform.state();
  const applied = appliedRelease(state, site.platform, productOf(site, product));
  const say = (text: string): void => report({ kind: "line", level: "warning", text });
  if (served.recorded) {
    if (applied && !isSameSplit(served.weights, weights(applied))) {
      mustRunThere(session, served, applied);
      return unsaved(session, served, applied);
    }
    if (!served.inForce) say(`The edge has ${servedInWords(served)}, but does not serve it.`);
    // A state that was not saved may have lost its switch: what serves is known all the same.
    return forgotten(session, served, applied ?? withoutSwitch(site, product, state, served));
  }
  say(`The edge has ${servedInWords(served)}, and Terraform has not been told. It is told now.`);
  const entry = await upToDate(session);
  if (!entry) return undefined;
  mustRunThere(session, served, entry);
  const to = entryServed(entry, served);
  const back = wentBack(served);
  // Without a switch that is in force nothing but the edge says what was left.
  const from = applied || !back ? entry : beforeBack(entry, back);
  // A step forward whose apply died is no way back: nothing bad is said of what it left.
  const forward = to.live === entry.live ? "canary" : "cutover";
  const step = served.by === "forward" ? forward : "back";
  const code = await takenOnTheWay(session, step, `record of what ${served.who} did (${served.why})`, from, to);
  return code === EXIT.done ? written(session, served) : code;
}

/**
 * While somebody deployed into a set the traffic went back to it: what the edge serves is the set's former containers, and
 * a switch of Terraform's would send the visitors on to the new ones, which nobody has tried.
 * @throws ProblemsError
 */
function mustRunThere({ product, flags }: Session, served: ServedSplit, entry: ProductRelease): void {
  const { live, versions } = served;
  const [serves, has] = [versions[live], entry[live]?.version];
  if (serves === undefined || serves === has) return;
  throw new ProblemsError([
    error(
      `${product}/${live}`,
      `the edge serves ${live} ${serves}, and the state has ${has ?? "nothing"} as ${live}`,
      "a set that nobody deploys into while it has visitors",
      `nothing was moved; see what runs: twinset status ${flags.environment}`,
    ),
  ]);
}

/** @returns a code to end with where a way back is still not in the record: whatever is read of that would lead there again */
async function written({ product, journal, report }: Session, served: ServedSplit): Promise<number | undefined> {
  const back = wentBack(served);
  if (!back || recordOf(await journal.read(), product).held[0]?.set.version === back.to) return undefined;
  const text = `That ${back.who} went back from ${back.left} to ${back.to} is not in the record yet; nothing else is done before it is.`;
  report({ kind: "line", level: "warning", text });
  return EXIT.unrecorded;
}

/**
 * What was applied, which the release file says from now on, too; a file that is older stops nobody. Where a switch has
 * failed it put the former routing back, and the edge has that; without it the file is all there is.
 */
export async function upToDate(session: Session): Promise<ProductRelease | undefined> {
  const { site, product, report } = session;
  const file = site.release()[product];
  const state = await site.terraform.state();
  let applied = appliedRelease(state, site.platform, productOf(site, product));
  if (!applied) {
    const served = await edgeOf(session).served();
    applied = served && withoutSwitch(site, product, state, served);
  }
  if (!applied) return file;
  const differ = differences(file, applied);
  if (differ.length === 0) return file;
  const text = `The release file is not what was applied, and is now: ${differ.join("; ")}.`;
  report({ kind: "line", level: "warning", text });
  if (!isDeepStrictEqual(file, applied)) site.save(product, applied);
  return applied;
}

/**
 * Where a switch has failed the state says nothing of the traffic, and the edge does. The sets are the state's: the release
 * file of this computer may be older.
 */
export function withoutSwitch(
  site: Pick<Session["site"], "platform" | "release">,
  product: string,
  state: readonly StateResource[],
  served: ServedSplit,
): ProductRelease | undefined {
  const sets = appliedSets(state, site.platform, productOf(site, product));
  const file = site.release()[product];
  if (sets[served.live] === null) return file;
  return entryServed({ live: served.live, canary: 0, ...sets }, served);
}

/**
 * A switch of Terraform's that the edge has taken up, and whose apply died before the state was written. Visitors are where
 * the edge sends them, so it is the state that is told.
 */
async function unsaved(session: Session, served: ServedSplit, applied: ProductRelease): Promise<number | undefined> {
  const to = entryServed(applied, served);
  const is = servedInWords(served);
  const text = `The edge has ${is}; the state says ${formatWeights(applied)}, as an apply did not come to its end. It is told now.`;
  session.report({ kind: "line", level: "warning", text });
  const step = wentBack(served) ? "back" : to.live === applied.live ? "canary" : "cutover";
  const code = await takenOnTheWay(session, step, `record of what the edge serves`, applied, to);
  return code === EXIT.done ? written(session, served) : code;
}

/**
 * A way back of which Terraform knows, and the record does not: whoever went it died before it was written down. Without
 * that the next rollback would lead to the very version that was left.
 */
async function forgotten(
  session: Session,
  served: ServedSplit,
  known: ProductRelease | undefined,
): Promise<number | undefined> {
  const { product, journal, report } = session;
  const back = wentBack(served);
  if (!back || !known || !isSameSplit(served.weights, weights(known))) return undefined;
  if (known[known.live]?.version !== back.to) return undefined;
  const { held } = recordOf(await journal.read(), product);
  if (held[0]?.set.version === back.to) return undefined;
  const text = `${back.who} went back from ${back.left} to ${back.to} (${back.why}), and that is not in the record. It is written down now.`;
  report({ kind: "line", level: "warning", text });
  const from = beforeBack(known, back);
  const code = await takenOnTheWay(session, "back", `record of what ${back.who} did (${back.why})`, from, known);
  return code === EXIT.done ? written(session, served) : code;
}

/** The entry that a way back has led from. */
function beforeBack(entry: ProductRelease, { left }: WentBack): ProductRelease {
  const other = otherColour(entry.live);
  const set = entry[other]?.version === left ? entry[other] : { version: left };
  return { ...entry, live: other, canary: 0, [other]: set };
}
