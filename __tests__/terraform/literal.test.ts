import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { terraformLiteral } from "../../terraform/literal";

/** Terraform's quoted text, read as its language says: these escapes and no others, and no beginning of a template. */
function read(text: string): string {
  expect(text).toMatch(/^"([^"\\\p{Cc}]|\\[nrt"\\]|\\u[0-9a-f]{4})*"$/u);
  expect(text).not.toMatch(/[$%]\{/);
  return JSON.parse(text) as string;
}

const AWKWARD = fc.string({
  unit: fc.constantFrom(
    "$",
    "%",
    "{",
    "}",
    '"',
    "\\",
    "\n",
    "\b",
    "\f",
    "\u0000",
    "\u007f",
    "\u0080",
    "\u009f",
    "u",
    "b",
    "é",
  ),
});

test("every text arrives as it is", () => {
  fc.assert(
    fc.property(fc.oneof(AWKWARD, fc.string({ unit: "binary" })), (text) => read(terraformLiteral(text)) === text),
  );
});

test("a map's texts do, too", () => {
  expect(terraformLiteral({ "a b": "${x}", c: "%{if}" })).toBe('{"a b":"$\\u007bx}","c":"%\\u007bif}"}');
});
