/**
 * Text that others have written, as it may leave us: it moves no cursor, hides nothing and nobody, turns the order of nothing,
 * and is no command to GitHub's runner, which reads each line that a job prints.
 */

/**
 * Controls, what has no width, marks that turn the order of what is read, characters for private use and those that are
 * none; the blank of Braille, which looks like a space.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** In place of each of these. */
const SHOWN = "\ufffd";
/** The one exception, in whole pages that we have written: the mark of care is ⚠ and a selector that gives it its colours. */
const OURS = "\u26a0\ufe0f";

/** A text in one line, in which everything can be seen. */
export const oneLine = (text: string): string =>
  text
    .replace(/[\t\r\n]+/g, " ")
    .replace(/\p{Zs}/gu, " ")
    .replace(INVISIBLE, SHOWN);

/**
 * For a terminal, and for the log of a workflow: there `::name …::` at the begin of a line is a command, and `##[name]`
 * anywhere in it (actions/runner, ActionCommand).
 */
export const plainText = (text: string): string => withoutCommands(oneLine(text));

const withoutCommands = (line: string): string => line.replace(/##(?=\[)/g, "# #").replace(/^(\s*:)(?=:.*::)/, "$1 ");

/** Several lines, each by itself. */
export const plainLines = (text: string): string =>
  text
    .split(/\r\n|[\r\n]/)
    .map(plainText)
    .join("\n");

/** A whole page: its line ends and tabs stay, and so does our own mark; everything else in it can be seen. */
export const seenPage = (text: string): string => text.replaceAll("\r\n", "\n").split(OURS).map(seenPart).join(OURS);

const seenPart = (text: string): string =>
  text.replace(INVISIBLE, (found) => (found === "\n" || found === "\t" ? found : SHOWN));

/** The same for a terminal and the log of a workflow. */
export const plainPage = (text: string): string => seenPage(text).split("\n").map(withoutCommands).join("\n");

/** Is it one of the characters that nobody can see? */
export const isInvisible = (character: string): boolean => character.replace(INVISIBLE, "") === "";

/**
 * JSON, with every character that cannot be seen as its number, so that nothing is lost and nothing is obeyed: a line of it
 * is no command either.
 */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, undefined, 2)
    .replace(INVISIBLE, (found) =>
      found === "\n" ? found : [...Array(found.length).keys()].map((i) => escaped(found.charCodeAt(i))).join(""),
    )
    .replace(/##(?=\[)/g, "#\\u0023");

const escaped = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;
