/** `--record-for`: whatever hangs, the command ends, and says what is so; what Terraform has begun comes to its end. */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type * as Site from "../../../cli/shared/site";
import { canaryStep } from "../../../cli/release/canary";
import { release } from "../../../cli/release/release";
import { rollback } from "../../../cli/release/rollback";
import type { ReleaseFlags } from "../../../cli/release/session";
import type * as Held from "../../../release/held";
import { FakeWorld } from "../../support/fake-world";
import { inEachPause, moment } from "../../support/pauses";
import { prometheusAnswer } from "../../support/prometheus-answer";
import { AUTH, BEFORE, bringAbout, end, type Ran, run } from "./lab";

let edgePort: number;
jest.mock("../../../cli/shared/site", () => {
  const actual = jest.requireActual<typeof Site>("../../../cli/shared/site");
  const edge = () => Promise.resolve({ address: "127.0.0.1", port: edgePort, tls: false });
  return { ...actual, openSite: async (options: Site.SiteOptions) => ({ ...(await actual.openSite(options)), edge }) };
});
// The last try has 15 s elsewhere.
jest.mock("../../../release/held", () => ({
  ...jest.requireActual<typeof Held>("../../../release/held"),
  LAST_TRY_MS: 10_000,
}));
jest.setTimeout(180_000);

/** Seconds. What hangs is broken off 10 s after the time; a busy machine gets the rest. */
const SOON = 45;

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
const rollingBack = (): Promise<Ran> => run((all) => rollback("chat", undefined, all, world.env));
const edge = (): string | undefined => /^split (.*)$/m.exec(world.host.run(["facts", "chat"]).said)?.[1];
/** In earnest: what breaks it off is a clock that no test can put forward. */
function silentStore(): void {
  inEachPause((milliseconds) => (milliseconds === 25_000 ? moment(milliseconds) : undefined));
  world.store.faults.inject({ fault: { kind: "slow", seconds: 25 }, path: /./, times: 100_000 });
}

async function timed(work: () => Promise<Ran>): Promise<Ran & { readonly seconds: number }> {
  const begin = performance.now();
  const ran = await work();
  return { ...ran, seconds: (performance.now() - begin) / 1000 };
}

describe("a rollback ends with 8 when its time is over", () => {
  beforeEach(async () => {
    expect((await releasing({ until: "cutover" })).code).toBe(0);
  });

  test("where the store is silent", async () => {
    silentStore();
    const ran = await timed(rollingBack);
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
    expect(ran.seconds).toBeLessThan(SOON);
    expect(ran.text).toContain("Terraform has not been told");
    expect(ran.text).toContain("the record did not come within 0.4 s");
    expect(end(ran)).toMatchObject({ outcome: "went-back", next: "twinset status production" });
  });

  test("where Terraform's plan hangs: it is killed", async () => {
    world.fate({ hangs: "plan" });
    const ran = await timed(rollingBack);
    expect({ code: ran.code, edge: edge(), state: world.traffic }).toEqual({
      ...{ code: 8, edge: "blue=100,green=0", state: "blue=0,green=100" },
    });
    expect(ran.seconds).toBeLessThan(SOON);
    expect(ran.text).toContain("terraform plan: broken off, as its time was over");
    // The lock was given back: the next command finds it free.
    world.fate({});
    expect((await rollingBack()).code).toBe(0);
  });

  test("where an apply hangs before it has begun with a resource", async () => {
    world.fate({ hangs: "apply" });
    const ran = await timed(rollingBack);
    expect({ code: ran.code, state: world.traffic }).toEqual({ code: 8, state: "blue=0,green=100" });
    expect(ran.seconds).toBeLessThan(SOON);
  });

  test("but not before an apply that has begun with one is done", async () => {
    world.fate({ slow: 14 });
    const ran = await rollingBack();
    expect({ code: ran.code, state: world.traffic }).toEqual({ code: 0, state: "blue=100,green=0" });
  });
});

test("a run that goes back at a breach ends with 4 soon, though the store is silent", async () => {
  world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
  const watch = setInterval(() => {
    if (world.traffic !== "blue=90,green=10") return;
    clearInterval(watch);
    silentStore();
  }, 5);
  const ran = await timed(releasing);
  expect({ code: ran.code, edge: edge() }).toEqual({ code: 4, edge: "blue=100,green=0" });
  expect(ran.text).toContain("Terraform could not be told of it:");
});

describe("the end of a canary by its share", () => {
  test("goes at the edge first, and says that Terraform could not be told", async () => {
    expect((await releasing({ until: "canary" })).code).toBe(0);
    world.store.faults.inject({ fault: { kind: "error", status: 403 }, path: /./, times: 100_000 });
    const ran = await run((all) => canaryStep("0", "chat", all, world.env));
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
    expect(ran.text).toMatch(/the store does not give the record, 403 .*: by what the edge remembers/);
    world.store.faults.clear();
    const again = await run((all) => canaryStep("0", "chat", all, world.env));
    expect({ code: again.code, state: world.traffic }).toEqual({ code: 0, state: "blue=100,green=0" });
  });

  test("leads nowhere else: after a cutover it is no way back", async () => {
    expect((await releasing({ until: "cutover" })).code).toBe(0);
    await run((all) => canaryStep("0", "chat", all, world.env));
    expect(edge()).toBe("blue=0,green=100");
  });
});
