import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { synthesize } from "../../main";
import { outputDirectory } from "../../terraform/output-directory";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "output-directory-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("is cdktf's own, or a folder, or a new one in a folder", () => {
  expect(outputDirectory({})).toBe("cdktf.out");
  mkdirSync(join(root, "there"));
  for (const name of ["there", "new"]) {
    expect(outputDirectory({ CDKTF_OUTDIR: join(root, name) })).toBe(join(root, name));
  }
});

test("in a folder that is not there is a mistake in words, also for what cdktf runs", () => {
  const outdir = join(root, "missing", "out");
  expect(() => synthesize({ CDKTF_OUTDIR: outdir })).toThrow(
    [
      "error: CDKTF_OUTDIR",
      `  given     ${outdir}, and ${join(root, "missing")} is no folder`,
      "  expected  a folder, or a new one in a folder that is there",
      `  fix       make it (mkdir -p ${join(root, "missing")}), or name another one`,
    ].join("\n"),
  );
});

test("is no file, and in none", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  for (const outdir of [file, join(file, "out")]) {
    expect(() => outputDirectory({ CDKTF_OUTDIR: outdir })).toThrow(`${outdir}, and ${file} is no folder`);
  }
});
