/** Where stacks are written to, and Terraform works. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { error, ProblemsError } from "../model/problem";

/** What `CDKTF_OUTDIR` names. @default cdktf's own @throws ProblemsError for a place where no folder can be made */
export function outputDirectory(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["CDKTF_OUTDIR"];
  if (given === undefined) return "cdktf.out";
  const path = resolve(given);
  const parent = dirname(path);
  const wrong = isFolder(path) === false ? path : isFolder(parent) ? undefined : parent;
  if (wrong === undefined) return given;
  throw new ProblemsError([
    error(
      "CDKTF_OUTDIR",
      `${given}, and ${wrong} is no folder`,
      "a folder, or a new one in a folder that is there",
      `make it (mkdir -p ${wrong}), or name another one`,
    ),
  ]);
}

/** @returns undefined: nothing is there */
function isFolder(path: string): boolean | undefined {
  try {
    return statSync(path).isDirectory();
  } catch {
    return undefined;
  }
}
