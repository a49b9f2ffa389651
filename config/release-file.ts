/**
 * Release files: `config/releases/<platform>/<environment>.json`. Reviewed data that says which version each container
 * set runs, which set is live and what share of the traffic the other one gets.
 */
import { readFileSync } from "node:fs";
import { applyEdits, modify } from "jsonc-parser";
import { z } from "zod";
import { DIGEST } from "../model/image-version";
import { error, type Problem } from "../model/problem";
import { MAX_CANARY_PERCENT, type ProductRelease, type Release } from "../model/release";
import { A_DIGEST, parseJsonFile } from "./json-file";

const setSchema = z
  .strictObject({
    version: z.string().min(1).describe("Image tag that the product's services have, e.g. v1.6.0"),
    tags: z
      .record(z.string(), z.string().min(1))
      .optional()
      .describe("Image tag per service that is built and tagged apart, where it is not the version"),
    digests: z
      .record(z.string(), z.string().regex(DIGEST, A_DIGEST))
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
  const { data, problems } = parseJsonFile(text, displayPath, releaseFileSchema, knownKeys);
  return { release: data?.products ?? {}, problems };
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

const knownKeys = (depth: number): string[] => {
  if (depth === 0) return Object.keys(releaseFileSchema.shape);
  return Object.keys(depth === 2 ? productSchema.shape : setSchema.shape);
};
