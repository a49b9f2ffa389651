/** What the edge serves, against what Terraform was told; and whether somebody watches what is on trial. */
import type { Context } from "./context";
import { type Finding, Findings } from "./finding";

const findings = new Findings("host");
const WHAT = "edge";

/** Warnings all of them: a deploy goes through, or is refused by the edge itself. */
export async function edge({ options }: Context): Promise<Finding[]> {
  const look = await options.edge?.();
  if (!look) return [];
  if (look.unknown !== undefined) {
    return [
      findings.warning(
        WHAT,
        `what it serves is not known: ${look.unknown}`,
        "look at the lines about the host; a deploy makes the keeper beside the edge where there is none",
      ),
    ];
  }
  if (look.differences.length === 0) return [findings.ok(WHAT, "serves what Terraform was told")];
  const fix = `see it, and what to type: twinset status ${options.environment.name}`;
  return look.differences.map((line) => findings.warning(WHAT, line, fix));
}
