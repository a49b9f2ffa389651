/** What goes wrong with a whole environment, in words. */
import { plainLines } from "../../model/safe-text";
import { ProblemsError } from "../../model/problem";
import { type Lock, lockAmong } from "../../terraform/lock";
import { TerraformError } from "../../terraform/working-directory";
import { EXIT } from "./exit";
import { hidden } from "./secrets-at-hand";

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
    write(plainLines(lock ? describeLock(environment, lock).join("\n") : hidden(reason.message)));
    if (lock) return EXIT.locked;
    return reason instanceof ProblemsError ? EXIT.mistake : refused;
  }
}

/** Who has the environment, and what to do about it. */
export const describeLock = (environment: string, { id, who, created }: Lock): string[] => [
  `The environment is locked by ${who} since ${created}. Nothing was changed.`,
  "When that is over, do the same once more. If that run is dead and not just slow:",
  `  twinset recover ${environment} --unlock ${id}`,
];
