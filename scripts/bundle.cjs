/**
 * A program and all of ours that it needs as one file of JavaScript, in .gen/: Node loads that in a third of the time that
 * translating each file takes (docs/adr/0010). Nobody has to think of it: its name is the hash of everything that it is
 * made of, so a changed source is another file. Packages stay what and where they are.
 *
 * CommonJS without dependencies of our own, as it runs before anything is compiled.
 */
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { mayImport, ROOMS } = require("../rooms.cjs");

const ROOT = path.join(__dirname, "..");
const PLACE = path.join(ROOT, ".gen", "bundle");
/** Sources are in the entry's room and those that it may import; what decides how they are read is in these. */
const SETTINGS = ["tsconfig.json", "package-lock.json", "rooms.cjs", "scripts/bundle.cjs", ".gen/made-from.json"];
/** Minutes. A bundle of older sources that was started so lately may be just what another process is about to load. */
const KEPT = 60;

/** Something that a person can mend: told without a stack. */
class Mistake extends Error {}

/**
 * The bundle of an entry, which is made when there is none of these sources. Where it cannot be kept, as nothing can be
 * written there, it is made for this time only.
 * @param {string} entry "main.ts"
 * @returns {Promise<{ load(): any, inSources(text: string): string }>} what the entry exports; and a text, an error's
 * stack, with the sources' lines in place of the bundle's
 * @throws {Mistake} for a source that cannot be read, and where `npm ci` has not been
 */
async function bundle(entry) {
  const name = path.basename(entry, ".ts");
  const file = path.join(PLACE, `${name}-${hashOfSources(entry)}.cjs`);
  if (!wanted(file)) {
    const { code, map } = await make(entry, file);
    const kept = keep(file, code, map);
    if (!kept) return { load: () => compiled(file, code), inSources: (text) => inSources(text, file, map) };
    clean(name, file);
  }
  return { load: () => require(file), inSources: (text) => inSources(text, file, readMap(file)) };
}

function hashOfSources(entry) {
  const hash = createHash("sha256").update(ROOT);
  const room = Object.keys(ROOMS).find((name) => entry === name || entry.startsWith(`${name}/`));
  const sources = [room, ...mayImport(room)].flatMap(sourcesOf).sort();
  for (const name of [...SETTINGS, ...sources]) hash.update(`\0${name}\0`).update(read(name));
  return hash.digest("hex").slice(0, 16);
}

function read(name) {
  try {
    return fs.readFileSync(path.join(ROOT, name));
  } catch ({ code, message }) {
    // The stamp is only there once the bindings are.
    throw withoutInstall(name, code === "ENOENT" ? "it is not there" : message);
  }
}

/** @param {string} room @returns {string[]} all of its sources, from the root */
const sourcesOf = (room) => (room.endsWith(".ts") ? [room] : filesIn(room));

/** @param {string} folder @returns {string[]} all sources in it, from the root */
function filesIn(folder) {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesIn(name);
    return entry.name.endsWith(".ts") ? [name] : [];
  });
}

/** Is it there? Then it is wanted now, which keeps it from being cleaned away. */
function wanted(file) {
  const now = new Date();
  try {
    fs.utimesSync(file, now, now);
    return true;
  } catch {
    // Somebody else's, perhaps.
    return fs.existsSync(file);
  }
}

/** @returns {Promise<{ code: string, map: string }>} what is not written yet @throws {Mistake} */
async function make(entry, file) {
  const esbuild = esbuildOrNot();
  try {
    const { outputFiles } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      packages: "external",
      sourcemap: "external",
      sourcesContent: false,
      outfile: file,
      write: false,
      plugins: [ownFolder],
      logLevel: "silent",
    });
    const [map, code] = ["map", "cjs"].map((end) => outputFiles.find((each) => each.path.endsWith(`.${end}`)).text);
    return { code, map };
  } catch (reason) {
    // What cannot be read is named with file and line.
    throw reason.errors ? new Mistake(reason.message) : withoutEsbuild(reason);
  } finally {
    // Its process would be there as long as ours, which for a release is hours.
    await esbuild.stop();
  }
}

function esbuildOrNot() {
  try {
    // Loading it takes as long as half a synth.
    return require("esbuild");
  } catch (reason) {
    throw withoutEsbuild(reason);
  }
}

const withoutEsbuild = ({ message }) => withoutInstall("esbuild", message.split("\n")[0]);

const withoutInstall = (what, given) =>
  new Mistake(`error: ${what}\n  given     ${given}\n  expected  what npm ci leaves behind\n  fix       npm ci`);

/** Whole or not at all, whoever else makes the same. @returns whether it could be written */
function keep(file, code, map) {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(PLACE, { recursive: true });
    // On the disk before they have their names: after a power cut an empty file would be taken for a bundle.
    fs.writeFileSync(`${temporary}.map`, map, { flush: true });
    fs.writeFileSync(temporary, code, { flush: true });
    fs.renameSync(`${temporary}.map`, `${file}.map`);
    fs.renameSync(temporary, file);
    return true;
  } catch {
    // A full disk, a checkout that is read only: no reason not to roll back.
    for (const half of [`${temporary}.map`, temporary]) attempt(() => fs.rmSync(half, { force: true }));
    return false;
  }
}

/** What is of older sources goes, and so do halves that somebody was killed over. A map goes with its bundle. */
function clean(name, file) {
  const since = Date.now() - KEPT * 60_000;
  const others = fs
    .readdirSync(PLACE)
    .filter((each) => each.startsWith(`${name}-`) && !each.startsWith(path.basename(file)));
  for (const other of others.sort().map((each) => path.join(PLACE, each))) {
    const bundleOf = other.replace(/\.map$/, "");
    attempt(() => {
      if (fs.statSync(fs.existsSync(bundleOf) ? bundleOf : other).mtimeMs < since) fs.rmSync(other);
    });
  }
}

/** What somebody else may be just about, too. */
function attempt(work) {
  try {
    work();
  } catch {
    // Then it is done already, or will be next time.
  }
}

/** As `require` of it, were it there. */
function compiled(file, code) {
  const one = new Module(file);
  one.filename = file;
  one.paths = Module._nodeModulePaths(PLACE);
  one._compile(code, file);
  return one.exports;
}

function readMap(file) {
  try {
    return fs.readFileSync(`${file}.map`, "utf8");
  } catch {
    // The sources have changed since, hours ago.
    return undefined;
  }
}

/**
 * A text with the sources' lines in place of the bundle's. Node can do that by itself for an error, but then it reads the
 * map at every start, which takes a tenth of a second.
 * @param {string | undefined} map JSON; the text stays as it is without
 */
function inSources(text, file, map) {
  if (map === undefined) return text;
  const lines = new Module.SourceMap(JSON.parse(map));
  return text.replaceAll(new RegExp(`${escaped(file)}:(\\d+):(\\d+)`, "g"), (place, line, column) => {
    const { originalSource, originalLine, originalColumn } = lines.findEntry(Number(line) - 1, Number(column) - 1);
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
      const text = fs.readFileSync(source, "utf8");
      const folder = /\b__dirname\b/.test(text) ? `const __dirname = ${JSON.stringify(path.dirname(source))};` : "";
      return { contents: `${folder}${text}`, loader: "ts", resolveDir: path.dirname(source) };
    });
  },
};

module.exports = { bundle, Mistake };
