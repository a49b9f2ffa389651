/** A state that Terraform could not write where it belongs: it leaves it in its directory, and that is the only one there is. */
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const LEFT = "errored.tfstate";
/** Beside it, what else of Terraform's own may hold secrets. */
const SECRET = /^(errored\.tfstate|terraform\.tfstate(\..*)?|crash(\..*)?\.log)$/;

/** Nobody else may read it. It stays: whoever removes it forgets what is there. */
export function guardStateLeft(directory: string): void {
  for (const name of readdirSync(directory)) if (SECRET.test(name)) chmodSync(join(directory, name), 0o600);
}

/** @returns what to do about it; undefined: there is none */
export function stateLeft(directory: string): string | undefined {
  const path = join(directory, LEFT);
  if (!existsSync(path)) return undefined;
  return (
    `THE STATE COULD NOT BE WRITTEN. ${path} is the only copy of what is so now, with secrets: do not delete it. ` +
    `When the state's store answers: terraform -chdir=${directory} state push ${LEFT}; then remove that file`
  );
}
