/** `twinset rollback` in its worst moments: where it leads is read from the record and the state, never from the colour. */
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type * as Site from "../../../cli/shared/site";
import { canaryStep } from "../../../cli/release/canary";
import { deployStep } from "../../../cli/release/deploy";
import { release } from "../../../cli/release/release";
import { retireStep } from "../../../cli/release/retire";
import { rollback } from "../../../cli/release/rollback";
import type { ReleaseFlags } from "../../../cli/release/session";
import { switchStep } from "../../../cli/release/switch";
import type { ProductRelease } from "../../../model/release";
import { FakeWorld } from "../../support/fake-world";
import { prometheusAnswer } from "../../support/prometheus-answer";
import { AUTH, BEFORE, bringAbout, end, type Ran, run, steps } from "./lab";

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

const releasing = (version: string, flags: Partial<ReleaseFlags> = {}): Promise<Ran> =>
  run((all) => release("chat", version, all, world.env), flags);
const back = (version?: string, flags: Partial<ReleaseFlags> = {}): Promise<Ran> =>
  run((all) => rollback("chat", version, all, world.env), flags);
const applies = (): number =>
  world.calls().filter(([program, command]) => program === "terraform" && command === "apply").length;
/** The release file of the last commit, as another computer has it. */
const asCommitted = (chat: ProductRelease = BEFORE): void => world.edit({ "mana-core-auth": AUTH, chat });

