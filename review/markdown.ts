/** A review as Markdown for a comment in a pull request. */
import type { Redact } from "../model/redact";
import { BREAK, code, escape, html } from "../model/markdown-text";
import { oneLine } from "../model/safe-text";
import type { Block, Item, Mood, Span, Words } from "./blocks";
import { document } from "./document";
import type { Review } from "./review";

/** GitHub's limit of a comment's body, in characters ("body is too long (maximum is 65536 characters)"). */
export const MOST_CHARACTERS = 65_536;
/** For the line by which the comment is found again (delivery/comment.ts); names have at most 63 characters. */
const MARKER = 256;

export interface MarkdownOptions {
  /** Takes secrets out of the whole text. */
  readonly redact: Redact;
  /** @default GitHub's limit, with room for the comment's marker */
  readonly most?: number;
}

/** How much of a review is written. */
interface Room {
  /** Groups that are only counted. */
  readonly folded: ReadonlySet<Block>;
  /** So many of them are named. */
  readonly named: number;
  /** Rows of a list that may be shortened, and of one that may not as long as that can be. */
  readonly rows: number;
  readonly wholeRows: number;
}

const ALL: Room = { folded: new Set(), named: Infinity, rows: Infinity, wholeRows: Infinity };
/** What is tried where folding is not enough, until it fits: 150 lines about what is destroyed are less than half of GitHub's limit. */
const SHORTER: readonly Omit<Room, "folded">[] = [
  { named: 100, rows: Infinity, wholeRows: Infinity },
  { named: 100, rows: 50, wholeRows: Infinity },
  { named: 100, rows: 50, wholeRows: 150 },
  { named: 20, rows: 5, wholeRows: 50 },
];

/**
 * The verdict, what is destroyed and how to go on are always in it. What does not fit is folded by whole products, the
 * longest first; then lists are shortened to their first rows, what is destroyed last of all. Whatever is left out is
 * counted in its place.
 */
export function markdown(review: Review, { redact, most = MOST_CHARACTERS - MARKER }: MarkdownOptions): string {
  // Before anything is escaped: a secret would not be found with backslashes in it.
  const blocks = document(review, redact);
  // And once more, over the whole: one may have come of two texts.
  const write = (room: Room): string => redact(render(blocks, room));
  const whole = write(ALL);
  if (whole.length <= most) return whole;
  const folded = new Set<Block>();
  const groups = blocks
    .filter(({ kind }) => kind === "group")
    .map((block) => ({
      block,
      saves: one(block, ALL).length - one(block, { ...ALL, folded: new Set([block]) }).length,
    }))
    .sort((a, b) => b.saves - a.saves);
  let length = whole.length;
  for (const { block, saves } of groups) {
    if (length <= most) break;
    folded.add(block);
    length -= saves;
  }
  let text = write({ ...ALL, folded });
  for (const room of SHORTER) {
    if (text.length <= most) break;
    text = write({ ...room, folded });
  }
  return text;
}

/** Blocks as they are, however long that is. */
export const written = (blocks: readonly Block[]): string => render(blocks, ALL);

function render(blocks: readonly Block[], room: Room): string {
  const folded = blocks.filter((block) => room.folded.has(block));
  const unnamed = new Set(folded.slice(room.named));
  const texts = blocks.flatMap((block) => (unnamed.has(block) ? [] : [one(block, room)]));
  const left = unnamed.size > 0 ? [`and ${unnamed.size} more of these, for which there is no room here`] : [];
  return [...texts.slice(0, -1), ...left, ...texts.slice(-1)].join("\n\n");
}

const MARKS: Readonly<Record<Mood, string>> = { danger: "🛑", care: "⚠️", fine: "✅" };

