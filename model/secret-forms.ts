/** The ways in which a secret is written down: whoever escapes does it in a way of their own. */
import { createHash } from "node:crypto";

/** JavaScript, Go (and so Terraform), Python; addresses, forms, HTML; folded into one line. */
const ESCAPES: readonly ((text: string) => string)[] = [
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => unicode(JSON.stringify(text).slice(1, -1), /[<>&]/g),
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

/** What HTML and Terraform's templates make of a text; nobody does it twice. */
const ONCE: readonly ((text: string) => string)[] = [
  (text) => html(text).replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
  (text) => html(text).replaceAll('"', "&#34;").replaceAll("'", "&#39;"),
  (text) => html(text),
  (text) => text.replaceAll("${", "$${").replaceAll("%{", "%%{"),
  (text) => text.replaceAll("'", "'\\''"),
];

const html = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const unicode = (text: string, characters: RegExp): string =>
  text.replace(characters, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
const percent = (text: string, characters: RegExp): string =>
  encodeURIComponent(text).replace(characters, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** As deep as texts are escaped again; a long one has its lines and parts as well, and is escaped once. */
const DEEPEST = 3;
const LONG = 2000;

/** A text in every way, and in every way of every way. For most secrets that is the text itself. */
export function formsOf(secret: string): Set<string> {
  // No environment can hold half a character, and an address cannot either.
  const text = Buffer.from(secret).toString();
  const forms = new Set([secret, text, ...ONCE.map((escape) => escape(text))]);
  const deepest = text.length > LONG ? 1 : DEEPEST;
  for (let depth = 1, last = [text]; depth <= deepest; depth++) {
    last = [...new Set(last.flatMap((form) => ESCAPES.map((escape) => escape(form))))].filter(
      (form) => !forms.has(form),
    );
    for (const form of last) forms.add(form);
  }
  return forms;
}

/** What fast hashes make of a secret: a weak one is found from them by trying. Also their first eight digits, as names have. */
export function digestsOf(secret: string): string[] {
  return ["md5", "sha1", "sha256", "sha512"].flatMap((name) => {
    const digest = createHash(name).update(secret).digest();
    const hex = digest.toString("hex");
    const base64 = digest.toString("base64");
    return [hex, hex.slice(0, 8), base64, base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")];
  });
}
