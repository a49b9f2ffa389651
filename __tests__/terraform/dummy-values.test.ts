import { describe, expect, test } from "@jest/globals";
import { manacore } from "../../config/platforms/manacore";
import { inputUses } from "../../model/inputs";
import { dummyValues } from "../../terraform/dummy-values";

describe("dummy values", () => {
  test("every variable of the stack gets one, in Terraform's syntax", () => {
    const { production } = manacore.environments;
    const names = inputUses(manacore, production).map(({ input }) => input.name);
    const variable = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
    const lines = dummyValues({ terraform: {}, variable }, manacore, production).trim().split("\n");
    expect(lines.map((line) => line.split(" = ")[0])).toEqual(names);
    expect(lines).toContain('ssh_allowed_cidrs = ["203.0.113.10/32"]');
    expect(lines).toContain('registry_username = "dummy-registry-username"');
    expect(lines.find((line) => line.startsWith("hcloud_token"))).toMatch(/^hcloud_token = "\w{64}"$/);
  });

  test("what the stack does not declare is left out", () => {
    expect(dummyValues({ terraform: {}, variable: {} }, manacore, manacore.environments.staging)).toBe("");
  });
});
