/**
 * `node manifests.cjs <monorepo> <target>`: copies what decides which dependencies there are, and nothing else. A stage
 * that has only these files stays cached until one of them changes. The packages' own scripts are left out: they need
 * sources, and the build runs those that it wants.
 */
const { cpSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { join, relative } = require("node:path");

const [monorepo, target] = process.argv.slice(2);
const AT_ROOT = ["pnpm-lock.yaml", "pnpm-workspace.yaml"];
const ANYWHERE = ["package.json", ".npmrc", ".pnpmfile.cjs"];

for (const entry of readdirSync(monorepo, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  const path = relative(monorepo, file);
  if (!entry.isFile() || path.split("/").includes("node_modules")) continue;
  if (!AT_ROOT.includes(path) && !ANYWHERE.includes(entry.name) && !entry.name.endsWith(".patch")) continue;
  const copy = join(target, path);
  cpSync(file, copy);
  if (entry.name === "package.json") {
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    delete manifest.scripts;
    writeFileSync(copy, JSON.stringify(manifest, null, 2));
  }
}