describe("a version that visitors must not see", () => {
  const failures: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    [
      "failed in smoke",
      () => run((all) => release("chat", "v1.6.0", all, { ...world.env, TF_VAR_smoke_key: "another" })),
      "blue=100,green=0",
    ],
    [
      "aborted at 20 % errors",
      () => {
        world.fate({ metrics: prometheusAnswer({ requests: 500, errors: 100 }, 600) });
        return releasing("v1.6.0");
      },
      "blue=100,green=0",
    ],
    [
      "had too few requests",
      () => {
        world.fate({ metrics: prometheusAnswer({ requests: 3, errors: 0 }, 600) });
        return releasing("v1.6.0");
      },
      "blue=100,green=0",
    ],
    [
      "was never healthy",
      () => {
        world.fate({ fails: { "docker_container.chat_green_backend-0": "container failed to be in healthy state" } });
        return releasing("v1.6.0");
      },
      "blue=100",
    ],
  ];
  test.each(failures)(
    "%s: rollback, once and again, says so, changes nothing and ends with 0",
    async (_, fail, split) => {
      await fail();
      world.fate({});
      const before = applies();
      for (const ran of [await back(), await back()]) {
        expect(ran.code).toBe(0);
        expect(ran.text).toContain(
          "blue v1.5.2 has all traffic of chat already: v1.6.0, the last that was tried, does not have it",
        );
      }
      expect({ applies: applies(), traffic: world.traffic }).toEqual({ applies: before, traffic: split });
      const named = await back("v1.6.0");
      expect(named.code).toBe(2);
      expect(named.text).toMatch(/given +v1\.6\.0, which (failed|had|never)/);
      expect(world.traffic).toBe(split);
    },
  );

  test.each(["smoke", "canary"])("whose process died in %s", async (until) => {
    // Written down as one that goes on: nobody has ended it.
    await releasing("v1.6.0", { until });
    await world.forget(({ event }) => event === "ended");
    asCommitted();
    const ran = await back();
    expect(ran.code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
    expect(world.chat).toMatchObject({ live: "blue", canary: 0 });
    expect((await back("v1.6.0")).code).toBe(2);
    expect((await back()).code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
  });

  test("that was taken back once is not given back by the next rollback", async () => {
    await releasing("v1.6.0", { until: "cutover" });
    expect((await back()).code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
    const again = await back();
    expect({ code: again.code, traffic: world.traffic }).toEqual({ code: 0, traffic: "blue=100,green=0" });
    expect(again.text).toContain("was taken back on");
  });

  test("of which nothing is known: switch by hand is named, and nothing moves", async () => {
    await bringAbout(world, { ...BEFORE, green: { version: "v1.4.0" } });
    const ran = await back();
    expect(ran.code).toBe(2);
    expect(ran.text).toContain("twinset switch chat <colour>");
    expect(world.traffic).toBe("blue=100,green=0");
  });
});

describe("from another computer", () => {
  test("with the release file of the last commit, after a cutover", async () => {
    await releasing("v1.6.0", { until: "cutover" });
    asCommitted();
    const ran = await back();
    expect(ran.code).toBe(0);
    expect(ran.text).toContain(
      "The release file is not what was applied, and is now: live: blue, but green in the state; green: nothing, but v1.6.0 in the state.",
    );
    expect({ steps: steps(ran), traffic: world.traffic }).toEqual({
      steps: ["back done"],
      traffic: "blue=100,green=0",
    });
    expect(end(ran)).toMatchObject({ text: ["blue v1.5.2 serves chat."] });
    // The state's own digests: what was tried is what the file names.
    expect(world.chat.green).toEqual({
      version: "v1.6.0",
      digests: expect.objectContaining({ "chat-web": expect.stringMatching(/^sha256:/) }),
    });
  });

  test("and with no registry to ask", async () => {
    await releasing("v1.6.0", { until: "cutover" });
    asCommitted();
    const ran = await run((all) => rollback("chat", undefined, all, { ...world.env, TF_VAR_registry_token: "none" }));
    expect({ code: ran.code, traffic: world.traffic }).toEqual({ code: 0, traffic: "blue=100,green=0" });
  });
});

describe("a good set that is gone", () => {
  test("retired: how long it takes to bring it back, and nothing is changed until it is asked for", async () => {
    await releasing("v1.6.0");
    await releasing("v1.7.0");
    const before = applies();
    const told = await back();
    expect(told.code).toBe(5);
    expect(told.text).toMatch(/v1\.6\.0 is the last version that is known to be good, but its set was retired\./);
    expect(told.text).toMatch(/Bringing it back takes about \d+ s, as its last deploy did\. Nothing was changed\./);
    expect(told.text).toContain("To do it: twinset rollback chat v1.6.0 --environment production");
    expect(applies()).toBe(before);
    const ran = await back("v1.6.0");
    expect({ code: ran.code, steps: steps(ran) }).toEqual({ code: 0, steps: ["deploy done", "back done"] });
    expect(world.chat[world.chat.live]).toMatchObject({ version: "v1.6.0", digests: expect.anything() });
    expect((await back()).text).toContain("v1.6.0 has all traffic of chat already");
  });

  test("its containers are: they are not given visitors", async () => {
    await releasing("v1.6.0", { until: "cutover" });
    world.lose("docker_container.chat_blue_web-0");
    const told = await back();
    expect(told.code).toBe(5);
    expect(world.traffic).toBe("blue=0,green=100");
    expect(told.text).toMatch(/v1\.5\.2 is the last version that is known to be good, but .*/);
  });

  test("brought back, but ill: it gets no traffic", async () => {
    await releasing("v1.6.0");
    world.fate({ fails: { "docker_container.chat_blue_backend-0": "container failed to be in healthy state" } });
    const ran = await back("v1.5.2");
    expect({ code: ran.code, traffic: world.traffic }).toEqual({ code: 1, traffic: "green=100" });
  });
});

describe("by hand before", () => {
  test("a switch that the operator decided is a good word, and its way back is the version before", async () => {
    await run((all) => deployStep("chat", "v1.6.0", all, world.env));
    await run((all) => canaryStep("25", "chat", all, world.env));
    expect((await back()).code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
    await run((all) => switchStep("chat", "green", all, world.env));
    expect((await back()).code).toBe(0);
    expect(world.traffic).toBe("blue=100,green=0");
    await run((all) => retireStep("chat", all, world.env));
    expect((await back()).text).toContain("v1.5.2 has all traffic of chat already");
  });
});

describe("a run that nobody is at any more", () => {
  test.each([
    ["deploy", "failed"],
    ["smoke", "failed"],
  ])("killed in its %s: rollback ends it, and the next release begins", async (step, outcome) => {
    await releasing("v1.6.0", { until: "smoke" });
    await world.forget((entry) => entry.event === "ended" || (entry.event === "step-done" && entry.step === step));
    if (step === "deploy") await world.forget((entry) => "step" in entry && entry.step === "smoke");
    const refused = await releasing("v1.7.0", { until: "smoke" });
    expect(refused.code).toBe(2);
    expect(refused.text).toContain("or end it: twinset rollback chat --environment production");
    const ran = await back();
    expect({ code: ran.code, steps: steps(ran), traffic: world.traffic }).toEqual({
      ...{ code: 0, steps: [], traffic: "blue=100,green=0" },
    });
    expect(ran.text).toMatch(/The release of v1\.6\.0 by .* has ended by this: no visitor has seen it\./);
    expect(world.journal.at(-1)).toMatchObject({ event: "ended", outcome });
    expect((await releasing("v1.7.0", { until: "smoke" })).code).toBe(0);
  });

  test("but not one that is in its keep: it is named as live, and nothing is ended", async () => {
    await releasing("v1.6.0", { until: "keep" });
    await world.forget((entry) => entry.event === "ended" || (entry.event === "step-done" && entry.step === "keep"));
    const ran = await back("v1.6.0");
    expect(ran.code).toBe(0);
    expect(world.journal.filter(({ event }) => event === "ended")).toEqual([]);
  });
});
