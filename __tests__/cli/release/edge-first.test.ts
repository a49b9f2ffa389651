/** Traffic goes back at the edge first: without Terraform, its state, its lock, the journal or a registry. */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { isHeld, StateLock } from "../../../clients/state-store/state-lock";
import type * as Site from "../../../cli/shared/site";
import { openSite } from "../../../cli/shared/site";
import { canaryStep } from "../../../cli/release/canary";
import { release } from "../../../cli/release/release";
import { rollback } from "../../../cli/release/rollback";
import type { ReleaseFlags } from "../../../cli/release/session";
import { deployStep } from "../../../cli/release/deploy";
import { switchStep } from "../../../cli/release/switch";
import { watch } from "../../../cli/release/watch";
import type { ProductRelease } from "../../../model/release";
import { takenFromVisitors } from "../../../release/carrying";
import { FakeWorld } from "../../support/fake-world";
import { inEachPause, moment, nextPause } from "../../support/pauses";
import { prometheusAnswer } from "../../support/prometheus-answer";
import { AUTH, BEFORE, bringAbout, end, type Ran, run, SWITCH, traffic } from "./lab";

let edgePort: number;
jest.mock("../../../cli/shared/site", () => {
  const actual = jest.requireActual<typeof Site>("../../../cli/shared/site");
  const edge = () => Promise.resolve({ address: "127.0.0.1", port: edgePort, tls: false });
  return { ...actual, openSite: async (options: Site.SiteOptions) => ({ ...(await actual.openSite(options)), edge }) };
});
jest.setTimeout(180_000);

const CUT_OVER: ProductRelease = {
  live: "green",
  canary: 0,
  blue: { version: "v1.5.2" },
  green: { version: "v1.6.0" },
};

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
const rollingBack = (flags: Partial<ReleaseFlags> = {}, version?: string): Promise<Ran> =>
  run((all) => rollback("chat", version, all, world.env), flags);
/** By the edge's own files. */
const edge = (): string | undefined => world.host.split("chat");
const everythingDown = (): void => {
  world.store.faults.inject({ fault: { kind: "error", status: 503 }, path: /./, times: 100_000 });
  world.fate({ broken: "init" });
};

