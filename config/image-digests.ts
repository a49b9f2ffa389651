/**
 * `config/images/digests.json`: the digest of each image that no release file names. Reviewed data, one file for all
 * platforms, as they share what they run; `twinset images` brings it up to date and shows what changed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DIGEST, type Digests } from "../model/image-version";
import type { Problem } from "../model/problem";
import { A_DIGEST, parseJsonFile } from "./json-file";

const fileSchema = z.strictObject({
  $schema: z.string().optional(),
  digests: z
    .record(z.string(), z.string().regex(DIGEST, A_DIGEST))
    .describe("Image name with its tag, as the catalog has it → its digest"),
});

/** The JSON Schema that editors complete the file with; `npm run generate` writes it. */
export const digestsJsonSchema = (): object => ({
  title: "Twinset image digests",
  ...z.toJSONSchema(fileSchema, { io: "input" }),
});

export interface DigestsFile {
  readonly digests: Digests;
  readonly problems: readonly Problem[];
  /** An image's place in it, as problems name it. */
  readonly at: (name: string) => string;
}

/** As a person types it. */
export const DIGESTS_PATH = join("config", "images", "digests.json");
export const DIGESTS_FILE = join(__dirname, "images", "digests.json");

/** Reads the file. None is no digest: every image goes by its tag then, and reviews and doctor say so. */
export function readDigests(file: string = DIGESTS_FILE): DigestsFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
    return { digests: {}, problems: [], at: () => DIGESTS_PATH };
  }
  return parseDigests(text);
}

export function parseDigests(text: string): DigestsFile {
  const { data, problems, at } = parseJsonFile(text, DIGESTS_PATH, fileSchema, () => Object.keys(fileSchema.shape));
  return { digests: data?.digests ?? {}, problems, at: (name) => at(["digests", name]) };
}

/** The file's text, whole: in the alphabet's order, so that a difference shows what changed and nothing else. */
export const digestsText = (digests: Digests): string =>
  `${JSON.stringify(
    { $schema: "./digests.schema.json", digests: Object.fromEntries(Object.entries(digests).sort(byName)) },
    null,
    2,
  )}\n`;

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);
