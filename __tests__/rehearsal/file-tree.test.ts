import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileTree, findProgram } from "../../rehearsal/images/file-tree";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tree-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a program is looked for along the path; a folder of that name is none", () => {
  mkdirSync(join(directory, "a", "tool"), { recursive: true });
  mkdirSync(join(directory, "b"));
  writeFileSync(join(directory, "b", "tool"), "");
  const path = `${join(directory, "a")}:${join(directory, "b")}`;
  expect(findProgram("tool", path)).toBe(join(directory, "b", "tool"));
  expect(findProgram("other", path)).toBeUndefined();
});

// Images are made from this computer's programs on Linux only; the preflight says so elsewhere.
const onLinux = process.platform === "linux" ? describe : describe.skip;

onLinux("the files of an image", () => {
  test("a program comes with the libraries that it loads, and runs with nothing else", () => {
    const root = join(directory, "root");
    new FileTree(root).addProgram(process.execPath, "node");
    expect(statSync(join(root, "bin", "node")).mode & 0o111).not.toBe(0);
    const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
    const loaded = [...libraries.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
    expect(loaded.length).toBeGreaterThan(0);
    for (const library of loaded) expect(existsSync(join(root, library))).toBe(true);
  });

  test("a program that is many things is there under each of its names", () => {
    const box = join(directory, "busybox");
    writeFileSync(box, "#!/bin/sh\nprintf 'sh\\nwget\\n'\n", { mode: 0o755 });
    const { root } = new FileTree(join(directory, "root")).addBusybox(box);
    expect(readlinkSync(join(root, "bin", "wget"))).toBe("/bin/busybox");
  });

  test("folders belong to the user that needs them, /tmp to everybody, all else to root", () => {
    const tree = new FileTree(join(directory, "root")).write("/bin/hello", "#!/bin/sh\n", 0o755);
    const tar = join(directory, "image.tar");
    tree.pack(tar, { tmp: "0:0", "var/lib/data": "70:71" });
    const listed = execFileSync("tar", ["--numeric-owner", "-tvf", tar], { encoding: "utf8" });
    expect(listed).toMatch(/^-rwxr-xr-x 0\/0 .*\.\/bin\/hello$/m);
    expect(listed).toMatch(/^drwxr-xr-x 70\/71 .*\.\/var\/lib\/data\/$/m);
    expect(listed).toMatch(/^drwxrwxrwt 0\/0 .*\.\/tmp\/$/m);
  });
});
