/** What a review is written in: blocks of words, of which Markdown and a terminal each make their own. */

/** Words in a row: plain, as a name or a value (code), or strong. */
export type Words = readonly Span[];
export type Span =
  { readonly kind: "plain" | "code"; readonly text: string } | { readonly kind: "strong"; readonly words: Words };

export type Block =
  | { readonly kind: "title"; readonly mood: Mood; readonly words: Words }
  | { readonly kind: "paragraph"; readonly words: Words }
  | {
      readonly kind: "list";
      readonly title: string;
      readonly items: readonly Item[];
      /** What is to be said under it. */
      readonly after?: Words;
      /** Is every item kept, whatever room there is? */
      readonly whole?: boolean;
    }
  | {
      readonly kind: "table";
      readonly title: string;
      readonly headings: readonly string[];
      readonly rows: readonly (readonly Words[])[];
    }
  /** Shown on demand, where that can be. */
  | { readonly kind: "group"; readonly title: string; readonly items: readonly Item[] }
  | { readonly kind: "end"; readonly paragraphs: readonly Words[] };

export interface Item {
  readonly words: Words;
  readonly under?: readonly Words[];
}

/** Is there something to be afraid of, to be careful with, or neither? */
export type Mood = "danger" | "care" | "fine";

export const code = (text: string): Span => ({ kind: "code", text });
export const strong = (...words: readonly (Span | string)[]): Span => ({ kind: "strong", words: words.map(asSpan) });
const asSpan = (part: Span | string): Span => (typeof part === "string" ? { kind: "plain", text: part } : part);

/** say`${code("chat")} is gone`: words around spans. */
export const say = (texts: TemplateStringsArray, ...parts: readonly (Span | string | Words)[]): Words =>
  texts
    .flatMap((text, i) => {
      const part = parts[i];
      const spans = part === undefined ? [] : Array.isArray(part) ? (part as Words) : [asSpan(part as Span | string)];
      return [asSpan(text), ...spans];
    })
    .filter((span) => span.kind !== "plain" || span.text !== "");

export const joined = (parts: readonly Words[], between = ", "): Words =>
  parts.flatMap((part, i) => (i === 0 ? part : [asSpan(between), ...part]));