describe("rollback after a cutover", () => {
  beforeEach(async () => {
    expect((await releasing({ until: "cutover" })).code).toBe(0);
    expect(edge()).toBe("blue=0,green=100");
  });

  test("moves the edge, and then Terraform is told", async () => {
    const ran = await rollingBack();
    expect({ code: ran.code, edge: edge(), state: world.traffic }).toEqual({
      ...{ code: 0, edge: "blue=100,green=0", state: "blue=100,green=0" },
    });
    expect(traffic(ran)[0]).toBe("100/0");
    expect(world.chat.live).toBe("blue");
    expect(world.host.run(["facts", "chat"]).said).toContain("recorded yes");
  });

  test("works with the state's store down and Terraform of no use, and says what is so", async () => {
    everythingDown();
    const ran = await rollingBack();
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
    expect(world.traffic).toBe("blue=0,green=100");
    expect(ran.text).toContain("blue v1.5.2 has all traffic of chat at the edge");
    expect(ran.text).toContain("by what the edge remembers");
    expect(end(ran)).toMatchObject({ outcome: "went-back" });
    expect(ran.text).toContain("Terraform has not been told");

    world.store.faults.clear();
    world.fate({});
    const later = await rollingBack();
    expect({ code: later.code, state: world.traffic }).toEqual({ code: 0, state: "blue=100,green=0" });
    expect(later.text).toContain("Terraform has not been told. It is told now.");
    expect(later.text).toContain("blue v1.5.2 has all traffic of chat already");
    expect(world.journal.filter((entry) => entry.event === "step-done" && entry.step === "back")).toHaveLength(1);
  });

  test("waits for nobody who has the lock", async () => {
    const site = await openSite({ environment: "production", env: world.env, lock: false });
    const held = await new StateLock(site.files, "twinset").acquire("release of auth");
    expect(isHeld(held)).toBe(true);
    const ran = await rollingBack();
    expect({ code: ran.code, edge: edge(), state: world.traffic }).toEqual({
      ...{ code: 8, edge: "blue=100,green=0", state: "blue=0,green=100" },
    });
    expect(ran.text).toMatch(/The environment is locked by .* release of auth/);
  });

  test("waits for a record that comes late, where the edge alone does not know whom to go back to", async () => {
    // What had all traffic had it once before, so the edge does not say which of the two is good.
    expect((await rollingBack()).code).toBe(0);
    expect((await run((all) => switchStep("chat", "green", all, world.env))).code).toBe(0);
    const site = await openSite({ environment: "production", env: world.env, lock: false });
    expect(isHeld(await new StateLock(site.files, "twinset").acquire("release of auth"))).toBe(true);
    world.store.faults.inject({ fault: { kind: "slow", seconds: 0.6 }, method: "GET", path: /./, times: 9e9 });
    inEachPause((milliseconds) => (milliseconds === 600 ? moment(700) : undefined));
    const ran = await rollingBack({ recordFor: "0s" });
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
  });

  test.each([
    [
      "refuses (403)",
      () => world.store.faults.inject({ fault: { kind: "error", status: 403 }, path: /./, times: 9e9 }),
    ],
    ["is out of order (500)", () => world.store.faults.inject({ fault: { kind: "error" }, path: /./, times: 9e9 })],
    [
      "takes its time for each answer",
      () => world.store.faults.inject({ fault: { kind: "slow", seconds: 1.5 }, path: /./, times: 9e9 }),
    ],
    [
      "does its work and breaks off",
      () => world.store.faults.inject({ fault: { kind: "lost-answer" }, path: /./, times: 9e9 }),
    ],
    ["does not listen", () => world.store.stop()],
  ])("is at the edge at once where the store %s", async (_, breaks) => {
    await breaks();
    // An answer, and another attempt to get one, come only after that.
    inEachPause(async () => {
      while (edge() !== "blue=100,green=0") await moment();
    });
    const ran = await rollingBack();
    expect(edge()).toBe("blue=100,green=0");
    expect([0, 8]).toContain(ran.code);
    expect(ran.code === 8).toBe(world.traffic !== "blue=100,green=0");
  });

  test("needs no registry", async () => {
    await world.stopRegistry();
    expect((await rollingBack()).code).toBe(0);
    expect(edge()).toBe("blue=100,green=0");
  });

  test("again, with everything down, leads nowhere: the version that was left may be a bad one", async () => {
    everythingDown();
    await rollingBack();
    const again = await rollingBack();
    expect(again.code).toBe(8);
    expect(again.text).toMatch(/blue v1\.5\.2 has all traffic at the edge: blue=100,green=0 since .*: rollback/);
    expect(edge()).toBe("blue=100,green=0");
  });

  test("to a named version takes the record's word, or it is left to who has it", async () => {
    everythingDown();
    const ran = await rollingBack({}, "v1.5.2");
    expect(ran.code).not.toBe(0);
    expect(edge()).toBe("blue=0,green=100");
  });

  test("leads to no set whose containers are not all there", async () => {
    everythingDown();
    world.lose("docker_container.chat_blue_web-0");
    await rollingBack();
    expect(edge()).toBe("blue=0,green=100");
  });

  test("is done by Terraform where there is no keeper yet", async () => {
    world.fate({ noKeeper: "Error: No such container: manacore-production-edge-keeper" });
    expect((await rollingBack()).code).toBe(0);
    expect({ edge: edge(), state: world.traffic }).toEqual({ edge: "blue=100,green=0", state: "blue=100,green=0" });
  });

  test("is done by Terraform where the keeper does not answer, and that is said", async () => {
    world.fate({ noKeeper: "Cannot connect to the Docker daemon" });
    const ran = await rollingBack();
    expect(ran.code).toBe(0);
    expect(ran.text).toContain("The keeper beside the edge does not answer: Cannot connect to the Docker daemon");
    expect(world.traffic).toBe("blue=100,green=0");
  });

  test("to the good set by its colour is the same", async () => {
    everythingDown();
    const ran = await run((all) => switchStep("chat", "blue", all, world.env));
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
  });

  test("to the set that has the traffic is no way back", async () => {
    everythingDown();
    await run((all) => switchStep("chat", "green", all, world.env));
    expect(edge()).toBe("blue=0,green=100");
  });
});

