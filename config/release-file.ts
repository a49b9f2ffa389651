/**
 * Release files: `config/releases/<platform>/<environment>.json`. Reviewed data that says which version each container
 * set runs, which set is live and what share of the traffic the other one gets.
 */
import { readFileSync } from "node:fs";
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import { z } from "zod";
import { error, list, type Problem } from "../model/problem";
import { MAX_CANARY_PERCENT, otherColour, type ProductRelease, type Release } from "../model/release";

const setSchema = z
  .strictObject({
    version: z.string().min(1).describe("Image tag that the product's services have, e.g. v1.6.0"),
    tags: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe("Image tag per service that is built and tagged apart, where it is not the version"),
    digests: z
      .record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest is sha256: and 64 hexadecimal digits"))
      .optional()
      .describe("Digest per service, so that a moved tag changes nothing"),
  })
  .describe("What one container set runs");

const productSchema = z
  .strictObject({
    live: z.enum(["blue", "green"]).describe("The set that gets the traffic"),
    canary: z
      .int()
      .min(0)
      .max(MAX_CANARY_PERCENT)
      .default(0)
      .describe("Per cent of the requests that the other set gets"),
    blue: setSchema.nullable().default(null),
    green: setSchema.nullable().default(null),
  })
  .describe("One product's release");

export const releaseFileSchema = z.strictObject({
  $schema: z.string().optional(),
  products: z.record(z.string(), productSchema).describe("Product name → its release"),
});

/** The JSON Schema that editors complete release files with; `npm run generate` writes it. */
export const releaseJsonSchema = (): object => ({
  title: "Twinset release file",
  ...z.toJSONSchema(releaseFileSchema, { io: "input" }),
});

export interface ReleaseFile {
  readonly release: Release;
  readonly problems: readonly Problem[];
}

/** Reads and checks a release file. What cannot be read is a problem with its line, and an empty release. */
export function readReleaseFile(path: string, displayPath: string): ReleaseFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return failed(
      error(displayPath, "no such file", "a release file", `create it; docs/releases.md shows an empty one`),
    );
  }
  return parseReleaseFile(text, displayPath);
}

const failed = (...problems: Problem[]): ReleaseFile => ({ release: {}, problems });

/** @param displayPath how problems name the file */
export function parseReleaseFile(text: string, displayPath: string): ReleaseFile {
  const lineAt = (offset: number): number => text.slice(0, offset).split("\n").length;

  const parseErrors: ParseError[] = [];
  const tree = parseTree(text, parseErrors, { disallowComments: true });
  if (!tree || parseErrors.length > 0) {
    const first = parseErrors[0];
    return failed(
      error(
        `${displayPath}:${first ? lineAt(first.offset) : 1}`,
        text.trim() === "" || !first ? "an empty file" : `not JSON: ${printParseErrorCode(first.error)}`,
        "JSON",
        "mend the line; an editor with JSON support marks the place",
      ),
    );
  }

  const parsed = releaseFileSchema.safeParse(JSON.parse(text));
  if (!parsed.success) {
    const at = (path: readonly PropertyKey[]): string => {
      const node = deepestNode(tree, path);
      return `${displayPath}:${lineAt(node.offset)} ${path.map(String).join("/")}`.trimEnd();
    };
    return failed(...parsed.error.issues.flatMap((issue) => problemsOf(issue, at, JSON.parse(text))));
  }
  return { release: parsed.data.products, problems: [] };
}

/** A release file's text with another entry for one product; everything else stays as a person has written it. */
export function withEntry(text: string, product: string, entry: ProductRelease): string {
  const indent = /^\{\r?\n([ \t]+)/.exec(text)?.[1] ?? "  ";
  const formattingOptions = {
    insertSpaces: !indent.includes("\t"),
    tabSize: indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
  return applyEdits(text, modify(text, ["products", product], entry, { formattingOptions }));
}

function deepestNode(tree: Node, path: readonly PropertyKey[]): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length) as (string | number)[]);
    if (node) return node.parent?.type === "property" ? node.parent : node;
  }
  return tree;
}

function problemsOf(issue: z.core.$ZodIssue, at: (path: readonly PropertyKey[]) => string, data: unknown): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) =>
      error(
        at([...issue.path, key]),
        `the key "${key}"`,
        `only ${list(knownKeys(issue.path.length))}`,
        "remove the key or correct its spelling",
      ),
    );
  }
  return [
    error(at(issue.path), JSON.stringify(valueAt(data, issue.path)) ?? "nothing", issue.message, "correct the value"),
  ];
}

const knownKeys = (depth: number): string[] => {
  if (depth === 0) return Object.keys(releaseFileSchema.shape);
  return Object.keys(depth === 2 ? productSchema.shape : setSchema.shape);
};

/** What stands at a place of parsed JSON. */
export const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], data);

/** What no schema can say: products that exist, a live set with a version, a canary that has somewhere to go. */
export function checkRelease(
  release: Release,
  displayPath: string,
  products: readonly { readonly name: string; readonly services: readonly { readonly name: string }[] }[],
  pinnedVersions: boolean,
): Problem[] {
  return Object.entries(release).flatMap(([name, state]) => {
    const path = `${displayPath} products/${name}`;
    const product = products.find((p) => p.name === name);
    if (!product) {
      return [
        error(path, name, `one of ${list(products.map((p) => p.name))}`, "remove the product or correct its spelling"),
      ];
    }
    const problems: Problem[] = [];
    if (state[state.live] === null) {
      problems.push(
        error(
          `${path}/live`,
          `${state.live}, which has no version`,
          "a live set that runs a version",
          `give ${state.live} a version, or make ${otherColour(state.live)} live`,
        ),
      );
    }
    const idle = otherColour(state.live);
    if (state.canary > 0 && state[idle] === null) {
      problems.push(
        error(
          `${path}/canary`,
          `${state.canary} % for ${idle}, which has no version`,
          "a canary share only when both sets run",
          `give ${idle} a version or set canary to 0`,
        ),
      );
    }
    for (const colour of ["blue", "green"] as const) {
      const set = state[colour];
      if (!set) continue;
      problems.push(...checkVersion(`${path}/${colour}/version`, set.version, pinnedVersions));
      for (const [service, tag] of Object.entries(set.tags ?? {})) {
        problems.push(...checkVersion(`${path}/${colour}/tags/${service}`, tag, pinnedVersions));
      }
      for (const key of ["tags", "digests"] as const) {
        for (const service of Object.keys(set[key] ?? {})) {
          if (!product.services.some((s) => s.name === service)) {
            problems.push(
              error(
                `${path}/${colour}/${key}/${service}`,
                service,
                `one of ${list(product.services.map((s) => s.name))}`,
                `remove the ${key.slice(0, -1)} or correct the service's name`,
              ),
            );
          }
        }
      }
    }
    return problems;
  });
}

/**
 * Tags that move: what runs after the next pull or the next server is anybody's guess. Those of pull requests do, too
 * (docs/images.md); other branches' names nobody can know here.
 */
const MOVING_TAG = /^(latest|main|master|develop|staging|production|pr-\d+)$/;

function checkVersion(path: string, version: string, pinned: boolean): Problem[] {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(version)) {
    return [
      error(path, JSON.stringify(version), "an image tag: letters, digits, _ . - (at most 128)", "correct the tag"),
    ];
  }
  if (pinned && MOVING_TAG.test(version)) {
    return [
      error(path, version, "a tag that does not move, as v1.6.0 or main-abc1234", "name the version that was tested"),
    ];
  }
  return [];
}
