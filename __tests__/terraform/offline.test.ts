import { expect, test } from "@jest/globals";
import { withoutEngine } from "../../terraform/offline";
import { SCHEMAS, synthStack } from "../support/synth";
import { MANACORE } from "../support/platforms";
import { checkTerraform } from "../support/provider-schemas";

type Stack = Record<string, unknown> & { readonly provider?: Readonly<Record<string, readonly object[]>> };

test("the docker provider does not ask for its engine; every other setting and resource stays", () => {
  const before = synthStack(MANACORE, "production").json as Stack;
  const { provider, ...rest } = withoutEngine(before);
  const { provider: was, ...same } = before;
  expect(rest).toEqual(same);
  expect(provider).toEqual({
    ...was,
    docker: was!["docker"]!.map((each) => ({ ...each, disable_docker_daemon_check: true })),
  });
  expect(was!["docker"]!.length).toBeGreaterThan(0);
});

test("the pinned provider knows that setting", () => {
  expect(checkTerraform(withoutEngine(synthStack(MANACORE, "development").json as Stack), SCHEMAS)).toEqual([]);
  const text = JSON.stringify(withoutEngine(synthStack(MANACORE, "development").json as Stack)).replaceAll(
    "daemon_check",
    "daemon_chekc",
  );
  expect(checkTerraform(JSON.parse(text) as Record<string, unknown>, SCHEMAS)).not.toEqual([]);
});

test("every docker provider of a stack is told, by whichever alias", () => {
  const stack = { provider: { docker: [{ host: "a" }, { host: "b", alias: "other" }], hcloud: [{}] }, resource: {} };
  expect(withoutEngine<Stack>(stack).provider).toEqual({
    docker: [
      { host: "a", disable_docker_daemon_check: true },
      { host: "b", alias: "other", disable_docker_daemon_check: true },
    ],
    hcloud: [{}],
  });
});

test("a stack without docker stays as it is", () => {
  for (const stack of [{ provider: { hcloud: [{}] } }, { resource: {} }])
    expect(withoutEngine<Stack>(stack)).toEqual(stack);
});
