import Table from "cli-table3";
import colours from "picocolors";

const BORDERS = [
  ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
  ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
];

/** Columns by space alone: readable in a terminal, a log and a pull request. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  aligns: readonly ("left" | "right")[] = [],
): string {
  const table = new Table({
    head: head.map((text) => colours.dim(text)),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    colAligns: [...aligns],
    chars: Object.fromEntries(BORDERS.map((name) => [name, ""])),
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((row) => `  ${row}`.trimEnd())
    .join("\n");
}
