import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Hetzner } from "../../clients/hetzner/hetzner";
import {
  closeWaysIn,
  firewallProblem,
  LABELS,
  openWayIn,
  ownAddress,
  sourceOf,
  sweepWaysIn,
  waysIn,
} from "../../delivery/way-in";
import { ProblemsError } from "../../model/problem";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { Hetzner as RawHetzner, SMALL, TOKEN } from "../simulators/hetzner-client";

const STAGING = { platform: "manacore", environment: "staging" };
const PRODUCTION = { platform: "manacore", environment: "production" };
const NOW = 1_790_000_000;

let simulator: HetznerSimulator;
let raw: RawHetzner;
let hetzner: Hetzner;

beforeEach(async () => {
  simulator = await startHetzner({ actionSeconds: 0.001, rateLimit: { requests: 1_000_000 } });
  raw = new RawHetzner(simulator.baseUrl);
  hetzner = new Hetzner(
    { endpoint: simulator.baseUrl, token: TOKEN },
    // As often as it looks at an action, this is longer than the slow one below takes.
    { pause: () => new Promise((go) => setTimeout(go, 3)) },
  );
});
afterEach(() => simulator.stop());

/** The environment's server with its own firewall, as the stack makes them. */
async function deployed({ platform, environment }: typeof STAGING): Promise<number> {
  const name = `${platform}-${environment}`;
  const { firewall } = (await raw.post("/firewalls", { name, rules: [] })).body;
  const labels = { platform, environment };
  const order = { name, labels, ...SMALL, firewalls: [{ firewall: firewall.id }] };
  const { server } = await raw.settle(raw.post("/servers", order));
  return server.id;
}

const opening = (over: object = {}) => ({
  ...STAGING,
  from: "192.0.2.7",
  seconds: 3600,
  run: "17-1",
  now: NOW,
  ...over,
});
const open = (over: object = {}) => openWayIn(hetzner, opening(over));
const there = () => simulator.state.firewalls.filter(({ labels }) => LABELS.wayIn in labels);

async function problemOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (reason) {
    if (reason instanceof ProblemsError) return reason.message;
    throw reason;
  }
  throw new Error("was not refused");
}

