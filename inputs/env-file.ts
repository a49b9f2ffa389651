/** The files with values: what they are called, and what is in them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { DELIVERY } from "../model/delivery";

/** A file's content, or nothing where there is no file. */
export type Values = Readonly<Record<string, string | undefined>>;
/** Reads `.env.<platform>.<stack>`. */
export type ReadFile = (stack: string) => Values;

/** The file with a stack's values, beside the project's own. */
export const envFile = (platform: string, stack: string): string => `.env.${platform}.${stack}`;

/** The file to copy for it: one for all environments, one for the delivery stack. */
export const exampleFile = (platform: string, stack?: string): string =>
  `examples/${platform}${stack === DELIVERY ? ".delivery" : ""}.env`;

/** Reads a platform's files in a folder; one that is not there has nothing in it. */
export const envFilesIn =
  (directory: string, platform: string): ReadFile =>
  (stack) => {
    const path = join(directory, envFile(platform, stack));
    return existsSync(path) ? (parseEnv(readFileSync(path, "utf8")) as Record<string, string>) : {};
  };
