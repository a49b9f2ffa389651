import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { generatedFiles } from "../../../cli/catalog/generate";
import { PLATFORMS } from "../../../config/platforms";
import { ENVIRONMENTS } from "../../../model/environment-name";
import { inputUses } from "../../../model/inputs";

describe("generated files", () => {
  test("are current: run `npm run generate` if this fails", () => {
    for (const [path, text] of Object.entries(generatedFiles())) {
      expect(readFileSync(join(__dirname, "../../..", path), "utf8")).toBe(text);
    }
  });
  test.each(Object.values(PLATFORMS))(
    "$name has an environment file with every input, each empty, and where to get it",
    (each) => {
      const text = generatedFiles()[`examples/${each.name}.env`]!;
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
    expect(generatedFiles()["examples/manacore.env"]).toContain("# Used by: chat/chat-backend; in every environment");
    expect(generatedFiles()["examples/korczewski.env"]).toMatch(
      /# It has at least 32 characters, 8 of them different, in staging and production\.\nTF_VAR_jwt_secret=/,
    );
  });
  test("release files point to their schema", () => {
    for (const each of Object.keys(PLATFORMS)) {
      for (const name of ENVIRONMENTS) {
        const path = join(__dirname, `../../../config/releases/${each}/${name}.json`);
        expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ $schema: "../release.schema.json" });
      }
    }
  });
});
