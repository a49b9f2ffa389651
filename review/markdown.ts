/** A review as Markdown for a comment in a pull request. */
import type { Redact } from "../model/redact";
import { oneLine, plainText } from "../model/safe-text";
import { type Block, document, type Item, type Mood, type Words } from "./document";
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
        `**${escape(block.title)}**`,
        "",
        ...block.items.slice(0, rows).flatMap(item),
        ...more(block.items.length, rows),
        ...(block.after ? ["", inline(block.after)] : []),
      ].join("\n");
    }
    case "table":
      return [
        `**${escape(block.title)}**`,
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
  `- ${inline(words)}`,
  ...under.map((line) => `  - ${inline(line)}`),
];

const inline = (words: Words): string =>
  words
    .map((span) => {
      if (span.kind === "strong") return `**${inline(span.words)}**`;
      return span.kind === "code" ? code(span.text) : escape(span.text);
    })
    .join("");

/** Nothing to see, and no word goes on over it. Terraform's words have none, as `oneLine` takes them out. */
const BREAK = "&#8203;";

/**
 * GitHub looks for mentions, issues, commits, emoji and addresses in what has come of the Markdown, so no backslash and no
 * entity keeps it from finding one (github/markup, issue 1168): only a character between does, here one without width. "$"
 * gets what GitHub's page on mathematical expressions has for one that is none. "|" gets no backslash, as it may stand in a
 * table, where one more has another meaning.
 */
const SPECIAL: readonly (readonly [pattern: string, written: (found: string) => string])[] = [
  ["&", () => "&amp;"],
  ["<", () => "&lt;"],
  [">", () => "&gt;"],
  ["\\|", () => "&#124;"],
  ["\\$", () => "<span>$</span>"],
  ["[@#]", (found) => `${found}${BREAK}`],
  // "https://x", ":tada:", ":+1:"; not "10:30:15"
  [":(?=//|[\\w+-]*[a-z+-][\\w+-]*:|100:|1234:)", (found) => `${found}${BREAK}`],
  ["www(?=\\.)", (found) => `${found}${BREAK}`],
  // "GH-123", "GHSA-xxxx-xxxx-xxxx"
  ["\\bGH(?:SA)?(?=-)", (found) => `${found}${BREAK}`],
  // A commit, from seven digits on: those that are left after one are looked at again.
  ["[0-9a-f]{6}(?=[0-9a-f])", (found) => `${found.slice(0, 3)}${BREAK}${found.slice(3)}${BREAK}`],
];
/** What means something to Markdown alone. */
const MARKUP: (typeof SPECIAL)[number] = ["[\\\\`*_{}[\\]~]", (found) => `\\${found}`];
/** At the begin of a text, which may be one of a line: of a list, a heading's underline, a rule. */
const BEGINS: (typeof SPECIAL)[number] = [
  "^ ?(?:[-+=](?=[-+=\\s]|$)|\\d{1,9}(?=[.)](?:\\s|$)))",
  (found) => `${found.slice(0, -1)}&#${found.charCodeAt(found.length - 1)};`,
];

const writer = (kinds: typeof SPECIAL): ((text: string) => string) => {
  const any = new RegExp(kinds.map(([pattern]) => pattern).join("|"), "gi");
  const each = kinds.map(([pattern, written]) => [new RegExp(`(?:${pattern})`, "iy"), written] as const);
  return (text) => {
    const line = oneLine(text).replace(/^ +/, " ");
    return line.replace(any, (found: string, at: number) => {
      const kind = each.find(([pattern]) => {
        pattern.lastIndex = at;
        return pattern.exec(line)?.[0] === found;
      });
      return kind ? kind[1](found) : found;
    });
  };
};

/** Where GitHub reads HTML and no Markdown. */
const html = writer(SPECIAL);

/** A text from a plan as plain text: no link, no mention, no HTML comes of it. */
export const escape = writer([...SPECIAL, MARKUP, BEGINS]);

/** A text from a plan in a code span, whatever backticks are in it. */
export function code(text: string): string {
  const line = plainText(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  // One space on either side is taken off again (CommonMark 0.31, 6.1); nothing at all would be no code span.
  const space = longest > 0 || /^ .*[^ ].* $/.test(line) ? " " : "";
  if (line === "") return "` `";
  return `${fence}${space}${line}${space}${fence}`;
}
