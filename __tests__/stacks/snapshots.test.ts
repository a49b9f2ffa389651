import { describe, expect, test } from "@jest/globals";
import { homedir } from "node:os";
import { ENVIRONMENTS } from "../../model/environment-name";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll } from "../support/synth";
import { EVERY_PLATFORM } from "../support/platforms";

const STACKS = EVERY_PLATFORM.flatMap(([platform, loaded]) => {
  const first = synthAll(loaded);
  const second = synthAll(loaded);
  return ENVIRONMENTS.map((name) => [platform, name, first[name], second[name]] as const);
});

describe.each(STACKS)("%s %s", (_platform, _name, first, second) => {
  test("is what it was", () => {
    expect(first.json).toMatchSnapshot();
  });

  test("is byte-equal on two synths", () => {
    expect(second.text).toBe(first.text);
  });

  test("has no path of this machine and no date", () => {
    expect(first.text).not.toContain(homedir());
    expect(first.text).not.toContain(process.cwd());
    expect(first.text).not.toMatch(/\b\d{4}-\d\d-\d\d\b/);
  });

  test("is what the provider schemas ask for, resource by resource", () => {
    expect(checkTerraform(first.json, SCHEMAS)).toEqual([]);
  });
});
