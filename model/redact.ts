/** Takes known secrets out of texts that are kept: what a container wrote, what Terraform said. */
import type { Environment } from "./environment";
import { type Platform } from "./platform";
import { inputUses } from "./inputs";

export type Redact = (text: string) => string;

/** Shorter values are in every other word. */
const SHORTEST = 4;
/** Shorter than any secret, so that a text gets shorter with each. */
const MASK = "***";

/** The values of an environment's secret inputs, and of the credentials of its state's store. */
export function knownSecrets(
  platform: Platform,
  environment: Environment,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const inputs = inputUses(platform, environment).filter(({ input }) => input.secret);
  return [
    ...inputs.flatMap(({ input }) => withParts(env[`TF_VAR_${input.name}`], input.type !== undefined)),
    ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"].flatMap((name) => withParts(env[name])),
  ];
}

/**
 * A list's or a map's values are secrets of their own. So is the password in an address, which drivers show apart, and
 * are a key's lines, as logs come line by line.
 */
function withParts(value: string | undefined, structured = false): string[] {
  if (!value) return [];
  const quoted = structured ? [...value.matchAll(/"((?:[^"\\]|\\.)+)"/g)].map(([literal]) => unquoted(literal)) : [];
  const whole = [value, ...quoted];
  return [
    ...whole,
    ...whole.flatMap(passwords),
    ...whole.flatMap((text) => text.split("\n").filter((l) => l.length >= 16)),
  ];
}

function passwords(text: string): string[] {
  const password = URL.canParse(text) ? new URL(text).password : "";
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** A text of JSON or of Terraform's language. */
function unquoted(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal.slice(1, -1);
  }
}

/**
 * @returns a function that puts *** in place of each secret of at least 4 characters, also where it is escaped as in JSON
 * or in an address, up to three times, or where its white space is folded into one line
 */
export function redactor(secrets: readonly string[]): Redact {
  const forms = [...new Set(secrets.filter(isLongEnough).flatMap((secret) => [...formsOf(secret)]))].filter(
    isLongEnough,
  );
  return (text) => {
    let rest = text;
    // What is left and right of a mask may be a secret together with it.
    for (let ranges = found(forms, rest); ranges.length > 0; ranges = found(forms, rest)) rest = masked(rest, ranges);
    return rest;
  };
}

const isLongEnough = (text: string): boolean => text.length >= SHORTEST && text.trim() !== "";

/** Whoever escapes does it in a way of their own: JavaScript, Go (and so Terraform), Python. */
const ESCAPES: readonly ((text: string) => string)[] = [
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => unicode(JSON.stringify(text).slice(1, -1), /[<>&\u2028\u2029]/g),
  (text) => unicode(JSON.stringify(text).slice(1, -1), /[\u007f-\uffff]/g),
  (text) => encodeURI(text),
  (text) => encodeURIComponent(text),
  (text) => percent(text, /[!'()*]/g),
  (text) => percent(text, /[!'()*]/g).replaceAll("%20", "+"),
  (text) => new URLSearchParams([["", text]]).toString().slice(1),
  (text) => encodeURIComponent(text).replace(/%(?:24|26|2B|3A|3D|40)/g, (code) => decodeURIComponent(code)),
  (text) => encodeURIComponent(text).replaceAll("%2F", "/"),
  (text) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  (text) => text.replaceAll("/", "\\/"),
  (text) => text.trim().replace(/\s+/g, " "),
];

const unicode = (text: string, characters: RegExp): string =>
  text.replace(characters, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const percent = (text: string, characters: RegExp): string =>
  encodeURIComponent(text).replace(characters, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** A text in every way, and in every way of every way. For most secrets that is the text itself. */
function formsOf(secret: string): Set<string> {
  // No environment can hold half a character, and an address cannot either.
  const text = Buffer.from(secret).toString();
  const forms = new Set([secret, text]);
  for (let depth = 1, last = [text]; depth <= 3; depth++) {
    last = [...new Set(last.flatMap((form) => ESCAPES.map((escape) => escape(form))))].filter(
      (form) => !forms.has(form),
    );
    for (const form of last) forms.add(form);
  }
  return forms;
}

type Range = readonly [start: number, end: number];

/** Everything that is part of any secret. Secrets may overlap, also with themselves. */
function found(forms: readonly string[], text: string): Range[] {
  const ranges: Range[] = [];
  for (const form of forms) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) ranges.push([at, at + form.length]);
  }
  return ranges.sort((a, b) => a[0] - b[0]);
}

function masked(text: string, ranges: readonly Range[]): string {
  let result = "";
  let end = 0;
  for (const [from, to] of ranges) {
    if (from >= end) result += text.slice(end, from) + MASK;
    end = Math.max(end, to);
  }
  return result + text.slice(end);
}
