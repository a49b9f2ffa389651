/** Ways into the project's pages: sections, tables, and the code blocks that tests follow to the letter. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(__dirname, "../..");

export const page = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The code block under the comment `<!-- <kind>: <name> -->`. */
export function block(text: string, marker: string): string {
  const found = new RegExp(`<!-- ${marker} -->\\s*\`\`\`\\w+\\n(.*?)\`\`\``, "s").exec(text);
  if (!found) throw new Error(`there is no block "${marker}"`);
  return found[1]!;
}

/** Code whose relative imports lead where they would from the folder that the page names: it lies elsewhere. */
export const asIfIn = (folder: string, code: string): string =>
  code.replace(/from "(\.[^"]+)"/g, (_, to: string) => `from "${join(ROOT, folder, to)}"`);

/** What stands under a heading of the second level, as far as the next one. */
export function section(text: string, heading: string): string {
  const found = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`there is no section "${heading}"`);
  return found;
}

/** A row of a table: heading of the column → cell. */
export type Row = Readonly<Record<string, string>>;

/** Every table of a text, each as its rows. */
export function tables(text: string): Row[][] {
  const found = text.match(/(?:^\|.*\|\n)+/gm) ?? [];
  return found.map((table) => {
    const [head, , ...rows] = table.trim().split("\n").map(cells);
    return rows.map((row) => Object.fromEntries(head!.map((name, i) => [name, row[i]!])));
  });
}

const cells = (line: string): string[] =>
  line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());

/** What stands in backticks. */
export const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(text: string): string[] {
  const headings = text.replace(/^```.*?^```/gms, "").match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
