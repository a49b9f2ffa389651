import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withoutEngine } from "../../terraform/offline";
import { SCHEMAS, synthStack } from "../support/synth";
import { MANACORE } from "../support/platforms";
import { checkTerraform } from "../support/provider-schemas";

type Stack = Record<string, unknown> & { readonly provider?: Readonly<Record<string, readonly object[]>> };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "offline-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function offline(stack: object): Stack {
  const path = join(directory, "cdk.tf.json");
  writeFileSync(path, JSON.stringify(stack));
  withoutEngine(directory);
  return JSON.parse(readFileSync(path, "utf8")) as Stack;
}

test("the docker provider does not ask for its engine; every other setting and resource stays", () => {
  const before = synthStack(MANACORE, "production").json as Stack;
  const { provider, ...rest } = offline(before);
  const { provider: was, ...same } = before;
  expect(rest).toEqual(same);
  expect(provider).toEqual({
    ...was,
    docker: was!["docker"]!.map((each) => ({ ...each, disable_docker_daemon_check: true })),
  });
  expect(was!["docker"]!.length).toBeGreaterThan(0);
});

test("the pinned provider knows that setting", () => {
  expect(checkTerraform(offline(synthStack(MANACORE, "development").json), SCHEMAS)).toEqual([]);
  const text = JSON.stringify(offline(synthStack(MANACORE, "development").json)).replaceAll(
    "daemon_check",
    "daemon_chekc",
  );
  expect(checkTerraform(JSON.parse(text) as Record<string, unknown>, SCHEMAS)).not.toEqual([]);
});

test("every docker provider of a stack is told, by whichever alias", () => {
  const stack = { provider: { docker: [{ host: "a" }, { host: "b", alias: "other" }], hcloud: [{}] }, resource: {} };
  expect(offline(stack).provider).toEqual({
    docker: [
      { host: "a", disable_docker_daemon_check: true },
      { host: "b", alias: "other", disable_docker_daemon_check: true },
    ],
    hcloud: [{}],
  });
});

test("a stack without docker stays as it is", () => {
  for (const stack of [{ provider: { hcloud: [{}] } }, { resource: {} }]) expect(offline(stack)).toEqual(stack);
});
