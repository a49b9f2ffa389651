/** Text that others have written, in Markdown that GitHub reads: it is text or code there, and nothing else comes of it. */
import { oneLine, plainLines, plainText } from "./safe-text";

/** Nothing to see, and no word goes on over it. A text of others has none, as `oneLine` takes them out. */
export const BREAK = "&#8203;";

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
  ["(?<![a-z0-9])GH(?:SA)?(?=-)", (found) => `${found}${BREAK}`],
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
export const html = writer(SPECIAL);

/** A text of others as plain text: no link, no mention, no HTML comes of it. */
export const escape = writer([...SPECIAL, MARKUP, BEGINS]);

/** A text of others in a code span, whatever backticks are in it. */
export function code(text: string): string {
  const line = plainText(text);
  const longest = longestRun(line);
  const fence = "`".repeat(longest + 1);
  // One space on either side is taken off again (CommonMark 0.31, 6.1); nothing at all would be no code span.
  const space = longest > 0 || /^ .*[^ ].* $/.test(line) ? " " : "";
  if (line === "") return "` `";
  return `${fence}${space}${line}${space}${fence}`;
}

/** Lines of others as a block of code, whatever backticks are in them. */
export function codeBlock(text: string): string {
  const lines = plainLines(text);
  const fence = "`".repeat(Math.max(3, longestRun(lines) + 1));
  return [fence, lines, fence].join("\n");
}

const longestRun = (text: string): number => Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
