/**
 * What a saved plan was made of. Terraform keeps the text of the stack in the plan's file, and applies that text whatever
 * has become of the folder since. `terraform show -json` leaves parts of it out: of lifecycle it says nothing.
 */
import { strFromU8, unzipSync } from "fflate";
import { ProblemsError } from "../model/problem";
import { type LockedPlugin, parseLock, type PluginLock } from "./plugin-lock";
import { STACK_LOCK } from "./project-lock";

export interface PlanSource {
  /** Path in the stack's folder → text; "module <key>/…" for what is a module's. */
  readonly files: ReadonlyMap<string, string>;
  /** Source address of each provider → the version that the plan was made with. */
  readonly providers: Readonly<Record<string, string>>;
  /**
   * Source address → hashes of the plugins that could be taken, sorted; none for what was taken by its version alone.
   * @default nothing is locked
   */
  readonly locked?: Readonly<Record<string, readonly string[]>>;
}

/** The file is no saved plan, or one of a Terraform that writes it otherwise. */
export class NoPlanSource extends Error {}

const FOLDER = /^tfconfig\/m-([^/]*)\/(.+)$/;

/** @param bytes of a saved plan @throws NoPlanSource */
export function planSource(bytes: Uint8Array): PlanSource {
  const files = new Map<string, string>();
  for (const [name, content] of Object.entries(unzipped(bytes))) {
    const [, module, path] = FOLDER.exec(name) ?? [];
    if (path !== undefined) files.set(module ? `module ${module}/${path}` : path, strFromU8(content));
    if (name === STACK_LOCK) files.set(STACK_LOCK, strFromU8(content));
  }
  const lock = lockIn(files.get(STACK_LOCK) ?? "");
  files.delete(STACK_LOCK);
  if (files.size === 0) throw new NoPlanSource("it has no text of a stack in it");
  return {
    files,
    providers: Object.fromEntries(lock.map(({ address, version }) => [address, version])),
    locked: Object.fromEntries(lock.filter(isForOthers).map(({ address, hashes }) => [address, hashes])),
  };
}

function lockIn(text: string): PluginLock {
  try {
    return parseLock(text, STACK_LOCK);
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    throw new NoPlanSource(`its lock of plugins cannot be read: ${reason.problems[0]?.given}`);
  }
}

/**
 * Without a lock, `init` notes the plugin of the computer that it runs on, and another kind of computer notes another one:
 * that says nothing about what was agreed on. A lock has the folders' hashes of several kinds.
 */
const isForOthers = ({ hashes }: LockedPlugin): boolean => hashes.filter((hash) => hash.startsWith("h1:")).length > 1;

function unzipped(bytes: Uint8Array): ReturnType<typeof unzipSync> {
  try {
    // The state is the biggest part of it, and is not asked for.
    return unzipSync(bytes, { filter: ({ name }) => name.startsWith("tfconfig/") || name === STACK_LOCK });
  } catch (reason) {
    throw new NoPlanSource(`it is no zip: ${(reason as Error).message}`);
  }
}
