/** `twinset canary <percent> <product>`: so much of the traffic to the idle set. */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { MAX_CANARY_PERCENT } from "../../model/release";
import { canary } from "../../release/steps";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, RECORD_FOR, UNLOCK } from "../shared/options";
import { edgeFirst } from "./edge-first";
import type { ReleaseFlags, Within } from "./session";
import { single } from "./single";

/** The end of a canary is a way back, and so goes at the edge first; everything else by the plan. */
export const canaryStep = (text: string, product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  edgeFirst(
    {
      product,
      asked: /^0+$/.test(text) ? { only: "live" } : undefined,
      byPlan: () => (own, within) => shared(text, product, own, env, within),
    },
    flags,
    env,
  );

const shared = (text: string, product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv, within: Within) =>
  single(
    product,
    flags,
    env,
    "canary",
    `canary of ${text} %`,
    (before) => {
      const percent = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
      if (!(percent <= MAX_CANARY_PERCENT)) {
        throw new ProblemsError([
          error("percent", text, `a whole number from 0 to ${MAX_CANARY_PERCENT}`, "beyond that, switch"),
        ]);
      }
      return canary(before, percent);
    },
    within,
  );

export const command = new Command("canary")
  .description("give the idle set so many per cent of the traffic; 0 takes it back")
  .argument("<percent>")
  .argument("<product>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option(...RECORD_FOR)
  .option(...JSON_LINES)
  .action(async (percent: string, product: string, given: ReleaseFlags) => {
    process.exitCode = await canaryStep(percent, product, given, process.env);
  });
