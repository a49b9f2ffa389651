import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedEnvironments } from "../../delivery/changed";

const root = mkdtempSync(join(tmpdir(), "twinset-changed-"));
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => rmSync(join(root), { recursive: true, force: true }));

function stack(side: string, environment: string, text: string): void {
  const folder = join(root, side, "stacks", environment);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "cdk.tf.json"), text);
}

const changed = (environments = ["staging", "production"]) =>
  changedEnvironments({ platform: "acme", environments, base: join(root, "base"), head: join(root, "head") });

test("an environment is changed where its stack says something else", () => {
  for (const name of ["staging", "production"]) stack("base", name, '{"resource":{"a":[1,2]}}');
  stack("head", "staging", '{"resource":{"a":[1,2]}}');
  stack("head", "production", '{"resource":{"a":[2,1]}}');
  expect(changed()).toEqual([{ platform: "acme", environment: "production", change: "changed" }]);
});

test("blanks and the order of keys are no change", () => {
  stack("base", "staging", '{"a": 1, "b": {"c": 2, "d": 3}}');
  stack("head", "staging", '{"b":{"d":3,"c":2},"a":1}');
  expect(changed(["staging"])).toEqual([]);
});

test("so is one whose plugins may be others, though its stack says the same", () => {
  for (const side of ["base", "head"]) stack(side, "staging", "{}");
  const lock = (side: string, text: string): void =>
    writeFileSync(join(root, side, "stacks", "staging", ".terraform.lock.hcl"), text);
  lock("head", "one");
  expect(changed(["staging"])).toEqual([{ platform: "acme", environment: "staging", change: "changed" }]);
  lock("base", "another");
  expect(changed(["staging"])).toHaveLength(1);
  lock("base", "one");
  expect(changed(["staging"])).toEqual([]);
  rmSync(join(root, "head", "stacks", "staging", ".terraform.lock.hcl"));
  expect(changed(["staging"])).toHaveLength(1);
});

test("one that was not there before is new", () => {
  stack("head", "staging", "{}");
  expect(changed(["staging"])).toEqual([{ platform: "acme", environment: "staging", change: "new" }]);
});

test("stacks of others are not looked at", () => {
  stack("base", "development", "1");
  stack("head", "development", "2");
  stack("base", "staging", "{}");
  stack("head", "staging", "{}");
  expect(changed(["staging"])).toEqual([]);
});

test("what was not synthesized, or is no JSON, is no answer", () => {
  expect(() => changed()).toThrow(/staging.*\n.*no such file[\s\S]*production.*\n.*no such file/);
  stack("head", "staging", "{");
  expect(() => changed(["staging"])).toThrow("not JSON");
  stack("head", "staging", "{}");
  stack("base", "staging", "");
  expect(() => changed(["staging"])).toThrow("not JSON");
});
