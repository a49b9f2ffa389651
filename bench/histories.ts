/**
 * `npm run bench -- --histories 100000`: more histories of two operators than the tests play, and others with another
 * `--seed`. They are the tests' own (__tests__/cli/release/histories.test.ts), which stand modules in for the outside as
 * only Jest does.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(__dirname, "..");
const TEST = "__tests__/cli/release/histories.test.ts";
/** One Jest has them in memory; the next ones begin anew. */
const AT_A_TIME = 20_000;

/** @returns whether all of them went well */
export function moreHistories(count: number, seed: number): boolean {
  let well = true;
  for (let done = 0, part = seed; done < count; done += AT_A_TIME, part += 1) {
    const histories = Math.min(AT_A_TIME, count - done);
    const { status } = spawnSync(
      process.execPath,
      [join(ROOT, "node_modules/jest/bin/jest.js"), "--coverage=false", "--silent=false", TEST],
      {
        cwd: ROOT,
        env: { ...process.env, HISTORIES: String(histories), SEED: String(part) },
        stdio: "inherit",
      },
    );
    well &&= status === 0;
  }
  return well;
}
