/**
 * Finds what a Terraform template string refers to. This is a tokenizer with just enough grammar to tell a reference
 * from everything that merely looks like one: string literals, object keys, function names and iteration variables.
 */

/** Steps are names, "[]" for an index of any kind, or "[*]" for a splat. */
export interface Reference {
  readonly path: readonly string[];
  readonly text: string;
}

/** Only an "expression", one `${...}` with nothing around it, keeps its type; a "template" is always a string. */
export interface Template {
  readonly kind: "literal" | "expression" | "template";
  readonly references: readonly Reference[];
  readonly problem?: string;
}

type Scope = ReadonlySet<string>;
type Token =
  | { readonly kind: "name" | "number" | "mark"; readonly text: string; readonly startsLine: boolean }
  | { readonly kind: "template"; readonly parts: readonly Part[] }
  | { readonly kind: "group"; readonly open: string; readonly tokens: readonly Token[] };
type Part = string | { readonly directive: boolean; readonly tokens: readonly Token[] };
interface Cursor {
  readonly text: string;
  at: number;
}

class ExpressionError extends Error {}

/** Objects that Terraform itself provides and that are therefore never part of the configuration's graph. */
const BUILT_INS = ["each", "self", "count", "path", "terraform"];
const KEYWORDS = new Set(["true", "false", "null", "for", "in", "if", "else", "endif", "endfor"]);
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const PLAIN_MARK = /\$\$\{|%%\{|\$\{|%\{/g;
const QUOTED_MARK = /\$\$\{|%%\{|\$\{|%\{|\\.|"/gs;
const LEXEME = new RegExp(
  [
    String.raw`(?<space>\s+|#[^\n]*|//[^\n]*|/\*[^]*?\*/)`,
    String.raw`(?<name>[\p{ID_Start}_][\p{ID_Continue}-]*)`,
    String.raw`(?<number>\d+(?:\.\d+)?(?:[eE][+\-]?\d+)?)`,
    String.raw`<<-?(?<heredoc>[\w\-]+)\n`,
    String.raw`(?<open>[(\[\{])|(?<close>[)\]\}])|(?<quote>")`,
    String.raw`(?<mark>\.\.\.|::|=>|[=!<>]=|&&|\|\||[\-+*/%<>=!?:.,~])`,
  ].join("|"),
  "uy",
);

/** Reads a template to its end: the closing quote when `quoted`, the end of the text otherwise. */
function readParts(cursor: Cursor, quoted: boolean): readonly Part[] {
  const parts: Part[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") parts.push(literal);
    literal = "";
  };
  for (;;) {
    const pattern = quoted ? QUOTED_MARK : PLAIN_MARK;
    pattern.lastIndex = cursor.at;
    const found = pattern.exec(cursor.text);
    literal += cursor.text.slice(cursor.at, found?.index);
    cursor.at = found ? found.index + found[0].length : cursor.text.length;
    if (!found && quoted) throw new ExpressionError('lacks a closing "');
    if (!found || found[0] === '"') {
      flush();
      return parts;
    }
    if (found[0] === "${" || found[0] === "%{") {
      flush();
      const tokens = readTokens(cursor, "}");
      if (tokens.length === 0) throw new ExpressionError("holds an empty expression");
      parts.push({ directive: found[0] === "%{", tokens });
    } else literal += found[0];
  }
}

/** Reads an expression up to and including the bracket that closes it. */
function readTokens(cursor: Cursor, close: string): readonly Token[] {
  const tokens: Token[] = [];
  let startsLine = true;
  for (;;) {
    LEXEME.lastIndex = cursor.at;
    const found = LEXEME.exec(cursor.text);
    const { space, name, number, heredoc, open, close: closed, quote, mark } = found?.groups ?? {};
    const rest = cursor.text.slice(cursor.at);
    if (!found) throw new ExpressionError(rest === "" ? `lacks a closing ${close}` : `has a stray ${rest.charAt(0)}`);
    cursor.at += found[0].length;
    if (space !== undefined) {
      startsLine ||= space.includes("\n");
      continue;
    }
    if (closed !== undefined) {
      if (closed !== close) throw new ExpressionError(`has a ${closed} where a ${close} is due`);
      return tokens;
    }
    if (name !== undefined) tokens.push({ kind: "name", text: name, startsLine });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, startsLine });
    else if (mark !== undefined) tokens.push({ kind: "mark", text: mark, startsLine });
    else if (quote !== undefined) tokens.push({ kind: "template", parts: readParts(cursor, true) });
    else if (heredoc !== undefined) tokens.push({ kind: "template", parts: readHeredoc(cursor, heredoc) });
    else if (open !== undefined) {
      tokens.push({ kind: "group", open, tokens: readTokens(cursor, CLOSING[open] ?? "") });
    }
    startsLine = false;
  }
}

function readHeredoc(cursor: Cursor, label: string): readonly Part[] {
  const body = cursor.text.slice(cursor.at);
  const end = new RegExp(`^[^\\S\\n]*${label}$`, "m").exec(body);
  if (!end) throw new ExpressionError(`lacks a closing ${label}`);
  cursor.at += end.index + end[0].length;
  return readParts({ text: body.slice(0, end.index), at: 0 }, false);
}

const textOf = (token: Token | undefined): string | undefined =>
  token === undefined || token.kind === "template" || token.kind === "group" ? undefined : token.text;

const isGroup = (token: Token | undefined, open: string): token is Extract<Token, { kind: "group" }> =>
  token?.kind === "group" && token.open === open;

/** Follows `.name`, `.0`, `.*` and `[...]` after a root; index expressions come back to be searched on their own. */
function readPath(tokens: readonly Token[], start: number) {
  const path = [textOf(tokens[start]) ?? ""];
  const indexes: (readonly Token[])[] = [];
  let next = start + 1;
  for (;;) {
    const token = tokens[next];
    const after = tokens[next + 1];
    if (isGroup(token, "[")) {
      path.push(token.tokens.length === 1 && textOf(token.tokens[0]) === "*" ? "[*]" : "[]");
      indexes.push(token.tokens);
      next += 1;
    } else if (textOf(token) === "." && after?.kind !== undefined && textOf(after) !== undefined) {
      path.push(after.kind === "name" ? after.text : textOf(after) === "*" ? "[*]" : "[]");
      next += 2;
    } else {
      const text = path.join(".").replaceAll(".[", "[");
      return { reference: { path, text }, indexes, next };
    }
  }
}

/** `{ foo = 1, bar : 2 }`: `=` exists for nothing else, but a `:` is also the end of `for ... in x :` and `a ? b :`. */
function isObjectKey(tokens: readonly Token[], index: number, open: string): boolean {
  const token = tokens[index];
  const after = textOf(tokens[index + 1]);
  if (open !== "{" || token?.kind !== "name") return false;
  return after === "=" || (after === ":" && (token.startsLine || textOf(tokens[index - 1]) === ","));
}

/** Splits `for a, b in list : body`; the iteration variables exist in the body, but not yet in the list. */
function readFor(tokens: readonly Token[], scope: Scope) {
  const from = tokens.findIndex((token) => textOf(token) === "in") + 1;
  const colon = tokens.findIndex((token, index) => index >= from && textOf(token) === ":");
  const names = tokens.slice(1, from - 1).flatMap((token) => (token.kind === "name" ? [token.text] : []));
  const end = colon < 0 ? tokens.length : colon;
  return { list: tokens.slice(from, end), body: tokens.slice(end + 1), scope: new Set([...scope, ...names]) };
}

function tokenReferences(tokens: readonly Token[], scope: Scope, open = ""): readonly Reference[] {
  if (textOf(tokens[0]) === "for" && (open === "[" || open === "{")) {
    const loop = readFor(tokens, scope);
    return [...tokenReferences(loop.list, scope), ...tokenReferences(loop.body, loop.scope)];
  }
  const references: Reference[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    if (token.kind === "template") references.push(...partReferences(token.parts, scope));
    if (token.kind === "group") references.push(...tokenReferences(token.tokens, scope, token.open));
    if (token.kind !== "name" || KEYWORDS.has(token.text) || isObjectKey(tokens, index, open)) continue;
    const before = textOf(tokens[index - 1]);
    const after = tokens[index + 1];
    if (before === "." || before === "::" || textOf(after) === "::" || isGroup(after, "(")) continue;
    const { reference, indexes, next } = readPath(tokens, index);
    if (!scope.has(token.text)) references.push(reference);
    references.push(...indexes.flatMap((inner) => tokenReferences(inner, scope)));
    index = next - 1;
  }
  return references;
}

/** Parts in order, because `%{ for x in list }` declares x for the parts up to its `%{ endfor }`. */
function partReferences(parts: readonly Part[], scope: Scope): readonly Reference[] {
  const scopes: Scope[] = [scope];
  return parts.flatMap((part) => {
    const current = scopes.at(-1) ?? scope;
    if (typeof part === "string") return [];
    const [first, ...rest] = part.tokens.filter((token) => textOf(token) !== "~");
    if (part.directive && textOf(first) === "for" && first) {
      const loop = readFor([first, ...rest], current);
      scopes.push(loop.scope);
      return tokenReferences(loop.list, current);
    }
    if (part.directive && textOf(first) === "endfor") scopes.pop();
    return tokenReferences(part.tokens, current);
  });
}

function kindOf(parts: readonly Part[]): Template["kind"] {
  if (parts.every((part) => typeof part === "string")) return "literal";
  const [only, second] = parts;
  return second === undefined && typeof only === "object" && !only.directive ? "expression" : "template";
}

/** Parses a string as Terraform's JSON syntax does; names in `scope` (iterators) are not references. */
export function parseTemplate(text: string, scope: Iterable<string> = []): Template {
  try {
    const parts = readParts({ text, at: 0 }, false);
    return { kind: kindOf(parts), references: partReferences(parts, new Set([...BUILT_INS, ...scope])) };
  } catch (error) {
    if (error instanceof ExpressionError) return { kind: "template", references: [], problem: error.message };
    throw error;
  }
}

/** Parses what Terraform takes as a bare address in JSON ("type.name", or `${type.name}`), as in depends_on. */
export function parseTraversal(text: string): Reference | undefined {
  try {
    const cursor = { text: `${text.replace(/^\$\{(.*)\}$/s, "$1")}}`, at: 0 };
    const tokens = readTokens(cursor, "}");
    const { reference, next } = readPath(tokens, 0);
    const whole = tokens[0]?.kind === "name" && next === tokens.length && cursor.at === cursor.text.length;
    return whole ? reference : undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}
