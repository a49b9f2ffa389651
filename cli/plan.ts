/** `twinset plan` and `twinset apply`: a saved plan is shown, and that very plan is applied or none. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import colours from "picocolors";
import { z } from "zod";
import { error, formatProblem, ProblemsError } from "../model/problem";
import { describeChange, summary } from "../release/plan-words";
import { explain } from "../release/explain";
import { whoAmI } from "../clients/process";
import { describe } from "../terraform/output";
import { effective, type ResourceChange } from "../terraform/plan";
import { type Lock, lockAmong } from "../terraform/working-directory";
import { EXIT } from "./release-words";
import { asProblem, planOf, refusals } from "./refusals";
import type { OpenSite } from "./site";
import { writeWhole } from "../clients/files";

/** What was planned, beside the plan. No values: the plan itself has secrets, this has names. */
const shownSchema = z.object({
  /** Of the plan's own bytes: what is applied is what was shown. */
  id: z.string().regex(/^[0-9a-f]+$/),
  /** Of the stack that it was made for. */
  stack: z.string(),
  at: z.string(),
  who: z.string(),
  changes: z.array(z.string()),
});
type Shown = z.infer<typeof shownSchema>;

const RECORD = "tfplan.shown.json";

/** Plans, saves, shows. @returns 0: nothing to change, or a plan that may be applied; 3: the guard would refuse it */
export async function planEnvironment(
  site: OpenSite,
  allow: readonly string[],
  write: (line: string) => void = console.log,
): Promise<number> {
  const changes = await site.terraform.plan();
  if (changes.length === 0) {
    forget(site);
    write(`${site.environment.name}: nothing to change.`);
    return EXIT.done;
  }
  changes.forEach((change) => write(paint(change)));
  const id = keep(site, changes);
  write("");
  write(`${site.environment.name}: ${summary(changes)}.`);
  const refused = refusals(site, await planOf(site), allow);
  if (refused.length > 0) {
    for (const { address, what } of refused) write(colours.red(`refused: ${address} ${what}`));
    write(`To let one through: twinset apply ${site.environment.name} --plan ${id} --allow <address>`);
    return EXIT.guarded;
  }
  const allowed = allow.length > 0 ? ` --allow ${allow.join(" ")}` : "";
  write(`Apply this very plan: ${colours.bold(`twinset apply ${site.environment.name} --plan ${id}${allowed}`)}`);
  return EXIT.done;
}

/** Applies the plan that was shown under this id. @throws ProblemsError for a plan that is not that one, or stale */
export async function applyEnvironment(
  site: OpenSite,
  given: { readonly plan: string | undefined; readonly allow: readonly string[] },
  write: (line: string) => void = console.log,
): Promise<number> {
  const { name } = site.environment;
  const again = `look at it once more: twinset plan ${name}`;
  const plan = mustBeTheOneShown(site, given.plan, again);
  const whole = await planOf(site, plan);
  const refused = refusals(site, whole, given.allow);
  if (refused.length > 0) {
    refused.forEach((refusal) => write(formatProblem(asProblem(refusal))));
    return EXIT.guarded;
  }
  return applyKept(site, { file: plan, changes: effective(whole), given: ["--plan", given.plan!], again }, write);
}

/** A plan that is in Terraform's directory and may be applied. */
export interface KeptPlan {
  /** Its file there. */
  readonly file?: string;
  readonly changes: readonly ResourceChange[];
  /** The option that named it, and what it said: for errors. */
  readonly given: readonly [option: string, value: string];
  /** What to do when it is stale, or has failed. */
  readonly again: string;
}

