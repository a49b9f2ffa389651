/**
 * Secrets that nobody gives out: people make them up, so what they must be like is ours to say. Where others can reach what
 * they guard, none that can be guessed is taken.
 */
import { type Input, type InputOptions, secret } from "./values";

/** What containers on one's own computer have, which nobody else reaches. */
export const DEVELOPMENT_PASSWORD = "devpassword";

/**
 * What one must have in staging and production. Twenty random letters and digits have a hundred bits; eight were found in
 * nine seconds from a fast hash. A word again and again has few different characters, whatever its length.
 */
const LEAST = { minLength: 20, different: 8 };

/** What a value must have. */
export interface Demands {
  /** Characters. @default 1 */
  readonly minLength?: number | undefined;
  /** Characters that are not the same as another one. @default 1 */
  readonly different?: number | undefined;
}

/** A secret that people make up: a password between containers, a key that signs. */
export const madeUp = (
  name: string,
  { bytes = 24, ...options }: Omit<InputOptions, "where"> & { readonly bytes?: number },
): Input => ({
  ...secret(name, { ...options, where: `make one up, e.g. openssl rand -hex ${bytes}` }),
  madeUp: true,
});

/** @param deployed the environment is on servers, and not on one's own computer */
export const demandsOf = ({ minLength = 1, madeUp: ours = false }: Input, deployed: boolean): Required<Demands> =>
  ours && deployed
    ? { minLength: Math.max(minLength, LEAST.minLength), different: LEAST.different }
    : { minLength, different: 1 };

/** What is wrong with a value that is there, for people to read. */
export const WEAKNESSES = ["too short", "too simple"] as const;
export type Weakness = (typeof WEAKNESSES)[number];

export function weakness(value: string, { minLength = 1, different = 1 }: Demands): Weakness | undefined {
  if (value.length < minLength) return "too short";
  return new Set(value).size < different ? "too simple" : undefined;
}

/** "at least 20 characters, 8 of them different" */
export const inWords = ({ minLength = 1, different = 1 }: Demands): string =>
  `at least ${minLength} characters${different > 1 ? `, ${different} of them different` : ""}`;
