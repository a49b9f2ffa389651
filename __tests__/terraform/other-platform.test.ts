import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackConfig } from "../../terraform/config";
import { forgetOtherPlatform } from "../../terraform/other-platform";

let stack: string;
let remembered: string;
beforeEach(() => {
  stack = mkdtempSync(join(tmpdir(), "twinset-stack-"));
  mkdirSync(join(stack, ".terraform"));
  remembered = join(stack, ".terraform", "terraform.tfstate");
});
afterEach(() => rmSync(stack, { recursive: true }));

const remember = (type: string, config: object): void =>
  writeFileSync(remembered, JSON.stringify({ version: 3, backend: { type, config, hash: 1 } }));
const written = (backend: StackConfig["terraform"]["backend"] & object): StackConfig => ({ terraform: { backend } });
const s3 = (key: string, bucket = "states"): StackConfig => written({ s3: { key, bucket } as { key: string } });

describe("where a folder remembers its state", () => {
  test("another platform's state is forgotten, so that Terraform does not offer to move it", () => {
    remember("s3", { bucket: "states", key: "manacore/production/terraform.tfstate" });
    forgetOtherPlatform(stack, s3("sentineliq/production/terraform.tfstate"));
    expect(existsSync(remembered)).toBe(false);
  });
  test("another platform's local state too", () => {
    remember("local", { path: "../../../terraform.manacore.development.tfstate", workspace_dir: null });
    forgetOtherPlatform(stack, written({ local: { path: "../../../terraform.korczewski.development.tfstate" } }));
    expect(existsSync(remembered)).toBe(false);
  });
  test("its own is kept", () => {
    remember("s3", { bucket: "states", key: "manacore/production/terraform.tfstate" });
    forgetOtherPlatform(stack, s3("manacore/production/terraform.tfstate"));
    expect(existsSync(remembered)).toBe(true);
  });
  test("a renamed bucket is left to Terraform, which asks before it leaves a state behind", () => {
    remember("s3", { bucket: "old-states", key: "manacore/production/terraform.tfstate" });
    forgetOtherPlatform(stack, s3("manacore/production/terraform.tfstate"));
    expect(existsSync(remembered)).toBe(true);
  });
  test("nothing remembered, or nothing readable, is no mistake", () => {
    forgetOtherPlatform(stack, s3("manacore/production/terraform.tfstate"));
    writeFileSync(remembered, "not JSON");
    forgetOtherPlatform(stack, s3("manacore/production/terraform.tfstate"));
    expect(existsSync(remembered)).toBe(true);
  });
});
