/** A world that cannot come up, because of an address that somebody has or this computer has not. */
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Alone from "../../rehearsal/alone";
import type * as Preflight from "../../rehearsal/preflight";
import { EXIT } from "../../rehearsal/exit";
import { rehearse } from "../../rehearsal/rehearse";
import { World, type WorldOptions } from "../../rehearsal/world";
import { notListening } from "../../simulators/listening";
import { ownTemp } from "../support/own-temp";

const leftBehind = ownTemp();
let nowhere: string;
beforeAll(() => {
  nowhere = mkdtempSync(join(tmpdir(), "nothing-here-"));
});
afterAll(() => rmSync(nowhere, { recursive: true }));

jest.mock("../../rehearsal/preflight", () => ({
  ...jest.requireActual<typeof Preflight>("../../rehearsal/preflight"),
  preflight: async () => ({ means: {}, terraform: { terraform: { version: "v1" } }, missing: [], hints: [] }),
}));
// One of this computer's own may be running meanwhile.
let given = false;
jest.mock("../../rehearsal/alone", () => ({
  ...jest.requireActual<typeof Alone>("../../rehearsal/alone"),
  takeComputer: () => () => {
    given = true;
  },
}));

test.each(["EADDRINUSE", "EADDRNOTAVAIL", "EACCES"])(
  "%s: a sentence and code 2, no stack trace, and what was begun is undone",
  async (code) => {
    const ended: string[] = [];
    let directory = "";
    const spy = jest.spyOn(World, "start").mockImplementation(async (options: WorldOptions) => {
      ({ directory } = options);
      writeFileSync(join(directory, "begun"), "");
      options.endings.stops(() => void ended.push("registry"));
      options.endings.removes(() => void ended.push("images"));
      throw notListening(Object.assign(new Error("listen"), { code }), "the simulated DNS", "172.17.0.1", 53)!;
    });
    const lines: string[] = [];
    const report = join(nowhere, "report.json");
    try {
      const drills = ["release"];
      expect(await rehearse({ env: {}, drills, report, write: (line) => lines.push(line) })).toBe(EXIT.missing);
    } finally {
      spy.mockRestore();
    }
    const text = lines.join("\n");
    expect(text).toContain("error: the simulated DNS at 172.17.0.1:53\n  given     ");
    expect(text).not.toMatch(/^\s+at /m);
    expect(lines.at(-1)).toBe("Nothing was rehearsed.");
    expect(ended).toEqual(["images", "registry"]);
    expect(given).toBe(true);
    expect(existsSync(directory)).toBe(false);
    expect(existsSync(report)).toBe(false);
    expect(leftBehind()).toEqual([]);
  },
  30_000,
);
