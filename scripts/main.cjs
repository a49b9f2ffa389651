// What `cdktf` runs: main.ts, bundled. `node --import tsx main.ts` does the same and takes longer.
void require("./run.cjs").run("main.ts");
