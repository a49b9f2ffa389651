/** One thing that is wrong with what a person wrote, told so that they can mend it. */
import { plainLines } from "./safe-text";

export interface Problem {
  readonly severity: "error" | "warning";
  /** Where: `chat/chat-backend/port`, or `config/releases/manacore/production.json:12`. */
  readonly path: string;
  /** What was found there. Never a secret's value. */
  readonly given: string;
  readonly expected: string;
  /** What to do, as an imperative sentence. */
  readonly fix: string;
}

export const error = (path: string, given: string, expected: string, fix: string): Problem => ({
  severity: "error",
  path,
  given,
  expected,
  fix,
});

export const warning = (path: string, given: string, expected: string, fix: string): Problem => ({
  ...error(path, given, expected, fix),
  severity: "warning",
});

/** A user's mistake: printed as its problems, without a stack trace, exit code 1. */
export class ProblemsError extends Error {
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "ProblemsError";
  }
}

/** Four lines a problem: the path, what was given, what was expected, the fix. What others wrote is in each of them. */
export function formatProblem(problem: Problem): string {
  return [
    `${problem.severity}: ${problem.path}`,
    `  given     ${problem.given}`,
    `  expected  ${problem.expected}`,
    `  fix       ${problem.fix}`,
  ]
    .map(plainLines)
    .join("\n");
}

export const errorsOf = (problems: readonly Problem[]): Problem[] => problems.filter((p) => p.severity === "error");

/** "auth, chat and uload", or "none". */
export function list(words: readonly string[]): string {
  if (words.length === 0) return "none";
  if (words.length === 1) return words[0]!;
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}
