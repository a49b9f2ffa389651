import { describe, expect, test } from "@jest/globals";
import { homedir } from "node:os";
import { edgeProgram } from "../../constructs/edge/edge-program";
import { START_WITH_PLUGIN } from "../../constructs/edge/traefik-visitor";
import { literal } from "../../constructs/terraform-expression";
import { ENVIRONMENTS } from "../../model/environment-name";
import type { Body } from "../support/cases";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll } from "../support/synth";
import { EVERY_PLATFORM } from "../support/platforms";

const STACKS = EVERY_PLATFORM.flatMap(([platform, loaded]) => {
  const first = synthAll(loaded);
  const second = synthAll(loaded);
  return ENVIRONMENTS.map((name) => [platform, name, first[name], second[name]] as const);
});

const PROGRAM = literal(edgeProgram({ extension: ".yml", reload: [] }));
const PLUGIN = literal(START_WITH_PLUGIN);

/**
 * The stack with a mark in place of the program beside the edge and of the edge's plugin, which have tests of their own, and
 * of the hash that is of the first: a change of the program changes no snapshot. The plugin's shows in the edge's hash, as it
 * replaces the edge.
 */
function withoutProgram(json: object): object {
  const short = (value: unknown): unknown =>
    typeof value === "string"
      ? value.replace(PROGRAM, () => "<the program beside the edge>").replace(PLUGIN, () => "<Traefik with its plugin>")
      : value;
  const copy = JSON.parse(JSON.stringify(json), (_, value) => short(value)) as Body;
  for (const label of copy["resource"].docker_container["edge-keeper"].labels) {
    if (label.label.endsWith(".settings")) label.value = "<its hash>";
  }
  return copy;
}

describe.each(STACKS)("%s %s", (_platform, _name, first, second) => {
  test("is what it was", () => {
    expect(withoutProgram(first.json)).toMatchSnapshot();
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
