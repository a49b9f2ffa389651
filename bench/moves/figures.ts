/** What was measured of a move, made of when things began and ended; times are milliseconds, "at" ones since 1970. */
import type { Timing } from "../../clients/timings";
import { median } from "../statistics";

/** One command that moves traffic, as it is to be measured. */
export interface MoveKind {
  /** "canary 10", as the table has it. */
  readonly name: string;
  readonly args: readonly string[];
  /** Whose last answer is the effect; undefined for a canary. */
  readonly left?: string;
  /** Whose first answer is the effect, of a canary. */
  readonly reached?: string;
}

/** One that was carried out. */
export interface Moved {
  readonly name: string;
  /** The load's phase in which it was. */
  readonly phase: string;
  readonly kind: MoveKind;
  readonly code: number | null;
  readonly began: number;
  readonly ended: number;
  readonly children: readonly Timing[];
  /** How many processes the computer had to run, on average over the minute before its end. */
  readonly busy: number;
}

/** When versions answered what was asked in a phase. */
export interface Seen {
  firstIn(phase: string, version: string): number | undefined;
  lastIn(phase: string, version: string): number | undefined;
}

/**
 * From the command's start until visitors see it: the last answer of the set that was left, or the first one of the set
 * that gets a share.
 * @returns undefined: nobody has seen it
 */
export function effectOf({ kind, phase, began }: Moved, seen: Seen): number | undefined {
  const at = kind.reached !== undefined ? seen.firstIn(phase, kind.reached) : seen.lastIn(phase, kind.left ?? "");
  return at === undefined ? undefined : at - began;
}

/** What a child is called in the table: its program, and what it was asked for. */
export function childName({ program, args }: Pick<Timing, "program" | "args">): string {
  const name = program.split("/").pop()!;
  if (name === "ssh") return "ssh";
  const word = args.find((arg) => !arg.startsWith("-")) ?? "";
  if (name === "terraform" && word === "show")
    return args.length > 2 ? "terraform show (plan)" : "terraform show (state)";
  return `${name} ${word}`.trim();
}

/** All children of one name, of one command. */
export interface Part {
  readonly name: string;
  readonly times: number;
  /** Of all together. */
  readonly milliseconds: number;
  /** When the first of them began, from the command's start. */
  readonly after: number;
}

/** What a command's children took, by name, in the order in which they began. */
export function partsOf({ began, children }: Pick<Moved, "began" | "children">): readonly Part[] {
  const names = [...new Set([...children].sort((a, b) => a.began - b.began).map(childName))];
  return names.map((name) => {
    const own = children.filter((child) => childName(child) === name);
    return {
      name,
      times: own.length,
      milliseconds: own.reduce((total, child) => total + child.ended - child.began, 0),
      after: Math.min(...own.map((child) => child.began)) - began,
    };
  });
}

/** How long none of its children ran: the program's own work, and its questions to the state's store. */
export function ownTime({ began, ended, children }: Pick<Moved, "began" | "ended" | "children">): number {
  let covered = 0;
  let until = began;
  for (const child of [...children].sort((a, b) => a.began - b.began)) {
    const end = Math.min(child.ended, ended);
    const from = Math.max(child.began, until);
    if (end > from) covered += end - from;
    until = Math.max(until, end);
  }
  return ended - began - covered;
}

/** "1234 (987–2345)". @returns "–" where there is none */
export function summary(milliseconds: readonly number[]): string {
  if (milliseconds.length === 0) return "–";
  const whole = (number: number): string => Math.round(number).toString();
  const [low, high] = [Math.min(...milliseconds), Math.max(...milliseconds)];
  return milliseconds.length === 1 ? whole(low) : `${whole(median(milliseconds))} (${whole(low)}–${whole(high)})`;
}

/** What was so often so, most often first: "0 ×9, 8 ×1". */
export function tally(things: readonly unknown[]): string {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(String(thing), (counts.get(String(thing)) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ×${count}`)
    .join(", ");
}

/** The lines of a file of timings. */
export const timingsIn = (text: string): readonly Timing[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Timing);
