/**
 * The lock of the provider plugins: which ones may be taken, by their content. One file of the project has those of all
 * stacks, and each stack gets its own part of it (docs/adr/0015).
 */
import { error, list, type Problem, ProblemsError, warning } from "../model/problem";
import type { StackConfig } from "./config";

/** Terraform's words for a kind of computer: "linux_amd64". */
export type PluginPlatform = string;

/** What a lock is made for: runners and people's computers. */
export const LOCK_PLATFORMS: readonly PluginPlatform[] = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"];

/** What a lock is refused without: this is where deploys are made. */
export const NEEDED_PLATFORMS: readonly PluginPlatform[] = ["linux_amd64", "darwin_arm64"];

/** The registry that the lock is about; OpenTofu's has packages of its own. */
export const LOCKED_REGISTRY = "registry.terraform.io";

export interface LockedPlugin {
  /** "registry.terraform.io/kreuzwerker/docker" */
  readonly address: string;
  readonly version: string;
  /** "h1:…", of a plugin's folder, one for each platform; "zh:…", of a release's zip. Sorted. */
  readonly hashes: readonly string[];
  /** Hash → the platform that it is of, where the file says it. */
  readonly platforms: Readonly<Record<string, PluginPlatform>>;
}

/** By address, sorted. */
export type PluginLock = readonly LockedPlugin[];

type Required = NonNullable<StackConfig["terraform"]["required_providers"]>;

/** How to make it, and make it anew. */
export const MAKE_LOCK =
  "npm run locks, where Terraform's registry can be reached; look at what it says, and commit it";

/** A provider's whole address, as a lock has it. */
export const addressOf = (source: string): string =>
  source.split("/").length > 2 ? source : `${LOCKED_REGISTRY}/${source}`;

const HEADER = "# Made by `npm run locks`, and changed by nothing else (docs/adr/0015).";
const STACK_HEADER = "# Made by Twinset of terraform.lock.hcl at each synth.";

/** The project's file: each hash with its platform, where that is known. */
export const lockText = (lock: PluginLock): string => written(lock, HEADER, true);

/** A stack's own `.terraform.lock.hcl`. */
export const stackLockText = (lock: PluginLock): string => written(lock, STACK_HEADER, false);

/** Is it a stack's lock that was written here, and not by Terraform? */
export const isStackLock = (text: string): boolean => text.startsWith(STACK_HEADER);

function written(lock: PluginLock, header: string, withPlatforms: boolean): string {
  const line = (hash: string, { platforms }: LockedPlugin): string => {
    const platform = withPlatforms ? platforms[hash] : undefined;
    return `    "${hash}",${platform === undefined ? "" : ` # ${platform}`}`;
  };
  const blocks = sorted(lock).map((plugin) =>
    [
      `provider "${plugin.address}" {`,
      `  version     = "${plugin.version}"`,
      `  constraints = "${plugin.version}"`,
      "  hashes = [",
      ...[...plugin.hashes].sort().map((hash) => line(hash, plugin)),
      "  ]",
      "}",
    ].join("\n"),
  );
  return `${[header, ...blocks].join("\n\n")}\n`;
}

const sorted = (lock: PluginLock): LockedPlugin[] => [...lock].sort((a, b) => (a.address < b.address ? -1 : 1));

// reading

const ADDRESS = /^[a-z0-9.-]+(:\d+)?\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/;
const VERSION = /^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/;
/** A SHA-256: of a folder in base64, of a zip in hex. */
const HASH = /^(h1:[A-Za-z0-9+/]{43}=|zh:[0-9a-f]{64})$/;

interface Token {
  readonly kind: "word" | "text" | "sign" | "comment";
  readonly text: string;
  readonly line: number;
}

