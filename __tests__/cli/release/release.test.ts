/** The release commands from the command's arguments to its exit code, in a world of their own (support/fake-world.ts). */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type * as Site from "../../../cli/shared/site";
import { release } from "../../../cli/release/release";
import type { ReleaseFlags } from "../../../cli/release/session";
import { canaryStep } from "../../../cli/release/canary";
import { deployStep } from "../../../cli/release/deploy";
import { retireStep } from "../../../cli/release/retire";
import { rollback } from "../../../cli/release/rollback";
import { switchStep } from "../../../cli/release/switch";
import { driftCommand } from "../../../cli/environment/drift";
import { settledCommand } from "../../../cli/pipeline/settled";
import { startGithub } from "../../../simulators/github";
import { openSite } from "../../../cli/shared/site";
import { loadPlatform } from "../../../config/load";
import type { ProductRelease } from "../../../model/release";
import { Journal, newRunId } from "../../../release/journal/journal";
import { next, start } from "../../../release/machine";
import { stateFiles } from "../../../clients/state-store/state-store";
import { StateLock } from "../../../clients/state-store/state-lock";
import { FakeWorld } from "../../support/fake-world";
import { prometheusAnswer } from "../../support/prometheus-answer";
import { AUTH, BEFORE, bringAbout, end, type Ran, run, steps, SWITCH, traffic } from "./lab";

// An edge listens on port 443, which no test may have.
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
});
afterEach(() => world.stop());

const deployed = (chat: ProductRelease = BEFORE): Promise<void> => bringAbout(world, chat);
const releasing = (version: string | undefined = "v1.6.0", flags: Partial<ReleaseFlags> = {}) =>
  run((all) => release("chat", version, all, world.env), flags);
const applies = (): number =>
  world.calls().filter(([program, command]) => program === "terraform" && command === "apply").length;

/** The state's own store, as the commands find it. */
const files = () =>
  stateFiles("manacore", loadPlatform().platform.environments.production, { env: world.env, directory: "/nowhere" });
const journalOf = () => new Journal(files(), { redact: (text) => text, who: "alice@laptop" });
const lockFile = () => world.file("terraform.tfstate.tflock");

/** A run whose switch fails in the canary, and on every way back. */
/** Neither Terraform nor the keeper beside the edge can move anything. */
async function stuck(noKeeper = "Cannot connect to the Docker daemon"): Promise<Ran> {
  await deployed();
  await world.push("v1.6.0");
  await releasing("v1.6.0", { until: "smoke" });
  world.fate({ fails: { [SWITCH]: "the edge does not serve it" }, noKeeper });
  const begun = start({ before: BEFORE, version: "v1.6.0", canaryPercent: 10 });
  const progress = { ...begun, step: "canary" as const, now: world.chat };
  const line = { run: newRunId(), product: "chat", progress };
  await journalOf().append({ ...line, event: "started", from: BEFORE, to: world.chat });
  await journalOf().append({ ...line, event: "step-done", step: "deploy", from: BEFORE, to: world.chat });
  return releasing(undefined, { resume: true });
}

/** As one is written down that was killed while it watched its canary. */
async function died(): Promise<string> {
  await deployed({ ...BEFORE, canary: 10, green: { version: "v1.6.0" } });
  const run = newRunId();
  const begun = start({ before: BEFORE, version: "v1.6.0", canaryPercent: 10 });
  const canary = next(next(begun, "ok"), "ok");
  const watching = next(canary, "ok");
  const journal = journalOf();
  await journal.append({ event: "started", run, product: "chat", from: BEFORE, to: watching.now!, progress: begun });
  await journal.append({
    ...{ event: "step-done", run, product: "chat", step: "canary", from: canary.now, to: watching.now! },
    progress: watching,
  });
  await journal.append({ event: "step-started", run, product: "chat", step: "watch", progress: watching });
  return run;
}

