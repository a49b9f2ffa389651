/** The plan that was shown last, as it lies in Terraform's directory until it is applied. */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../clients/files";
import { goesWithUs, ownName } from "../../clients/own-files";
import { whoAmI } from "../../clients/process";
import { error, ProblemsError } from "../../model/problem";
import { describeChange } from "../../release/plan-words";
import type { Plan, ResourceChange } from "../../terraform/plan";
import { planFile, readShown, RECORD, type Shown } from "../shared/kept-plan";
import type { OpenSite } from "../shared/site";

/**
 * Keeps a plan that is shown: whatever is planned in this directory meanwhile (by `twinset status`, by a release) does not
 * touch it.
 * @param file its own copy @returns its id
 */
export function keep(site: OpenSite, file: string, changes: readonly ResourceChange[]): string {
  const { path } = site.terraform;
  const id = hashOf(join(path, file));
  forget(site);
  const shown: Shown = {
    id,
    stack: hashOf(join(path, "cdk.tf.json")),
    at: new Date().toISOString(),
    who: whoAmI(),
    changes: changes.map((change) => site.redact(describeChange(change))),
  };
  writeWhole(join(path, RECORD), JSON.stringify(shown, undefined, 2));
  // After its record: a plan without one is what somebody has left behind.
  renameSync(join(path, file), join(path, planFile(id)));
  return id;
}

/**
 * A copy of what was planned last, under its own hash: it is looked at and applied as one and the same, whatever is planned
 * in this directory meanwhile. @returns its file there
 */
export function ownCopy({ terraform: { path, planPath } }: OpenSite): string {
  return copied(path, planPath, hashOf(planPath));
}

/**
 * The plan that is kept, as this process's own: it is applied also when another one is shown meanwhile.
 * @param file as `mustBeTheOneShown` gives it
 */
export const ownOf = ({ terraform: { path } }: OpenSite, file: string): string =>
  copied(path, join(path, file), hashOf(join(path, file)));

function copied(path: string, from: string, id: string): string {
  const file = ownName(`tfplan-${id}`);
  copyFileSync(from, goesWithUs(join(path, file)));
  chmodSync(join(path, file), 0o600);
  return file;
}

/** Removes the plan that was shown last: it holds secrets, and nobody may apply it any more. No process's own is touched. */
export function forget({ terraform: { path } }: OpenSite): void {
  for (const name of readdirSync(path)) {
    if (/^tfplan\.([0-9a-f]+|shown\.json(\.new)?)$/.test(name)) rmSync(join(path, name), { force: true });
  }
}

/** @returns the plan's file, in Terraform's directory @throws ProblemsError for a plan that is not that one, or stale */
export function mustBeTheOneShown(site: OpenSite, id: string | undefined, again: string): string {
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

/** The first characters of a file's hash: enough to tell two plans apart. */
const hashOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12);

/** A plan that is kept in Terraform's directory, whole. It holds secrets. @param file another one than the last */
export const plannedIn = async ({ terraform }: OpenSite, file?: string): Promise<Plan> =>
  JSON.parse(await terraform.plannedJson(file)) as Plan;
