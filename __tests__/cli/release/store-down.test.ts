/** The state's store does not answer: who watches goes on, who goes forward waits, and nothing is lost or written twice. */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type * as Site from "../../../cli/shared/site";
import { release } from "../../../cli/release/release";
import { rollback } from "../../../cli/release/rollback";
import type { ReleaseFlags } from "../../../cli/release/session";
import { FakeWorld } from "../../support/fake-world";
import { prometheusAnswer } from "../../support/prometheus-answer";
import { AUTH, BEFORE, bringAbout, type Ran, run, steps } from "./lab";

let edgePort: number;
jest.mock("../../../cli/shared/site", () => {
  const actual = jest.requireActual<typeof Site>("../../../cli/shared/site");
  const edge = () => Promise.resolve({ address: "127.0.0.1", port: edgePort, tls: false });
  return { ...actual, openSite: async (options: Site.SiteOptions) => ({ ...(await actual.openSite(options)), edge }) };
});
jest.setTimeout(180_000);

let world: FakeWorld;
beforeEach(async () => {
  world = await FakeWorld.start({ "mana-core-auth": AUTH, chat: BEFORE });
  edgePort = world.edge.port;
  await bringAbout(world);
  await world.push("v1.6.0");
});
afterEach(() => world.stop());

const releasing = (flags: Partial<ReleaseFlags> = {}): Promise<Ran> =>
  run((all) => release("chat", "v1.6.0", all, world.env), flags);
const asides = (): string[] =>
  readdirSync(world.env["CDKTF_OUTDIR"]!).filter((name) => name.includes(".journal-aside."));
const written = (): string[] =>
  world.journal.map((entry) => ("step" in entry && entry.step ? `${entry.event} ${entry.step}` : entry.event));

/** The journal cannot be read or written from the moment in which the canary is applied, for so many requests. */
function downAfterCanary(times: number): void {
  const watch = setInterval(() => {
    if (world.traffic !== "blue=90,green=10") return;
    clearInterval(watch);
    world.store.faults.inject({ fault: { kind: "error", status: 500 }, path: /journal\.jsonl/, times });
  }, 5);
  watch.unref();
}

describe("500 for the journal right after the canary was applied", () => {
  test("the canary is watched all the same, and every word is there once and in order in the end", async () => {
    downAfterCanary(7);
    const ran = await releasing();
    expect(ran.code).toBe(0);
    expect(ran.text).toContain("The state's store does not answer");
    expect(ran.text).toContain("The state's store answers again, and the record is written.");
    expect(steps(ran)).toEqual(
      ["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"].map((step) => `${step} done`),
    );
    const ids = world.journal.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(written()).toEqual([
      "started",
      ...["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"].flatMap((step) => [
        `step-started ${step}`,
        `step-done ${step}`,
      ]),
      "ended",
    ]);
    expect(asides()).toEqual([]);
  });

  test("and a breach: the traffic is back, and the code says so", async () => {
    world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
    downAfterCanary(12);
    const ran = await releasing();
    expect({ code: ran.code, traffic: world.traffic }).toEqual({ code: 4, traffic: "blue=100,green=0" });
    expect(written().filter((line) => line.endsWith("back"))).toEqual(["step-started back", "step-done back"]);
  });

  test("for good: what could not be written stays on this computer, and the next command writes it", async () => {
    world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
    downAfterCanary(100_000);
    const ran = await releasing();
    expect({ code: ran.code, traffic: world.traffic }).toEqual({ code: 4, traffic: "blue=100,green=0" });
    expect(written().at(-1)).toBe("step-started canary");
    expect(asides()).toHaveLength(1);
    world.store.faults.clear();
    const next = await run((all) => rollback("chat", undefined, all, world.env));
    expect(next.text).toMatch(/\d entries that an earlier run had to keep aside are in the journal now/);
    expect(next.text).toContain("blue v1.5.2 has all traffic of chat already");
    expect(next.code).toBe(0);
    expect(written().filter((line) => line.endsWith("back"))).toEqual(["step-started back", "step-done back"]);
    expect(written().at(-1)).toBe("ended");
    expect(asides()).toEqual([]);
  });
});

test("a record that was kept aside and cannot be read is told, and nothing of it is thrown away", async () => {
  downAfterCanary(100_000);
  world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
  await releasing();
  const path = join(world.env["CDKTF_OUTDIR"]!, asides()[0]!);
  appendFileSync(path, '{"v":2,"event":"of tomorrow"}\n');
  const kept = readFileSync(path, "utf8");
  world.store.faults.clear();
  const ran = await run((all) => rollback("chat", undefined, all, world.env));
  expect(ran.text).toMatch(
    /Not in the journal yet, .* or they cannot be read: terraform\.manacore-production\.journal-aside/,
  );
  expect(readFileSync(path, "utf8")).toBe(kept);
});