describe("a whole release", () => {
  test("from blue to green; every word of it in file, journal and edge; nothing is left of the lock", async () => {
    await deployed();
    await world.push("v1.6.0");
    const ran = await releasing();
    expect(steps(ran)).toEqual(
      ["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"].map((step) => `${step} done`),
    );
    expect(traffic(ran)).toEqual(["100/0", "90/10", "0/100", "-/100"]);
    expect(end(ran)).toMatchObject({ outcome: "done", text: ["green v1.6.0 serves chat."] });
    expect(ran.code).toBe(0);

    // The images are named by what was found in the registry, as a tag may move.
    const digests = {
      "chat-backend": expect.stringMatching(/^sha256:/),
      "chat-web": expect.anything(),
      "chat-landing": expect.anything(),
    };
    expect(world.chat).toEqual({ live: "green", canary: 0, blue: null, green: { version: "v1.6.0", digests } });
    expect(world.release["mana-core-auth"]).toEqual(AUTH);
    expect(world.traffic).toBe("green=100");
    expect(world.resources.filter((address) => address.includes("chat_blue"))).toEqual([]);
    expect(world.edge.asked.map(({ host }) => host)).toEqual([
      "api-chat.manacore.app",
      "app-chat.manacore.app",
      "chat.manacore.app",
    ]);
    expect(lockFile()).toBeUndefined();
    const written = world.journal.map((entry) =>
      "step" in entry && entry.step ? `${entry.event} ${entry.step}` : entry.event,
    );
    expect(written.slice(0, 3)).toEqual(["started", "step-started deploy", "step-done deploy"]);
    expect(written.slice(-2)).toEqual(["step-done retire", "ended"]);
    expect(written).toHaveLength(2 + 2 * 7);
    // Under its own lock none of its commands asks for Terraform's.
    for (const [program, command, ...args] of world.calls()) {
      if (program === "terraform" && ["plan", "apply"].includes(command!)) expect(args).toContain("-lock=false");
    }
  });

  test("the next one goes the other way", async () => {
    await deployed({ live: "green", canary: 0, blue: null, green: { version: "v1.6.0" } });
    await world.push("v1.7.0");
    const ran = await releasing("v1.7.0");
    expect(traffic(ran)).toEqual(["0/100", "10/90", "100/0", "100/-"]);
    expect(world.chat).toMatchObject({ live: "blue", green: null });
  });

  test("a first release is deployed and tried, and then it is live", async () => {
    world.edit({ "mana-core-auth": AUTH });
    const site = await openSite({ environment: "production", env: world.env, lock: false });
    await site.terraform.plan();
    await site.terraform.applyPlanned();
    await world.push("v1.6.0");
    const ran = await releasing();
    expect({ code: ran.code, steps: steps(ran) }).toEqual({ code: 0, steps: ["deploy done", "smoke done"] });
    expect(world.chat).toMatchObject({ live: "blue", blue: { version: "v1.6.0" }, green: null });
  });

  test.each([
    ["deploy", ["100/0"], "blue=100,green=0", "twinset canary 10 chat --environment production"],
    ["canary", ["100/0", "90/10"], "blue=90,green=10", "twinset watch chat --environment production"],
    ["cutover", ["100/0", "90/10", "0/100"], "blue=0,green=100", "twinset retire chat --environment production"],
  ])("--until %s ends there, and names the one command to go on", async (until, moved, weights, command) => {
    await deployed();
    await world.push("v1.6.0");
    const ran = await releasing("v1.6.0", { until });
    expect({ code: ran.code, moved: traffic(ran), weights: world.traffic }).toEqual({ code: 0, moved, weights });
    expect(end(ran)).toMatchObject({ outcome: "done", next: command });
    expect(world.journal.at(-1)).toMatchObject({ event: "ended", outcome: "done" });
  });

  test("--dry-run shows each step's own changes, and touches nothing", async () => {
    await deployed();
    await world.push("v1.6.0");
    const before = { chat: world.chat, applies: applies(), resources: world.resources };
    const ran = await releasing("v1.6.0", { dryRun: true });
    expect(ran.code).toBe(0);
    expect(ran.text).toContain("deploy: 8 changes\n");
    expect(ran.text).toContain(`  ${SWITCH} delete+create (blue=90,green=10)`);
    expect(ran.text).toContain("Nothing was changed.");
    expect({ chat: world.chat, applies: applies(), resources: world.resources }).toEqual(before);
    expect(world.journal).toEqual([]);
  });
});

