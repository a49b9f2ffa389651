/** Traffic that was moved at the edge past Terraform: the release file says so before anything is planned from it. */
import { appliedRelease } from "../../release/applied";
import { entryServed, servedInWords } from "../../release/at-edge";
import { servedLook } from "../../release/served";
import { productOf } from "../../release/site";
import type { OpenSite } from "../shared/site";

/**
 * By the newest record, which is the edge's own. An apply of what is planned then tells Terraform; one of another split is
 * refused by the edge.
 * @returns whether a release file was changed
 */
export async function settleFiles(site: OpenSite, write: (line: string) => void): Promise<boolean> {
  const state = await site.terraform.state();
  if (state.length === 0) return false;
  const { splits, unknown } = await servedLook(site);
  const { name } = site.environment;
  if (unknown !== undefined) write(`${name}: what the edge serves is not known: ${unknown}`);
  let changed = false;
  for (const served of splits.values()) {
    const entry = site.release()[served.product];
    if (served.recorded || !entry) continue;
    const applied = appliedRelease(state, site.platform, productOf(site, served.product)) ?? entry;
    const to = entryServed(applied, served);
    site.save(served.product, to);
    changed = true;
    write(`${name}: ${served.product} has ${servedInWords(served)} at the edge, and Terraform has not been told.`);
    write(`  The release file says so now, and an apply of this plan tells Terraform.`);
  }
  if (changed) site.render(site.release());
  return changed;
}
