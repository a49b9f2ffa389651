/** Counts and lists as people say them. */
import { list } from "../model/problem";

/** "1 container", "3 containers". */
export const count = (n: number, word: string): string => `${n} ${n === 1 ? word : plural(word)}`;

const plural = (word: string): string =>
  /(s|x|ch)$/.test(word) ? `${word}es` : /[^aeiou]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;

/** The first of many, and how many more there are: "auth, chat and 5 more". */
export function few(words: readonly string[], most = 3): string {
  return words.length <= most + 1 ? list(words) : `${words.slice(0, most).join(", ")} and ${words.length - most} more`;
}

/** "2 volumes, 1 server": kinds in the order in which they come first. */
export function counts(words: readonly string[]): string {
  const numbers = new Map<string, number>();
  for (const word of words) numbers.set(word, (numbers.get(word) ?? 0) + 1);
  return [...numbers].map(([word, n]) => count(n, word)).join(", ");
}

/** Seconds as people say them: "45 s", "3 min". */
export const span = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
