#!/usr/bin/env node
// `npx twinset`: runs the TypeScript as it is.
require("tsx/cjs");
require("../cli/twinset.ts");
