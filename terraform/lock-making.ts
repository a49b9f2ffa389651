/** Makes the lock of the plugins anew, by Terraform's own command, and says in what it differs from the one that is there. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../clients/program";
import { parseLock, type LockedPlugin, type PluginLock, type PluginPlatform, addressOf } from "./plugin-lock";
import type { StackConfig } from "./config";
import { errorsIn, firstLines } from "./output";
import { childEnvironment, type Terraform } from "./program";
import { STACK_LOCK } from "./project-lock";

type Required = NonNullable<StackConfig["terraform"]["required_providers"]>;

/** Seconds for one kind of computer. All plugins together are 100 MB. */
const DOWNLOAD_TIMEOUT = 600;

export interface MakeOptions {
  readonly terraform: Terraform;
  readonly required: Required;
  readonly platforms: readonly PluginPlatform[];
  /** A folder in which plugins lie as in Terraform's own. @default the registry is asked */
  readonly mirror?: string | undefined;
  /** For Terraform to work in; gone afterwards. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told of each kind of computer before it is asked for. */
  readonly asks?: (platform: PluginPlatform) => void;
}

/** What there was to be had. */
export interface Made {
  readonly lock: PluginLock;
  /** "cloudflare/cloudflare 5.22.0 for darwin_arm64: why", for each that there was not. */
  readonly missing: readonly Missing[];
}

export interface Missing {
  readonly address: string;
  readonly platform: PluginPlatform;
  /** In Terraform's words. */
  readonly why: string;
}

/**
 * Each plugin for each kind of computer by itself: so it is known whose hash is whose, and what one lacks keeps no other from
 * being made.
 */
export async function makeLock(options: MakeOptions): Promise<Made> {
  const found: LockedPlugin[] = [];
  const missing: Missing[] = [];
  for (const platform of options.platforms) {
    options.asks?.(platform);
    const all = await oneLock(options, options.required, platform);
    if (typeof all !== "string") {
      found.push(...all);
      continue;
    }
    const isThere = UNAVAILABLE.test(all);
    // One that is missing keeps the others from being written. Of a registry that does not answer nobody asks again.
    for (const [name, provider] of Object.entries(options.required)) {
      const one = isThere ? await oneLock(options, { [name]: provider }, platform) : all;
      if (typeof one === "string") missing.push({ address: addressOf(provider.source), platform, why: one });
      else found.push(...one);
    }
  }
  return { lock: merged(found), missing };
}

/** Terraform's words for a release that lacks a kind of computer, and for a version that there is not. */
const UNAVAILABLE = /is not available for|no available releases match/;

