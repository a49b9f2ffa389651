/**
 * How long each child of this process took, for `npm run bench -- --moves`: a line of JSON for each that has ended, in a
 * file that somebody has asked for. Nobody has, and nothing is written, unless the variable is set.
 */
import { appendFileSync } from "node:fs";
import type { Redact } from "../model/redact";
import { eachText } from "../model/each-text";

/** Names the file. */
export const TIMINGS = "TWINSET_TIMINGS";

/** One child; times are milliseconds since 1970. */
export interface Timing {
  readonly program: string;
  readonly args: readonly string[];
  readonly began: number;
  readonly ended: number;
}

let file: string | undefined;
let hides: Redact = (text) => text;

/** @param path undefined: nobody wants to know @param hide takes what is secret out of the children's arguments */
export function noteChildren(path: string | undefined, hide: Redact = (text) => text): void {
  hides = hide;
  file = path || undefined;
}

/** A child begins. @returns to be called when it has ended */
export function childBegins(program: string, args: readonly string[]): () => void {
  const to = file;
  if (to === undefined) return () => undefined;
  const began = Date.now();
  return () => {
    const timing = eachText<Timing>({ program, args, began, ended: Date.now() }, hides);
    appendFileSync(to, `${JSON.stringify(timing)}\n`, { mode: 0o600 });
  };
}
