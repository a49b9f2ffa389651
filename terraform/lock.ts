/** The lock on a state, as Terraform speaks of it. */
import type { Diagnostic } from "./output";

/** Who works on a state, as Terraform's refusal says it. */
export interface Lock {
  readonly id: string;
  /** "user@computer". */
  readonly who: string;
  readonly created: string;
}

/** The lock's facts in a refusal, or undefined for any other text. */
export function lockIn(text: string): Lock | undefined {
  const fact = (name: string): string => new RegExp(`^\\s*${name}:\\s+(.+?)\\s*$`, "m").exec(text)?.[1] ?? "";
  const id = fact("ID");
  return /state lock/i.test(text) && id !== "" ? { id, who: fact("Who"), created: fact("Created") } : undefined;
}

/** The lock that errors are about, if one is. */
export const lockAmong = (errors: readonly Diagnostic[]): Lock | undefined =>
  errors.map(({ summary, detail }) => lockIn(`${summary}\n${detail ?? ""}`)).find((lock) => lock !== undefined);
