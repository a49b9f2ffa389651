/** What was moved at the edge past Terraform is told to it before a command does anything else. */
import { isDeepStrictEqual } from "node:util";
import { formatWeights, type ProductRelease, weights } from "../../model/release";
import { appliedRelease, differences } from "../../release/applied";
import { AtEdge, entryServed, isSameSplit, servedInWords } from "../../release/at-edge";
import { productOf } from "../../release/site";
import { EXIT } from "../shared/exit";
import type { Session } from "./session";
import { taken } from "./taken";

/**
 * Under the lock. By the newest record, which is the edge's: whoever moved the traffic there did so after the last switch.
 * @returns undefined: go on; else the code to end with, as Terraform could not be told
 */
export async function settled(session: Session): Promise<number | undefined> {
  const { site, product, report } = session;
  const edge = new AtEdge({ product, report, by: "person", keeper: () => site.keeper() });
  const served = await edge.served();
  if (!served) return undefined;
  const file = site.release()[product];
  const say = (text: string): void => report({ kind: "line", level: "warning", text });
  if (served.recorded) {
    // The state takes a second to be read: only where something is not as this computer has it.
    if (file && isSameSplit(served.weights, weights(file)) && served.inForce) return undefined;
    const applied = await appliedOf(session);
    if (applied && (!isSameSplit(served.weights, weights(applied)) || !served.inForce)) {
      const how = served.inForce ? "" : ", but does not serve it";
      say(`The edge has ${servedInWords(served)}${how}; the state says ${formatWeights(applied)}.`);
    }
    return undefined;
  }
  say(`The edge has ${servedInWords(served)}, and Terraform has not been told. It is told now.`);
  const entry = await upToDate(session);
  if (!entry) return undefined;
  const to = entryServed(entry, served);
  const code = await taken(session, "back", `record of what ${served.who} did (${served.why})`, entry, to);
  return code === EXIT.done ? undefined : code;
}

/**
 * What was applied, which the release file says from now on, too; a file that is older stops nobody. Where a switch has
 * failed it put the former routing back, and the file has what was applied before it.
 */
export async function upToDate(session: Session): Promise<ProductRelease | undefined> {
  const { site, product, report } = session;
  const file = site.release()[product];
  const applied = await appliedOf(session);
  if (!applied) return file;
  const differ = differences(file, applied);
  if (differ.length === 0) return file;
  const text = `The release file is not what was applied, and is now: ${differ.join("; ")}.`;
  report({ kind: "line", level: "warning", text });
  if (!isDeepStrictEqual(file, applied)) site.save(product, applied);
  return applied;
}

const appliedOf = async ({ site, product }: Session): Promise<ProductRelease | undefined> =>
  appliedRelease(await site.terraform.state(), site.platform, productOf(site, product));
