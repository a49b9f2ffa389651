/** A review as text for a terminal: everything, nothing folded. */
import colours from "picocolors";
import type { Redact } from "../model/redact";
import { plainText } from "../model/safe-text";
import type { Block, Item, Mood, Words } from "./blocks";
import { document } from "./document";
import type { Review } from "./review";

/** @param redact takes secrets out of the whole text */
export const terminalText = (review: Review, redact: Redact): string =>
  redact(document(review, redact).map(render).join("\n\n"));

const PAINT: Readonly<Record<Mood, (text: string) => string>> = {
  danger: (text) => colours.bold(colours.red(text)),
  care: (text) => colours.bold(colours.yellow(text)),
  fine: (text) => colours.bold(colours.green(text)),
};

function render(block: Block): string {
  switch (block.kind) {
    case "title":
      return PAINT[block.mood](plain(block.words));
    case "paragraph":
      return inline(block.words);
    case "list":
      return [
        colours.bold(block.title),
        ...block.items.flatMap(item),
        ...(block.after ? [inline(block.after)] : []),
      ].join("\n");
    case "table": {
      const widths = block.headings.map((_, i) => Math.max(0, ...block.rows.map((cells) => plain(cells[i]!).length)));
      const line = (cells: readonly Words[]): string =>
        cells
          .map((cell, i) =>
            i === cells.length - 1 ? inline(cell) : inline(cell) + " ".repeat(widths[i]! - plain(cell).length),
          )
          .join("  ");
      return [colours.bold(block.title), ...block.rows.map((cells) => `  ${line(cells)}`)].join("\n");
    }
    case "group":
      return [colours.bold(block.title), ...block.items.flatMap(item)].join("\n");
    case "end":
      return block.paragraphs.map(inline).join("\n");
  }
}

const item = ({ words, under = [] }: Item): string[] => [
  `  ${inline(words)}`,
  ...under.map((line) => `      ${inline(line)}`),
];

const inline = (words: Words): string =>
  words
    .map((span) => {
      if (span.kind === "strong") return colours.bold(inline(span.words));
      const text = plainText(span.text);
      return span.kind === "code" ? colours.cyan(text) : text;
    })
    .join("");

const plain = (words: Words): string =>
  words.map((span) => (span.kind === "strong" ? plain(span.words) : plainText(span.text))).join("");
