import { describe, expect, test } from "@jest/globals";
import {
  childName,
  effectOf,
  type Moved,
  type MoveKind,
  ownTime,
  partsOf,
  summary,
  tally,
  timingsIn,
} from "../../../bench/moves/figures";
import { movesTable, partsTable, totals } from "../../../bench/moves/tables";
import { type Counts, LoadResult } from "../../../rehearsal/load/load";

const counts = (given: Partial<Counts>): Counts => ({
  ...{ requests: 0, failed: 0, versions: {}, failures: {}, milliseconds: [], firstSeen: {}, lastSeen: {} },
  ...given,
});
const ROLLBACK: MoveKind = { name: "rollback", args: ["rollback", "chat"], left: "v2" };
const CANARY: MoveKind = { name: "canary 10", args: ["canary", "10", "chat"], reached: "v2" };
const moved = (kind: MoveKind, given: Partial<Moved> = {}): Moved => ({
  ...{ name: kind.name, phase: `1 ${kind.name}`, kind, code: 0, began: 1000, ended: 3000, children: [], busy: 1.5 },
  ...given,
});
const terraform = (began: number, ended: number, ...args: string[]) => ({
  program: "/usr/bin/terraform",
  args,
  began,
  ended,
});

describe("to effect", () => {
  const seen = new LoadResult({
    "1 rollback": counts({ firstSeen: { v1: 1500, v2: 990 }, lastSeen: { v1: 4000, v2: 1620 } }),
    "1 canary 10": counts({ firstSeen: { v1: 900, v2: 1450 }, lastSeen: { v1: 4000, v2: 4000 } }),
  });

  test("a rollback is there with the last answer of the set that was left", () => {
    expect(effectOf(moved(ROLLBACK), seen)).toBe(620);
  });

  test("a canary is there with the first answer of the new set", () => {
    expect(effectOf(moved(CANARY), seen)).toBe(450);
  });

  test("what no visitor has seen has no time, and is told in the table", () => {
    const unseen = moved(ROLLBACK, { phase: "2 rollback" });
    expect(effectOf(unseen, seen)).toBeUndefined();
    expect(movesTable([moved(ROLLBACK), unseen], seen)).toContain("620; unseen 1");
  });
});

describe("parts", () => {
  const children = [
    terraform(1900, 2100, "show", "-json", "tfplan"),
    terraform(1200, 1800, "plan", "-json"),
    terraform(2100, 2200, "show", "-json"),
    { program: "keeper", args: ["move"], began: 1300, ended: 1400 },
    { program: "docker", args: ["ps", "--all"], began: 1850, ended: 1950 },
    { program: "docker", args: ["ps", "--all"], began: 2150, ended: 2250 },
  ];

  test("are summed by name, in the order in which they begin", () => {
    expect(partsOf({ began: 1000, children })).toEqual([
      { name: "terraform plan", times: 1, milliseconds: 600, after: 200 },
      { name: "keeper move", times: 1, milliseconds: 100, after: 300 },
      { name: "docker ps", times: 2, milliseconds: 200, after: 850 },
      { name: "terraform show (plan)", times: 1, milliseconds: 200, after: 900 },
      { name: "terraform show (state)", times: 1, milliseconds: 100, after: 1100 },
    ]);
  });

  test("what no child covers is the program's own, and what two cover counts once", () => {
    expect(ownTime({ began: 1000, ended: 3000, children })).toBe(2000 - 600 - 400);
    expect(ownTime({ began: 1000, ended: 3000, children: [] })).toBe(2000);
  });

  test("a table has them with their medians", () => {
    const table = partsTable([moved(ROLLBACK, { children }), moved(ROLLBACK, { children })]);
    expect(table).toMatch(/terraform plan +200 \(200–200\) +1 +600 \(600–600\)/);
    expect(table).toMatch(/no child at all +1000 \(1000–1000\)/);
  });

  test("ssh is ssh, whatever it is told first", () => {
    expect(childName({ program: "ssh", args: ["-o", "BatchMode=yes", "deploy@127.0.0.1"] })).toBe("ssh");
  });

  test("come from lines of JSON", () => {
    const [one] = children;
    expect(timingsIn(`${JSON.stringify(one)}\n`)).toEqual([one]);
    expect(timingsIn("")).toEqual([]);
  });
});

describe("words", () => {
  test("median, least and most", () => {
    expect(summary([3, 1, 2.4])).toBe("2 (1–3)");
    expect(summary([7])).toBe("7");
    expect(summary([])).toBe("–");
  });

  test("how often what was so", () => {
    expect(tally([0, 8, 0])).toBe("0 ×2, 8 ×1");
  });

  test("all requests, and of the failed ones why", () => {
    const seen = new LoadResult({
      between: counts({ requests: 90, milliseconds: [1, 2, 3] }),
      "1 rollback": counts({ requests: 10, failed: 2, failures: { "status 502 from a": 2 }, milliseconds: [9] }),
    });
    expect(totals([moved(ROLLBACK)], seen, 10)).toContain(
      "1 moves under 100 requests in 10 s (10 a second); failed 2: status 502 from a 2.",
    );
    expect(totals([moved(ROLLBACK)], seen, 10)).toMatch(/ran 1\.50 \(1\.50–1\.50\) processes/);
    expect(movesTable([moved(ROLLBACK)], seen)).toMatch(/rollback +1 +–; unseen 1 +2000 +2 +0 ×1/);
  });
});
