/** The keys that SSH leads in with: no variable has them, and a client or a provider may show them when something fails. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { partsOf } from "../../model/secret-parts";

/** A longer file is no key. */
const LONGEST = 64 * 1024;

let read: { readonly of: string; readonly values: readonly string[] } | undefined;

/**
 * What is secret in the private keys that SSH takes without being told (`~/.ssh/id_*`), where a pipeline lays its key too. One
 * that SSH's configuration has elsewhere is not known here.
 */
export function ownKeys(env: NodeJS.ProcessEnv): readonly string[] {
  const folder = join(env["HOME"] ?? homedir(), ".ssh");
  const keys = namesIn(folder).filter((name) => name.startsWith("id_") && !name.endsWith(".pub"));
  const texts = keys.map((name) => keyIn(join(folder, name)));
  const of = JSON.stringify(texts);
  if (read?.of !== of) read = { of, values: texts.flatMap((text) => partsOf(text).map((part) => part.text)) };
  return read.values;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Without a folder there is no key, and one that may not be read cannot be shown either.
    return [];
  }
}

function keyIn(path: string): string {
  try {
    const text = statSync(path).size > LONGEST ? "" : readFileSync(path, "utf8");
    return text.includes("PRIVATE KEY") ? text : "";
  } catch {
    return "";
  }
}
