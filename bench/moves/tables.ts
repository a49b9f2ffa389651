/** What the bench of moves prints. */
import { availableParallelism } from "node:os";
import { fixed, median, range } from "../statistics";
import { plainTable } from "../../cli/shared/table";
import type { LoadResult } from "../../rehearsal/load/load";
import { effectOf, type Moved, ownTime, partsOf, summary, tally } from "./figures";

const RIGHT = ["left", "right", "right", "right", "right", "left"] as const;

/** A row for each kind of move, in the order in which they were first made. */
export function movesTable(moves: readonly Moved[], seen: LoadResult): string {
  const rows = groups(moves).map(([name, own]) => {
    const effects = own.map((move) => effectOf(move, seen));
    const known = effects.filter((effect) => effect !== undefined);
    return [
      name,
      String(own.length),
      known.length === own.length ? summary(known) : `${summary(known)}; unseen ${own.length - known.length}`,
      summary(own.map(({ began, ended }) => ended - began)),
      String(own.reduce((total, { phase }) => total + (seen.phases[phase]?.failed ?? 0), 0)),
      tally(own.map(({ code }) => code ?? "killed")),
    ];
  });
  return plainTable(["", "moves", "to effect, ms", "to the end, ms", "failed", "exit codes"], rows, [...RIGHT]);
}

/** What one kind of move is made of: its children by name, then what is nobody's child. */
export function partsTable(moves: readonly Moved[]): string {
  const all = moves.map(partsOf);
  const names = [...new Set(all.flatMap((parts) => parts.map(({ name }) => name)))];
  const rows = names.map((name) => {
    const own = all.flatMap((parts) => parts.filter((part) => part.name === name));
    return [
      name,
      summary(own.map(({ after }) => after)),
      tally(own.map(({ times }) => times)).replace(/ ×\d+$/, (all) =>
        own.length === moves.length && !all.includes(",") ? "" : all,
      ),
      summary(own.map(({ milliseconds }) => milliseconds)),
    ];
  });
  rows.push(["no child at all", "", "", summary(moves.map(ownTime))]);
  return plainTable(["child", "begins after, ms", "how often", "together, ms"], rows, [
    "left",
    "right",
    "right",
    "right",
  ]);
}

/** All moves' parts, a table for each kind. */
export const allParts = (moves: readonly Moved[]): string =>
  groups(moves)
    .map(([name, own]) => `${name}:\n\n${partsTable(own)}`)
    .join("\n\n");

/** What came of all requests, in lines. */
export function totals(moves: readonly Moved[], seen: LoadResult, seconds: number): string {
  const busy = moves.map((move) => move.busy);
  const rate = Math.round(seen.requests / Math.max(1, seconds));
  return [
    `${moves.length} moves under ${seen.requests} requests in ${Math.round(seconds)} s (${rate} a second); failed ${seen.failed}${seen.failed > 0 ? `: ${seen.failures}` : ""}.`,
    `An answer took ${seen.percentile(0.5)} ms (median), ${seen.percentile(0.95)} ms (p95), ${seen.percentile(0.99)} ms (p99), ${seen.percentile(1)} ms at most.`,
    ...(busy.length > 0
      ? [
          `The computer has ${availableParallelism()} cores, and ran ${fixed(median(busy))} (${range(busy)}) processes at a time.`,
        ]
      : []),
  ].join("\n");
}

function groups(moves: readonly Moved[]): [string, Moved[]][] {
  const names = [...new Set(moves.map(({ name }) => name))];
  return names.map((name) => [name, moves.filter((move) => move.name === name)]);
}
