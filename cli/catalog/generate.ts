/** `npm run generate`: the files that are made from the catalog, and CONTRIBUTING's picture of the rooms. */
import { Command } from "commander";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOwners } from "../../config/github";
import { digestsJsonSchema } from "../../config/image-digests";
import { PLATFORMS } from "../../config/platforms";
import { releaseJsonSchema } from "../../config/release-file";
import { exampleFile } from "../../inputs/env-file";
import { deliveryExample, envExample } from "../../inputs/examples";
import { DELIVERY } from "../../model/delivery";
import type { Platform } from "../../model/platform";
import { list } from "../../model/problem";
import { ROOT } from "../shared/root";
import { withHouse } from "./house";

/** Every generated file of the project, path → text. A test compares them with what is committed. */
export const generatedFiles = (): Record<string, string> => ({
  ...Object.fromEntries(
    Object.values(PLATFORMS).flatMap((platform) => [
      [exampleFile(platform.name), envExample(platform)],
      ...(platform.delivery
        ? [[exampleFile(platform.name, DELIVERY), deliveryExample(platform, platform.delivery)]]
        : []),
    ]),
  ),
  "config/releases/release.schema.json": `${JSON.stringify(releaseJsonSchema(), null, 2)}\n`,
  "config/images/digests.schema.json": `${JSON.stringify(digestsJsonSchema(), null, 2)}\n`,
  ".github/CODEOWNERS": codeOwners(ownersOf(Object.values(PLATFORMS))),
  "CONTRIBUTING.md": withHouse(readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8")),
});

/** A repository has one such file, whatever platform it deploys. */
const ownersOf = (platforms: readonly Platform[]): string[] => [
  ...new Set(platforms.flatMap(({ delivery }) => delivery?.rules.owners ?? [])),
];

/** Writes the generated files under `root`; returns those that changed. */
export function writeGeneratedFiles(root: string): string[] {
  const changed = Object.entries(generatedFiles()).filter(([path, text]) => read(join(root, path)) !== text);
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return changed.map(([path]) => path);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export const command = new Command("generate")
  .description(
    "write the files that are made from the catalog: the examples of .env files and the JSON Schemas of release files and image digests",
  )
  .action(() => {
    const changed = writeGeneratedFiles(ROOT);
    console.log(changed.length > 0 ? `wrote ${list(changed)}` : "everything is current");
  });
