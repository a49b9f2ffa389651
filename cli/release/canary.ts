/** `twinset canary <percent> <product>`: so much of the traffic to the idle set. */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { MAX_CANARY_PERCENT } from "../../model/release";
import { canary } from "../../release/steps";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, UNLOCK } from "../shared/options";
import type { ReleaseFlags } from "./session";
import { single } from "./single";

export const canaryStep = (text: string, product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "canary", `canary of ${text} %`, (before) => {
    const percent = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
    if (!(percent <= MAX_CANARY_PERCENT)) {
      throw new ProblemsError([
        error("percent", text, `a whole number from 0 to ${MAX_CANARY_PERCENT}`, "beyond that, switch"),
      ]);
    }
    return canary(before, percent);
  });

export const command = new Command("canary")
  .description("give the idle set so many per cent of the traffic; 0 takes it back")
  .argument("<percent>")
  .argument("<product>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option(...JSON_LINES)
  .action(async (percent: string, product: string, given: ReleaseFlags) => {
    process.exitCode = await canaryStep(percent, product, given, process.env);
  });
