import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { ProblemsError } from "../../model/problem";
import {
  addressOf,
  LOCK_PLATFORMS,
  type LockedPlugin,
  lockFor,
  lockProblems,
  lockText,
  missingPlatforms,
  parseLock,
  stackLockText,
} from "../../terraform/plugin-lock";

const h1 = (seed: string | number): string => `h1:${String(seed).padStart(43, "A")}=`;
const zh = (seed: string | number): string => `zh:${String(seed).padStart(64, "0")}`;

const plugin = (source: string, version: string, more: Partial<LockedPlugin> = {}): LockedPlugin => {
  const hashes = LOCK_PLATFORMS.map((_, i) => h1(i));
  const platforms = Object.fromEntries(hashes.map((hash, i) => [hash, LOCK_PLATFORMS[i]!]));
  return { address: addressOf(source), version, hashes, platforms, ...more };
};
const ALL = Object.values(PROVIDER_VERSIONS).map(({ source, version }) => plugin(source, version));
const { docker } = PROVIDER_VERSIONS;
const said = (lock: readonly LockedPlugin[], required: Parameters<typeof lockProblems>[1] = { docker }): string[] =>
  lockProblems(lock, required, "lock").map(
    ({ severity, path, given }) => `${severity} ${path.split("/").pop()}: ${given}`,
  );

describe("a lock's text", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const any = fc
    .uniqueArray(
      fc.record({
        address: fc.tuple(name, name).map(([a, b]) => `registry.terraform.io/${a}/${b}`),
        version: fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join(".")),
        numbers: fc.uniqueArray(fc.nat(1000), { maxLength: 6 }),
        named: fc.nat(4),
        zips: fc.uniqueArray(fc.nat(1000), { maxLength: 4 }),
      }),
      { selector: ({ address }) => address, maxLength: 5 },
    )
    .map((plugins) =>
      plugins
        .map(({ address, version, numbers, named, zips }): LockedPlugin => {
          const folders = numbers.map(h1);
          return {
            address,
            version,
            hashes: [...folders, ...zips.map(zh)].sort(),
            platforms: Object.fromEntries(folders.slice(0, named).map((hash, i) => [hash, LOCK_PLATFORMS[i]!])),
          };
        })
        .sort((a, b) => (a.address < b.address ? -1 : 1)),
    );

  test("is read as it was written, with each hash's platform", () => {
    fc.assert(fc.property(any, (lock) => expect(parseLock(lockText(lock), "lock")).toEqual(lock)));
  });

  test("of a stack says the same, without platforms", () => {
    fc.assert(
      fc.property(any, (lock) =>
        expect(parseLock(stackLockText(lock), "lock")).toEqual(lock.map((one) => ({ ...one, platforms: {} }))),
      ),
    );
  });

  test("is refused as a whole where any piece of it is cut out, or says what it said without it", () => {
    const text = lockText(ALL);
    const cut = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(cut, ([from, length]) => {
        const damaged = text.slice(0, from) + text.slice(from + length);
        try {
          const lock = parseLock(damaged, "lock");
          // What is left is a lock with less in it, never another hash or version that nobody wrote.
          const known = new Set(ALL.flatMap(({ hashes }) => hashes));
          for (const one of lock) for (const hash of one.hashes) expect(known).toContain(hash);
        } catch (reason) {
          expect(reason).toBeInstanceOf(ProblemsError);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("of Terraform itself is read", () => {
    const text = `# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/kreuzwerker/docker" {
  version     = "4.5.0"
  constraints = "4.5.0"
  hashes = [
    "${h1(2)}",
    "${zh(1)}",
  ]
}
`;
    expect(parseLock(text, "lock")).toEqual([
      { address: "registry.terraform.io/kreuzwerker/docker", version: "4.5.0", hashes: [h1(2), zh(1)], platforms: {} },
    ]);
  });

  test.each([
    ["<<<<<<< HEAD", "line 1"],
    ['provider "a/b/c" {', "its end"],
    ['provider "a/b/c" { version = "1.0.0" hashes = [] other = "x" }', '"other"'],
    ['provider "a/b/c" { version = "${x}" }', "line 1"],
    ['provider "a/b/c" { hashes = [] }', "no version"],
    ['provider "a/b/c" { version = "1.0.0" hashes = ["md5:1"] }', "the hash md5:1"],
    ['provider "docker" { version = "1.0.0" }', "docker"],
    ['provider "a/b/c" { version = "1.0.0" }\nprovider "a/b/c" { version = "2.0.0" }', "a second time"],
    ['{"provider": {}}', "in line 1"],
    [
      `provider "a/b/c" {\n version = "1.0.0"\n hashes = [\n "${h1(1)}", # linux_amd64\n "${h1(2)}", # linux_amd64\n ]\n}`,
      "two hashes for linux_amd64",
    ],
  ])("%j is refused, with what is wrong and how to make it", (text, given) => {
    const read = (): unknown => parseLock(text, "terraform.lock.hcl");
    expect(read).toThrow(given);
    expect(read).toThrow("fix       npm run locks");
  });
});

describe("a lock lets in", () => {
  test("what it has for the platforms that deploys are made on", () => {
    expect(lockProblems(ALL, PROVIDER_VERSIONS, "lock")).toEqual([]);
  });

  test("nothing that is not in it", () => expect(said([])).toEqual(["error docker: not in it"]));

  test("no other version", () =>
    expect(said([plugin(docker.source, "4.4.0")])).toEqual(["error docker: version 4.4.0"]));

  test.each(["linux_amd64", "darwin_arm64"])("nothing without a hash for %s", (platform) => {
    const [one] = ALL.filter(({ address }) => address === addressOf(docker.source));
    const hashes = one!.hashes.filter((hash) => one!.platforms[hash] !== platform);
    expect(said([{ ...one!, hashes }])).toEqual([
      `error docker: 3 hashes of a plugin's folder (h1), none for ${platform}`,
    ]);
  });

  test("nothing of which only the zips are known: of a folder Terraform then takes whatever lies there", () => {
    const only = plugin(docker.source, docker.version, { hashes: [1, 2, 3, 4].map(zh), platforms: {} });
    expect(said([only])).toEqual([
      "error docker: 0 hashes of a plugin's folder (h1), none for linux_amd64 and darwin_arm64",
    ]);
  });

  test("what Terraform's own command has made for enough platforms, though it does not name them", () => {
    const unnamed = (n: number): LockedPlugin =>
      plugin(docker.source, docker.version, { hashes: Array.from({ length: n }, (_, i) => h1(i)), platforms: {} });
    expect(missingPlatforms(unnamed(2))).toEqual([]);
    expect(missingPlatforms(unnamed(1))).toEqual(["linux_amd64", "darwin_arm64"]);
  });

  test("more than what is needed, with a word", () =>
    expect(said(ALL.slice(0, 1), {})).toEqual([expect.stringContaining("warning")]));

  test("a stack gets its own part", () =>
    expect(lockFor(ALL, { docker }).map(({ address }) => address)).toEqual([addressOf(docker.source)]));
});
