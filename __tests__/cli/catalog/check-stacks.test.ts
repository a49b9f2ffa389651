import { describe, expect, test } from "@jest/globals";
import { chosenStacks, verdictOf } from "../../../cli/catalog/check-stacks";
import { STACKS } from "../../../model/delivery";

describe("the chosen stacks", () => {
  test("are the default when none is named, else the named ones in the usual order", () => {
    expect(chosenStacks(undefined, STACKS)).toEqual(["development", "staging", "production", "delivery"]);
    expect(chosenStacks([], ["staging"])).toEqual(["staging"]);
    expect(chosenStacks(["delivery", "production", "development"], [])).toEqual([
      "development",
      "production",
      "delivery",
    ]);
  });

  test("a name that is none is told with those that are", () => {
    expect(() => chosenStacks(["prod"], [])).toThrow(/given {5}prod\n.*development, staging, production and delivery/);
  });
});

describe("Terraform's messages", () => {
  test("become one line each, with the address", () => {
    const verdict = verdictOf([
      { severity: "warning", summary: "Deprecated" },
      { severity: "error", summary: "Bad value", detail: "A string\nis required.", address: "docker_image.chat" },
      { severity: "error", summary: "No such thing.", snippet: { context: "resource.docker_image.chat" } },
      { severity: "error", summary: "Odd", range: { filename: "cdk.tf.json", start: { line: 7 } } },
    ]);
    expect(verdict).toMatchObject({
      kind: "failed",
      summary: "3 problems",
      lines: [
        "docker_image.chat: Bad value. A string is required.",
        "docker_image.chat: No such thing.",
        "cdk.tf.json:7: Odd",
      ],
    });
  });

  test("warnings alone are no verdict", () => {
    expect(verdictOf([{ severity: "warning", summary: "Deprecated" }])).toBeUndefined();
  });

  test("a plugin that does not start says nothing about the stack", () => {
    expect(verdictOf([{ severity: "error", summary: "Failed to load plugin schemas" }])?.kind).toBe("unchecked");
  });
});
