/** Programs of this computer that are asked something. */
import { type Finished, run } from "../terraform/program";

/** Runs a program that may not be there: then it said nothing. */
export async function attempt(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout = 5,
): Promise<Finished> {
  try {
    return await run(program, args, { env, cwd: "/", timeout });
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") throw reason;
    return { code: 127, stdout: "", stderr: `${program} not found`, timedOut: false };
  }
}
