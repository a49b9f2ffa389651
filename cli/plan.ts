/** `twinset plan` and `twinset apply`: a saved plan is shown, and that very plan is applied or none. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import colours from "picocolors";
import { error, formatProblem, ProblemsError } from "../model/problem";
import { describeChange, summary } from "../release/engine";
import { explain } from "../release/explain";
import { guardWhole } from "../release/guard";
import { whoAmI } from "../release/process";
import { describe } from "../terraform/output";
import type { ResourceChange } from "../terraform/plan";
import type { OpenSite } from "./site";

/** What was planned, beside the plan. No values: the plan itself has secrets, this has names. */
interface Shown {
  /** Of the plan's own bytes: what is applied is what was shown. */
  readonly id: string;
  /** Of the stack that it was made for. */
  readonly stack: string;
  readonly at: string;
  readonly who: string;
  readonly changes: readonly string[];
}

const RECORD = "tfplan.shown.json";

/** Plans, saves, shows. @returns 0: nothing to change, or a plan that may be applied; 3: the guard would refuse it */
export async function planEnvironment(
  site: OpenSite,
  allow: readonly string[],
  write: (line: string) => void = console.log,
): Promise<number> {
  const changes = await site.terraform.plan();
  if (changes.length === 0) {
    write(`${site.environment.name}: nothing to change.`);
    return 0;
  }
  changes.forEach((change) => write(paint(change)));
  const shown: Shown = {
    id: hashOf(site.terraform.planPath),
    stack: hashOf(join(site.terraform.path, "cdk.tf.json")),
    at: new Date().toISOString(),
    who: whoAmI(),
    changes: changes.map(describeChange),
  };
  writeFileSync(join(site.terraform.path, RECORD), JSON.stringify(shown, undefined, 2));
  write("");
  write(`${site.environment.name}: ${summary(changes)}.`);
  const { refused } = guardWhole(changes, allow);
  if (refused.length > 0) {
    for (const { address, actions, what } of refused) write(colours.red(`refused: ${address} (${actions}) ${what}`));
    write(`To let one through: twinset apply ${site.environment.name} --plan ${shown.id} --allow <address>`);
    return 3;
  }
  write(`Apply this very plan: ${colours.bold(`twinset apply ${site.environment.name} --plan ${shown.id}`)}`);
  return 0;
}

/** Applies the plan that was shown under this id. @throws ProblemsError for a plan that is not that one, or stale */
export async function applyEnvironment(
  site: OpenSite,
  given: { readonly plan: string | undefined; readonly allow: readonly string[] },
  write: (line: string) => void = console.log,
): Promise<number> {
  const { name } = site.environment;
  const again = `look at it once more: twinset plan ${name}`;
  const path = join(site.terraform.path, RECORD);
  if (!existsSync(path) || !existsSync(site.terraform.planPath)) {
    throw new ProblemsError([error("--plan", "no plan was made here", "a plan that was shown", again)]);
  }
  const shown = JSON.parse(readFileSync(path, "utf8")) as Shown;
  if (given.plan === undefined) {
    throw new ProblemsError([
      error("--plan", "none", "the id of the plan that you have seen", `${again}; it says its id`),
    ]);
  }
  if (given.plan !== shown.id || hashOf(site.terraform.planPath) !== shown.id) {
    throw new ProblemsError([error("--plan", given.plan, `the plan that was shown last, ${shown.id}`, again)]);
  }
  if (hashOf(join(site.terraform.path, "cdk.tf.json")) !== shown.stack) {
    throw new ProblemsError([
      error(
        "--plan",
        `${given.plan}, which was made before the catalog or a release file changed`,
        "a plan of what they say now",
        again,
      ),
    ]);
  }
  const changes = await site.terraform.planned();
  const { refused } = guardWhole(changes, given.allow);
  if (refused.length > 0) {
    for (const { address, actions, what } of refused) {
      write(
        formatProblem(
          error(address, `${actions}: ${what}`, "an apply that loses nothing", `if you mean it: --allow ${address}`),
        ),
      );
    }
    return 3;
  }
  let done = 0;
  const applied = await site.terraform.applyPlanned({
    onEvent: ({ type, address, action }) => {
      if (type !== "apply_complete") return;
      done += 1;
      write(`${colours.dim(`${done}/${changes.length}`)} ${address} ${action}`);
    },
  });
  if (applied.code === 0) {
    write(`${name}: ${summary(changes)} in ${Math.round(applied.seconds)} s.`);
    return 0;
  }
  // Terraform's own words for a plan that the state has left behind.
  const stale = applied.errors.find(({ summary: words }) => /saved plan is stale/i.test(words));
  if (stale) {
    throw new ProblemsError([
      error("--plan", `${given.plan}: ${describe(stale)}`, "a plan of what is there now", again),
    ]);
  }
  const docker = await site.docker().catch(() => undefined);
  const logsOf = (container: string, lines: number): Promise<readonly string[]> =>
    docker ? docker.logs(container, lines) : Promise.reject(new Error("no engine yet"));
  (await explain(applied.errors, await site.terraform.state().catch(() => []), logsOf)).forEach((line) => write(line));
  return 1;
}

/** The first characters of a file's hash: enough to tell two plans apart. */
const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12);

function paint(change: ResourceChange): string {
  const { actions } = change.change;
  const line = describeChange(change);
  if (actions.length === 2) return colours.yellow(`± ${line}`);
  if (actions.includes("delete")) return colours.red(`- ${line}`);
  return actions.includes("create") ? colours.green(`+ ${line}`) : colours.yellow(`~ ${line}`);
}
