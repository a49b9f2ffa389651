import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { PLATFORMS } from "../config/platforms";
import { releaseJsonSchema } from "../config/release-file";
import { envExample } from "./inputs";

/** Every generated file of the project, path → text. A test compares them with what is committed. */
export async function generatedFiles(): Promise<Record<string, string>> {
  const schema = "config/releases/release.schema.json";
  return {
    ".env.example": envExample(Object.values(PLATFORMS)),
    [schema]: await format(JSON.stringify(releaseJsonSchema()), { ...(await resolveConfig(schema)), parser: "json" }),
  };
}

/** Writes the generated files under `root`; returns those that changed. */
export async function writeGeneratedFiles(root: string): Promise<string[]> {
  const changed = Object.entries(await generatedFiles()).filter(([path, text]) => read(join(root, path)) !== text);
  for (const [path, text] of changed) writeFileSync(join(root, path), text);
  return changed.map(([path]) => path);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
