import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { codeBlock } from "../../model/markdown-text";

test("nothing that others say ends the block of code that it is in", () => {
  const any = fc.array(fc.constantFrom("`", "```", "~~~", "\n", "\r", "@everyone", "<b>", "::error::x"));
  fc.assert(
    fc.property(any, (parts) => {
      const [open, ...lines] = codeBlock(parts.join("")).split("\n");
      expect(lines.pop()).toBe(open);
      expect(lines.some((line) => line.trim().startsWith(open!))).toBe(false);
      expect(lines.join("\n")).not.toMatch(/^\s*::.*::/m);
    }),
  );
});
