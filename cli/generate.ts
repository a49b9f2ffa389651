import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PLATFORMS } from "../config/platforms";
import { releaseJsonSchema } from "../config/release-file";
import { deliveryExample } from "./delivery-inputs";
import { envExample } from "./inputs";

/** Every generated file of the project, path → text. A test compares them with what is committed. */
export const generatedFiles = (): Record<string, string> => ({
  ...Object.fromEntries(
    Object.values(PLATFORMS).flatMap((platform) => [
      [`.env.${platform.name}.example`, envExample(platform)],
      ...(platform.delivery
        ? [[`.env.${platform.name}.delivery.example`, deliveryExample(platform, platform.delivery)]]
        : []),
    ]),
  ),
  "config/releases/release.schema.json": `${JSON.stringify(releaseJsonSchema(), null, 2)}\n`,
});

/** Writes the generated files under `root`; returns those that changed. */
export function writeGeneratedFiles(root: string): string[] {
  const changed = Object.entries(generatedFiles()).filter(([path, text]) => read(join(root, path)) !== text);
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