describe("opening", () => {
  test("lets one address use SSH and nothing else, in front of that server", async () => {
    const server = await deployed(STAGING);
    await deployed(PRODUCTION);
    const opened = await open();
    expect(opened).toMatchObject({ run: "17-1", from: ["192.0.2.7/32"], until: NOW + 3600, address: "203.0.113.1" });
    expect(there()).toEqual([
      expect.objectContaining({
        labels: { "twinset.way-in": "manacore-staging", "twinset.until": String(NOW + 3600), "twinset.run": "17-1" },
        rules: [
          expect.objectContaining({ direction: "in", protocol: "tcp", port: "22", source_ips: ["192.0.2.7/32"] }),
        ],
        applied_to: [{ type: "server", server: { id: server } }],
      }),
    ]);
  });

  test("before the first deploy the way in waits for the server, and can be closed like any other", async () => {
    const opened = await open();
    expect(opened.address).toBeUndefined();
    const server = await deployed(STAGING);
    await deployed(PRODUCTION);
    expect(there()[0]!.applied_to).toEqual([
      expect.objectContaining({ applied_to_resources: [{ type: "server", server: { id: server } }] }),
    ]);
    await closeWaysIn(hetzner, STAGING, "17-1");
    expect(there()).toEqual([]);
  });

  test("closes what is past its time, and leaves what is not", async () => {
    await deployed(STAGING);
    await open({ run: "1-1", seconds: 60 });
    await open({ run: "2-1", seconds: 600 });
    const { swept } = await open({ run: "3-1", now: NOW + 60 });
    expect(swept.map(({ run }) => run)).toEqual(["1-1"]);
    expect((await waysIn(hetzner, STAGING)).map(({ run }) => run)).toEqual(["2-1", "3-1"]);
  });

  test("says everything that is wrong with what was asked for, and opens nothing", async () => {
    await deployed(STAGING);
    const message = await problemOf(open({ from: "192.0.2.0/24", seconds: 7 * 3600, run: "a b" }));
    expect(message).toContain("--from\n  given     192.0.2.0/24");
    expect(message).toContain("--for\n  given     25200 s");
    expect(message).toContain("--run\n  given     a b");
    expect(await problemOf(open({ seconds: 0 }))).toContain("--for");
    expect(there()).toEqual([]);
  });

  test("what cannot be applied is not left behind", async () => {
    await deployed(STAGING);
    // The server goes while the firewall is applied to it.
    simulator.faults.inject({ fault: { kind: "slow", seconds: 0.3 }, method: "POST", path: /\/firewalls$/ });
    const refused = problemOf(open());
    await new Promise((go) => setTimeout(go, 100));
    await raw.settle(raw.delete(`/servers/${simulator.state.servers[0]!.id}`));
    expect(await refused).toContain("firewall_resource_not_found");
    expect(there()).toEqual([]);
  });

  test("an answer that got lost leaves one that a close by its run finds", async () => {
    await deployed(STAGING);
    simulator.faults.inject({ fault: { kind: "lost-answer" }, method: "POST", path: /\/firewalls$/ });
    expect(await problemOf(open())).toContain("no answer");
    expect(there()).toHaveLength(1);
    expect(await closeWaysIn(hetzner, STAGING, "17-1")).toHaveLength(1);
    expect(there()).toEqual([]);
  });

  test("a wrong token and one that may only read are told with what to do", async () => {
    const wrong = new Hetzner({ endpoint: simulator.baseUrl, token: "short" });
    const message = await problemOf(openWayIn(wrong, opening()));
    expect(message).toContain("401 unauthorized");
    expect(message).toContain("set TF_VAR_hcloud_token");
    expect(message).not.toContain("short");
    simulator.faults.inject({ fault: { kind: "error", status: 403 }, method: "POST", times: 9 });
    expect(await problemOf(open())).toContain("a token that may read and write");
  });

  test("no sixth firewall is asked of a server: the refusal is told", async () => {
    await deployed(STAGING);
    for (const run of ["1", "2", "3", "4"]) await open({ run });
    expect(await problemOf(open({ run: "5" }))).toContain("422 invalid_input");
    expect(there()).toHaveLength(4);
  });
});

