/**
 * main.ts and all of ours that it needs as one file of JavaScript, in .gen/: Node loads that in a third of the time that
 * translating 120 files takes (docs/adr/0010). Nobody has to think of it: its name is the hash of everything that it is
 * made of, so a changed source is another file. Packages stay what and where they are.
 *
 * CommonJS without dependencies of our own, as it runs before anything is compiled.
 */
const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } = require("node:fs");
const { SourceMap } = require("node:module");
const path = require("node:path");
const { mayImport } = require("../rooms.cjs");

const ROOT = path.join(__dirname, "..");
const PLACE = path.join(ROOT, ".gen", "bundle");
const ENTRY = "main.ts";
/** Sources are in the rooms that main.ts may import; what decides how they are read is in these. */
const SETTINGS = ["tsconfig.json", "package-lock.json", "rooms.cjs", "scripts/bundle.cjs", ".gen/made-from.json"];

/** @returns {Promise<string>} the path of the bundle, which is made when there is none of these sources */
async function bundle() {
  const file = path.join(PLACE, `main-${hashOfSources()}.cjs`);
  if (!existsSync(file)) await make(file);
  return file;
}

function hashOfSources() {
  const hash = createHash("sha256").update(ROOT);
  const sources = [ENTRY, ...mayImport(ENTRY).flatMap(filesIn)].sort();
  for (const name of [...SETTINGS, ...sources]) {
    hash.update(`\0${name}\0`).update(readFileSync(path.join(ROOT, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** @param {string} folder @returns {string[]} all sources in it, from the root */
function filesIn(folder) {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesIn(name);
    return entry.name.endsWith(".ts") ? [name] : [];
  });
}

/** Whole or not at all, whoever else makes the same; what is of older sources goes. */
async function make(file) {
  // Loading it takes as long as half a synth.
  const esbuild = require("esbuild");
  mkdirSync(PLACE, { recursive: true });
  const temporary = path.join(PLACE, `${process.pid}.cjs`);
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: [ENTRY],
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    packages: "external",
    sourcemap: "external",
    sourcesContent: false,
    outfile: temporary,
    plugins: [ownFolder],
    logLevel: "silent",
  });
  renameSync(`${temporary}.map`, `${file}.map`);
  renameSync(temporary, file);
  const older = readdirSync(PLACE).filter((name) => name.startsWith("main-") && !name.startsWith(path.basename(file)));
  for (const name of older) rmSync(path.join(PLACE, name), { force: true });
}

/**
 * An error's stack with the sources' lines in place of the bundle's. Node can do that by itself, but then it reads the map
 * at every start, which takes a tenth of a second.
 */
function inSources(stack, file) {
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
  return stack.replaceAll(new RegExp(`${escaped(file)}:(\\d+):(\\d+)`, "g"), (place, line, column) => {
    const { originalSource, originalLine, originalColumn } = map.findEntry(Number(line) - 1, Number(column) - 1);
    if (originalSource === undefined) return place;
    return `${path.resolve(PLACE, originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** In one file `__dirname` would be that file's for all; each source means its own folder. */
const ownFolder = {
  name: "own-folder",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path: source }) => {
      const text = readFileSync(source, "utf8");
      const folder = /\b__dirname\b/.test(text) ? `const __dirname = ${JSON.stringify(path.dirname(source))};` : "";
      return { contents: `${folder}${text}`, loader: "ts", resolveDir: path.dirname(source) };
    });
  },
};

module.exports = { bundle, inSources };
