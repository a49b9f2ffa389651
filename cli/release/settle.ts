/** What was moved at the edge past Terraform is told to it before a command does anything else. */
import { AtEdge, entryServed, isSameSplit, servedInWords } from "../../release/at-edge";
import { appliedRelease } from "../../release/applied";
import { productOf } from "../../release/site";
import { formatWeights, weights } from "../../model/release";
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
  const applied = appliedRelease(await site.terraform.state(), site.platform, productOf(site, product));
  const entry = applied ?? site.release()[product];
  if (!entry) return undefined;
  const say = (text: string): void => report({ kind: "line", level: "warning", text });
  if (served.recorded) {
    if (applied && (!isSameSplit(served.weights, weights(applied)) || !served.inForce)) {
      say(
        `The edge has ${servedInWords(served)}${served.inForce ? "" : ", but does not serve it"}; the state says ${formatWeights(applied)}.`,
      );
    }
    return undefined;
  }
  say(`The edge has ${servedInWords(served)}, and Terraform has not been told. It is told now.`);
  const to = entryServed(entry, served);
  const code = await taken(session, "back", `record of what ${served.who} did (${served.why})`, entry, to);
  return code === EXIT.done ? undefined : code;
}
