import { describe, expect, test } from "@jest/globals";
import { homedir } from "node:os";
import { ENVIRONMENTS } from "../../model/environment";
import { checkTerraform } from "../support/provider-schemas";
import { MANACORE, SCHEMAS, synthAll } from "../support/synth";

const first = synthAll(MANACORE);
const second = synthAll(MANACORE);

describe.each(ENVIRONMENTS)("manacore %s", (name) => {
  test("is what it was", () => {
    expect(first[name].json).toMatchSnapshot();
  });

  test("is byte-equal on two synths", () => {
    expect(second[name].text).toBe(first[name].text);
  });

  test("has no path of this machine and no date", () => {
    expect(first[name].text).not.toContain(homedir());
    expect(first[name].text).not.toContain(process.cwd());
    expect(first[name].text).not.toMatch(/\b\d{4}-\d\d-\d\d\b/);
  });

  test("is what the provider schemas ask for, resource by resource", () => {
    expect(checkTerraform(first[name].json, SCHEMAS)).toEqual([]);
  });
});
