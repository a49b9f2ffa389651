/** The files of the plan that was shown last, which is kept on purpose until it is applied. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

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
export type Shown = z.infer<typeof shownSchema>;

export const RECORD = "tfplan.shown.json";

export const planFile = (id: string): string => `tfplan.${id}`;

export function readShown(path: string): Shown | undefined {
  try {
    return shownSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Not there, or not ours: either way nothing was shown.
    return undefined;
  }
}

/** So long a plan is kept: by then a person has applied it, or what it says is old. */
export const KEPT_HOURS = 24;
const HOUR_MS = 3_600_000;

/**
 * Removes plans that nobody was shown, or too long ago: an earlier Twinset or a killed one has left them, and they hold
 * secrets. The record is read after the folder, and written before its plan: a plan of now is never taken for an old one.
 */
export function removeUnshown(path: string): void {
  const plans = readdirSync(path).filter((name) => /^tfplan(\.[0-9a-f]+)?$/.test(name));
  const shown = readShown(join(path, RECORD));
  for (const name of plans) {
    const modified = statSync(join(path, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    const isOld = modified < Date.now() - KEPT_HOURS * HOUR_MS;
    // No Twinset of now writes a plain "tfplan"; one that is an hour old is nobody's any more.
    const isLeft = name === "tfplan" ? modified < Date.now() - HOUR_MS : name !== planFile(shown?.id ?? "");
    if (isOld || isLeft) rmSync(join(path, name), { force: true });
  }
}
