/** What of a secret is a secret by itself: the password in an address, a key's lines, what stands behind `NAME=`. */

/** Where a part comes from: a whole value is a secret whatever it looks like, of a part some are plain words. */
export interface SecretPart {
  readonly text: string;
  readonly whole: boolean;
}

/** As deep as values are put into one another: an address in JSON behind a name. */
const DEEPEST = 3;
/** A part that says what kind of thing it is ("user", "db") tells nobody anything. */
const SHORTEST_PART = 6;

/**
 * Each text that a person could recognise a value by, the value itself first.
 *
 * @param isPublic is a part known to everybody, as it stands in the stack's own text? @default none is
 */
export function partsOf(value: string, isPublic: (part: string) => boolean = () => false): SecretPart[] {
  const found = new Map<string, boolean>();
  const take = (text: string, depth: number, whole: boolean): void => {
    if (text.trim() === "") return;
    if (!whole && isPublic(text)) return;
    const known = found.get(text);
    if (known !== undefined && (known || !whole)) return;
    found.set(text, whole);
    if (depth === DEEPEST) return;
    for (const { text: inner, whole: own } of innerOf(text, whole)) take(inner, depth + 1, own);
  };
  take(value, 0, true);
  return [...found].map(([text, whole]) => ({ text, whole }));
}

const part = (text: string): SecretPart[] =>
  text.length >= SHORTEST_PART && !isPlain(text) ? [{ text, whole: false }] : [];
const whole = (text: string): SecretPart[] => [{ text, whole: true }];

/** A word as they stand in every sentence: nobody can tell whether it is the secret. */
export const isPlain = (text: string): boolean => /^[a-z]{1,12}$/.test(text);

const innerOf = (text: string, isWhole: boolean): SecretPart[] => [
  ...(text === text.trim() ? [] : whole(text.trim())),
  ...behindName(text),
  ...lines(text),
  ...ofAddress(text, isWhole),
  ...pair(text),
  ...settings(text),
  ...inJson(text),
  ...encoded(text),
];

/** "TOKEN=abc": what is behind the name is what is secret. */
const behindName = (text: string): SecretPart[] => {
  const value = /^[A-Za-z_][A-Za-z0-9_.-]*=([\s\S]+)$/.exec(text)?.[1];
  return value === undefined ? [] : whole(value);
};

/** A key's lines come one by one in logs; the frame around them is in every key. */
function lines(text: string): SecretPart[] {
  if (!/[\r\n]/.test(text)) return [];
  const own = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => !/^-----(BEGIN|END) [A-Z0-9 ]+-----$/.test(line));
  // Written as one, too, as some tools want a key.
  const joined = /^-----BEGIN /.test(text.trim()) ? whole(own.join("")) : [];
  return [...joined, ...own.filter((line) => line.length >= SHORTEST_PART || joined.length > 0).flatMap(part)];
}

/**
 * User, password, host, path and query of an address. The password is a secret however it looks; the host of one that is in
 * a longer text is what everybody calls it.
 */
function ofAddress(text: string, isWhole: boolean): SecretPart[] {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return [];
  const rest = text.replace(/^[^:]+:\/\//, "");
  const authority = /^[^/?#]*/.exec(rest)![0];
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? "" : authority.slice(0, at);
  const [name = "", ...password] = user.split(":");
  const others = rest.slice(authority.length).split(/[/?#&]/);
  return [
    ...(at >= 0 || isWhole ? part(rest) : []),
    ...whole(user),
    ...decodings(password.join(":")).flatMap(whole),
    ...decodings(name).flatMap(password.length === 0 ? whole : part),
    ...(isWhole ? part(authority.slice(at + 1).replace(/:\d+$/, "")) : []),
    ...others.flatMap((each) => decodings(each.replace(/^[^=]*=/, ""))).flatMap(part),
  ];
}

/** "user:secret", as for basic authorization. */
function pair(text: string): SecretPart[] {
  // "host:8080" and "host:8080/x" have a port there.
  const found = /^[^\s:/]{1,64}:(?!\d{1,5}(?:\/|$))([^\s/]\S{3,})$/.exec(text);
  return found ? whole(found[1]!) : [];
}

/** "host=db;password=abc" and "--user=a --password=b": what is behind each name. */
const settings = (text: string): SecretPart[] =>
  /[;\s]/.test(text.trim()) && !/[{<]/.test(text)
    ? [...text.matchAll(/(?:^|[;\s])-{0,2}([A-Za-z][\w.-]*)\s?=\s?("[^"]*"|'[^']*'|[^;\s]+)/g)].flatMap(
        ([, name, given = ""]) => {
          const value = given.replace(/^(["'])(.*)\1$/, "$2");
          return /pass|pwd|secret|token|key/i.test(name!) ? whole(value) : part(value);
        },
      )
    : [];

/** Texts in a list or a map, as JSON or as Terraform writes it. */
function inJson(text: string): SecretPart[] {
  if (!/^\s*["[{]/.test(text)) return [];
  try {
    return leaves(JSON.parse(text)).flatMap((leaf) => (leaf === text ? [] : part(leaf)));
  } catch {
    return [...text.matchAll(/"((?:[^"\\]|\\.)+)"/g)].flatMap(([literal]) => part(unquoted(literal)));
  }
}

const leaves = (value: unknown): string[] => {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
};

/** A text of JSON or of Terraform's language. */
function unquoted(literal: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal.slice(1, -1);
  }
}

/** What is in base64 or percent signs, if it is text. */
function encoded(text: string): SecretPart[] {
  const plain = decodings(text).slice(1).flatMap(whole);
  if (!/^[A-Za-z0-9+/_-]{8,}={0,2}$/.test(text)) return plain;
  const inside = Buffer.from(text, "base64").toString("utf8");
  return /^[\x20-\x7e\r\n\t]{6,}$/.test(inside) ? [...plain, ...whole(inside)] : plain;
}

function decodings(text: string): string[] {
  try {
    const decoded = decodeURIComponent(text);
    return decoded === text ? [text] : [text, decoded];
  } catch {
    return [text];
  }
}
