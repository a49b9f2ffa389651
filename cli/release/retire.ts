/** `twinset retire <product>`: the set without traffic goes. */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { otherColour } from "../../model/release";
import { retire } from "../../release/steps";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, UNLOCK } from "../shared/options";
import type { ReleaseFlags } from "./session";
import { single } from "./single";

export const retireStep = (product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "retire", "retirement of the idle set", (before) => {
    if (before.canary > 0) {
      const idle = otherColour(before.live);
      throw new ProblemsError([
        error(
          `${product}/${idle}`,
          `${before.canary} % of the traffic`,
          "a set without traffic",
          `twinset rollback ${product}`,
        ),
      ]);
    }
    return retire(before);
  });

export const command = new Command("retire")
  .description("the set without traffic goes; its images stay on the host")
  .argument("<product>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option(...JSON_LINES)
  .action(async (product: string, given: ReleaseFlags) => {
    process.exitCode = await retireStep(product, given, process.env);
  });
