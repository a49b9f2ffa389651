/**
 * What GitHub makes of a text after its Markdown was read, by its documentation ("Autolinked references and URLs", "Basic
 * writing and formatting syntax", "Writing mathematical expressions").
 */

/** Ours between two characters, so that nothing is found over it. */
export const UNSEEN_MARK = "\u200b";

const RULES: Readonly<Record<string, RegExp>> = {
  mention: /(?<![\w`])@[A-Za-z0-9]/,
  issue: /(?<!\w)#\d/,
  "issue of another repository": /[\w.-]+#\d/,
  "issue by GH-": /(?<![A-Za-z0-9])gh-\d/i,
  advisory: /(?<![A-Za-z0-9])GHSA-/i,
  commit: /(?<![A-Za-z0-9])[0-9a-f]{7,40}(?![A-Za-z0-9])/i,
  "commit of somebody": /@[0-9a-f]{7,40}/i,
  emoji: /:(?:[\w+-]*[a-z+-][\w+-]*|100|1234):/i,
  address: /(?:https?|ftp):\/\//i,
  "address by www": /(?<![A-Za-z0-9])www\./i,
  mail: /[\w.+-]+@[\w-]+\.\w/,
};

/** Names and places of what GitHub would find in a text that is no code. */
export function foundByGithub(text: string): string[] {
  const open = text.replaceAll("<span>$</span>", "\ufffc");
  const links = Object.entries(RULES).flatMap(([name, rule]) => {
    const found = rule.exec(open);
    return found ? [`${name}: ${JSON.stringify(open.slice(Math.max(0, found.index - 5), found.index + 20))}`] : [];
  });
  return open.includes("$") ? [...links, `formula: ${JSON.stringify(open)}`] : links;
}
