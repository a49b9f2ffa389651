#!/usr/bin/env node
// `npx twinset`: cli/twinset.ts, bundled. `node --import tsx cli/twinset.ts` does the same and takes longer.
void require("../scripts/run.cjs").run("cli/twinset.ts");
