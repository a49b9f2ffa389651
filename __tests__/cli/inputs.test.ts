import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv, stripVTControlCharacters } from "node:util";
import { generatedFiles } from "../../cli/generate";
import { describeInputs, inputStatus } from "../../cli/inputs";
import { inputUses } from "../../model/platform";
import { MANACORE } from "../support/synth";

const { platform } = MANACORE;
const { development, production } = platform.environments;
const state = (inputs: ReturnType<typeof inputStatus>, name: string): string | undefined =>
  inputs.find((input) => input.name === name)?.state;

describe("generated files", () => {
  test("are current: run `npm run generate` if this fails", () => {
    for (const [path, text] of Object.entries(generatedFiles())) {
      expect(readFileSync(join(__dirname, "../..", path), "utf8")).toBe(text);
    }
  });
  test(".env.example is an environment file with every input, each empty, and says where to get it", () => {
    const text = generatedFiles()[".env.example"]!;
    const variables = parseEnv(text) as Record<string, string>;
    for (const environment of Object.values(platform.environments)) {
      for (const { input } of inputUses(platform, environment)) {
        expect(variables[`TF_VAR_${input.name}`]).toBe("");
        expect(text).toContain(`# Get it: ${input.where}`);
        expect(text).toContain(input.description);
      }
    }
    expect(text).toContain("# Used by: chat/chat-backend; in every environment");
    expect(variables["AWS_ACCESS_KEY_ID"]).toBe("");
  });
  test("release files point to their schema", () => {
    for (const name of ["development", "staging", "production"]) {
      const file = JSON.parse(
        readFileSync(join(__dirname, `../../config/releases/manacore/${name}.json`), "utf8"),
      ) as object;
      expect(file).toMatchObject({ $schema: "../release.schema.json" });
    }
  });
});

describe("which inputs are set", () => {
  test("by name: set, in a file that is not loaded, default, missing", () => {
    const inputs = inputStatus(
      platform,
      production,
      { TF_VAR_hcloud_token: "t", TF_VAR_stripe_secret_key: "" },
      { TF_VAR_smoke_key: "s" },
    );
    expect(state(inputs, "TF_VAR_hcloud_token")).toBe("set");
    expect(state(inputs, "TF_VAR_smoke_key")).toBe("in file");
    expect(state(inputs, "TF_VAR_stripe_secret_key")).toBe("missing");
    expect(state(inputs, "AWS_SECRET_ACCESS_KEY")).toBe("missing");
  });
  test("development has defaults for its own containers and needs no cloud", () => {
    const inputs = inputStatus(platform, development, {});
    expect(state(inputs, "TF_VAR_postgres_password")).toBe("default");
    expect(state(inputs, "TF_VAR_hcloud_token")).toBeUndefined();
    expect(state(inputs, "AWS_ACCESS_KEY_ID")).toBeUndefined();
  });
  test("never a value", () => {
    const env = Object.fromEntries(inputStatus(platform, production, {}).map((i) => [i.name, `value-of-${i.name}`]));
    const text = describeInputs(production, inputStatus(platform, production, env));
    expect(text).not.toContain("value-of");
    expect(stripVTControlCharacters(text)).toContain("0 missing");
  });
  test("says how to load a file", () => {
    const inputs = inputStatus(platform, production, {}, { TF_VAR_smoke_key: "s" });
    expect(describeInputs(production, inputs)).toContain("set -a; . ./.env.production; set +a");
  });
});
