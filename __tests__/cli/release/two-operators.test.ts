/** Two people at one environment: whoever comes second sees what the first one did, and nobody's way back goes away. */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { type HeldLock, isHeld, StateLock } from "../../../clients/state-store/state-lock";
import type * as Site from "../../../cli/shared/site";
import { canaryStep } from "../../../cli/release/canary";
import { deployStep } from "../../../cli/release/deploy";
import { release } from "../../../cli/release/release";
import { retireStep } from "../../../cli/release/retire";
import { rollback } from "../../../cli/release/rollback";
import type { ReleaseFlags } from "../../../cli/release/session";
import { switchStep } from "../../../cli/release/switch";
import { openSite } from "../../../cli/shared/site";
import { FakeWorld } from "../../support/fake-world";
import { inEachPause, nextPause } from "../../support/pauses";
import { AUTH, BEFORE, bringAbout, type Ran, run, steps, SWITCH } from "./lab";

let edgePort: number;
jest.mock("../../../cli/shared/site", () => {
  const actual = jest.requireActual<typeof Site>("../../../cli/shared/site");
  const edge = () => Promise.resolve({ address: "127.0.0.1", port: edgePort, tls: false });
  return { ...actual, openSite: async (options: Site.SiteOptions) => ({ ...(await actual.openSite(options)), edge }) };
});
jest.setTimeout(60_000);

let world: FakeWorld;
beforeEach(async () => {
  world = await FakeWorld.start({ "mana-core-auth": AUTH, chat: BEFORE });
  edgePort = world.edge.port;
  await bringAbout(world);
  for (const version of ["v1.6.0", "v1.7.0"]) await world.push(version);
});
afterEach(() => world.stop());

const FLAGS: ReleaseFlags = { environment: "production", json: true, yes: true };
const releasing = (flags: Partial<ReleaseFlags> = {}): Promise<Ran> =>
  run((all) => release("chat", "v1.6.0", all, world.env), flags);

/** A's release, and what B does between two looks of its keep. */
async function inKeep(other: () => Promise<unknown>): Promise<Ran> {
  const first = releasing({ keepFor: "20s" });
  const looksAgain = await nextPause();
  expect(world.journal.at(-1)).toMatchObject({ event: "step-started", step: "keep" });
  await other();
  looksAgain();
  return first;
}

describe("while A keeps the old set", () => {
  test("B rolls back: A ends, says who did what when, and removes nothing", async () => {
    const ran = await inKeep(() => rollback("chat", undefined, FLAGS, world.env));
    expect(ran.code).toBe(5);
    expect(steps(ran)).toContain("keep failed");
    expect(steps(ran)).not.toContain("retire done");
    expect(ran.text).toMatch(
      /did "back" at 20\d\d-\d\d-\d\d \d\d:\d\d, to blue v1\.5\.2 live, green v1\.6\.0 without traffic/,
    );
    expect(world.traffic).toBe("blue=100,green=0");
    expect(world.resources.filter((address) => address.includes("chat_blue"))).not.toEqual([]);
    expect(world.journal.filter(({ event }) => event === "ended")).toHaveLength(1);
    // And the next one may begin.
    expect((await releasing({ until: "smoke" })).code).toBe(0);
  });

  test("B's rollback is at the edge, and not in the record yet: A ends, and says what the edge knows of it", async () => {
    const ran = await inKeep(async () => {
      const site = await openSite({ environment: "production", env: world.env, lock: false });
      expect(isHeld(await new StateLock(site.files, "twinset").acquire("release of auth"))).toBe(true);
      expect(await rollback("chat", undefined, { ...FLAGS, recordFor: "0s" }, world.env)).toBe(8);
    });
    expect({ code: ran.code, retired: steps(ran).includes("retire done") }).toEqual({ code: 5, retired: false });
    expect(ran.text).toMatch(/the edge has blue=100,green=0 since 20\d\d-\d\d-\d\d \d\d:\d\d \(.+: rollback\)/);
    expect(world.resources.filter((address) => address.includes("chat_blue"))).not.toEqual([]);
    expect(world.journal.at(-1)).toMatchObject({ event: "ended", outcome: "overtaken" });
  });

  test("B may neither deploy into nor retire the old set: it is A's way back", async () => {
    const ran = await inKeep(async () => {
      for (const command of [
        (flags: ReleaseFlags) => deployStep("chat", "v1.7.0", flags, world.env),
        (flags: ReleaseFlags) => retireStep("chat", flags, world.env),
      ]) {
        expect(await command(FLAGS)).toBe(2);
        expect(world.chat.blue).toEqual({ version: "v1.5.2" });
      }
    });
    expect(ran.text).toMatch(/blue v1\.5\.2 is the way back of v1\.6\.0, which .* has been releasing since/);
    expect(ran.code).toBe(0);
    expect(world.chat).toMatchObject({ live: "green", blue: null });
  });

  test("B switches by hand: A's retirement does not come", async () => {
    const ran = await inKeep(() => switchStep("chat", "blue", FLAGS, world.env));
    expect({ code: ran.code, steps: steps(ran).includes("retire done") }).toEqual({ code: 5, steps: false });
    expect(world.traffic).toBe("blue=100,green=0");
    expect(world.resources.filter((address) => address.includes("chat_blue"))).not.toEqual([]);
  });
});

