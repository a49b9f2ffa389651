/** `twinset deploy <product> <version>`: to the idle set, without traffic. */
import { Command } from "commander";
import type { SetRelease } from "../../model/release";
import { deploy } from "../../release/steps";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, UNLOCK } from "../shared/options";
import { checked, mustBeReady } from "./ready";
import type { ReleaseFlags } from "./session";
import { single } from "./single";

export const deployStep = (product: string, version: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "deploy", `deploy of ${version}`, async (before, session) => {
    const set: SetRelease = { version, ...mustBeReady(await checked(session, version, before)) };
    return deploy(before, set);
  });

export const command = new Command("deploy")
  .description("a version to the idle set: migration, containers, healthy; no traffic")
  .argument("<product>")
  .argument("<version>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option(...JSON_LINES)
  .action(async (product: string, version: string, given: ReleaseFlags) => {
    process.exitCode = await deployStep(product, version, given, process.env);
  });