describe("a release that does not go well", () => {
  test("never healthy (1): container, health check and log are named; what was begun is gone; traffic never moved", async () => {
    await deployed();
    await world.push("v1.6.0");
    world.fate({ fails: { "docker_container.chat_green_backend-0": "container failed to be in healthy state" } });
    const ran = await releasing();
    expect({ code: ran.code, steps: steps(ran) }).toEqual({ code: 1, steps: ["deploy failed", "clean-up done"] });
    expect(ran.text).toContain("docker_container.chat_green_backend-0: container failed to be in healthy state");
    expect(ran.text).toContain(
      "is unhealthy: 3 health checks in a row have failed, the last one with exit code 1:\n    503 Service Unavailable",
    );
    expect(ran.text).toContain("said last:\n    cannot reach the payment provider");
    expect(end(ran)).toMatchObject({
      text: ["blue v1.5.2 serves chat. No visitor has seen v1.6.0."],
      next: "twinset release chat v1.6.0 --environment production",
    });
    expect(world.chat).toEqual(BEFORE);
    expect(world.traffic).toBe("blue=100");
    expect(world.resources.filter((address) => address.includes("chat_green"))).toEqual([]);
    // Mended, it can be done again.
    world.fate({});
    expect((await releasing()).code).toBe(0);
  });

  test("a smoke test that fails (1): no visitor has seen it, and it stays to be looked at", async () => {
    await deployed();
    await world.push("v1.6.0");
    const ran = await run((all) => release("chat", "v1.6.0", all, { ...world.env, TF_VAR_smoke_key: "another" }));
    expect({ code: ran.code, steps: steps(ran) }).toEqual({ code: 1, steps: ["deploy done", "smoke failed"] });
    expect(ran.text).toContain(
      "answered by the set with the traffic, not green: is TF_VAR_smoke_key the deployed one?",
    );
    expect(end(ran)).toMatchObject({ next: "twinset retire chat --environment production" });
    expect(world.traffic).toBe("blue=100,green=0");
  });

  test("a breach (4): the metric against its limit, and the traffic is back by the switch alone", async () => {
    await deployed();
    await world.push("v1.6.0");
    world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
    const ran = await releasing();
    expect(ran.code).toBe(4);
    expect(steps(ran)).toEqual(["deploy done", "smoke done", "canary done", "watch failed", "back done"]);
    expect(ran.text).toContain("error share 20 % (limit 1 %; live set 0 %), 100 of 500 requests");
    expect(world.traffic).toBe("blue=100,green=0");
    expect(world.chat).toMatchObject({ live: "blue", canary: 0, green: { version: "v1.6.0" } });
    expect(end(ran)).toMatchObject({ outcome: "went-back", next: "twinset retire chat --environment production" });
    const back = world
      .calls()
      .filter(([, command, ...args]) => command === "plan" && args.includes(`-target=${SWITCH}`))
      .slice(-1);
    expect(back).toEqual([expect.arrayContaining(["-refresh=false"])]);
  });

  test("too few requests (5): no pass; the traffic is back, and a person decides", async () => {
    await deployed();
    await world.push("v1.6.0");
    world.fate({ metrics: prometheusAnswer({ requests: 3, errors: 0 }, 600) });
    const ran = await releasing();
    expect(ran.code).toBe(5);
    expect(ran.text).toContain("3 requests (too few, at least 100; live set 1000)");
    expect(end(ran)).toMatchObject({
      outcome: "undecided",
      next: "twinset switch chat green --environment production",
    });
    expect(world.traffic).toBe("blue=100,green=0");
  });

  test("no numbers at all (5)", async () => {
    await deployed();
    await world.push("v1.6.0");
    world.fate({ metrics: "Error: No such container" });
    const ran = await releasing();
    expect(ran.code).toBe(5);
    expect(ran.text).toContain("no numbers: Prometheus' answer is not understood");
  });

  test("traffic that cannot be moved back (7): tried three times, and then a person is called", async () => {
    const ran = await stuck();
    expect(ran.code).toBe(7);
    expect(steps(ran)).toEqual(["canary failed", "back failed", "back failed", "back failed"]);
    expect(end(ran)).toMatchObject({ outcome: "stuck" });
    expect(end(ran)!.text[0]).toBe(
      "TRAFFIC COULD NOT BE MOVED BACK: neither the edge nor Terraform went along, in 3 attempts; why is said above. v1.6.0 may have visitors.",
    );
  });

  test("a switch that Terraform cannot make (4): the edge is back all the same, and Terraform was not told", async () => {
    const ran = await stuck("");
    expect(ran.code).toBe(4);
    expect(steps(ran)).toEqual(["canary failed", "back failed"]);
    expect(ran.text).toContain("All traffic is on blue at the edge. Terraform could not be told of it:");
    expect(world.host.run(["facts", "chat"]).said).toContain("split blue=100,green=0");
  });

  test("stuck: the one command that is named brings the traffic back, and not all of it to the new set", async () => {
    const { next: command = "" } = end(await stuck())!;
    world.fate({});
    const [, step, , colour = ""] = command.split(" ");
    const again = (all: ReleaseFlags) =>
      step === "switch" ? switchStep("chat", colour, all, world.env) : rollback("chat", undefined, all, world.env);
    expect((await run(again)).code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
  });

  test("what is not the product's own (3): named with its address, nothing applied; --allow lets it through", async () => {
    await deployed();
    await world.push("v1.6.0");
    const foreign = "docker_container.mana-core-auth_blue_auth-0";
    world.tamper(foreign);
    const before = applies();
    const ran = await releasing();
    expect({ code: ran.code, steps: steps(ran) }).toEqual({ code: 3, steps: ["deploy failed"] });
    expect(ran.text).toContain(`error: ${foreign}\n  given     delete, create: product mana-core-auth`);
    expect(ran.text).toContain(`--allow ${foreign}`);
    expect(applies()).toBe(before);
    expect(world.chat).toEqual(BEFORE);
    const allowed = await releasing("v1.6.0", { until: "deploy", allow: [foreign] });
    expect(allowed.code).toBe(0);
    expect(allowed.events).toContainEqual(expect.objectContaining({ kind: "plan", allowed: [foreign] }));
  });

  test("somebody else is at work (6): who, since when, and how to take over from the dead", async () => {
    await deployed();
    await world.push("v1.6.0");
    const held = await new StateLock(files(), "1.11.4", "alice@laptop").acquire("release of news v2");
    const id = (held as { id: string }).id;
    const ran = await releasing();
    expect(ran.code).toBe(6);
    expect(ran.text).toMatch(/locked by alice@laptop since 20.*: release of news v2/);
    expect(ran.text).toContain(`--unlock ${id}`);
    expect(world.journal).toEqual([]);
    expect((await releasing("v1.6.0", { unlock: "another" })).code).toBe(6);
    expect((await releasing("v1.6.0", { until: "deploy", unlock: id })).code).toBe(0);
    expect(lockFile()).toBeUndefined();
  });
});

describe("single steps", () => {
  const both: ProductRelease = { ...BEFORE, green: { version: "v1.6.0" } };

  test("deploy, canary, switch, rollback, retire: each is one edit, one apply, one exit code", async () => {
    await deployed();
    await world.push("v1.6.0");
    const at = async (command: (flags: ReleaseFlags) => Promise<number>) => {
      const { code } = await run(command);
      return { code, traffic: world.traffic, canary: world.chat.canary, live: world.chat.live };
    };
    const { env } = world;
    expect(await at((all) => deployStep("chat", "v1.6.0", all, env))).toEqual({
      code: 0,
      traffic: "blue=100,green=0",
      canary: 0,
      live: "blue",
    });
    expect(await at((all) => canaryStep("25", "chat", all, env))).toEqual({
      code: 0,
      traffic: "blue=75,green=25",
      canary: 25,
      live: "blue",
    });
    expect(await at((all) => canaryStep("0", "chat", all, env))).toEqual({
      code: 0,
      traffic: "blue=100,green=0",
      canary: 0,
      live: "blue",
    });
    expect(await at((all) => switchStep("chat", "green", all, env))).toEqual({
      code: 0,
      traffic: "blue=0,green=100",
      canary: 0,
      live: "green",
    });
    expect(await at((all) => rollback("chat", undefined, all, env))).toEqual({
      code: 0,
      traffic: "blue=100,green=0",
      canary: 0,
      live: "blue",
    });
    expect(await at((all) => retireStep("chat", all, env))).toEqual({
      code: 0,
      traffic: "blue=100",
      canary: 0,
      live: "blue",
    });
    expect(lockFile()).toBeUndefined();
    // "canary 0" is two: what was done at the edge is told, and then nothing is left to change.
    expect(world.journal.filter(({ event }) => event === "step-done")).toHaveLength(7);
  });

  test("rollback of a canary takes its traffic away; with a version that runs, it is the same", async () => {
    await deployed({ ...both, canary: 10 });
    expect((await run((all) => rollback("chat", "v1.5.2", all, world.env))).code).toBe(0);
    expect(world.chat).toEqual(both);
  });

  test("rollback to a version that runs no more deploys it first, and then moves the traffic", async () => {
    await deployed();
    await world.push("v1.4.0");
    const ran = await run((all) => rollback("chat", "v1.4.0", all, world.env));
    expect(ran.code).toBe(0);
    expect(steps(ran)).toEqual(["deploy done", "back done"]);
    expect(world.chat).toMatchObject({ live: "green", green: { version: "v1.4.0" }, blue: { version: "v1.5.2" } });
  });
});

describe("a run that died", () => {
  test("is gone on with from where it was, on a computer whose release file is from before", async () => {
    const id = await died();
    world.edit({ "mana-core-auth": AUTH, chat: BEFORE });
    const ran = await releasing(undefined, { resume: true });
    expect(ran.code).toBe(0);
    expect(ran.events[0]).toMatchObject({ kind: "begin", run: id, resumed: true, version: "v1.6.0" });
    expect(steps(ran)).toEqual(["watch done", "cutover done", "keep done", "retire done"]);
    expect(world.chat).toMatchObject({ live: "green", blue: null });
    expect(world.journal.at(-1)).toMatchObject({ event: "ended", run: id, outcome: "done" });
  });

  test("that had only begun is deployed by who goes on with it", async () => {
    await deployed();
    await world.push("v1.6.0");
    const progress = start({ before: BEFORE, version: "v1.6.0", canaryPercent: 10 });
    const journal = journalOf();
    const line = { run: newRunId(), product: "chat", progress };
    await journal.append({ ...line, event: "started", from: BEFORE, to: BEFORE });
    await journal.append({ ...line, event: "step-started", step: "deploy" });
    expect((await releasing(undefined, { resume: true })).code).toBe(0);
    expect(world.chat).toMatchObject({ live: "green", green: { version: "v1.6.0" } });
  });

  test("no other run of the product may begin; it says who, and both ways on", async () => {
    const id = await died();
    await world.push("v1.7.0");
    const ran = await releasing("v1.7.0");
    expect(ran.code).toBe(2);
    expect(ran.text).toContain(`error: run ${id}`);
    expect(ran.text).toContain("v1.6.0 by alice@laptop since");
    expect(ran.text).toContain("--resume; or end it: twinset rollback chat --environment production");
  });

  test("a rollback ends it: the traffic is back, and the next run may begin", async () => {
    await died();
    await world.push("v1.7.0");
    expect((await run((all) => rollback("chat", undefined, all, world.env))).code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
    expect((await releasing("v1.7.0", { until: "deploy" })).code).toBe(0);
  });

  test.each([["another version than the one under way", "v1.7.0", "v1.7.0, but v1.6.0 is under way"]])(
    "%s is not resumed",
    async (_, version, said) => {
      await died();
      const ran = await releasing(version, { resume: true });
      expect(ran.code).toBe(2);
      expect(ran.text).toContain(said);
      expect(world.traffic).toBe("blue=90,green=10");
    },
  );

  test("there is none", async () => {
    await deployed();
    const ran = await releasing(undefined, { resume: true });
    expect(ran.code).toBe(2);
    expect(ran.text).toContain("no run that has not ended");
  });
});

describe("a journal that cannot be read whole", () => {
  const NEWER = '{"v":2,"product":"chat","event":"leased","until":"2026-11-21T10:00:00Z"}';
  const NEWER_OF_ANY = '{"v":2,"event":"leased"}';
  const NEWER_OF_AUTH = '{"v":2,"product":"mana-core-auth","event":"leased"}';
  const TORN = '{"v":1,"id":"1","at":"2026-11-21T10:00:00.000Z","run":"r","who":"a@b","product":"mana-core-auth","ev';
  const place = "s3://manacore-terraform-state/manacore/production/journal.jsonl";
  type Changed = Record<string, unknown> & { progress: Record<string, unknown> & { now: { green: object } | null } };
  /** A line as it would be after the run's, with something in it changed. */
  const changed = (change: (entry: Changed) => unknown): string => {
    const entry = JSON.parse(world.file("journal.jsonl")!.trim().split("\n").at(-1)!) as Changed;
    entry["id"] = "another";
    change(entry);
    return JSON.stringify(entry);
  };
  async function write(change: (lines: string[]) => readonly string[], end = "\n"): Promise<void> {
    const file = await files().read("journal.jsonl");
    const lines = change((file?.text ?? "").split("\n").filter((line) => line !== ""));
    const text = `${lines.join("\n")}${end}`;
    expect(await files().write("journal.jsonl", text, { ifVersion: file?.version ?? "absent" })).toBe(true);
  }
  const written = () => world.file("journal.jsonl");

  const UNREADABLE: readonly (readonly [what: string, line: () => string, said: string])[] = [
    ["a newer Twinset's line", () => NEWER, "written by a newer Twinset (version 2 of the journal)"],
    ["a newer Twinset's line about nobody knows whom", () => NEWER_OF_ANY, "written by a newer Twinset"],
    ["a newer Twinset's line about no name", () => '{"v":3,"product":["chat"]}', "(version 3 of the journal)"],
    ["a version between two", () => '{"v":1.5,"product":"chat"}', "(version 1.5 of the journal)"],
    ["a version that is no number", () => '{"v":"2","product":"chat"}', "not an entry: v"],
    ["a torn line", () => TORN, "not whole"],
    ["a torn line that is a number", () => "17", "not an entry: the whole line"],
    ["an empty list", () => "[]", "not an entry"],
    ["nothing", () => "null", "not an entry"],
    ["an event that nobody knows", () => changed((e) => (e["event"] = "paused")), "not an entry: event"],
    ["a step that nobody knows", () => changed((e) => (e["step"] = "bake")), "not an entry: step"],
    ["a state in an unknown step", () => changed((e) => (e.progress["step"] = "bake")), "not an entry: progress.step"],
    [
      "a state with an unknown field",
      () => changed((e) => (e.progress["lease"] = 120)),
      "not an entry: progress.lease, which this version does not know",
    ],
    [
      "an unknown field deep in the state",
      () => changed((e) => Object.assign(e.progress.now!.green, { shadow: true })),
      "not an entry: progress.now.green.shadow",
    ],
    ["an unknown field of the entry", () => changed((e) => (e["epoch"] = 7)), "not an entry: epoch"],
    ["a state that cannot be", () => changed((e) => (e.progress.now = null)), "not an entry: progress"],
    [
      "another entry of the same id",
      () => changed((e) => Object.assign(e, { id: JSON.parse(written()!.trim().split("\n").at(-1)!).id, who: "x@y" })),
      "not an entry: another line has its id",
    ],
  ];

  test.each(UNREADABLE)(
    "%s: --resume refuses, names place, line and fix, and touches nothing",
    async (_, line, said) => {
      await died();
      const unreadable = line().replace('"step":"watch","until"', '"step":"watch"');
      await write((lines) => [...lines, unreadable]);
      const before = written();
      const ran = await releasing(undefined, { resume: true });
      expect(ran.text).toContain(
        `error: ${place}:4\n  given     ${said.startsWith("(") ? "written by a newer" : said}`,
      );
      expect(ran.text).toContain(said);
      expect(ran.text).toMatch(
        said.includes("newer Twinset") || said.startsWith("(")
          ? /fix {7}use the Twinset that wrote it \(git pull, npm ci\).*twinset rollback chat --environment production/
          : /fix {7}look at it: aws s3 cp s3:\S+ - \| sed -n 4p; .*--past [0-9a-f]{12}; \S+ then goes on from its last whole entry, line 3/,
      );
      expect(ran.code).toBe(2);
      expect(written()).toBe(before);
      expect(world.traffic).toBe("blue=90,green=10");
      expect(lockFile()).toBeUndefined();
    },
  );

  test.each([
    ["in the middle", (lines: string[]) => [...lines.slice(0, 2), NEWER, ...lines.slice(2)], "\n", 3],
    ["torn in the middle", (lines: string[]) => [...lines.slice(0, 2), TORN, ...lines.slice(2)], "\n", 3],
    ["torn at the end, without a newline", (lines: string[]) => [...lines, TORN], "", 4],
    ["the run's own last line, cut off", (lines: string[]) => [...lines.slice(0, 2), lines[2]!.slice(0, 90)], "", 3],
    ["all of it", () => [NEWER, NEWER_OF_ANY], "\n", 1],
  ] as [string, (lines: string[]) => readonly string[], string, number][])("%s", async (_, change, end, line) => {
    await died();
    await write(change, end);
    const ran = await releasing(undefined, { resume: true });
    expect(ran.code).toBe(2);
    expect(ran.text).toContain(`error: ${place}:${line}\n`);
    expect(world.traffic).toBe("blue=90,green=10");
  });

  test.each([
    ["another product's, as a newer Twinset writes it", NEWER_OF_AUTH],
    ["another product's, with a step that nobody knows", '{"v":1,"product":"mana-core-auth","event":"paused"}'],
  ])("a line that is %s, bars nobody", async (_, line) => {
    await died();
    await write((lines) => [...lines, line]);
    expect((await releasing(undefined, { resume: true })).code).toBe(0);
  });

  test("lines from before the run are history", async () => {
    await died();
    await write((lines) => [NEWER, TORN, ...lines]);
    expect((await releasing(undefined, { resume: true })).code).toBe(0);
  });

  type Command = (all: ReleaseFlags) => Promise<number>;
  const FORWARD: readonly (readonly [string, Command])[] = [
    ["release", (all) => release("chat", "v1.7.0", all, world.env)],
    ["release --dry-run", (all) => release("chat", "v1.7.0", { ...all, dryRun: true }, world.env)],
    ["deploy", (all) => deployStep("chat", "v1.7.0", all, world.env)],
    ["canary", (all) => canaryStep("20", "chat", all, world.env)],
    ["switch", (all) => switchStep("chat", "green", all, world.env)],
    ["retire", (all) => retireStep("chat", all, world.env)],
  ];
  test.each(FORWARD.flatMap(([name, command]) => [NEWER, TORN].map((line) => [name, line, command] as const)))(
    "%s beside %s refuses",
    async (name, line, command) => {
      const both = { ...BEFORE, green: { version: "v1.6.0" } };
      await deployed(name === "deploy" || name.startsWith("release") ? BEFORE : both);
      await world.push("v1.7.0");
      await write((lines) => [...lines, line]);
      const before = { journal: written(), applies: applies(), chat: world.chat };
      const ran = await run(command);
      expect(ran.text).toContain(`error: ${place}:1\n`);
      expect(ran.code).toBe(2);
      expect({ journal: written(), applies: applies(), chat: world.chat }).toEqual(before);
    },
  );

  const BACK: readonly (readonly [string, Command])[] = [
    ["rollback", (all) => rollback("chat", undefined, all, world.env)],
    ["canary 0", (all) => canaryStep("0", "chat", all, world.env)],
    ["switch to the live set", (all) => switchStep("chat", "blue", all, world.env)],
  ];
  test.each(BACK.flatMap(([name, command]) => [NEWER, TORN].map((line) => [name, line, command] as const)))(
    "%s beside %s warns and moves the traffic back",
    async (_, line, command) => {
      await died();
      await write((lines) => [...lines, line], "");
      const ran = await run(command);
      expect(ran.text).toContain(`${place}:4 cannot be read`);
      expect(ran.events.filter((event) => event.kind === "line")).toMatchObject([{ level: "warning" }]);
      expect(ran.code).toBe(0);
      expect(world.traffic).toBe("blue=100,green=0");
      // What could not be read is still there, as it was.
      expect(written()).toContain(`\n${line}\n`);
    },
  );

  test("a rollback to a version that runs no more is not barred either", async () => {
    await deployed({ live: "green", canary: 0, blue: null, green: { version: "v1.6.0" } });
    await world.push("v1.5.2");
    await write(() => [NEWER, TORN]);
    const ran = await run((all) => rollback("chat", "v1.5.2", all, world.env));
    expect(ran.code).toBe(0);
    expect(world.chat).toMatchObject({ live: "blue", blue: { version: "v1.5.2" } });
  });

  test("a run that goes back by itself does not ask what others have written", async () => {
    await died();
    world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
    const ran = run((all) => release("chat", undefined, { ...all, resume: true }, world.env));
    // It has read the journal once it says so itself.
    while (!written()?.includes('"resumed"')) await new Promise((done) => setTimeout(done, 5));
    const file = (await files().read("journal.jsonl"))!;
    await files().write("journal.jsonl", `${file.text}${NEWER}\n${TORN}`, { ifVersion: file.version });
    expect((await ran).code).toBe(4);
    expect(world.traffic).toBe("blue=100,green=0");
  });

  test("settled does not say that the files may be deployed; drift and status say it, and go on", async () => {
    await deployed();
    await write(() => [NEWER_OF_AUTH, TORN]);
    const lines: string[] = [];
    const tell = (line: string): void => void lines.push(line);
    const github = await startGithub({ token: "good", owner: { login: "acme", type: "User" }, repositories: ["site"] });
    const access = { GITHUB_TOKEN: "good", GITHUB_REPOSITORY: "acme/site", GITHUB_API_URL: github.baseUrl };
    try {
      expect(await settledCommand("production", { ...world.env, ...access }, tell)).toBe(2);
    } finally {
      await github.stop();
    }
    expect(lines.join("\n")).toContain(`error: ${place}:1\n`);
    expect(lines.join("\n")).toContain(`error: ${place}:2\n`);
    lines.splice(0);
    // It goes on as far as a played Terraform goes: its plans have no time.
    await driftCommand({ environment: "production", env: world.env, issue: false, write: tell });
    expect(lines[0]).toContain(`production: ${place}:1 cannot be read: written by a newer Twinset`);
    expect(lines[1]).toContain(`production: ${place}:2 cannot be read: not whole`);
    expect(lines.length).toBeGreaterThan(2);
  });

  describe("--past", () => {
    const idIn = ({ text }: Ran): string => /--past ([0-9a-f]{12})/.exec(text)![1]!;

    test("a torn line that was looked at counts as not there, and is not asked for again", async () => {
      const id = await died();
      await write((lines) => [...lines, TORN], "");
      const past = idIn(await releasing(undefined, { resume: true }));
      world.fate({ fails: { [SWITCH]: "the edge does not serve it" } });
      expect((await releasing(undefined, { resume: true, past: [past] })).code).not.toBe(2);
      world.fate({});
      expect(world.journal.find((entry) => entry.event === "resumed")).toMatchObject({ past: [past] });
      expect(world.file("journal.jsonl")).toContain(TORN);
      expect((await run((all) => rollback("chat", undefined, all, world.env))).text).not.toContain("cannot be read");
      expect(id).toBeTruthy();
    });

    test("a step by itself writes it down, too", async () => {
      await deployed({ ...BEFORE, green: { version: "v1.6.0" } });
      await write(() => [TORN]);
      const canary: Command = (all) => canaryStep("10", "chat", all, world.env);
      const past = idIn(await run(canary));
      expect((await run(canary, { past: [past] })).code).toBe(0);
      expect((await run((all) => switchStep("chat", "green", all, world.env))).code).toBe(0);
      // For another product nobody has said so.
      expect((await run((all) => retireStep("mana-core-auth", all, world.env))).text).toContain(`${place}:1`);
    });

    test("a newer Twinset's line is not passed over by anybody's word", async () => {
      await died();
      await write((lines) => [...lines, NEWER]);
      const { unreadable } = await journalOf().read();
      const ran = await releasing(undefined, { resume: true, past: [unreadable[0]!.id] });
      expect(ran.code).toBe(2);
      expect(ran.text).toContain("use the Twinset that wrote it");
    });

    test("a line that is not there is a mistake", async () => {
      await died();
      const ran = await releasing(undefined, { resume: true, past: ["0123456789ab"] });
      expect(ran.code).toBe(2);
      expect(ran.text).toContain("error: --past\n  given     0123456789ab");
    });
  });
});

describe("a mistake (2) changes nothing, writes nothing down, and names its fix", () => {
  const flags = (change: Partial<ReleaseFlags>) => change;
  test.each<[string, (all: ReleaseFlags) => Promise<number>, Partial<ReleaseFlags>, string]>([
    ["no such product", (all) => release("chatt", "v1", all, world.env), {}, "one of mana-core-auth and chat"],
    [
      "no such environment",
      (all) => release("chat", "v1", all, world.env),
      flags({ environment: "prod" }),
      "one of development, staging and production",
    ],
    ["no version", (all) => release("chat", undefined, all, world.env), {}, "twinset release chat v1.6.0"],
    [
      "no such step",
      (all) => release("chat", "v1.6.0", all, world.env),
      flags({ until: "retire" }),
      "one of deploy, smoke, canary, watch, cutover and keep",
    ],
    ["more than half", (all) => canaryStep("51", "chat", all, world.env), {}, "a whole number from 0 to 50"],
    ["no number", (all) => canaryStep("ten", "chat", all, world.env), {}, "a whole number from 0 to 50"],
    ["no such colour", (all) => switchStep("chat", "red", all, world.env), {}, "blue or green"],
    [
      "a set that does not run",
      (all) => switchStep("chat", "green", all, world.env),
      {},
      "twinset deploy chat <version>",
    ],
    [
      "a canary without a second set",
      (all) => canaryStep("10", "chat", all, world.env),
      {},
      "a canary share only when both sets run",
    ],
    [
      "nothing to go back to",
      (all) => rollback("chat", undefined, all, world.env),
      {},
      "the record knows of no version that held all traffic before v1.5.2",
    ],
    [
      "the version that is live",
      (all) => release("chat", "v1.5.2", all, world.env),
      {},
      "v1.5.2, which is live in blue",
    ],
    [
      "an image that nobody has pushed",
      (all) => release("chat", "v1.6.0", all, world.env),
      {},
      "chat/chat-backend/image",
    ],
  ])("%s", async (_, command, change, said) => {
    await deployed();
    const before = applies();
    const ran = await run(command, change);
    expect(ran.text).toContain(said);
    expect(ran.text).toMatch(/error: .*\n {2}given .*\n {2}expected .*\n {2}fix /);
    expect(ran.code).toBe(2);
    expect(applies()).toBe(before);
    expect(world.chat).toEqual(BEFORE);
    expect(world.journal.filter(({ event }) => event === "started")).toEqual([]);
    expect(lockFile()).toBeUndefined();
  });

  test("all images that are missing are named at once", async () => {
    await deployed();
    const { text } = await releasing();
    for (const service of ["backend", "web", "landing"]) expect(text).toContain(`chat/chat-${service}/image`);
  });

  test("nobody says where the state is", async () => {
    const { AWS_ACCESS_KEY_ID: _, ...env } = world.env;
    const ran = await run((all) => release("chat", "v1.6.0", all, env));
    expect(ran.code).toBe(2);
    expect(ran.text).toContain("error: AWS_ACCESS_KEY_ID");
  });
});

describe("in its words, and in the right moment", () => {
  test("--resume with --dry-run touches nothing", async () => {
    await died();
    const before = applies();
    await releasing(undefined, { resume: true, dryRun: true });
    expect(applies()).toBe(before);
  });
  test.each(["canaryFor", "keepFor", "patience"])("a time that is none (%s) leaves no run behind", async (flag) => {
    await deployed();
    await world.push("v1.6.0");
    const ran = await releasing("v1.6.0", { [flag]: "soon" });
    expect(ran.code).toBe(2);
    expect(world.journal).toEqual([]);
  });
  test("a first release whose smoke test fails has had visitors: it is live with its deploy", async () => {
    world.edit({ "mana-core-auth": AUTH });
    const site = await openSite({ environment: "production", env: world.env, lock: false });
    await site.terraform.plan();
    await site.terraform.applyPlanned();
    await world.push("v1.6.0");
    const ran = await run((all) => release("chat", "v1.6.0", all, { ...world.env, TF_VAR_smoke_key: "another" }));
    expect(steps(ran)).toEqual(["deploy done", "smoke failed"]);
    expect(ran.text).not.toContain("No visitor has seen");
    expect(end(ran)?.next).not.toBe("twinset release chat v1.6.0 --environment production");
  });
  test("--until watch names the colour in the command to go on", async () => {
    await deployed();
    await world.push("v1.6.0");
    const ran = await releasing("v1.6.0", { until: "watch" });
    expect(end(ran)?.next).toBe("twinset switch chat green --environment production");
  });
  test.each(["init", "plan"])(
    "what terraform %s refuses is told in its words, without a stack trace",
    async (broken) => {
      await deployed();
      await world.push("v1.6.0");
      world.fate({ broken });
      const ran = await releasing("v1.6.0", { dryRun: true });
      expect(ran.code).toBe(1);
      expect(ran.text).toContain("no such bucket");
    },
  );
  test("a canary that the catalog's checks refuse is not written down as begun", async () => {
    await deployed();
    await run((all) => canaryStep("10", "chat", all, world.env));
    expect(world.journal).toEqual([]);
  });
  test.each(["", " ", "0x10", "1e1"])("%j per cent is a mistake", async (percent) => {
    await deployed({ ...BEFORE, green: { version: "v1.6.0" } });
    expect((await run((all) => canaryStep(percent, "chat", all, world.env))).code).toBe(2);
  });
  test("a single step that fails names the one command to go on", async () => {
    await deployed({ ...BEFORE, green: { version: "v1.6.0" } });
    world.fate({ fails: { [SWITCH]: "the edge does not serve it" } });
    const ran = await run((all) => canaryStep("10", "chat", all, world.env));
    expect(ran.code).toBe(1);
    expect(end(ran)?.next).toBeDefined();
  });
});