function one(block: Block, room: Room): string {
  switch (block.kind) {
    case "title":
      return `### ${MARKS[block.mood]} ${inline(block.words)}`;
    case "paragraph":
      return inline(block.words);
    case "list": {
      const rows = block.whole ? room.wholeRows : room.rows;
      return [
        titled(block.title),
        "",
        ...block.items.slice(0, rows).flatMap(item),
        ...more(block.items.length, rows),
        ...(block.after ? ["", inline(block.after)] : []),
      ].join("\n");
    }
    case "table":
      return [
        titled(block.title),
        "",
        row(block.headings),
        row(block.headings.map(() => "---")),
        ...block.rows.slice(0, room.rows).map((cells) => row(cells.map((cell) => inline(cell).replaceAll("|", "\\|")))),
        ...(block.rows.length > room.rows ? ["", ...more(block.rows.length, room.rows)] : []),
      ].join("\n");
    case "group":
      return room.folded.has(block)
        ? `${escape(block.title)}; too long to be shown here, ${code("npx twinset review")} shows it.`
        : [`<details><summary>${html(block.title)}</summary>`, "", ...block.items.flatMap(item), "", "</details>"].join(
            "\n",
          );
    case "end":
      return ["---", ...block.paragraphs.map(inline)].join("\n\n");
  }
}

const more = (length: number, rows: number): string[] =>
  length > rows ? [`- and ${length - rows} more, for which there is no room here`] : [];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

const item = ({ words, under = [] }: Item): string[] => [
  `- ${something(words)}`,
  ...under.map((line) => `  - ${something(line)}`),
];

/** A lone "-" makes a heading of the line above it. */
const something = (words: Words): string => inline(words) || BREAK;

const titled = (title: string): string => inline([{ kind: "strong", words: [plain(title)] }]);

/**
 * Words in a row. What Markdown takes for one thing is one before it is written: "1" and ". x" begin a list, however they came
 * together, and with space inside of its marks nothing is strong.
 */
function inline(words: Words): string {
  const pieces = joined(words.flatMap((span) => (span.kind === "strong" ? withoutSpaceAround(span.words) : [span])));
  return pieces.map((piece, i) => `${needBreak(pieces[i - 1], piece) ? BREAK : ""}${span(piece, i === 0)}`).join("");
}

function span(piece: Span, isFirst: boolean): string {
  if (piece.kind === "strong") return `**${inline(piece.words)}**`;
  if (piece.kind === "code") return code(piece.text);
  // Space at the begin of a line would make it a part of what is above it.
  return escape(isFirst ? piece.text.trimStart() : piece.text);
}

/** Plain texts side by side as one, in one line each. */
function joined(words: Words): Span[] {
  const pieces: Span[] = [];
  for (const piece of words) {
    const last = pieces.at(-1);
    if (piece.kind === "plain" && last?.kind === "plain") pieces[pieces.length - 1] = plain(last.text + piece.text);
    else if (piece.kind !== "plain" || piece.text !== "") pieces.push(piece);
  }
  return pieces.map((piece) => (piece.kind === "plain" ? plain(oneLine(piece.text)) : piece));
}

const plain = (text: string): Span => ({ kind: "plain", text });

/** Strong words, the space at their ends beside them; nothing else is left of words that are all space. */
function withoutSpaceAround(words: Words): Span[] {
  const inner = joined(words);
  const [first, last] = [inner[0], inner.at(-1)];
  const before = first?.kind === "plain" && first.text.startsWith(" ") ? [plain(" ")] : [];
  if (first?.kind === "plain") inner[0] = plain(first.text.trimStart());
  const after = last?.kind === "plain" && last.text.endsWith(" ") ? [plain(" ")] : [];
  const end = inner.at(-1);
  if (end?.kind === "plain") inner[inner.length - 1] = plain(end.text.trimEnd());
  const rest = joined(inner);
  return [...before, ...(rest.length > 0 ? [{ kind: "strong", words: rest } as const] : []), ...after];
}

/**
 * Do two spans need something between them? Marks of two that meet are read as longer ones, and beside a letter those of
 * what is strong begin or end nothing (CommonMark 0.31, 6.2).
 */
function needBreak(before: Span | undefined, after: Span): boolean {
  if (!before) return false;
  if (before.kind === "plain") return after.kind === "strong" && !/[ (:,]$/.test(before.text);
  if (after.kind === "plain") return before.kind === "strong" && !/^[ :;,.)]/.test(after.text);
  return true;
}
