/** How wide a text is on a terminal: a line that is drawn again and again has to be one line there. */

/** Colours, everything else that begins with an escape, and single characters. */
const PARTS =
  /(?<colour>\u001b\[[\d;]*m)|(?<other>\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b)|(?<character>[^])/gu;
/** East Asian scripts and pictures. One that is narrower after all does no harm. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3040-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f1e6}-\u{1f265}\u{1f3fb}-\u{1f3ff}\u{20000}-\u{3fffd}]|\p{Extended_Pictographic}/u;
const ACCENT = /[\u0300-\u036f]/;

/**
 * One line of at most so many columns, with its colours. What would move the cursor is left out: a line's text may be a
 * container's.
 */
export function clip(text: string, columns: number): string {
  let width = 0;
  let result = "";
  for (const { groups = {} } of text.matchAll(PARTS)) {
    // A colour that ends after the last column has to end, too.
    if (groups["colour"] !== undefined) result += groups["colour"];
    if (groups["character"] === undefined || width > columns) continue;
    const shown = printable(groups["character"]);
    width += widthOf(shown);
    if (width <= columns) result += shown;
  }
  return result;
}

function printable(character: string): string {
  // They turn the writing's direction, or join what is beside them.
  if (/\p{Cf}/u.test(character)) return "";
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(character)) return " ";
  return /\p{Cs}/u.test(character) ? "\ufffd" : character;
}

function widthOf(character: string): number {
  if (character === "" || ACCENT.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
