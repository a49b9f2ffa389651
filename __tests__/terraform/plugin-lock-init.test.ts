/** What the real Terraform makes of a stack's lock (docs/adr/0015). The plugins are files that are none: `init` runs none. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locks } from "../../cli/catalog/locks";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { loadPlatform } from "../../config/load";
import { writeStacks } from "../../main";
import { ProblemsError } from "../../model/problem";
import { LOCKED_REGISTRY, lockFor, lockText, parseLock, type PluginLock } from "../../terraform/plugin-lock";
import { childEnvironment } from "../../terraform/program";
import {
  lockArguments,
  LOCK_VARIABLE,
  type ProjectLock,
  projectLock,
  STACK_LOCK,
  writeStackLock,
} from "../../terraform/project-lock";
import { WorkingDirectory } from "../../terraform/working-directory";
import { HERE, PluginHome } from "../support/plugin-folders";
import { missingForReal, TERRAFORM } from "../support/real-terraform";

const missing = missingForReal();
if (missing) process.stderr.write(`Plugins were not held to a lock for real: ${missing}.\n`);

const { docker, hcloud } = PROVIDER_VERSIONS;
const CONFIG = { terraform: { required_providers: { docker } } };

(missing ? describe.skip : describe)("a stack's folder, with the project's lock", () => {
  const home = new PluginHome();
  const file = join(home.root, "terraform.lock.hcl");
  let lock: PluginLock;
  let project: ProjectLock;
  beforeAll(async () => {
    home.fill();
    const env = { ...home.env, [LOCK_VARIABLE]: file };
    expect(await locks({ fsMirror: home.plugins, env, write: () => undefined })).toBe(0);
    lock = parseLock(readFileSync(file, "utf8"), "lock");
    project = { path: file, lock };
  });
  beforeEach(() => home.fill());
  afterAll(() => home.remove());

  function stack(own: ProjectLock = project, config: typeof CONFIG = CONFIG): WorkingDirectory {
    const folder = home.folder();
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(config));
    writeStackLock(folder, config, own);
    return new WorkingDirectory(TERRAFORM, folder, childEnvironment(home.env));
  }
  const locked = ({ path }: WorkingDirectory): string => readFileSync(join(path, STACK_LOCK), "utf8");

  test("is initialized with the plugin that is locked, and its lock stays as it was written", async () => {
    const directory = stack();
    const before = locked(directory);
    expect(parseLock(before, "lock").map(({ address }) => address)).toEqual([`${LOCKED_REGISTRY}/${docker.source}`]);
    await directory.init();
    expect(locked(directory)).toBe(before);
  });

  test("takes no other build of the same version, and says what to do", async () => {
    home.put(docker.source, docker.version, HERE, "somebody else's");
    await expect(stack().init()).rejects.toThrow(
      /match any of the\s+checksums[\s\S]*built by somebody else[\s\S]*npm run locks/,
    );
  });

  test("takes none that was changed after it had been initialized", async () => {
    const directory = stack();
    await directory.init();
    home.put(docker.source, docker.version, HERE, "somebody else's");
    await expect(directory.plan()).rejects.toThrow(/match any of the\s+checksums/);
  });

  test("takes none that it has no hash of for this computer", async () => {
    const others = lock.map((one) => ({
      ...one,
      hashes: one.hashes.filter((hash) => one.platforms[hash] !== HERE),
    }));
    const folder = home.folder();
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(CONFIG));
    // As it would be had nobody checked: by hand.
    writeFileSync(join(folder, STACK_LOCK), lockText(others));
    const { code, text } = home.terraform(folder, "init", "-input=false", "-no-color", "-lockfile=readonly");
    expect([code, text]).toEqual([1, expect.stringContaining("match any of the checksums")]);
  });

  test("is not even written where the plugin is not in the lock, or at another version", () => {
    const refused =
      (own: PluginLock): (() => unknown) =>
      () =>
        stack({ path: file, lock: own });
    expect(refused(lock.filter(({ address }) => !address.includes("docker")))).toThrow("not in it");
    expect(refused(lock.map((one) => ({ ...one, version: "4.4.0" })))).toThrow("version 4.4.0");
    expect(refused(lock.map((one) => ({ ...one, hashes: one.hashes.slice(0, 1), platforms: {} })))).toThrow("none for");
  });

  test("by hand, without an entry or with another version, is refused by Terraform as well", () => {
    for (const [text, words] of [
      [lockText(lock.filter(({ address }) => !address.includes("docker"))), "Provider dependency changes detected"],
      [lockText(lock).replaceAll('"4.5.0"', '"4.4.0"'), "does not match configured version constraint"],
    ] as const) {
      const folder = home.folder();
      writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(CONFIG));
      writeFileSync(join(folder, STACK_LOCK), text);
      const { code, text: said } = home.terraform(folder, "init", "-input=false", "-no-color", "-lockfile=readonly");
      expect([code, said]).toEqual([1, expect.stringContaining(words)]);
    }
  });

  test("survives an init that may write, as cdktf's: the same hashes stay, and the next synth lays down ours", () => {
    const directory = stack();
    const before = locked(directory);
    expect(home.terraform(directory.path, "init", "-input=false", "-no-color").code).toBe(0);
    expect(parseLock(locked(directory), "lock")).toEqual(parseLock(before, "lock"));
    writeStackLock(directory.path, CONFIG, project);
    expect(locked(directory)).toBe(before);
  });

  test("of which only zips are known, Terraform takes any plugin from a folder: so such a lock is refused before", () => {
    const zips = lock.map((one) => ({ ...one, hashes: [`zh:${"0".repeat(64)}`], platforms: {} }));
    const folder = home.folder();
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(CONFIG));
    writeFileSync(join(folder, STACK_LOCK), lockText(lockFor(zips, { docker })));
    expect(home.terraform(folder, "init", "-input=false", "-no-color", "-lockfile=readonly").code).toBe(0);
    expect(() => stack({ path: file, lock: zips })).toThrow("none for linux_amd64 and darwin_arm64");
  });

  test("without the project's lock our part goes, and what Terraform has noted itself stays", () => {
    const directory = stack();
    writeStackLock(directory.path, CONFIG, { path: file, absent: "not there" });
    expect(existsSync(join(directory.path, STACK_LOCK))).toBe(false);
    home.terraform(directory.path, "init", "-input=false", "-no-color");
    writeStackLock(directory.path, CONFIG, { path: file, absent: "not there" });
    expect(existsSync(join(directory.path, STACK_LOCK))).toBe(true);
    expect(lockArguments(directory.path, TERRAFORM)).toEqual([]);
  });

  test("OpenTofu is not held to a lock of another registry", () => {
    const { path } = stack();
    expect(lockArguments(path, TERRAFORM)).toEqual(["-lockfile=readonly"]);
    expect(lockArguments(path, { registry: "registry.opentofu.org" })).toEqual([]);
  });

  test("every stack of every platform gets its part, and nothing is written with a lock that lacks one", () => {
    for (const platform of ["manacore", "sentineliq", "korczewski"]) {
      const outdir = home.folder();
      const loaded = loadPlatform({ platform });
      writeStacks(loaded, outdir, { lock: project });
      const staging = parseLock(readFileSync(join(outdir, "stacks", "staging", STACK_LOCK), "utf8"), "lock");
      expect(staging.map(({ address }) => address)).toContain(`${LOCKED_REGISTRY}/${hcloud.source}`);
      expect(staging.map(({ address }) => address)).not.toContain(`${LOCKED_REGISTRY}/integrations/github`);
      rmSync(outdir, { recursive: true });
      const less = { path: file, lock: lock.filter(({ address }) => !address.includes("github")) };
      expect(() => writeStacks(loaded, outdir, { lock: less })).toThrow(ProblemsError);
      expect(existsSync(outdir)).toBe(false);
    }
  }, 60_000);

  test("a lock that is named and not there is a mistake, and none is said", () => {
    expect(() => projectLock({ [LOCK_VARIABLE]: "/nowhere/lock" })).toThrow("which is not there");
    expect(projectLock({ [LOCK_VARIABLE]: "none" })).toMatchObject({
      absent: expect.stringContaining("by version alone"),
    });
  });
});
