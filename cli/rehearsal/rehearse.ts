/** `npm run rehearse`: the whole deployment for real on this computer. */
import { Command } from "commander";
import { loadPlatform } from "../../config/load";
import { environmentOf } from "../shared/names";

interface RehearseFlags {
  readonly platform?: string;
  readonly environment: string;
  readonly drill?: string[];
  readonly products?: string[];
  readonly product?: string;
  readonly restartEngine?: boolean;
  readonly plans?: string;
  readonly ifPossible?: boolean;
  readonly keep?: boolean;
  readonly report: string;
}

export const command = new Command("rehearse")
  .description("the whole deployment for real on this computer: simulated clouds, real Docker, real Terraform")
  .option("--platform <name>", "default: PLATFORM, else manacore")
  .option("--environment <name>", "staging or production", "production")
  .option("--drill <name...>", "only these drills, by name or number")
  .option("--products <name...>", "only these products, for a small computer")
  .option("--product <name>", "the product that is released in drills (default: with a migration, most services)")
  .option("--restart-engine", "the Docker engine may be restarted, with everything that runs on it")
  .option("--if-possible", "what is missing on this computer is listed, and no failure")
  .option("--keep", "leave containers, volumes and images where they are")
  .option("--plans <folder>", "keep there the plans that drill 22 reviews, as the tests' golden ones are")
  .option("--report <file>", "where the report goes", "rehearsal-report.json")
  .action(async (given: RehearseFlags) => {
    // Only here: it brings all simulators, which no help needs.
    const [{ EXIT }, { rehearse }] = await Promise.all([
      import("../../rehearsal/exit"),
      import("../../rehearsal/rehearse"),
    ]);
    const platform = given.platform ?? process.env["PLATFORM"];
    const { platform: whole } = loadPlatform({ platform });
    const code = await rehearse({
      ...given,
      platform,
      environment: environmentOf(whole, given.environment).name,
      drills: given.drill,
      env: process.env,
    });
    process.exitCode = given.ifPossible && code === EXIT.missing ? EXIT.passed : code;
  });