test("a keep that ends while another product's release has the lock waits for it, in words", async () => {
  const first = releasing({ keepFor: "3s" });
  const looksAgain = await nextPause();
  expect(world.journal.at(-1)).toMatchObject({ event: "step-started", step: "keep" });
  const site = await openSite({ environment: "production", env: world.env, lock: false });
  const held = await new StateLock(site.files, "twinset").acquire("release of auth");
  expect(isHeld(held)).toBe(true);
  let asked = 0;
  inEachPause(async () => {
    // It is asked for again and again, and given back at last.
    const last = world.journal.at(-1);
    if (last?.event === "step-started" && last.step === "retire" && (asked += 1) === 3)
      await (held as HeldLock).release();
  });
  looksAgain();
  const ran = await first;
  expect({ code: ran.code, steps: steps(ran).at(-1) }).toEqual({ code: 0, steps: "retire done" });
  expect(ran.text).toMatch(/locked by .*: release of auth[^]*"retire" waits for it, for 30 min at most\./);
});

/** As if the process had been killed while the canary was applied: it took hold, and nobody wrote that down. */
const killedInCanary = (): Promise<void> =>
  world.forget((entry) => entry.event === "ended" || (entry.event === "step-done" && entry.step === "canary"));

describe("who goes on after others have changed things", () => {
  test("--resume after somebody changed the canary by hand ends, and touches nothing", async () => {
    await releasing({ until: "canary" });
    await killedInCanary();
    await run((all) => canaryStep("20", "chat", all, world.env));
    const before = world.calls().filter(([, command]) => command === "apply").length;
    const ran = await run((all) => release("chat", undefined, { ...all, resume: true }, world.env));
    expect(ran.code).toBe(5);
    expect(ran.text).toMatch(/did "canary" at/);
    expect(ran.text).toContain("Nothing was changed; this release is over.");
    expect(world.calls().filter(([, command]) => command === "apply")).toHaveLength(before);
    expect(world.journal.at(-1)).toMatchObject({ event: "ended", outcome: "overtaken" });
  });

  test("--resume after a deploy past the record (cdktf deploy)", async () => {
    await releasing({ until: "canary" });
    await killedInCanary();
    world.edit({ "mana-core-auth": AUTH, chat: { ...world.chat, live: "green", canary: 0 } });
    const site = await openSite({ environment: "production", env: world.env, lock: false });
    await site.terraform.plan();
    await site.terraform.applyPlanned();
    const ran = await run((all) => release("chat", undefined, { ...all, resume: true }, world.env));
    expect(ran.code).toBe(5);
    expect(ran.text).toMatch(
      /the state says green v1\.6\.0 live, blue v1\.5\.2 without traffic, and this run left blue v1\.5\.2 live, green v1\.6\.0 without traffic/,
    );
    expect(world.traffic).toBe("blue=0,green=100");
  });
});

test("a lock that cannot be given back is told, and the code says what was done", async () => {
  const { faults } = world.store;
  // The lock's own file: its last requests are those that give it back.
  faults.inject({ fault: { kind: "error", status: 503 }, method: "DELETE", path: /tflock/, times: 20 });
  const ran = await run((all) => deployStep("chat", "v1.6.0", all, world.env));
  expect(ran.code).toBe(0);
  expect(ran.text).toContain("The lock could not be given back");
  expect(world.chat.green).toMatchObject({ version: "v1.6.0" });
});

describe("a set that the edge sends visitors to", () => {
  test("is not retired, whatever the release file says", async () => {
    await releasing({ until: "cutover" });
    // A file that has it the other way round, as an older commit would.
    world.edit({ "mana-core-auth": AUTH, chat: { ...world.chat, live: "blue" } });
    const ran = await run((all) => retireStep("chat", { ...all, allow: [SWITCH] }, world.env));
    expect(ran.code).not.toBe(0);
    expect(ran.text).toContain("green has 100 % of the traffic at the edge");
    expect(world.resources.filter((address) => address.includes("chat_green"))).not.toEqual([]);
    expect(world.traffic).toBe("blue=0,green=100");
  });

  test("nor given another version by a deploy", async () => {
    await releasing({ until: "cutover" });
    world.edit({ "mana-core-auth": AUTH, chat: { ...world.chat, live: "blue" } });
    const ran = await run((all) => deployStep("chat", "v1.7.0", all, world.env));
    expect(ran.code).not.toBe(0);
    expect(world.traffic).toBe("blue=0,green=100");
    expect(world.resources).toContain("docker_container.chat_green_backend-0");
  });
});