/** Applies a plan that was looked at, and says how it went. @throws ProblemsError for a stale one */
export async function applyKept(
  site: OpenSite,
  { file, changes, given, again }: KeptPlan,
  write: (line: string) => void,
): Promise<number> {
  const { name } = site.environment;
  let done = 0;
  const applied = await site.terraform.applyPlanned(
    {
      onEvent: ({ type, address, action }) => {
        if (type !== "apply_complete") return;
        done += 1;
        write(`${colours.dim(`${done}/${changes.length}`)} ${address} ${action}`);
      },
    },
    file,
  );
  const lock = applied.code === 0 ? undefined : lockAmong(applied.errors);
  if (lock) {
    describeLock(name, lock).forEach((line) => write(line));
    return EXIT.locked;
  }
  // Whatever came of it, the state is another one now.
  forget(site);
  if (applied.code === 0) {
    write(`${name}: ${summary(changes)} in ${Math.round(applied.seconds)} s.`);
    return EXIT.done;
  }
  // Terraform's own words for a plan that the state has left behind.
  const stale = applied.errors.find(({ summary: words }) => /saved plan is stale/i.test(words));
  if (stale) {
    throw new ProblemsError([error(given[0], `${given[1]}: ${describe(stale)}`, "a plan of what is there now", again)]);
  }
  await explained(site, applied.errors, write);
  write(`${done} of ${changes.length} changes were made. When the cause is mended, ${again}`);
  return EXIT.failed;
}

/** Who has the environment, and what to do about it. */
export const describeLock = (environment: string, { id, who, created }: Lock): string[] => [
  `The environment is locked by ${who} since ${created}. Nothing was changed.`,
  "When that is over, do the same once more. If that run is dead and not just slow:",
  `  twinset recover ${environment} --unlock ${id}`,
];

/** A failure in words: which container, how it is, and what it said. */
async function explained(
  site: OpenSite,
  errors: Parameters<typeof explain>[0],
  write: (line: string) => void,
): Promise<void> {
  const docker = await site.docker().catch(() => undefined);
  const logsOf = (container: string, lines: number): Promise<readonly string[]> =>
    docker ? docker.logs(container, lines) : Promise.reject(new Error("no engine yet"));
  const lines = await explain(errors, await site.terraform.state().catch(() => []), logsOf, {
    ...(docker ? { conditionOf: (container: string) => docker.condition(container) } : {}),
    redact: (text) => site.redact(text),
  });
  lines.forEach((line) => write(line));
}

const planFile = (id: string): string => `tfplan.${id}`;

/**
 * Keeps a plan that is shown, under its own hash: whatever is planned in this directory meanwhile (by `twinset status`, by
 * a release) does not touch it.
 */
function keep(site: OpenSite, changes: readonly ResourceChange[]): string {
  const { path, planPath } = site.terraform;
  const id = hashOf(planPath);
  forget(site);
  copyFileSync(planPath, join(path, planFile(id)));
  const shown: Shown = {
    id,
    stack: hashOf(join(path, "cdk.tf.json")),
    at: new Date().toISOString(),
    who: whoAmI(),
    changes: changes.map(describeChange),
  };
  writeWhole(join(path, RECORD), JSON.stringify(shown, undefined, 2));
  return id;
}

/** Removes the plan that was shown last: it holds secrets, and nobody may apply it any more. */
function forget({ terraform: { path } }: OpenSite): void {
  for (const name of readdirSync(path)) {
    if (/^tfplan\.([0-9a-f]+|shown\.json(\.new)?)$/.test(name)) rmSync(join(path, name), { force: true });
  }
}

/** @returns the plan's file, in Terraform's directory */
function mustBeTheOneShown(site: OpenSite, id: string | undefined, again: string): string {
  const refuse = (given: string, expected: string, fix = again): never => {
    throw new ProblemsError([error("--plan", given, expected, fix)]);
  };
  const { path } = site.terraform;
  const shown = readShown(join(path, RECORD));
  if (!shown || !existsSync(join(path, planFile(shown.id)))) {
    return refuse(`${id ?? "none"}, but no plan was made here, or it was applied`, "a plan that was shown");
  }
  if (id === undefined) return refuse("none", "the id of the plan that you have seen", `${again}; it says its id`);
  if (id !== shown.id) return refuse(id, `the plan that was shown last, ${shown.id} (by ${shown.who}, ${shown.at})`);
  if (hashOf(join(path, planFile(id))) !== id)
    return refuse(`${id}, whose file was changed`, "the plan that was shown");
  if (hashOf(join(path, "cdk.tf.json")) !== shown.stack) {
    return refuse(`${id}, which was made before the catalog or a release file changed`, "a plan of what they say now");
  }
  return planFile(id);
}

function readShown(path: string): Shown | undefined {
  try {
    return shownSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Not there, or not ours: either way nothing was shown.
    return undefined;
  }
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
