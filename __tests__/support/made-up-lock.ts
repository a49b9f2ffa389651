/** A lock of every pinned plugin with hashes that nobody has made: it fits the pins, and no plugin fits it. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { addressOf, LOCK_PLATFORMS, lockText, type PluginLock } from "../../terraform/plugin-lock";

export const MADE_UP: PluginLock = Object.values(PROVIDER_VERSIONS).map(({ source, version }) => {
  const own = LOCK_PLATFORMS.map((platform): [string, string] => [
    `h1:${createHash("sha256").update(`${source} ${platform}`).digest("base64")}`,
    platform,
  ]);
  return {
    address: addressOf(source),
    version,
    hashes: own.map(([hash]) => hash).sort(),
    platforms: Object.fromEntries(own),
  };
});

/** @returns its path, for `TWINSET_PLUGIN_LOCK` */
export function madeUpLock(folder: string, lock: PluginLock = MADE_UP): string {
  const path = join(folder, "terraform.lock.hcl");
  writeFileSync(path, lockText(lock));
  return path;
}
