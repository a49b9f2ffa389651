/**
 * A review as a pull request's jobs have handed it over, before it is written in the pipeline's name. These jobs ran the pull
 * request's own code: what they say is text of strangers, and where that code changed, it is said beside it. Whoever calls
 * this is the base's code.
 */
import { list } from "../model/problem";
import { isInvisible, seenPage } from "../model/safe-text";

export interface Origin {
  /** The workflow's run, as a link. */
  readonly run: string;
  /** Commits. */
  readonly head: string;
  readonly base: string;
  /** Paths that the pull request changes, adds, removes or renames, old and new. */
  readonly files: readonly string[];
}

/** GitHub lists so many files of a pull request and no more (docs.github.com, "List pull requests files"). */
const MOST_FILES = 3000;
/** Names that are shown; the rest is a number. */
const SHOWN = 20;

/** What is read and never run by a review: nothing of it can change what a review says but by being what is reviewed. */
const DATA: readonly RegExp[] = [
  /^config\/(releases|waivers)\/[^/]+(\/[^/]+)?\.json$/,
  /^(docs\/.*|[^/]+)\.md$/,
  /^examples\/[^/]+\.env$/,
  /^__tests__\//,
];
/** Facts, but in TypeScript: whoever loads them runs them. */
const CATALOG = /^config\/platforms\/.+\.ts$/;

/** Of a pull request's paths, those that are run when it is reviewed. */
export const ownCode = (files: readonly string[]): string[] => [
  ...new Set(files.filter((path) => path !== "" && !DATA.some((data) => data.test(path)))),
];

/**
 * The comment's text.
 * @param review Markdown that a stranger may have written; undefined: nothing was handed over, so there is no review
 * @param longest characters
 */
export function reviewFrom(
  where: string,
  review: string | undefined,
  { files, ...origin }: Origin,
  longest: number,
): string {
  const made = `<sub>Of ${shown(origin.head)} on ${shown(origin.base)}, by [this run](${link(origin.run)}).</sub>`;
  const text =
    review === undefined ? `**${where} could not be planned:** [the run](${link(origin.run)}) says why.` : review;
  const head = [...doubt(files), ""].join("\n");
  const room = longest - head.length - made.length - 200;
  return `${head}${shortened(harmless(text), room)}\n\n${made}\n`;
}

/** What a reader must know before a word of the review is believed. */
function doubt(files: readonly string[]): string[] {
  if (files.length >= MOST_FILES) {
    return [
      "> [!CAUTION]",
      `> **Whether this pull request changes the code that made this review is not known:** it changes ${MOST_FILES} files or more, and GitHub names no more of them.`,
      "",
    ];
  }
  const own = ownCode(files);
  if (own.length === 0) return [];
  const catalog = own.every((path) => CATALOG.test(path));
  const more = own.length > SHOWN ? [`${own.length - SHOWN} more`] : [];
  const names = list([...own.slice(0, SHOWN).map(shown), ...more]);
  return catalog
    ? [
        "> [!NOTE]",
        `> Made by the base's code with this pull request's catalog. A catalog is code too, so read it as such: ${names}.`,
        "",
      ]
    : [
        "> [!CAUTION]",
        `> **This pull request changes the code that made this review:** ${names}.`,
        "> What is below is what that code says of itself. Read these files first; production asks the merged code again.",
        "",
      ];
}

/**
 * As it is, but for what could be taken for ours, call somebody, or not be seen. GitHub looks for mentions in what has come of
 * the Markdown, so an entity keeps it from nothing: a character without width does, which in code does not show either.
 */
const harmless = (text: string): string =>
  seenPage(text)
    .replaceAll(ENTITY, (found, digits: string | undefined, hex: string | undefined) => meant(found, digits, hex))
    .replaceAll("<!--", "&lt;!--")
    .replaceAll(/(?<!\w)@(?=[A-Za-z0-9])/g, `@${BETWEEN}`);

/** HTML's names for what cannot be seen, for "@", and any character's number (html.spec.whatwg.org, 13.5). */
const ENTITY =
  /&(?:#0*(\d{1,7});?|#x0*([0-9a-f]{1,6});?|shy;?|(?:commat|zwn?j|lrm|rlm|ZeroWidthSpace|Negative(?:Very)?Th(?:in|ick)Space|NegativeMediumSpace|NoBreak|ApplyFunction|af|InvisibleTimes|it|InvisibleComma|ic);)/gi;
const BETWEEN = "\u200b";
/** What a review writes itself so that GitHub finds nothing. */
const OUR_BREAK = "&#8203;";

function meant(found: string, digits: string | undefined, hex: string | undefined): string {
  if (found === OUR_BREAK) return found;
  if (/^&commat;$/i.test(found)) return `@${BETWEEN}`;
  const number = digits === undefined ? (hex === undefined ? undefined : parseInt(hex, 16)) : Number(digits);
  if (number === undefined || number > 0x10ffff || isInvisible(String.fromCodePoint(number))) return "�";
  return number === 0x40 ? `@${BETWEEN}` : found;
}

/** A path or a commit in code: what cannot be in one is not shown. */
const shown = (text: string): string => `\`${text.replaceAll(/[^\w./@+-]/g, "�").slice(0, 200)}\``;

/** Nothing in a link may end it. */
const link = (url: string): string => url.replaceAll(/[^\w:/.?=&#%-]/g, "");

const shortened = (text: string, room: number): string =>
  text.length <= room
    ? text
    : `${text.slice(0, room)}\n\n**The rest is too long for a comment;** the run's summary has it.`;
