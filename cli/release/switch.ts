/** `twinset switch <product> <colour>`: all traffic to one set. */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { type Colour, COLOURS } from "../../model/release";
import { trafficBack } from "../../release/steps";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, RECORD_FOR, UNLOCK } from "../shared/options";
import { edgeFirst } from "./edge-first";
import type { ReleaseFlags, Within } from "./session";
import { single } from "./single";

/** Back to the set that is known to be good it goes at the edge first; everywhere else by Terraform alone. */
export const switchStep = (product: string, colour: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  edgeFirst(
    {
      product,
      asked: isColour(colour) ? { only: colour } : undefined,
      isLikelyForward: true,
      byPlan: () => (own, within) => switched(product, colour, own, env, within),
    },
    flags,
    env,
  );

const switched = (product: string, colour: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv, within: Within) =>
  single(
    product,
    flags,
    env,
    "cutover",
    `switch to ${colour}`,
    (before) => {
      if (!isColour(colour)) {
        throw new ProblemsError([error("colour", colour, "blue or green", "correct the colour")]);
      }
      if (before[colour] === null) {
        throw new ProblemsError([
          error(`${product}/${colour}`, "no version", "a set that runs", `twinset deploy ${product} <version>`),
        ]);
      }
      return trafficBack(before, colour);
    },
    within,
  );

const isColour = (text: string): text is Colour => COLOURS.some((colour) => colour === text);

export const command = new Command("switch")
  .description("all traffic to the set of this colour")
  .argument("<product>")
  .argument("<colour>", "blue or green")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option(...RECORD_FOR)
  .option(...JSON_LINES)
  .action(async (product: string, colour: string, given: ReleaseFlags) => {
    process.exitCode = await switchStep(product, colour, given, process.env);
  });
