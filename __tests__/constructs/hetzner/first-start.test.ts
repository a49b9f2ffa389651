/**
 * The script of a server's first start, run by the real sh, blkid and e2fsprogs on images of disks; what would change this
 * computer is a stand-in that writes down how it was called.
 */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
  closeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { firstStart } from "../../../constructs/hetzner/first-start";
import { waitForHost } from "../../../model/provisioners";
import { FAILED_FILE, READY_FILE, VOLUMES_PATH } from "../../../model/server";

const SBIN = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
const there = (program: string): boolean => SBIN.some((folder) => existsSync(join(folder, program)));
const missing = ["blkid", "mkfs.ext4"].filter((program) => !there(program));
/** macOS has neither; the script is for Linux. */
const withDisks = missing.length === 0 ? describe : describe.skip;
const PATH = SBIN.join(":");

let directory: string;
let disk: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "first-start-"));
  disk = join(directory, "disk");
  for (const folder of ["bin", "root/etc", "root/var/lib/docker", "root/var/log"]) {
    mkdirSync(join(directory, folder), { recursive: true });
  }
  writeFileSync(join(directory, "root/etc/fstab"), "LABEL=root / ext4 defaults 0 1\n");
  for (const name of ["systemctl", "apt-get", "docker", "mount", "tune2fs", "sleep"]) standIn(name, "");
  standIn("mountpoint", `test -e ${join(directory, "mounted")}`);
  standIn("mount", `touch ${join(directory, "mounted")}`);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function standIn(name: string, script: string): void {
  const file = join(directory, "bin", name);
  writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> ${join(directory, "called")}\n${script}\n`);
  chmodSync(file, 0o755);
}
const called = (): string[] =>
  existsSync(join(directory, "called")) ? readFileSync(join(directory, "called"), "utf8").trim().split("\n") : [];

/** Runs it with the server's folders elsewhere. */
function start(): { readonly code: number | null; readonly failed: string | undefined; readonly ready: boolean } {
  const at = (file: string): string => join(directory, "root", file);
  const script = firstStart(disk).replaceAll(/(?<![\w/])\/(etc|var)\//g, (_, folder: string) => at(`${folder}/`));
  const { status } = spawnSync("sh", ["-c", script], {
    env: { PATH: `${join(directory, "bin")}:${PATH}` },
    timeout: 60_000,
  });
  return {
    code: status,
    failed: existsSync(at(FAILED_FILE)) ? readFileSync(at(FAILED_FILE), "utf8") : undefined,
    ready: existsSync(at(READY_FILE)),
  };
}

const MIB = 1024 * 1024;
function blank(mebibytes = 16): void {
  writeFileSync(disk, "");
  truncateSync(disk, mebibytes * MIB);
}
function ext4(): void {
  blank();
  execFileSync("mkfs.ext4", ["-q", "-F", "-b", "1024", disk], { env: { ...process.env, PATH } });
}
function overwrite(offset: number, bytes: Buffer): void {
  const file = openSync(disk, "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}
const content = (): string => createHash("sha256").update(readFileSync(disk)).digest("hex");

withDisks("the first start of a server", () => {
  test("mounts the volume that Hetzner has formatted, and installs Docker", () => {
    ext4();
    const before = content();
    expect(start()).toEqual({ code: 0, failed: undefined, ready: true });
    expect(content()).toBe(before);
    expect(called().filter((line) => /^(mount|apt-get|docker)\b/.test(line))).toEqual([
      `mount ${join(directory, "root", VOLUMES_PATH)}`,
      expect.stringMatching(/^apt-get -o DPkg::Lock::Timeout=600 -y update$/),
      expect.stringMatching(/ upgrade$/),
      expect.stringMatching(/ install docker\.io unattended-upgrades$/),
      "docker info",
    ]);
  });

  test("may run again when what stopped it is mended: nothing is done twice", () => {
    blank();
    expect(start().ready).toBe(false);
    ext4();
    expect(start()).toEqual({ code: 0, failed: undefined, ready: true });
    expect(start()).toEqual({ code: 0, failed: undefined, ready: true });
    expect(called().filter((line) => line.startsWith("mount "))).toHaveLength(1);
    expect(readFileSync(join(directory, "root/etc/fstab"), "utf8").match(/ext4 discard/g)).toHaveLength(1);
  });

  test.each<[string, () => void, RegExp]>([
    ["a damaged superblock", () => (ext4(), overwrite(1024, Buffer.alloc(1024))), /no file system can be read/],
    ["a superblock of chance", () => (ext4(), overwrite(1024, randomBytes(1024))), /no file system can be read/],
    ["the first mebibyte lost", () => (ext4(), overwrite(0, Buffer.alloc(MIB))), /no file system can be read/],
    ["nothing on it", () => blank(), /no file system can be read/],
    ["data without a file system", () => (blank(), overwrite(5 * MIB, randomBytes(MIB))), /no file system can be read/],
    ["another file system", () => (blank(), overwrite(0, Buffer.from("XFSB"))), /no file system|has xfs/],
    ["swap", () => (blank(), overwrite(4086, Buffer.from("SWAPSPACE2"))), /no file system can be read|has swap/],
  ])("stops with words before %s, and writes nothing", (_, damage, words) => {
    damage();
    const before = content();
    const { code, failed, ready } = start();
    expect({ code, ready }).toEqual({ code: 1, ready: false });
    expect(failed).toMatch(words);
    expect(failed).toContain("nothing was written to it");
    expect(content()).toBe(before);
    expect(called().filter((line) => /^(mount|apt-get|tune2fs)\b/.test(line))).toEqual([]);
  });

  test("whatever is on the disk, it stays as it is", () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(16 * MIB - 4096), fc.uint8Array({ minLength: 1, maxLength: 4096 })), { maxLength: 4 }),
        (formatted, pieces) => {
          if (formatted) ext4();
          else blank();
          for (const [offset, bytes] of pieces) overwrite(offset, Buffer.from(bytes));
          const before = content();
          start();
          expect(content()).toBe(before);
        },
      ),
      { numRuns: 15 },
    );
  });

  test("stops with words where the file system cannot be mounted, before Docker", () => {
    ext4();
    standIn("mount", "exit 32");
    expect(start()).toMatchObject({ code: 1, failed: expect.stringContaining("cannot be mounted"), ready: false });
    expect(called().some((line) => line.startsWith("apt-get"))).toBe(false);
  });

  test("waits while another program holds apt, and says what it tried when that does not end", () => {
    ext4();
    const count = join(directory, "count");
    standIn("apt-get", `echo x >> ${count}; [ $(wc -l < ${count}) -gt 5 ]`);
    expect(start()).toMatchObject({ code: 0, ready: true });
    standIn("apt-get", "exit 100");
    rmSync(join(directory, "root", READY_FILE));
    expect(start()).toMatchObject({ code: 1, failed: expect.stringMatching(/^failed 20 times: apt-get .* update\./) });
  });
});

test("says when these could not be tried here", () => {
  if (missing.length > 0)
    console.warn(`not tried: the first start on images of disks, as there is no ${missing.join(", ")}`);
  expect(firstStart("/dev/x")).not.toMatch(/\bmkfs(\.| -)/);
});

describe("who waits for it", () => {
  /** The gate's command with an ssh that runs what it is told here. */
  function gate(server: string): { readonly code: number | null; readonly said: string } {
    const ssh = join(directory, "bin", "ssh");
    const root = join(directory, "root");
    const here = `for last; do :; done\nexec sh -c "$(printf '%s' "$last" | sed 's#/var/lib/twinset#${root}&#g')"`;
    writeFileSync(ssh, `#!/bin/sh\n${server}\n${here}\n`);
    chmodSync(ssh, 0o755);
    standIn("ssh-keygen", "");
    const { status, stdout } = spawnSync("sh", ["-c", waitForHost()], {
      env: { HOST: "198.51.100.7", PATH: `${join(directory, "bin")}:${PATH}` },
      timeout: 20_000,
    });
    return { code: status, said: String(stdout) };
  }

  test("goes on when it is ready", () => {
    writeFileSync(join(directory, "root", READY_FILE), "");
    expect(gate("")).toEqual({ code: 0, said: "" });
  });
  test("ends at once with the words of what stopped it, and does not wait a quarter of an hour", () => {
    writeFileSync(join(directory, "root", FAILED_FILE), "no file system can be read on /dev/x\n");
    expect(gate("")).toEqual({
      code: 1,
      said: "198.51.100.7 stopped in its first start: no file system can be read on /dev/x\n",
    });
  });
  test("waits while nobody answers", () => {
    const count = join(directory, "count");
    writeFileSync(join(directory, "root", READY_FILE), "");
    expect(gate(`echo x >> ${count}; [ $(wc -l < ${count}) -gt 2 ] || exit 255`)).toEqual({ code: 0, said: "" });
    expect(readFileSync(count, "utf8")).toBe("x\nx\nx\n");
  });
});
