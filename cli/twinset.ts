/** The program `twinset`: its commands, each in a file of its own that is loaded when it is asked for. */
import { Command } from "commander";
import { endCleanly } from "../clients/own-files";
import { noteChildren, TIMINGS } from "../clients/timings";
import { errorsOf, ProblemsError } from "../model/problem";
import { type Redact, redactor, valuesIn } from "../model/redact";

/** In the order of the help, each with the module that ends with its definition. */
export const COMMANDS: readonly (readonly [name: string, load: () => Promise<{ readonly command: Command }>])[] = [
  ["synth", () => import("./catalog/synth")],
  ["env", () => import("./inputs/env")],
  ["with", () => import("./inputs/with")],
  ["generate", () => import("./catalog/generate")],
  ["images", () => import("./catalog/images")],
  ["validate", () => import("./catalog/validate")],
  ["plan-dry", () => import("./catalog/plan-dry")],
  ["locks", () => import("./catalog/locks")],
  ["rehearse", () => import("./rehearsal/rehearse")],
  ["status", () => import("./environment/status")],
  ["release", () => import("./release/release")],
  ["deploy", () => import("./release/deploy")],
  ["canary", () => import("./release/canary")],
  ["watch", () => import("./release/watch")],
  ["switch", () => import("./release/switch")],
  ["rollback", () => import("./release/rollback")],
  ["retire", () => import("./release/retire")],
  ["plan", () => import("./environment/plan")],
  ["review", () => import("./environment/review")],
  ["apply", () => import("./environment/apply")],
  ["recover", () => import("./environment/recover")],
  ["way-in", () => import("./pipeline/way-in")],
  ["drift", () => import("./environment/drift")],
  ["environments", () => import("./pipeline/environments")],
  ["changed", () => import("./pipeline/changed")],
  ["comment", () => import("./pipeline/comment")],
  ["compare", () => import("./pipeline/compare")],
  ["settled", () => import("./pipeline/settled")],
  ["doctor", () => import("./environment/doctor")],
  ["simulate", () => import("./rehearsal/simulate")],
];

/** The program with the one command that is asked for; with all of them where none is, for the help and what is like it. */
export async function programFor([asked]: readonly string[]): Promise<Command> {
  const program = new Command("twinset")
    .description("Blue/green deployments on Hetzner servers from one typed catalog.")
    .showHelpAfterError();
  const one = COMMANDS.filter(([name]) => name === asked);
  for (const [, load] of one.length > 0 ? one : COMMANDS) {
    const { command } = await load();
    program.addCommand(command.copyInheritedSettings(program));
  }
  return program;
}

/** A text of what nobody has caught, without whatever a program, a cloud or a host has put into it. */
export const hide = (text: string): string => redactor(valuesIn(process.env, true))(ofCommand(text));
let ofCommand: Redact = (text) => text;

/** What `twinset` runs. */
export async function main(): Promise<void> {
  endCleanly();
  noteChildren(process.env[TIMINGS], (text) => redactor(valuesIn(process.env))(text));
  try {
    const program = await programFor(process.argv.slice(2));
    await program.parseAsync();
  } catch (mistake) {
    // What a command has read is secret, too. No help needs that rule, and it takes the review with it.
    const { hidden } = await import("./shared/secrets-at-hand");
    ofCommand = hidden;
    if (!(mistake instanceof ProblemsError)) throw mistake;
    console.error(hide(mistake.message));
    const count = errorsOf(mistake.problems).length;
    console.error(`\n${count === 1 ? "One error" : `${count} errors`}; nothing was written.`);
    process.exitCode = 1;
  }
}

if (require.main === module) void main();
