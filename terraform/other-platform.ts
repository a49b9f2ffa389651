/**
 * A stack's folder remembers where its state is (`.terraform/terraform.tfstate`). All platforms are synthesized to the
 * same folders, so after another platform it remembers that one's, and Terraform asks to move the state there.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { StackConfig } from "./config";

interface Backend {
  readonly type?: string;
  readonly config?: { readonly key?: string | null; readonly path?: string | null };
}

/**
 * Forgets where the state is, if it is remembered under another name: another platform's. A bucket that was renamed is
 * still noticed by Terraform, as a state must be moved there by a person.
 *
 * @param stack the stack's folder
 * @param config the stack that was just written there
 */
export function forgetOtherPlatform(stack: string, config: StackConfig): void {
  const path = join(stack, ".terraform", "terraform.tfstate");
  const remembered = rememberedBackend(path);
  if (!remembered) return;
  const [[type, own] = []] = Object.entries(config.terraform.backend ?? {});
  const name = (backend: Backend["config"]): string | null | undefined => backend?.key ?? backend?.path;
  if (remembered.type !== type || name(remembered.config) !== name(own)) rmSync(path);
}

function rememberedBackend(path: string): Backend | undefined {
  try {
    return (JSON.parse(readFileSync(path, "utf8")) as { backend?: Backend }).backend;
  } catch {
    // No Terraform has been here, or what it left is for it to judge.
    return undefined;
  }
}
