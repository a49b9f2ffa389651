/**
 * Runs a program of ours, bundled, in this process: what its entry exports as `main`. What ends it by surprise is shown by
 * what it exports as `hide`, if it does.
 */
const { inspect } = require("node:util");
const { bundle, Mistake } = require("./bundle.cjs");

// cdktf uses what newer versions of Node warn of. It is archived, so nobody can mend that, and every synth would say it.
process.noDeprecation = true;
// From Node 22 on what V8 has made of a file is kept as well, cdktf's own among them.
require("node:module").enableCompileCache?.();

/** @param {string} entry "cli/twinset.ts" */
async function run(entry) {
  let inSources = (text) => text;
  let hide = (text) => text;
  // As Node ends for what nobody has caught, only with the sources' lines.
  const end = (mistake) => {
    console.error(mistake instanceof Mistake ? mistake.message : hide(inSources(inspect(mistake))));
    process.exit(1);
  };
  process.on("uncaughtException", end);
  const made = await bundle(entry);
  inSources = made.inSources;
  const program = made.load();
  hide = program.hide ?? hide;
  await program.main();
}

module.exports = { run };