describe("closing", () => {
  test("closes a run's own, however many, and nobody else's", async () => {
    await deployed(STAGING);
    await deployed(PRODUCTION);
    await open({ run: "1-1" });
    await open({ run: "1-1", from: "2001:db8::7" });
    await open({ run: "2-1" });
    await openWayIn(hetzner, opening({ ...PRODUCTION, run: "1-1" }));
    expect(await closeWaysIn(hetzner, STAGING, "1-1")).toHaveLength(2);
    expect(there().map(({ labels }) => [labels[LABELS.wayIn], labels[LABELS.run]])).toEqual([
      ["manacore-staging", "2-1"],
      ["manacore-production", "1-1"],
    ]);
    expect(await closeWaysIn(hetzner, STAGING, "1-1")).toEqual([]);
  });

  test("more than a page of them are closed", async () => {
    // 52, all of them waiting for a server: a server takes no more than five.
    for (let n = 0; n < 52; n++) await open({ run: "1-1" });
    expect(await closeWaysIn(hetzner, STAGING, "1-1")).toHaveLength(52);
    expect(there()).toEqual([]);
  });

  test("two that close the same at once are both done", async () => {
    await deployed(STAGING);
    await open();
    await Promise.all([closeWaysIn(hetzner, STAGING, "17-1"), sweepWaysIn(hetzner, STAGING, NOW + 3600)]);
    expect(there()).toEqual([]);
  });

  test("passing refusals and lost answers are overcome", async () => {
    await deployed(STAGING);
    await open();
    simulator.faults.inject({ fault: { kind: "error", status: 409 }, method: "POST" });
    simulator.faults.inject({ fault: { kind: "error", status: 502 }, method: "POST" });
    simulator.faults.inject({ fault: { kind: "lost-answer" }, method: "DELETE" });
    simulator.faults.inject({ fault: { kind: "rate-limit" }, method: "GET" });
    await closeWaysIn(hetzner, STAGING, "17-1");
    expect(there()).toEqual([]);
    expect(simulator.faults.hits).toHaveLength(4);
  });

  test("one that cannot be closed does not keep the others open, and is told", async () => {
    await deployed(STAGING);
    const [first] = [await open({ run: "1" }), await open({ run: "2" })];
    const path = new RegExp(`/firewalls/${first.id}$`);
    simulator.faults.inject({ fault: { kind: "error", status: 500 }, method: "DELETE", path, times: 100 });
    expect(await problemOf(sweepWaysIn(hetzner, STAGING, NOW + 3600))).toContain(`DELETE /firewalls/${first.id}`);
    expect(there().map(({ id }) => id)).toEqual([first.id]);
    // It is in front of nothing any more.
    expect(there()[0]!.applied_to).toEqual([]);
  });

  test("one whose time cannot be read is past it", async () => {
    const labels = { [LABELS.wayIn]: "manacore-staging", [LABELS.until]: "tomorrow" };
    await raw.post("/firewalls", { name: "odd", labels, rules: [] });
    await sweepWaysIn(hetzner, STAGING, NOW);
    expect(there()).toEqual([]);
  });

  test("a firewall without the label is nobody's way in", async () => {
    await deployed(STAGING);
    await sweepWaysIn(hetzner, STAGING, NOW * 2);
    expect(simulator.state.firewalls.map(({ name }) => name)).toEqual(["manacore-staging"]);
  });
});

describe("whatever is opened, broken off, swept and closed, in whichever order", () => {
  type Step =
    | { kind: "open"; run: number; minutes: number; place: 0 | 1; breaks?: number }
    | { kind: "close"; run: number; place: 0 | 1; breaks?: number }
    | { kind: "sweep"; place: 0 | 1; breaks?: number }
    | { kind: "wait"; minutes: number };
  const place = fc.constantFrom(0 as const, 1 as const);
  const breaks = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("open" as const),
        run: fc.nat(3),
        minutes: fc.integer({ min: 1, max: 30 }),
        place,
        breaks,
      }),
    },
    fc.record({ kind: fc.constant("close" as const), run: fc.nat(3), place, breaks }),
    fc.record({ kind: fc.constant("sweep" as const), place, breaks }),
    fc.record({ kind: fc.constant("wait" as const), minutes: fc.integer({ min: 1, max: 20 }) }),
  );

  test("nothing is open past its time after a sweep, and nobody's is closed before its time", async () => {
    const places = [STAGING, PRODUCTION];
    for (const each of places) await deployed(each);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
        let now = NOW;
        /** Those whose opener was told that they are open. */
        let promised: { id: number; until: number; run: string; at: number }[] = [];
        const openIn = async (at: number) =>
          (await waysIn(hetzner, places[at]!)).map(({ id, until }) => ({ id, until: until! }));
        for (const next of steps) {
          if (next.kind === "wait") {
            now += next.minutes * 60;
            continue;
          }
          // From some request on nothing gets through: the runner died, in the middle of it.
          if (next.breaks !== undefined) {
            simulator.faults.inject({ fault: { kind: "lost-answer" }, after: next.breaks });
            simulator.faults.inject({ fault: { kind: "error", status: 500 }, after: next.breaks, times: 1000 });
          }
          const where = places[next.place]!;
          const work =
            next.kind === "open"
              ? openWayIn(hetzner, {
                  ...where,
                  from: "192.0.2.7",
                  seconds: next.minutes * 60,
                  run: `r${next.run}`,
                  now,
                })
              : next.kind === "close"
                ? closeWaysIn(hetzner, where, `r${next.run}`)
                : sweepWaysIn(hetzner, where, now);
          const result = await work.catch((reason: unknown) => {
            if (reason instanceof ProblemsError) return undefined;
            throw reason;
          });
          simulator.faults.clear();
          // A run that began to close its own may have: nothing is promised of them any more.
          if (next.kind === "close")
            promised = promised.filter((each) => each.run !== `r${next.run}` || each.at !== next.place);
          if (next.kind === "open" && result && !Array.isArray(result)) {
            promised.push({ id: result.id, until: result.until, run: result.run, at: next.place });
          }
          const open = await openIn(next.place);
          for (const each of promised.filter(({ at, until }) => at === next.place && until > now)) {
            expect(open.map(({ id }) => id)).toContain(each.id);
          }
          if (next.kind === "close" && result)
            expect(await waysIn(hetzner, where)).not.toContainEqual(expect.objectContaining({ run: `r${next.run}` }));
          if (next.kind === "sweep" && result) expect(open.filter(({ until }) => until <= now)).toEqual([]);
        }
        for (const at of [0, 1]) await sweepWaysIn(hetzner, places[at]!, now + 3600);
        expect(there()).toEqual([]);
        expect(simulator.state.firewalls.map(({ name }) => name)).toEqual(["manacore-staging", "manacore-production"]);
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 60_000);
});