/** @returns what Terraform says where it has none */
async function oneLock(
  { terraform, mirror, directory, env }: MakeOptions,
  required: Required,
  platform: PluginPlatform,
): Promise<PluginLock | string> {
  const folder = join(directory, `${platform}-${Object.keys(required).join("-")}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ terraform: { required_providers: required } }));
  const from = mirror === undefined ? [] : [`-fs-mirror=${mirror}`];
  const args = ["providers", "lock", "-no-color", `-platform=${platform}`, ...from];
  const result = await run(terraform.binary, args, {
    ...{ cwd: folder, env: childEnvironment(env), timeout: DOWNLOAD_TIMEOUT },
  });
  if (result.timedOut) return `it took longer than ${DOWNLOAD_TIMEOUT} s`;
  if (result.code !== 0) {
    const [first] = errorsIn(`${result.stdout}\n${result.stderr}`);
    return (
      first?.replace(/^.*?some providers could not be installed: - /, "") ?? firstLines(result.stderr || result.stdout)
    );
  }
  const lock = parseLock(readFileSync(join(folder, STACK_LOCK), "utf8"), `terraform providers lock for ${platform}`);
  return lock.map((plugin) => ({
    ...plugin,
    platforms: Object.fromEntries(
      plugin.hashes.filter((hash) => hash.startsWith("h1:")).map((hash) => [hash, platform]),
    ),
  }));
}

/** Hashes of the same plugin at the same version are put together. */
function merged(plugins: readonly LockedPlugin[]): PluginLock {
  const all = new Map<string, LockedPlugin>();
  for (const plugin of plugins) {
    const known = all.get(plugin.address);
    all.set(plugin.address, known?.version === plugin.version ? together(known, plugin) : plugin);
  }
  return [...all.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

const together = (a: LockedPlugin, b: LockedPlugin): LockedPlugin => ({
  ...a,
  hashes: [...new Set([...a.hashes, ...b.hashes])].sort(),
  platforms: { ...a.platforms, ...b.platforms },
});

/** In what a plugin's lock is another one. */
export interface LockChange {
  readonly address: string;
  /** undefined: it was not locked. */
  readonly before: string | undefined;
  /** undefined: nothing needs it any more. */
  readonly after: string | undefined;
  readonly added: number;
  readonly removed: number;
  /**
   * Of the very same version there is other content now, for these: a kind of computer, or the release's zips. Nobody does
   * that to a release who has nothing to hide.
   */
  readonly swapped: readonly string[];
}

/** The lock that is to be, and in what it differs. */
export interface Renewed {
  readonly lock: PluginLock;
  /** What is swapped comes first. */
  readonly changes: readonly LockChange[];
}

/**
 * Of a version that stays, what could not be asked for stays as it was: of the kinds of computers that a mirror has nothing
 * for, and of the zips, of which a mirror says nothing.
 */
export function renewed(before: PluginLock, { lock: made }: Made, required: Required): Renewed {
  const addresses = Object.values(required).map(({ source }) => addressOf(source));
  const one = (lock: PluginLock, address: string) => lock.find((plugin) => plugin.address === address);
  const pairs = [...new Set([...before.map(({ address }) => address), ...addresses])].sort().map((address) => {
    const [was, now] = [one(before, address), one(made, address)];
    const isNeeded = addresses.includes(address);
    const after = !isNeeded ? undefined : now && was?.version === now.version ? kept(was, now) : (now ?? was);
    return { address, was, now, after };
  });
  const changes = pairs.map(({ address, was, now, after }): LockChange => {
    const [old, fresh] = [was?.hashes ?? [], after?.hashes ?? []];
    return {
      address,
      before: was?.version,
      after: after?.version,
      added: fresh.filter((hash) => !old.includes(hash)).length,
      removed: old.filter((hash) => !fresh.includes(hash)).length,
      swapped: was && now && was.version === now.version ? swapped(was, now) : [],
    };
  });
  return {
    lock: pairs.flatMap(({ after }) => (after ? [after] : [])),
    changes: changes
      .filter((change) => change.added + change.removed > 0 || change.before !== change.after)
      .sort((a, b) => b.swapped.length - a.swapped.length),
  };
}

const isZip = (hash: string): boolean => hash.startsWith("zh:");

/** What of the old lock the new one has an answer to. */
const isAnswered = (hash: string, { platforms }: LockedPlugin, now: LockedPlugin): boolean =>
  isZip(hash)
    ? now.hashes.some(isZip)
    : // Of a hash whose platform is not said nobody knows: it stays, unless it is that of one that was asked for.
      Object.values(now.platforms).includes(platforms[hash] ?? "");

const kept = (was: LockedPlugin, now: LockedPlugin): LockedPlugin => {
  const stay = was.hashes.filter((hash) => !isAnswered(hash, was, now));
  return {
    ...now,
    hashes: [...new Set([...now.hashes, ...stay])].sort(),
    platforms: {
      ...Object.fromEntries(Object.entries(was.platforms).filter(([hash]) => stay.includes(hash))),
      ...now.platforms,
    },
  };
};

function swapped(was: LockedPlugin, now: LockedPlugin): string[] {
  const gone = was.hashes.filter((hash) => !now.hashes.includes(hash) && isAnswered(hash, was, now));
  const unnamed = was.hashes.filter(
    (hash) => !isZip(hash) && was.platforms[hash] === undefined && !now.hashes.includes(hash),
  );
  // Whose an old hash is may not be said; a new one that is none of them is of a plugin that nobody has seen before.
  const unseen = Object.entries(now.platforms)
    .filter(([hash, platform]) => !was.hashes.includes(hash) && !Object.values(was.platforms).includes(platform))
    .map(([, platform]) => platform);
  return [
    ...new Set([
      ...gone.map((hash) => (isZip(hash) ? "the release's zips" : was.platforms[hash]!)),
      ...(unnamed.length > 0 ? unseen : []),
    ]),
  ].sort();
}