test("a rollback that has ended a canary is not asked once more where to go", async () => {
  expect((await run((all) => deployStep("chat", "v1.6.0", all, world.env))).code).toBe(0);
  // By the record the last that was tried is v1.5.2, by hand, and nothing good came before it.
  for (const colour of ["green", "blue"]) {
    expect((await run((all) => switchStep("chat", colour, all, world.env))).code).toBe(0);
  }
  expect((await run((all) => canaryStep("10", "chat", all, world.env))).code).toBe(0);
  const ran = await rollingBack();
  expect({ code: ran.code, edge: edge(), state: world.traffic }).toEqual({
    ...{ code: 0, edge: "blue=100,green=0", state: "blue=100,green=0" },
  });
  expect(ran.text).not.toContain("error:");
  expect(ran.text).toContain("blue v1.5.2 serves chat.");
});

describe("what Terraform has not been told", () => {
  beforeEach(async () => {
    expect((await releasing({ until: "canary" })).code).toBe(0);
    everythingDown();
    expect((await rollingBack()).code).toBe(8);
    world.store.faults.clear();
    world.fate({});
  });

  test("no switch of Terraform's that does not know of it goes past", async () => {
    world.edit({ "mana-core-auth": AUTH, chat: CUT_OVER });
    const site = await openSite({ environment: "production", env: world.env, lock: false });
    await site.terraform.plan();
    expect(await site.terraform.applyPlanned()).toMatchObject({ code: 1 });
    expect(edge()).toBe("blue=100,green=0");
  });

  test("is told before any other step is taken", async () => {
    const ran = await run((all) => canaryStep("20", "chat", all, world.env));
    expect(ran.code).toBe(0);
    expect(ran.text).toMatch(/The edge has blue=100,green=0 since .*: rollback\), and Terraform has not been told/);
    expect({ edge: edge(), state: world.traffic }).toEqual({ edge: "blue=80,green=20", state: "blue=80,green=20" });
    // What was settled first is no end, and says nothing of who serves.
    expect(ran.events.filter(({ kind }) => kind === "end")).toHaveLength(1);
    const steps = world.journal.flatMap((entry) => (entry.event === "step-done" ? [entry.step] : []));
    expect(steps.slice(-2)).toEqual(["back", "canary"]);
  });

  test("ends the run that left the canary: it does not go on by itself", async () => {
    const ran = await run((all) => release("chat", undefined, all, world.env), { resume: true });
    expect(edge()).toBe("blue=100,green=0");
    expect([2, 4, 5]).toContain(ran.code);
  });
});

/** As a run that dies before its plan is carried out: the edge was moved forward, and Terraform is not told. */
function movedForward(split: string, live: string, by = "forward"): void {
  const revision = /^revision (.*)$/m.exec(world.host.run(["facts", "chat"]).said)![1]!;
  const call = ["move", "chat", revision, split, live, by, "2026-11-28T22:00:00Z", "ann", "a step of a release"];
  expect(world.host.run(["session"], `${call.join("\u001f")}\n`).said).toContain(".0");
}

test.each([undefined, "v1.5.2"])(
  "a rollback from a canary that Terraform was not told of moves the edge (%s), with everything down",
  async (version) => {
    expect((await releasing({ until: "smoke" })).code).toBe(0);
    movedForward("blue=90,green=10", "blue");
    everythingDown();
    const ran = await rollingBack({}, version);
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
  },
);

