/** Takes known secrets out of texts that are kept or shown: what a container wrote, what Terraform said, a review. */
import type { Environment } from "./environment";
import { type Platform } from "./platform";
import { inputUses } from "./inputs";
import { type Find, finder, type Range } from "./secret-finder";
import { isPlain, partsOf } from "./secret-parts";

export type Redact = (text: string) => string;

/** Shorter values are in every other word. */
const SHORTEST = 4;
/** Shorter than any secret that is masked anywhere, so that a text gets shorter with each. */
export const MASK = "***";

/** The values of an environment's secret inputs, and of the credentials, with what is secret in them. */
export function knownSecrets(
  platform: Platform,
  environment: Environment,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const names = inputUses(platform, environment)
    .filter(({ input }) => input.secret)
    .map(({ input }) => `TF_VAR_${input.name}`);
  return valuesOf([...names, ...credentialsIn(env)], env);
}

/** What is secret in any environment, whatever the catalog says. */
const CREDENTIALS = [
  ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
  ...["GITHUB_TOKEN", "GH_TOKEN", "HCLOUD_TOKEN", "CLOUDFLARE_API_TOKEN"],
];

/** And what its name calls a secret: a job's tokens, the key of the way in, a registry's. Inputs are the catalog's matter. */
const credentialsIn = (env: Readonly<Record<string, string | undefined>>): string[] => [
  ...CREDENTIALS,
  ...Object.keys(env).filter(
    (name) =>
      !name.startsWith("TF_VAR_") &&
      !CREDENTIALS.includes(name) &&
      LIKE_SECRET.test(name) &&
      !A_PLACE.test(name) &&
      couldBeSecret(env[name] ?? ""),
  ),
];

/** A folder, a socket or a program of this computer. */
const A_PLACE = /(?:^|_)(?:(?:OLD|INIT_)?PWD|INIT_CWD|ASKPASS|SOCK|FILE|PATH|DIR)$/i;

/** "true", "store" and "1" are settings about a secret. */
const couldBeSecret = (value: string): boolean => value.length >= 8 && !isPlain(value);

const valuesOf = (names: readonly string[], env: Readonly<Record<string, string | undefined>>): string[] =>
  names.flatMap((name) => {
    const value = env[name];
    return value ? partsOf(value).map(({ text }) => text) : [];
  });

/**
 * For who has no catalog at hand: the credentials, and each input that its name calls a secret.
 * @param all each input, whatever its name is: for texts of which nobody knows what is in them
 */
export const valuesIn = (env: Readonly<Record<string, string | undefined>>, all = false): string[] =>
  valuesOf(
    [
      ...credentialsIn(env),
      ...Object.keys(env).filter((name) => name.startsWith("TF_VAR_") && (all || LIKE_SECRET.test(name))),
    ],
    env,
  );

const LIKE_SECRET = /token|secret|pass|pwd|private|credential|dsn|(?:^|_)key(?:_|$)|(?:api|access|smoke)_?key/i;

/**
 * @returns a function that puts *** in place of each secret of at least 4 characters, also where it is escaped as in JSON
 * or in an address, up to three times, where its white space is folded into one line, and where it is in base64 or in
 * hexadecimal digits together with whatever else
 */
export const redactor = (secrets: readonly string[]): Redact => redactorOf(finder(secrets.filter(isLongEnough)));

/** Masks whatever is found. */
export function redactorOf(find: Find, mask: (found: string) => string = () => MASK): Redact {
  return (text) => {
    let rest = text;
    // What is left and right of a mask may be a secret together with it. Each time there is less; the limit is for a mask
    // that is a secret itself.
    for (let round = 0, ranges = find(rest); ranges.length > 0 && round < 100; round++, ranges = find(rest)) {
      const next = masked(rest, ranges, mask);
      if (next === rest) break;
      rest = next;
    }
    return rest;
  };
}

const isLongEnough = (text: string): boolean => text.length >= SHORTEST && text.trim() !== "";

/** Everything that is part of any secret. Secrets may overlap, also with themselves. */
function masked(text: string, ranges: readonly Range[], mask: (found: string) => string): string {
  let result = "";
  let done = 0;
  for (let i = 0; i < ranges.length;) {
    const from = ranges[i]![0];
    let to = ranges[i]![1];
    for (i++; i < ranges.length && ranges[i]![0] < to; i++) to = Math.max(to, ranges[i]![1]);
    result += text.slice(done, from) + mask(text.slice(from, to));
    done = to;
  }
  return result + text.slice(done);
}
