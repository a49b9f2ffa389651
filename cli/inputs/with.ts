/** `twinset with <stack> -- <command>`: runs a command with the values of a stack's files in its environment, and no others. */
import { spawn } from "node:child_process";
import { Command } from "commander";
import { constants, platform as system } from "node:os";
import { loadPlatform } from "../../config/load";
import { envFilesIn, type Values } from "../../inputs/env-file";
import { environmentFor } from "../../inputs/environment-for";
import { STACKS } from "../../model/delivery";
import { error, list, ProblemsError } from "../../model/problem";
import { stackOf } from "../shared/names";
import { ROOT } from "../shared/root";

/**
 * Runs it in this terminal and waits for its end. Ctrl-C reaches it by itself, and it decides what that means.
 * @returns its exit code; 128 and the signal's number when a signal ended it, as a shell has it
 */
export function runWith(command: readonly [string, ...string[]], env: Values): Promise<number> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: env as NodeJS.ProcessEnv,
      stdio: "inherit",
      shell: system() === "win32",
    });
    const ignore = (): void => undefined;
    const forward = (): void => void child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", forward);
    const done = (finish: () => void): void => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
      finish();
    };
    child.on("error", ({ message }) =>
      done(() => reject(new ProblemsError([error("command", message, "a program", "correct its name")]))),
    );
    child.on("close", (code, signal) => done(() => resolve(code ?? 128 + constants.signals[signal!])));
  });
}

export const command = new Command("with")
  .description(
    "run a command with the values of .env.<platform>.<stack>: twinset with staging -- npx cdktf diff staging",
  )
  .argument("<stack>", list([...STACKS]))
  .argument("<command...>", "after --")
  .action(async (name: string, words: string[]) => {
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    const env = environmentFor(platform, stackOf(platform, name), envFilesIn(ROOT, platform.name), process.env);
    process.exitCode = await runWith(words as [string, ...string[]], env);
  });
