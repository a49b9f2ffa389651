/** `twinset`'s commands in drills: how they must end, and what they have reported. */
import type { Step } from "../../release/machine";
import type { CommandOptions, CommandResult } from "../twinset";
import type { World } from "../world";
import { must } from "./drill";

/** A command that must have ended so. */
export async function commanded(
  world: World,
  say: (line: string) => void,
  args: readonly string[],
  code: number,
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await world.command([...args, "--environment", world.desired.environment.name, "--json"], {
    ...options,
    onEvent: (event) => {
      if (event.kind === "step" && event.state !== "begins") say(`${event.step}: ${event.text.split("\n")[0]}`);
      options.onEvent?.(event);
    },
  });
  must(
    result.code === code,
    `twinset ${args[0]} ended with ${result.code ?? "a signal"}, not ${code}: ${result.text.split("\n").slice(-12).join("\n")}`,
  );
  return result;
}

/** Seconds that a step took, as the command has reported it. */
export function secondsOf({ events }: CommandResult, step: Step): number {
  const found = events.find((event) => event.kind === "step" && event.step === step && event.state !== "begins");
  must(found !== undefined && "seconds" in found, `the step ${step} was not taken`);
  return found.seconds;
}

/** What people are told at the end. */
export const ending = ({ events }: CommandResult): string => {
  const end = events.find((event) => event.kind === "end");
  return end?.kind === "end" ? [...end.text, end.next ?? ""].join("\n") : "";
};
