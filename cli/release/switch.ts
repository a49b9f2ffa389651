/** `twinset switch <product> <colour>`: all traffic to one set. */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { type Colour, COLOURS } from "../../model/release";
import { trafficBack } from "../../release/steps";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, UNLOCK } from "../shared/options";
import type { ReleaseFlags } from "./session";
import { single } from "./single";

export const switchStep = (product: string, colour: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "cutover", `switch to ${colour}`, (before) => {
    if (!isColour(colour)) {
      throw new ProblemsError([error("colour", colour, "blue or green", "correct the colour")]);
    }
    if (before[colour] === null) {
      throw new ProblemsError([
        error(`${product}/${colour}`, "no version", "a set that runs", `twinset deploy ${product} <version>`),
      ]);
    }
    return trafficBack(before, colour);
  });

const isColour = (text: string): text is Colour => COLOURS.some((colour) => colour === text);

export const command = new Command("switch")
  .description("all traffic to the set of this colour")
  .argument("<product>")
  .argument("<colour>", "blue or green")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option(...JSON_LINES)
  .action(async (product: string, colour: string, given: ReleaseFlags) => {
    process.exitCode = await switchStep(product, colour, given, process.env);
  });
