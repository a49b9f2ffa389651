/**
 * Everything in a plan that is secret: what Terraform marks, in whatever part of the plan, and what of it is secret by
 * itself. How it is kept out of what is shown: `maskedPlan` for each text of a plan, `planRedactor` for the whole at the end.
 */
import { type Redact, redactorOf } from "../model/redact";
import { finder } from "../model/secret-finder";
import { isPlain, partsOf } from "../model/secret-parts";
import type { Plan } from "../terraform/plan";
import { type Marked, markedIn } from "./marks";
import { publicText, type PublicText } from "./public-text";

/** All that is secret, as texts to look for. */
export interface PlanSecrets {
  /** In texts of a plan: there a plain word, or a short one, may be one. */
  readonly anywhere: readonly string[];
  /** In sentences of ours as well: what none of our words is. */
  readonly distinct: readonly string[];
}

/** @param known secrets from elsewhere: the inputs' values */
export function secretsIn(plan: Plan, known: readonly string[] = []): PlanSecrets {
  const open = publicText(plan);
  const found = new Set(known.flatMap((value) => partsOf(value, open.has).map(({ text }) => text)));
  for (const marked of markedIn(plan)) {
    if (isOpen(marked, open)) continue;
    for (const { text } of partsOf(marked.text, open.has)) found.add(text);
  }
  const anywhere = [...found].filter((text) => canBeLookedFor(text) && !open.isName(text));
  return { anywhere, distinct: anywhere.filter(isDistinct) };
}

const isDistinct = (text: string): boolean => text.length >= SHORTEST_DISTINCT && !isPlain(text);

/**
 * Of marked values from elsewhere, a state: what can be looked for in any sentence, with all that is secret in them.
 * @param isPublic of a marked file with one secret in it, what stands in the stack is none @default nothing
 */
export const distinct = (values: readonly string[], isPublic: (part: string) => boolean = () => false): string[] => [
  ...new Set(values.flatMap((value) => partsOf(value, isPublic).map(({ text }) => text)).filter(isDistinct)),
];

/**
 * Terraform marks a list as a whole for the sake of one element. An element that the stack's own text has as it is, without
 * anything put into it, is no secret: it is in Git.
 */
const isOpen = ({ text, alone }: Marked, open: PublicText): boolean => !alone && open.isLiteral(text);

/** Fewer characters are in our own words and numbers as well. */
const SHORTEST_DISTINCT = 4;

/** A number of one or two digits is in every text; where it is marked, it is not shown. */
const canBeLookedFor = (text: string): boolean => text.trim() !== "" && !/^\d{1,2}$/.test(text);

/** A word that may be part of another one by chance. */
export const isBounded = (text: string): boolean =>
  text.length < 3 || (text.length === 3 && /^([a-z]+|\d+)$/.test(text)) || (text.length < 6 && isPlain(text));

/**
 * For a whole text, at the very end.
 * @param known secrets from elsewhere: the inputs' values
 * @returns puts *** in place of whatever the plan itself marks as sensitive, and of the values of its sensitive variables
 */
export function planRedactor(plan: Plan, known: readonly string[] = []): Redact {
  return redactorOf(finder(secretsIn(plan, known).distinct));
}
