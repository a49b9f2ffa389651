/** The floor for a synth's time: loads the modules that are named on the command line (by bindings.ts), and ends. */
for (const path of process.argv.slice(2)) module.require(path);
