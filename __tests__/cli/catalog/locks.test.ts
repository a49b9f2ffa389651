/** With the real Terraform, which hashes what lies in a folder and runs none of it. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locks, type LocksOptions } from "../../../cli/catalog/locks";
import { PROVIDER_VERSIONS } from "../../../constructs/provider-versions";
import { lockText, parseLock } from "../../../terraform/plugin-lock";
import { LOCK_VARIABLE } from "../../../terraform/project-lock";
import { PluginHome } from "../../support/plugin-folders";
import { missingForReal } from "../../support/real-terraform";

const missing = missingForReal();
if (missing) process.stderr.write(`The lock of plugins was not made for real: ${missing}.\n`);

const { docker, hcloud } = PROVIDER_VERSIONS;

(missing ? describe.skip : describe)("npm run locks", () => {
  let home: PluginHome;
  let file: string;
  beforeEach(() => {
    home = new PluginHome();
    file = join(home.root, "terraform.lock.hcl");
  });
  afterEach(() => home.remove());

  const run = async (more: Partial<LocksOptions> = {}): Promise<{ code: number; text: string }> => {
    const lines: string[] = [];
    const env = { ...home.env, [LOCK_VARIABLE]: file };
    const code = await locks({ fsMirror: home.plugins, env, write: (line) => lines.push(line), ...more });
    return { code, text: lines.join("\n") };
  };
  const made = (): string => readFileSync(file, "utf8");

  test("makes a lock of every plugin for every platform, and says each; done again it changes nothing", async () => {
    home.fill();
    const { code, text } = await run();
    expect([code, text]).toEqual([0, expect.stringContaining("wrote terraform.lock.hcl: 4 plugins, 16 hashes.")]);
    expect(text).toContain("+ registry.terraform.io/kreuzwerker/docker 4.5.0: 4 hashes added, 0 removed");
    const lock = parseLock(made(), "lock");
    expect(lock.map(({ platforms }) => Object.values(platforms).sort())).toEqual(
      Array.from({ length: 4 }, () => ["darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64"]),
    );
    const before = made();
    expect((await run()).text).toContain("terraform.lock.hcl is current");
    expect(made()).toBe(before);
    expect((await run({ check: true })).code).toBe(0);
  });

  test("with plugins of this computer's kind alone it writes nothing, and says which are missing", async () => {
    home.fill(["linux_amd64"]);
    const { code, text } = await run();
    expect(code).toBe(2);
    for (const name of ["linux_arm64", "darwin_amd64", "darwin_arm64"]) expect(text).toContain(`missing for ${name}: `);
    expect(text).toContain("terraform.lock.hcl was not written");
    expect(existsSync(file)).toBe(false);
  });

  test("one plugin that lacks a kind of computer keeps no other from being made", async () => {
    home.fill(["linux_amd64", "darwin_arm64"]);
    home.put(docker.source, docker.version, "linux_arm64", "the publisher's");
    const { code, text } = await run();
    expect(code).toBe(0);
    expect(text).toContain(
      "missing for linux_arm64: hetznercloud/hcloud, cloudflare/cloudflare and integrations/github",
    );
    expect(text).toContain("wrote terraform.lock.hcl: 4 plugins, 9 hashes.");
  });

  test("the same version with other content is said first, and not written unless that one is allowed", async () => {
    home.fill();
    await run();
    const before = made();
    home.put(hcloud.source, hcloud.version, "darwin_arm64", "somebody else's");
    const refused = await run();
    expect(refused.code).toBe(1);
    const said = refused.text.split("\n").filter((line) => !line.endsWith("…"));
    expect(said[0]).toBe(
      "! registry.terraform.io/hetznercloud/hcloud 1.68.0: THE SAME VERSION HAS OTHER CONTENT NOW, for darwin_arm64; 1 hash added, 1 removed",
    );
    expect(made()).toBe(before);
    expect((await run({ check: true })).code).toBe(1);
    expect((await run({ allow: [docker.source] })).code).toBe(1);
    expect((await run({ allow: [hcloud.source] })).code).toBe(0);
    expect(made()).not.toBe(before);
  });

  test("a mirror of one kind of computer leaves the others as they were, and is no whole check", async () => {
    home.fill();
    await run();
    const before = made();
    expect((await run({ platform: ["linux_amd64"] })).text).toContain("is current");
    expect(made()).toBe(before);
    const other = new PluginHome();
    other.fill(["linux_amd64"]);
    const looked = await run({ check: true, fsMirror: other.plugins });
    other.remove();
    expect([looked.code, looked.text]).toEqual([2, expect.stringContaining("not checked: what is missing above")]);
  });

  test("of a lock by Terraform's own command nothing is alarming that is the same", async () => {
    home.fill();
    await run();
    writeFileSync(file, lockText(parseLock(made(), "lock").map((one) => ({ ...one, platforms: {} }))));
    expect((await run({ check: true })).text).toContain("ok: terraform.lock.hcl is what there is");
    home.put(hcloud.source, hcloud.version, "darwin_arm64", "somebody else's");
    expect((await run()).text).toContain("OTHER CONTENT NOW, for darwin_arm64");
  });

  test("a version that was raised is a change and no alarm", async () => {
    home.fill();
    await run();
    writeFileSync(
      file,
      made()
        .replaceAll('"4.5.0"', '"4.4.0"')
        .replaceAll("h1:", "h1:")
        .replace(/\n\n\n/g, "\n\n"),
    );
    expect((await run({ check: true })).text).toContain("given     version 4.4.0");
    const { code, text } = await run();
    expect([code, text]).toEqual([0, expect.stringContaining("kreuzwerker/docker 4.4.0 → 4.5.0")]);
  });

  test("without the file a check checks nothing, and says so", async () => {
    const { [LOCK_VARIABLE]: _, ...env } = home.env;
    const { code, text } = await run({ check: true, fsMirror: undefined, env: { ...env, [LOCK_VARIABLE]: "none" } });
    expect([code, text]).toEqual([2, expect.stringContaining("not checked: ")]);
    await expect(run({ fsMirror: undefined, env: { ...env, [LOCK_VARIABLE]: "none" } })).rejects.toThrow("unset");
  });

  test("what the file itself says wrong needs nobody to be asked", async () => {
    writeFileSync(file, "");
    const { code, text } = await run({ check: true, fsMirror: undefined });
    expect([code, text]).toEqual([1, expect.stringContaining("not in it")]);
  });

  test("a registry that does not answer is no lock and no check", async () => {
    home.fill();
    await run();
    const before = made();
    const elsewhere = {
      fsMirror: undefined,
      env: { ...home.env, HOME: join(home.root, "none"), [LOCK_VARIABLE]: file },
    };
    const looked = await run({ ...elsewhere, check: true });
    expect([looked.code, looked.text]).toEqual([2, expect.stringContaining("missing for linux_amd64: ")]);
    const again = await run(elsewhere);
    expect([again.code, again.text]).toEqual([2, expect.stringContaining("stays as it was")]);
    expect(made()).toBe(before);
  });

  test.each([
    [{ platform: ["plan9_mips"] }, "plan9_mips"],
    [{ fsMirror: "/nowhere" }, "/nowhere, which is not there"],
  ])("%j is a mistake", async (given, words) => {
    await expect(run(given)).rejects.toThrow(words);
  });
});
