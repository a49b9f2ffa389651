/** Runs a program of ours, bundled, in this process: what its entry exports as `main`. */
const { inspect } = require("node:util");
const { bundle, Mistake } = require("./bundle.cjs");

// cdktf uses what newer versions of Node warn of. It is archived, so nobody can mend that, and every synth would say it.
process.noDeprecation = true;
// From Node 22 on what V8 has made of a file is kept as well, cdktf's own among them.
require("node:module").enableCompileCache?.();

/** @param {string} entry "cli/twinset.ts" */
async function run(entry) {
  let inSources = (text) => text;
  // As Node ends for what nobody has caught, only with the sources' lines.
  const end = (mistake) => {
    console.error(mistake instanceof Mistake ? mistake.message : inSources(inspect(mistake)));
    process.exit(1);
  };
  process.on("uncaughtException", end);
  const made = await bundle(entry);
  inSources = made.inSources;
  await made.load().main();
}

module.exports = { run };
