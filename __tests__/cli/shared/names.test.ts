import { expect, test } from "@jest/globals";
import { environmentName, environmentNamed, environmentOf } from "../../../cli/shared/names";
import { MANACORE } from "../../support/platforms";

test("an environment that nobody knows is refused in the same words, however it is named", () => {
  const words = [
    "error: environment",
    "  given     prod",
    "  expected  one of development, staging and production",
    "  fix       correct the name, e.g. staging",
  ].join("\n");
  expect(() => environmentName("prod")).toThrow(words);
  expect(() => environmentNamed("prod", {})).toThrow(words);
  expect(() => environmentOf(MANACORE.platform, "prod")).toThrow(words);
});
