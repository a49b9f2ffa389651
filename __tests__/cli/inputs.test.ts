import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv, stripVTControlCharacters } from "node:util";
import { generatedFiles } from "../../cli/generate";
import { describeFile, describeInputs, inputStatus, isWrong } from "../../cli/inputs";
import { PLATFORMS } from "../../config/platforms";
import { ENVIRONMENTS } from "../../model/environment-name";
import { type Platform } from "../../model/platform";
import { inputUses } from "../../model/inputs";
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
  test.each(Object.values(PLATFORMS))(
    "$name has an environment file with every input, each empty, and where to get it",
    (each) => {
      const text = generatedFiles()[`.env.${each.name}.example`]!;
      const variables = parseEnv(text) as Record<string, string>;
      const names = new Set<string>();
      for (const environment of Object.values(each.environments)) {
        for (const { input } of inputUses(each, environment)) {
          names.add(`TF_VAR_${input.name}`);
          expect(variables[`TF_VAR_${input.name}`]).toBe("");
          expect(text).toContain(`# Get it: ${input.where}`);
          expect(text).toContain(input.description);
        }
      }
      expect(Object.keys(variables).filter((name) => name.startsWith("TF_VAR_"))).toHaveLength(names.size);
      expect(variables["AWS_ACCESS_KEY_ID"]).toBe("");
    },
  );
  test("an environment file says who uses an input, and how long it must be", () => {
    expect(generatedFiles()[".env.manacore.example"]).toContain("# Used by: chat/chat-backend; in every environment");
    expect(generatedFiles()[".env.korczewski.example"]).toMatch(/# At least 32 characters\.\nTF_VAR_jwt_secret=/);
  });
  test("release files point to their schema", () => {
    for (const each of Object.keys(PLATFORMS)) {
      for (const name of ENVIRONMENTS) {
        const path = join(__dirname, `../../config/releases/${each}/${name}.json`);
        expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ $schema: "../release.schema.json" });
      }
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
    const text = describeInputs(platform, production, inputStatus(platform, production, env));
    expect(text).not.toContain("value-of");
    expect(stripVTControlCharacters(text)).toContain("0 missing");
  });
  test("says how to load a file", () => {
    const inputs = inputStatus(platform, production, {}, { TF_VAR_smoke_key: "s" });
    expect(describeInputs(platform, production, inputs)).toContain("set -a; . ./.env.manacore.production; set +a");
  });
});

describe("are the values good?", () => {
  const { korczewski } = PLATFORMS as { korczewski: Platform };
  const { staging } = korczewski.environments;
  test("a secret that is too short is as wrong as a missing one", () => {
    const inputs = inputStatus(korczewski, staging, { TF_VAR_jwt_secret: "x".repeat(31) });
    expect(state(inputs, "TF_VAR_jwt_secret")).toBe("too short");
    expect(describeInputs(korczewski, staging, inputs)).toContain("1 too short");
    expect(inputs.filter(isWrong).map(({ name }) => name)).toContain("TF_VAR_jwt_secret");
    const enough = inputStatus(korczewski, staging, { TF_VAR_jwt_secret: "x".repeat(32) });
    expect(state(enough, "TF_VAR_jwt_secret")).toBe("set");
  });
  test("two secrets with one value are named, and the value is not", () => {
    const values = { TF_VAR_auth_database_password: "hunter2", TF_VAR_payment_database_password: "hunter2" };
    const text = describeInputs(korczewski, staging, inputStatus(korczewski, staging, values));
    expect(text).toContain("TF_VAR_payment_database_password has the same value as TF_VAR_auth_database_password");
    expect(text).not.toContain("hunter2");
  });
  test("two settings may have one value", () => {
    const values = { TF_VAR_cloudflare_zone_id: "same", TF_VAR_registry_username: "same" };
    expect(describeInputs(korczewski, staging, inputStatus(korczewski, staging, values))).not.toContain("same value");
  });
  test("an environment's file: what it lacks, in a line, or that it is complete", () => {
    const names = inputStatus(korczewski, staging, {}).map(({ name }) => name);
    const whole = Object.fromEntries(names.map((name) => [name, `value-of-${name}`.padEnd(40, "-")]));
    const describe = (file: Record<string, string>): string =>
      stripVTControlCharacters(describeFile(korczewski, staging, inputStatus(korczewski, staging, {}, file)));
    expect(describe(whole)).toBe(".env.korczewski.staging: complete");
    const { TF_VAR_smoke_key: _, ...lacking } = whole;
    expect(describe({ ...lacking, TF_VAR_jwt_secret: "short" })).toBe(
      ".env.korczewski.staging: incomplete\n  missing: TF_VAR_smoke_key\n  too short: TF_VAR_jwt_secret",
    );
  });
});
