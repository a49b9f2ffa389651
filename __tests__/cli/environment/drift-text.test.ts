import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { fenced } from "../../../cli/environment/drift";

test("nothing that a cloud says ends the block that it is in", () => {
  const any = fc.array(fc.constantFrom("`", "```", "~~~", "\n", "\r", "@everyone", "<b>", "::error::x"));
  fc.assert(
    fc.property(any, (parts) => {
      const [open, text, close] = fenced(parts.join(""));
      expect(close).toBe(open);
      expect(text!.split("\n").some((line) => line.trim().startsWith(open!))).toBe(false);
      expect(text).not.toMatch(/^\s*::.*::/m);
    }),
  );
});
