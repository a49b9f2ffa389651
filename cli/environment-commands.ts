/** `twinset status`, `plan` and `apply`: commands about a whole environment. */
import { error, ProblemsError } from "../model/problem";
import { lockAmong, TerraformError } from "../terraform/working-directory";
import { terminalOperator } from "./operator";
import { applyEnvironment, describeLock, planEnvironment } from "./plan";
import { environmentName } from "./release-session";
import { EXIT } from "./release-words";
import { applyReviewed, mustBeFingerprint, review as reviewCommand, type ReviewFlags } from "./review";
import { openSite } from "./site";
import { describeStatus, hasTrouble, statusOf } from "./status";

/** @returns 0: all is as the files say, 1: something is not */
export const status = (
  name: string,
  given: { readonly quick?: boolean; readonly json?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  told(name, async () => {
    const environment = environmentName(name);
    // It looks only, and must not be in the way of who works.
    const site = await openSite({ environment, env, lock: false });
    const found = await statusOf(site, await site.journal.read(), !given.quick);
    console.log(given.json ? JSON.stringify(found, undefined, 2) : describeStatus(found));
    return hasTrouble(found) ? EXIT.failed : EXIT.done;
  });

export const plan = (
  name: string,
  given: { readonly allow?: readonly string[] },
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  told(name, async () =>
    planEnvironment(await openSite({ environment: environmentName(name), env }), given.allow ?? []),
  );

export const review = (
  name: string,
  planPath: string | undefined,
  flags: ReviewFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  told(name, async () => reviewCommand({ environment: environmentName(name), planPath, flags, env }));

export interface ApplyFlags {
  readonly plan?: string;
  readonly reviewed?: string;
  readonly record?: string;
  readonly allow?: readonly string[];
}

export const apply = (name: string, given: ApplyFlags, env: NodeJS.ProcessEnv): Promise<number> =>
  told(name, async () => {
    if (given.plan !== undefined && given.reviewed !== undefined) {
      const both = error("--plan", "and --reviewed as well", "one of them", "leave one out");
      throw new ProblemsError([both]);
    }
    if (given.reviewed !== undefined) mustBeFingerprint(given.reviewed);
    const site = await openSite({ environment: environmentName(name), env });
    // Ctrl-C does not leave Terraform behind, half-way and with nobody to hear it.
    const operator = terminalOperator(false);
    try {
      const { reviewed: fingerprint, record, allow = [] } = given;
      if (fingerprint !== undefined) return await applyReviewed(site, env, { fingerprint, record, allow });
      return await applyEnvironment(site, { plan: given.plan, allow });
    } finally {
      operator.close();
    }
  });

/**
 * A mistake, a lock, or what Terraform refuses: in words, and each with its code.
 * @param refused the code of what Terraform refuses
 */
export async function told(
  environment: string,
  work: () => Promise<number>,
  { write = console.error, refused = EXIT.failed as number }: { write?: (line: string) => void; refused?: number } = {},
): Promise<number> {
  try {
    return await work();
  } catch (reason) {
    if (!(reason instanceof ProblemsError || reason instanceof TerraformError)) throw reason;
    const lock = reason instanceof TerraformError ? lockAmong(reason.errors) : undefined;
    write(lock ? describeLock(environment, lock).join("\n") : reason.message);
    if (lock) return EXIT.locked;
    return reason instanceof ProblemsError ? EXIT.mistake : refused;
  }
}
