/** The person at the terminal: Ctrl-C is a question while a canary is watched, and the end everywhere else. */
import { createInterface } from "node:readline/promises";
import { endChildren, killChildren } from "../../clients/program";
import type { Operator } from "../../release/surroundings";

const QUESTION = {
  watch: "Interrupted in the canary. [b]ack to the old version, [s]tay with the canary and stop here, or go [o]n? ",
  keep: "Interrupted while the old set is kept. [b]ack to it, [s]top here and keep both, or go [o]n? ",
} as const;
const ANSWERS = new Map([
  ["b", "go-back"],
  ["s", "stay"],
  ["o", "go-on"],
] as const);

export interface TerminalOperator extends Operator {
  /** Stops listening for Ctrl-C. */
  close(): void;
}

/** Where a question is asked and answered. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
  /** Ends the program, whatever is under way. Called once more, at once. */
  exit(code: number): void;
}

let ends = false;

/**
 * Ends the program, with its children: they are in groups of their own, and a Terraform that goes on alone writes its files
 * after ours are removed. It is asked first, saves the state and gives the lock back; once more, and it is killed.
 */
export function endNow(code: number): void {
  if (ends) {
    killChildren();
    process.exit(code);
  }
  ends = true;
  void endChildren().finally(() => process.exit(code));
}

const OWN: Terminal = { input: process.stdin, output: process.stderr, exit: endNow };

/**
 * @param interactive can somebody answer? Otherwise Ctrl-C, as a cancelled pipeline sends it, means: go back
 * @param say tells that the interruption was heard, and what comes of it
 * @param over aborted when nobody waits any longer, which ends it as Ctrl-C does
 */
export function terminalOperator(
  interactive: boolean,
  say: (text: string) => void = (text) => void process.stderr.write(`${text}\n`),
  terminal: Terminal = OWN,
  over?: AbortSignal,
): TerminalOperator {
  let waiting = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!waiting.signal.aborted) {
      say("Interrupted: what is under way comes to its end first. Ctrl-C once more ends Twinset at once.");
      waiting.abort();
    } else if (signal === "SIGINT" && terminal.input.isTTY) {
      // The person means it. What Terraform has not done is done by nobody then: twinset recover. A pipeline sends one
      // signal after the other, and kills in the end: for it there is no reason to stop the way back.
      terminal.exit(130);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    get interrupted() {
      return waiting.signal.aborted || over?.aborted === true;
    },
    get interruption() {
      return waiting.signal;
    },
    async decide(what) {
      waiting = new AbortController();
      return interactive ? ask(QUESTION[what], terminal) : "go-back";
    },
    close: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

type Decision = Awaited<ReturnType<Operator["decide"]>>;

/** Asks until there is an answer. Ctrl-C once more, Ctrl-D and a terminal that is gone mean what is safe: go back. */
async function ask(question: string, { input, output }: Terminal): Promise<Decision> {
  if (!input.readable) return "go-back";
  const lines = createInterface({ input, output });
  // Without it nothing would come of a question whose terminal is gone, and the program would just end.
  const gone = new Promise<"b">((resolve) => lines.once("close", () => resolve("b")));
  try {
    for (;;) {
      const answer = await Promise.race([lines.question(question).catch(() => "b"), gone]);
      const decision = ANSWERS.get((answer.trim().toLowerCase()[0] ?? "") as "b");
      if (decision) return decision;
    }
  } finally {
    lines.close();
  }
}
