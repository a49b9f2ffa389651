// As production runs it: from one file.
void require("../../scripts/run.cjs").run("bench/moves/open-site.ts");
