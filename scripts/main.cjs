// What `cdktf` runs: main.ts, bundled. `node --import tsx main.ts` does the same and takes longer.
const { bundle, inSources } = require("./bundle.cjs");

// cdktf uses what newer versions of Node warn of. It is archived, so nobody can mend that, and every synth would say it.
process.noDeprecation = true;
// From Node 22 on what V8 has made of a file is kept as well, cdktf's own among them.
require("node:module").enableCompileCache?.();

async function run() {
  const file = await bundle();
  try {
    require(file).main();
  } catch (mistake) {
    if (mistake instanceof Error && mistake.stack) mistake.stack = inSources(mistake.stack, file);
    throw mistake;
  }
}

run().catch((mistake) => {
  // esbuild names what it cannot read with file and line already.
  console.error(mistake.errors ? mistake.message : mistake);
  process.exitCode = 1;
});