describe("the environment's own firewall", () => {
  test("is in front of the server: no problem, a way in beside it or not", async () => {
    expect(await firewallProblem(hetzner, STAGING)).toBeUndefined();
    await deployed(STAGING);
    await open();
    expect(await firewallProblem(hetzner, STAGING)).toBeUndefined();
  });

  test("is not: a problem, also where a way in hides that there is none", async () => {
    const server = await deployed(STAGING);
    await open();
    const own = simulator.state.firewalls[0]!.id;
    await raw.settle(
      raw.post(`/firewalls/${own}/actions/remove_from_resources`, {
        remove_from: [{ type: "server", server: { id: server } }],
      }),
    );
    expect(await firewallProblem(hetzner, STAGING)).toMatchObject({
      given: "not behind the firewall manacore-staging",
    });
    await raw.delete(`/firewalls/${own}`);
    expect(await firewallProblem(hetzner, STAGING)).toMatchObject({ given: "no firewall manacore-staging" });
  });
});

describe("the address", () => {
  test.each([
    "10.0.0.1",
    "127.0.0.1",
    "192.168.1.1",
    "172.31.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:192.0.2.7",
    "192.0.2.7/32",
    "example.org",
    "",
  ])("%s is none that can be let in", (address) => expect(sourceOf(address)).toBeUndefined());

  test("one public address is let in, alone", () => {
    expect(sourceOf("203.0.113.9")).toBe("203.0.113.9/32");
    expect(sourceOf("2001:db8::9")).toBe("2001:db8::9/128");
  });

  const servers: HttpServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });
  const answering = async (status: number, text: string): Promise<string> => {
    const server = createServer((_, response) => void response.writeHead(status).end(text));
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/cdn-cgi/trace`;
  };

  test("is read from the answer of who is asked", async () => {
    expect(await ownAddress(await answering(200, "fl=1\nh=1.1.1.1\nip=203.0.113.9\nts=1\n"))).toBe("203.0.113.9");
  });

  test("where it cannot be had, a person is to say it", async () => {
    expect(await problemOf(ownAddress(await answering(200, "<html>")))).toContain("--from <address>");
    expect(await problemOf(ownAddress(await answering(503, "ip=203.0.113.9")))).toContain("status 503");
    expect(await problemOf(ownAddress("http://127.0.0.1:9/"))).toContain("no answer");
  });
});
