/** Reviewed data as JSON files: what is wrong with one is a problem with its line. */
import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { z } from "zod";
import { error, list, type Problem } from "../model/problem";

/** What a digest that is none is told. */
export const A_DIGEST = "a digest is sha256: and 64 hexadecimal digits";

export interface JsonFile<T> {
  /** Undefined where something is wrong. */
  readonly data: T | undefined;
  readonly problems: readonly Problem[];
  /** A place in it, as problems name it: "config/x.json:3 digests/postgres:16-alpine". */
  readonly at: (path: readonly PropertyKey[]) => string;
}

/**
 * @param displayPath how problems name the file
 * @param knownKeys keys that there may be at a depth
 */
export function parseJsonFile<S extends z.ZodType>(
  text: string,
  displayPath: string,
  schema: S,
  knownKeys: (depth: number) => readonly string[],
): JsonFile<z.output<S>> {
  const lineAt = (offset: number): number => text.slice(0, offset).split("\n").length;
  const parseErrors: ParseError[] = [];
  const tree = parseTree(text, parseErrors, { disallowComments: true });
  const at = (path: readonly PropertyKey[]): string =>
    `${displayPath}:${tree ? lineAt(deepestNode(tree, path).offset) : 1} ${path.map(String).join("/")}`.trimEnd();
  const failed = (problems: readonly Problem[]): JsonFile<z.output<S>> => ({ data: undefined, problems, at });
  if (!tree || parseErrors.length > 0) {
    const first = parseErrors[0];
    return failed([
      error(
        `${displayPath}:${first ? lineAt(first.offset) : 1}`,
        text.trim() === "" || !first ? "an empty file" : `not JSON: ${printParseErrorCode(first.error)}`,
        "JSON",
        "mend the line; an editor with JSON support marks the place",
      ),
    ]);
  }
  const twice = repeatedIn(tree).map((node) =>
    error(
      `${displayPath}:${lineAt(node.offset)}`,
      `the key ${JSON.stringify(node.value)}, which was there before`,
      "each key once: the last one would count, and a reader may take the first for it",
      "remove one of the two",
    ),
  );
  if (twice.length > 0) return failed(twice);
  const json: unknown = JSON.parse(text);
  const parsed = schema.safeParse(json);
  return parsed.success
    ? { data: parsed.data, problems: [], at }
    : failed(parsed.error.issues.flatMap((issue) => problemsOf(issue, at, json, knownKeys)));
}

function deepestNode(tree: Node, path: readonly PropertyKey[]): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length) as (string | number)[]);
    if (node) return node.parent?.type === "property" ? node.parent : node;
  }
  return tree;
}

/** Keys that their object has already, wherever it is. */
function repeatedIn(node: Node): Node[] {
  const seen = new Set<unknown>();
  return (node.children ?? []).flatMap((child) => {
    const key = node.type === "object" ? child.children?.[0] : undefined;
    const repeated = key && seen.has(key.value) ? [key] : [];
    seen.add(key?.value);
    return [...repeated, ...repeatedIn(child)];
  });
}

function problemsOf(
  issue: z.core.$ZodIssue,
  at: (path: readonly PropertyKey[]) => string,
  data: unknown,
  knownKeys: (depth: number) => readonly string[],
): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) =>
      error(
        at([...issue.path, key]),
        `the key "${key}"`,
        `only ${list([...knownKeys(issue.path.length)])}`,
        "remove the key or correct its spelling",
      ),
    );
  }
  return [
    error(at(issue.path), JSON.stringify(valueAt(data, issue.path)) ?? "nothing", issue.message, "correct the value"),
  ];
}

/** What stands at a place of parsed JSON. */
export const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], data);
