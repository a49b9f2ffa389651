import { describe, expect, test } from "@jest/globals";
import { chosenEnvironments, verdictOf } from "../../cli/check-stacks";
import { ENVIRONMENTS } from "../../model/environment";

describe("the chosen environments", () => {
  test("are the default when none is named, else the named ones in the usual order", () => {
    expect(chosenEnvironments(undefined, ENVIRONMENTS)).toEqual(ENVIRONMENTS);
    expect(chosenEnvironments([], ["staging"])).toEqual(["staging"]);
    expect(chosenEnvironments(["production", "development"], [])).toEqual(["development", "production"]);
  });

  test("a name that is none is told with those that are", () => {
    expect(() => chosenEnvironments(["prod"], [])).toThrow(/given {5}prod\n.*development, staging and production/);
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
