/** `twinset plan`: what an apply of the files would change is shown, and that very plan is kept. */
import { Command } from "commander";
import colours from "picocolors";
import { join } from "node:path";
import { ENVIRONMENTS } from "../../model/environment-name";
import { list } from "../../model/problem";
import { describeChange, summary } from "../../release/plan-words";
import { edgeDifferences } from "../../release/served";
import { type Beside, besideChanges, movesState } from "../../review/beside";
import { maskedPlan } from "../../review/masked-plan";
import { refusals, refusalsOnTheEdge } from "../../review/refusals";
import { gapsIn } from "../../review/whole";
import { effective, type ResourceChange } from "../../terraform/plan";
import { EXIT } from "../shared/exit";
import { environmentName } from "../shared/names";
import { ALLOW } from "../shared/options";
import { KEPT_HOURS, planFile } from "../shared/kept-plan";
import { openSite, type OpenSite } from "../shared/site";
import { told } from "../shared/told";
import { settleFiles } from "./settle-files";
import { sourceIn } from "./plan-source";
import { forget, keep, ownCopy, plannedIn } from "./shown-plan";

/** Plans, saves, shows. @returns 0: nothing to change, or a plan that may be applied; 3: the guard would refuse it */
export async function planEnvironment(
  site: OpenSite,
  allow: readonly string[],
  write: (line: string) => void = console.log,
): Promise<number> {
  await settleFiles(site, write);
  await site.terraform.plan();
  const file = ownCopy(site);
  const edge = await edgeDifferences(site, await site.terraform.state());
  edge.forEach((line) => write(colours.yellow(`${site.environment.name}: ${line}`)));
  const whole = await plannedIn(site, file);
  const changes = effective(whole);
  const masked = maskedPlan(whole);
  const beside = masked.told(besideChanges(masked.plan));
  const gaps = gapsIn(whole);
  // What is left out, or a check that does not hold, may be why there is nothing.
  const open = gaps.length + beside.checks.length > 0;
  if (changes.length === 0 && !movesState(beside) && beside.actions.length === 0 && !open) {
    forget(site);
    write(`${site.environment.name}: nothing to change.`);
    return EXIT.done;
  }
  const lines = effective(masked.told(masked.plan));
  lines.forEach((change) => write(site.redact(paint(change))));
  besideLines(beside).forEach((line) => write(colours.yellow(line)));
  const source = sourceIn(join(site.terraform.path, file));
  const id = keep(site, file, lines);
  write("");
  write(`${site.environment.name}: ${summary(changes) || "no resource changes"}.`);
  const where = join(site.terraform.path, planFile(id));
  write(colours.dim(`The plan holds secrets. It is kept until it is applied, ${KEPT_HOURS} hours at most: ${where}`));
  const refused = [...refusals(site, whole, source, allow), ...(await refusalsOnTheEdge(site, whole, allow))];
  if (refused.length > 0) {
    for (const { address, what } of refused) write(colours.red(`refused: ${address} ${what}`));
    if (gaps.length > 0) write("Nothing lets a plan through that is not whole.");
    else write(`To let one through: twinset apply ${site.environment.name} --plan ${id} --allow <address>`);
    return EXIT.guarded;
  }
  const allowed = allow.length > 0 ? ` --allow ${allow.join(" ")}` : "";
  write(`Apply this very plan: ${colours.bold(`twinset apply ${site.environment.name} --plan ${id}${allowed}`)}`);
  return EXIT.done;
}

/** What an apply would do beside the changes. */
const besideLines = ({ imports, moves, actions }: Beside): string[] => [
  ...imports.map(({ address }) => `~ ${address} import`),
  ...moves.map(({ address, from }) => `~ ${address} was ${from}`),
  ...actions.map(({ address, when }) => `~ ${address} is run ${when}`),
];

function paint(change: ResourceChange): string {
  const { actions } = change.change;
  const line = describeChange(change);
  if (actions.length === 2) return colours.yellow(`± ${line}`);
  if (actions.includes("delete")) return colours.red(`- ${line}`);
  return actions.includes("create") ? colours.green(`+ ${line}`) : colours.yellow(`~ ${line}`);
}

export const plan = (
  name: string,
  given: { readonly allow?: readonly string[] },
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  told(name, async () =>
    planEnvironment(await openSite({ environment: environmentName(name), env }), given.allow ?? []),
  );

export const command = new Command("plan")
  .description("what an apply of the files would change; the plan is saved")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option(...ALLOW)
  .action(async (name: string, given: { allow?: string[] }) => {
    process.exitCode = await plan(name, given, process.env);
  });
