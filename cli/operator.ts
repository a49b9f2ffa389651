/** The person at the terminal: Ctrl-C is a question while a canary is watched, and the end everywhere else. */
import { createInterface } from "node:readline/promises";
import type { Operator } from "../release/engine";

const QUESTION = {
  watch: "Interrupted in the canary. [b]ack to the old version, [s]tay with the canary and stop here, or go [o]n? ",
  keep: "Interrupted while the old set is kept. [b]ack to it, [s]top here and keep both, or go [o]n? ",
} as const;
const ANSWERS = { b: "go-back", s: "stay", o: "go-on" } as const;

export interface TerminalOperator extends Operator {
  /** Stops listening for Ctrl-C. */
  close(): void;
}

/**
 * @param interactive can somebody answer? Otherwise Ctrl-C, as a cancelled pipeline sends it, means: go back
 */
export function terminalOperator(interactive: boolean): TerminalOperator {
  let interrupted = false;
  const onSignal = (): void => {
    // Twice: the person means it. What Terraform was doing is finished by nobody then: twinset recover.
    if (interrupted) process.exit(130);
    interrupted = true;
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    get interrupted() {
      return interrupted;
    },
    async decide(what) {
      interrupted = false;
      if (!interactive) return "go-back";
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      try {
        for (;;) {
          const answer = (await terminal.question(QUESTION[what])).trim().toLowerCase()[0] ?? "";
          if (answer in ANSWERS) return ANSWERS[answer as keyof typeof ANSWERS];
        }
      } finally {
        terminal.close();
      }
    },
    close: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}
