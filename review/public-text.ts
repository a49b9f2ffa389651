/** What of a plan everybody may read anyway: the stack's own text, which is in Git, and the values of open variables. */
import type { Plan } from "../terraform/plan";

export interface PublicText {
  /** Does it stand in the open text, as a word of its own? */
  readonly has: (part: string) => boolean;
  /** Is it one of the stack's texts, as it is and with nothing put into it? */
  readonly isLiteral: (text: string) => boolean;
  /** Is it a part of the stack's names for resources? Without them nobody could say what a change is about. */
  readonly isName: (text: string) => boolean;
}

export function publicText(plan: Plan): PublicText {
  const resources = plan.configuration?.root_module?.resources ?? [];
  const texts = resources.flatMap(({ expressions }) => textsIn(expressions));
  const declared = plan.configuration?.root_module?.variables ?? {};
  const variables = Object.entries(plan.variables ?? {})
    .filter(([name]) => declared[name] !== undefined && declared[name].sensitive !== true)
    .flatMap(([, { value }]) => textsIn(value));
  const literals = new Set(texts.filter((text) => !text.includes("${")));
  const open = [...texts, ...variables].join("\n");
  const names = resources.map(({ address }) => address).join("\n");
  return {
    has: (part) => hasWord(open, part) || hasWord(names, part),
    isLiteral: (text) => literals.has(text),
    // What looks like a password is none of our names, whatever it stands in.
    isName: (text) =>
      /^[a-z]+([_-][a-z]+)*$/.test(text) && hasWord(names.replaceAll("_", " "), text.replaceAll("_", " ")),
  };
}

/**
 * Of a stack as it lies in its folder: does a text stand in it as a word of its own?
 * @param json the stack's whole text; of one that is no JSON nothing is known
 */
export function wordsOfStack(json: string): PublicText["has"] {
  try {
    const text = textsIn(JSON.parse(json)).join("\n");
    return (part) => hasWord(text, part);
  } catch {
    return () => false;
  }
}

/** All texts in a value, keys among them. cdktf's JSON has each expression as text. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)]);
}

function hasWord(text: string, word: string): boolean {
  if (word === "") return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (isEnd(text[at - 1], word[0]) && isEnd(text[at + word.length], word.at(-1))) return true;
  }
  return false;
}

/** Does a word end between the two? */
const isEnd = (beside = "", own = ""): boolean => !/[A-Za-z0-9]/.test(beside) || !/[A-Za-z0-9]/.test(own);
