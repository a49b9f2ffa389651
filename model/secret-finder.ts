/** Finds secrets in a text, however they are written there: escaped, or in base64 or hexadecimal digits. */
import { gunzipSync } from "node:zlib";
import { digestsOf, formsOf } from "./secret-forms";

export type Range = readonly [start: number, end: number];
export type Find = (text: string) => Range[];

interface Form {
  readonly text: string;
  /** In upper case and lower case alike: names of hosts and of environment variables change it. */
  readonly folded: boolean;
  /** Only where it is a word of its own. */
  readonly bounded: boolean;
}

/** So many characters are looked up one by one, the rest is compared. */
const DEPTH = 12;

interface Node {
  readonly next: Map<number, Node>;
  readonly forms: Form[];
}

const node = (): Node => ({ next: new Map(), forms: [] });

/**
 * @param isBounded is a secret only found where it is a word of its own? @default none is
 */
export function finder(secrets: Iterable<string>, isBounded: (secret: string) => boolean = () => false): Find {
  const all = new Set([...secrets].filter((secret) => secret.trim() !== ""));
  const root = node();
  for (const secret of all) for (const form of waysOf(secret, isBounded(secret))) add(root, form);
  if (all.size === 0) return () => [];
  const find = (text: string, depth: number): Range[] => [
    ...literal(root, text, depth === ENCODED_DEPTH ? 1 : SHORTEST_ENCODED),
    ...(depth > 0 ? encoded(text, (inner) => find(inner, depth - 1).length > 0) : []),
  ];
  return (text) => find(text, ENCODED_DEPTH).sort((a, b) => a[0] - b[0]);
}

/** Base64 of base64, as a Kubernetes secret has a registry's login. */
const ENCODED_DEPTH = 2;

/** One shorter than this is in every text of base64. */
const SHORTEST_ENCODED = 4;

function waysOf(secret: string, bounded: boolean): Form[] {
  const folded = secret.length >= 6;
  if (secret.length < SHORTEST_ENCODED) return [{ text: secret, folded, bounded }];
  return [
    ...[...formsOf(secret)]
      .filter((text) => text.length >= SHORTEST_ENCODED && text.trim() !== "")
      .map((text) => ({ text: folded ? lower(text) : text, folded, bounded })),
    ...digestsOf(secret).map((text) => ({ text: lower(text), folded: true, bounded: false })),
  ];
}

/** Without a change of length. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

function add(root: Node, form: Form): void {
  let at = root;
  const key = lower(form.text.slice(0, DEPTH));
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    let next = at.next.get(code);
    if (!next) at.next.set(code, (next = node()));
    at = next;
  }
  at.forms.push(form);
}

function literal(root: Node, text: string, shortest: number): Range[] {
  const folded = lower(text);
  const ranges: Range[] = [];
  for (let start = 0; start < text.length; start++) {
    let at: Node | undefined = root;
    for (let i = start; at !== undefined; i++) {
      for (const form of at.forms) {
        if (form.text.length < shortest || !(form.folded ? folded : text).startsWith(form.text, start)) continue;
        const end = start + form.text.length;
        if (!form.bounded || isWord(text, start, end)) ranges.push([start, end]);
      }
      at = i < text.length ? at.next.get(folded.charCodeAt(i)) : undefined;
    }
  }
  return ranges;
}

const isWord = (text: string, start: number, end: number): boolean =>
  !/[A-Za-z0-9]/.test(text[start - 1] ?? "") && !/[A-Za-z0-9]/.test(text[end] ?? "");

/** Lines of one text in base64 belong together. */
const BASE64 = /[A-Za-z0-9+/_-]{5,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]{2,})*={0,2}/g;
const HEX = /(?:[0-9a-f]{2}[:\s]?){4,}[0-9a-f]?/gi;

/** Runs of digits that have something secret in them, whole: what is left of one would tell the rest. */
function encoded(text: string, isSecret: (inner: string) => boolean): Range[] {
  const ranges: Range[] = [];
  for (const [pattern, readings] of [
    [BASE64, base64Readings],
    [HEX, hexReadings],
  ] as const) {
    for (const { 0: run, index } of text.matchAll(pattern)) {
      if (readings(run).some((inner) => isSecret(inner))) ranges.push([index, index + run.length]);
    }
  }
  return ranges;
}

/** Nobody says with which digit of a run it begins: each four digits are three bytes. */
function base64Readings(run: string): string[] {
  const digits = run.replace(/\s+/g, "");
  return [0, 1, 2, 3].flatMap((skip) => texts(Buffer.from(digits.slice(skip), "base64")));
}

function hexReadings(run: string): string[] {
  const digits = run.replace(/[^0-9a-f]/gi, "");
  return [0, 1].flatMap((skip) => texts(Buffer.from(digits.slice(skip), "hex")));
}

/** Bytes as text: packed, as Terraform's `base64gzip` does it, and in characters of two bytes as well. */
function texts(bytes: Buffer): string[] {
  const text = bytes.toString("utf8");
  const wide = bytes.includes(0) ? [text.replaceAll("\0", "")] : [];
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpacked(bytes) : [];
  return [text, ...wide, ...packed];
}

/** Whoever packs more than this has no secret in mind. */
const MOST_UNPACKED = 4 * 1024 * 1024;

function unpacked(bytes: Buffer): string[] {
  try {
    return [gunzipSync(bytes, { maxOutputLength: MOST_UNPACKED }).toString("utf8")];
  } catch {
    return [];
  }
}
