/** The picture of the rooms and their table in CONTRIBUTING.md, made of rooms.cjs. */
import { ROOMS } from "../../rooms.cjs";

const BEGIN = "<!-- Made of rooms.cjs by npm run generate -->";
const END = "<!-- until here -->";

const isFolder = (room: string): boolean => !room.includes(".");
const shown = (room: string): string => (isFolder(room) ? `${room}/` : room);
const idOf = (room: string): string => room.replace(/\W/g, "_");

/** An arrow for each room that another one is built on; what leads there by way of others needs none of its own. */
function picture(): string {
  const rooms = Object.entries(ROOMS).reverse();
  const names = rooms.map(([room]) => `  ${idOf(room)}["${shown(room)}"]`);
  const arrows = rooms.flatMap(([room, { on }]) =>
    on.length > 0 ? [`  ${idOf(room)} --> ${on.map(idOf).join(" & ")}`] : [],
  );
  return ["```mermaid", "flowchart TD", ...names, ...arrows, "```"].join("\n");
}

function table(): string {
  const rows = Object.entries(ROOMS)
    .reverse()
    .map(([room, { has, on }]) => {
      const beneath = on.map((other) => `\`${shown(other)}\``).join(", ");
      return [`\`${shown(room)}\``, has, beneath || "nothing of ours"];
    });
  const head = ["room", "what is in it", "is built on"];
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

/** The page with both as they are today. @throws Error where it has no place for them */
export function withHouse(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`CONTRIBUTING.md has no lines "${BEGIN}" and "${END}"`);
  return `${before}${BEGIN}\n\n${picture()}\n\n${table()}\n\n${END}${after}`;
}
