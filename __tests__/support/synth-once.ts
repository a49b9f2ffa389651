/**
 * A stack of the same catalog and release is synthesized once in a file of tests, and written as it was from then on: the
 * commands synthesize at each step. Whoever imports this has it for each of the file's tests.
 */
import { afterEach, beforeEach, jest } from "@jest/globals";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as main from "../../main";

const { writeStacks } = main;
const known = new Map<string, string>();

let spy: { mockRestore(): void };
beforeEach(() => {
  spy = jest.spyOn(main, "writeStacks").mockImplementation((loaded, outdir, options) => {
    const [name, ...others] = options.names ?? [];
    if (name === undefined || others.length > 0) return writeStacks(loaded, outdir, options);
    const { platform, development, releases } = loaded;
    const key = JSON.stringify([name, platform, development === platform || development, releases]);
    const path = join(outdir, "stacks", name, "cdk.tf.json");
    const text = known.get(key);
    if (text === undefined) {
      writeStacks(loaded, outdir, options);
      known.set(key, readFileSync(path, "utf8"));
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  });
});
afterEach(() => spy.mockRestore());