describe("an edge that says again what Terraform was told", () => {
  const recorded = (): string | undefined => /^recorded (.*)$/m.exec(world.host.run(["facts", "chat"]).said)?.[1];

  test.each([
    ["a step forward and its way back", "run", "blue=100,green=0"],
    ["a canary that ran out", "person", "blue=100,green=0"],
  ])("after %s loses its mark with the next command", async (_, by, split) => {
    expect((await releasing({ until: "smoke" })).code).toBe(0);
    movedForward("blue=90,green=10", "blue");
    movedForward(split, "blue", by);
    expect(recorded()).toBe("no");
    expect((await rollingBack()).code).toBe(0);
    expect({ recorded: recorded(), edge: edge(), state: world.traffic }).toEqual({
      ...{ recorded: "yes", edge: "blue=100,green=0", state: "blue=100,green=0" },
    });
  });

  test("so does one that was moved forward twice", async () => {
    expect((await releasing({ until: "cutover" })).code).toBe(0);
    movedForward("blue=100,green=0", "blue", "person");
    movedForward("blue=0,green=100", "green");
    expect(recorded()).toBe("no");
    const ran = await run((all) => switchStep("chat", "green", all, world.env));
    expect({ code: ran.code, recorded: recorded(), edge: edge(), state: world.traffic }).toEqual({
      ...{ code: 0, recorded: "yes", edge: "blue=0,green=100", state: "blue=0,green=100" },
    });
  });
});

test("a run that was killed between the edge's move and Terraform's leaves no way back that is taken for one", async () => {
  expect((await releasing({ until: "canary" })).code).toBe(0);
  const revision = /^revision (.*)$/m.exec(world.host.run(["facts", "chat"]).said)![1]!;
  const call = [
    "move",
    "chat",
    revision,
    "blue=0,green=100",
    "green",
    "forward",
    "2026-11-28T22:00:00Z",
    "ann",
    "cutover",
  ];
  expect(world.host.run(["session"], `${call.join("\u001f")}\n`).said).toContain(".0");
  everythingDown();
  const ran = await rollingBack();
  expect({ code: ran.code, edge: edge() }).toEqual({ code: 8, edge: "blue=100,green=0" });
  expect(ran.text).toContain("blue v1.5.2 has all traffic of chat at the edge");
});

describe("a canary that nobody watches", () => {
  const lapse = (): void => {
    world.host.at(9000);
    world.host.run(["tick", "chat"]);
  };

  test("ends by its lease, and the next command says so and tells Terraform", async () => {
    await releasing({ until: "canary" });
    lapse();
    expect({ edge: edge(), state: world.traffic }).toEqual({ edge: "blue=100,green=0", state: "blue=90,green=10" });
    const ran = await rollingBack();
    expect(ran.code).toBe(0);
    expect(ran.text).toContain("nobody watched the canary (blue=90,green=10) for 120 s");
    expect({ edge: edge(), state: world.traffic }).toEqual({ edge: "blue=100,green=0", state: "blue=100,green=0" });
  });

  test("is not gone on with when its run comes back too late", async () => {
    inEachPause(lapse);
    const ran = await releasing({ canaryFor: "20s" });
    expect({ code: ran.code, edge: edge(), state: world.traffic }).toEqual({
      ...{ code: 4, edge: "blue=100,green=0", state: "blue=100,green=0" },
    });
    expect(ran.text).toContain("nobody watched the canary");
  });

  test("is watched while its run lives", async () => {
    const seen: (string | undefined)[] = [];
    inEachPause(() => {
      // Less than a lease at a time, more than one in all.
      world.host.at(Number(/^(\d+)/.exec(world.host.uptime)![1]) + 60);
      world.host.run(["tick", "chat"]);
      seen.push(edge());
    });
    const ran = await releasing({ canaryFor: "18s" });
    expect(seen).toEqual(Array(4).fill("blue=90,green=10"));
    expect(ran.text).not.toContain("nobody watched");
  });
});

