/**
 * What a saved plan was made of. Terraform keeps the text of the stack in the plan's file, and applies that text whatever
 * has become of the folder since. `terraform show -json` leaves parts of it out: of lifecycle it says nothing.
 */
import { strFromU8, unzipSync } from "fflate";

export interface PlanSource {
  /** Path in the stack's folder → text; "module <key>/…" for what is a module's. */
  readonly files: ReadonlyMap<string, string>;
  /** Source address of each provider → the version that the plan was made with. */
  readonly providers: Readonly<Record<string, string>>;
}

/** The file is no saved plan, or one of a Terraform that writes it otherwise. */
export class NoPlanSource extends Error {}

const FOLDER = /^tfconfig\/m-([^/]*)\/(.+)$/;
const LOCKED = /provider\s+"([^"]+)"\s*\{[^}]*?version\s*=\s*"([^"]+)"/g;

/** @param bytes of a saved plan @throws NoPlanSource */
export function planSource(bytes: Uint8Array): PlanSource {
  const files = new Map<string, string>();
  for (const [name, content] of Object.entries(unzipped(bytes))) {
    const [, module, path] = FOLDER.exec(name) ?? [];
    if (path !== undefined) files.set(module ? `module ${module}/${path}` : path, strFromU8(content));
    if (name === ".terraform.lock.hcl") files.set(LOCK, strFromU8(content));
  }
  const lock = files.get(LOCK) ?? "";
  files.delete(LOCK);
  if (files.size === 0) throw new NoPlanSource("it has no text of a stack in it");
  return {
    files,
    providers: Object.fromEntries([...lock.matchAll(LOCKED)].map(([, name, version]) => [name, version])),
  };
}

const LOCK = ".terraform.lock.hcl";

function unzipped(bytes: Uint8Array): ReturnType<typeof unzipSync> {
  try {
    // The state is the biggest part of it, and is not asked for.
    return unzipSync(bytes, { filter: ({ name }) => name.startsWith("tfconfig/") || name === LOCK });
  } catch (reason) {
    throw new NoPlanSource(`it is no zip: ${(reason as Error).message}`);
  }
}