const TOKEN = /(?<comment>(?:#|\/\/)[^\n]*)|"(?<text>[^"\\\n$%]*)"|(?<word>[A-Za-z_][\w-]*)|(?<sign>[={}[\],])/y;

/**
 * The part of HCL that Terraform itself writes into such a file, and comments. Whatever else there is, is refused: what is
 * not understood cannot be said to be locked.
 * @param from for errors: the file's name @throws ProblemsError
 */
export function parseLock(text: string, from: string): PluginLock {
  const tokens = tokensIn(text, from);
  let at = 0;
  const refuse = (token: Token | undefined, expected: string): never => {
    throw unreadable(from, token ? `"${token.text}" in line ${token.line}` : "its end", expected);
  };
  const comment = (): string | undefined => (tokens[at]?.kind === "comment" ? tokens[at++]!.text : undefined);
  const comments = (): void => {
    while (comment() !== undefined);
  };
  const take = (kind: Token["kind"], wanted?: string): string => {
    comments();
    const token = tokens[at];
    if (token?.kind !== kind || (wanted !== undefined && token.text !== wanted)) {
      return refuse(token, wanted ?? (kind === "text" ? "a text in quotes" : "a name"));
    }
    at++;
    return token.text;
  };
  const isNext = (sign: string): boolean => {
    comments();
    return tokens[at]?.kind === "sign" && tokens[at]?.text === sign;
  };
  const hashes = (): Pick<LockedPlugin, "hashes" | "platforms"> => {
    const found: [hash: string, platform: string | undefined][] = [];
    take("sign", "[");
    while (!isNext("]")) {
      const { line } = tokens[at] ?? { line: 0 };
      const hash = take("text");
      if (!isNext("]")) take("sign", ",");
      const said = tokens[at]?.kind === "comment" && tokens[at]!.line === line ? comment() : undefined;
      found.push([hash, /^# *([a-z0-9]+_[a-z0-9]+)$/.exec(said ?? "")?.[1]]);
    }
    take("sign", "]");
    const named = found.filter((one): one is [string, string] => one[1] !== undefined);
    return { hashes: [...new Set(found.map(([hash]) => hash))].sort(), platforms: Object.fromEntries(named) };
  };
  const plugins: LockedPlugin[] = [];
  for (comments(); at < tokens.length; comments()) {
    take("word", "provider");
    const address = take("text");
    take("sign", "{");
    let version = "";
    let own: Pick<LockedPlugin, "hashes" | "platforms"> = { hashes: [], platforms: {} };
    while (!isNext("}")) {
      const name = take("word");
      take("sign", "=");
      if (name === "version") version = take("text");
      else if (name === "constraints") take("text");
      else if (name === "hashes") own = hashes();
      else refuse(tokens[at - 2], "version, constraints or hashes");
    }
    take("sign", "}");
    plugins.push({ address, version, ...own });
  }
  const problems = plugins.flatMap((plugin, i) => malformed(plugin, plugins.slice(0, i), from));
  if (problems.length > 0) throw new ProblemsError(problems);
  return sorted(plugins);
}

function tokensIn(text: string, from: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (let at = 0; at < text.length;) {
    const space = /\s/.test(text[at]!);
    if (space) {
      if (text[at] === "\n") line++;
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    const found = Object.entries(groups ?? {}).find(([, value]) => value !== undefined);
    if (!found) throw unreadable(from, `${JSON.stringify(text.slice(at, at + 20))} in line ${line}`, "a lock's text");
    tokens.push({ kind: found[0] as Token["kind"], text: found[1]!.trimEnd(), line });
    at = TOKEN.lastIndex;
  }
  return tokens;
}

const unreadable = (from: string, given: string, expected: string): ProblemsError =>
  new ProblemsError([error(from, given, expected, MAKE_LOCK)]);

function malformed({ address, version, hashes, platforms }: LockedPlugin, others: PluginLock, from: string): Problem[] {
  const path = `${from}/${address}`;
  const wrong = hashes.filter((hash) => !HASH.test(hash));
  const [twice] = Object.values(platforms).filter((name, i, all) => all.indexOf(name) !== i);
  return [
    ...(ADDRESS.test(address) ? [] : [error(path, address, "host/namespace/name", MAKE_LOCK)]),
    ...(others.some((other) => other.address === address) ? [error(path, "a second time", "once", MAKE_LOCK)] : []),
    ...(VERSION.test(version) ? [] : [error(path, version || "no version", "a version as 1.2.3", MAKE_LOCK)]),
    ...wrong.map((hash) => error(path, `the hash ${hash.slice(0, 80)}`, "h1: or zh: and a SHA-256", MAKE_LOCK)),
    ...(twice === undefined ? [] : [error(path, `two hashes for ${twice}`, "one for each platform", MAKE_LOCK)]),
  ];
}

// judging

/** Platforms of those that it has no hash for, by name where the file says it. @returns "2 of …" where it does not */
export function missingPlatforms(
  { hashes, platforms }: LockedPlugin,
  needed: readonly PluginPlatform[] = NEEDED_PLATFORMS,
): PluginPlatform[] {
  const folders = hashes.filter((hash) => hash.startsWith("h1:"));
  const named = folders.map((hash) => platforms[hash]).filter((name) => name !== undefined);
  const missing = needed.filter((name) => !named.includes(name));
  // Terraform's own command does not write whose hash is whose; as many as there are platforms to be had are enough.
  return folders.length - named.length >= missing.length ? [] : missing;
}

/**
 * Does the lock let in what these need, and only at the version that they name? A hash of the zip alone does not count: of a
 * plugin in a folder Terraform takes only the other kind, and where there is none it takes whatever lies there (1.11).
 */
export function lockProblems(lock: PluginLock, required: Required, from: string): Problem[] {
  const wanted = Object.values(required).map(({ source, version }) => ({ address: addressOf(source), version }));
  return [
    ...wanted.flatMap(({ address, version }): Problem[] => {
      const path = `${from}/${address}`;
      const plugin = lock.find((one) => one.address === address);
      if (!plugin) return [error(path, "not in it", `version ${version}`, MAKE_LOCK)];
      if (plugin.version !== version) {
        return [error(path, `version ${plugin.version}`, `${version}, as the project pins it`, MAKE_LOCK)];
      }
      const missing = missingPlatforms(plugin);
      if (missing.length === 0) return [];
      const known = plugin.hashes.filter((hash) => hash.startsWith("h1:")).length;
      const given = `${known} ${known === 1 ? "hash" : "hashes"} of a plugin's folder (h1), none for ${list(missing)}`;
      return [error(path, given, `one for each of ${list([...NEEDED_PLATFORMS])} at least`, MAKE_LOCK)];
    }),
    ...lock
      .filter(({ address }) => !wanted.some((one) => one.address === address))
      .map(({ address }) => warning(`${from}/${address}`, "in it", "only what a stack needs", MAKE_LOCK)),
  ];
}

/** What of the lock a stack needs. */
export const lockFor = (lock: PluginLock, required: Required): PluginLock => {
  const addresses = Object.values(required).map(({ source }) => addressOf(source));
  return lock.filter(({ address }) => addresses.includes(address));
};