describe("twinset watch", () => {
  const watching = (flags: Partial<ReleaseFlags> = {}): Promise<Ran> =>
    run((all) => watch("chat", all, world.env), flags);

  test("watches a canary that came by itself, and leaves it to its lease when it did well", async () => {
    expect((await releasing({ until: "deploy" })).code).toBe(0);
    const begun = await run((all) => canaryStep("10", "chat", all, world.env));
    expect(begun.text).toContain("Nobody watches the canary: it ends by itself in 120 s");
    expect(end(begun)).toMatchObject({ next: "twinset watch chat --environment production" });
    const ran = await watching();
    expect({ code: ran.code, edge: edge() }).toEqual({ code: 0, edge: "blue=90,green=10" });
    expect(end(ran)).toMatchObject({ next: "twinset switch chat green --environment production" });
  });

  test("takes it back at a breach", async () => {
    await releasing({ until: "deploy" });
    await run((all) => canaryStep("10", "chat", all, world.env));
    world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
    const ran = await watching();
    expect({ code: ran.code, edge: edge(), state: world.traffic }).toEqual({
      ...{ code: 4, edge: "blue=100,green=0", state: "blue=100,green=0" },
    });
  });

  test("has nothing to do without a canary, and says what to type", async () => {
    const ran = await watching();
    expect(ran.code).toBe(2);
    expect(ran.text).toContain("no canary is in force");
    expect(ran.text).toContain("twinset canary 10 chat");
  });
});

test("no apply takes a set away that has visitors at the edge, whatever the files say", async () => {
  await releasing({ until: "canary" });
  // Somebody edits the release file: the canary's set is no longer in it, and the switch is taken for applied already.
  world.edit({ "mana-core-auth": AUTH, chat: { ...BEFORE, green: null } });
  const site = await openSite({ environment: "production", env: world.env, lock: false });
  const changes = await site.terraform.plan();
  const without = changes.filter(({ address }) => address !== SWITCH);
  const refused = await takenFromVisitors(site, without);
  expect(refused.map(({ address }) => address)).toContain("docker_container.chat_green_web-0");
  expect(refused[0]!.what).toContain("the edge has blue=90,green=10");
  // The whole plan moves them first, and Terraform makes the new switch before it removes a container.
  expect(await takenFromVisitors(site, changes)).toEqual([]);
  expect(
    await takenFromVisitors(
      site,
      without,
      refused.map(({ address }) => address),
    ),
  ).toEqual([]);
});

test("a breach is at the edge before it is written down, with the store down for good", async () => {
  world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
  const watch = setInterval(() => {
    if (edge() !== "blue=90,green=10") return;
    clearInterval(watch);
    world.store.faults.inject({ fault: { kind: "error", status: 403 }, path: /./, times: 100_000 });
    world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600), broken: "plan" });
  }, 20);
  const ran = await releasing();
  clearInterval(watch);
  expect({ code: ran.code, edge: edge() }).toEqual({ code: 4, edge: "blue=100,green=0" });
  expect(ran.text).toContain("Terraform could not be told of it");
  expect(ran.text).toContain("Terraform has not been told: until it is");
});

test("a rollback while somebody's canary is watched: theirs ends, and removes nothing", async () => {
  const theirs = releasing({ canaryFor: "60s" });
  // Its own step is over: until then the switch that is under way would be refused, and that is another test.
  const looksAgain = await nextPause();
  expect({ edge: edge(), state: world.traffic }).toEqual({ edge: "blue=90,green=10", state: "blue=90,green=10" });
  const moved = rollback(
    "chat",
    undefined,
    { environment: "production", json: true, yes: true, recordFor: "60s" },
    world.env,
  );
  // Terraform is told once they have given the lock back.
  const triesAgain = await nextPause();
  expect(edge()).toBe("blue=100,green=0");
  looksAgain();
  triesAgain();
  const [ran, code] = await Promise.all([theirs, moved]);
  expect({ theirs: ran.code, code, edge: edge(), state: world.traffic }).toEqual({
    ...{ theirs: 5, code: 0, edge: "blue=100,green=0", state: "blue=100,green=0" },
  });
  expect(ran.text).toMatch(/the edge has blue=100,green=0 since .*: rollback/);
});
