import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { baseNeed, currentNeed, peakNeed, serverTypeOf, setNeed, setSize } from "../../model/capacity";
import { monthlyCost, totals } from "../../model/cost";
import { Health, healthTest, type Prober, waitTimeout } from "../../model/health";
import { isDnsLabel, isHostName } from "../../model/names";
import { dependencyClosure, hostsOf, namesOf, type Platform, servicesOf, sized } from "../../model/platform";
import { inputUses } from "../../model/inputs";
import { formatProblem, error, list, warning } from "../../model/problem";
import { type Colour, COLOURS, formatWeights, otherColour, runningColours, tagOf, weights } from "../../model/release";
import { days, Duration, gibibytes, hours, mebibytes, minutes, seconds, Size } from "../../model/units";
import {
  databaseUrl,
  inputsOf,
  isSecret,
  leavesOf,
  perEnvironment,
  secret,
  setting,
  setVersion,
  template,
  urlEncoded,
  urlOf,
} from "../../model/values";
import { both, KORCZEWSKI, MANACORE, SENTINELIQ, variant, withEnvironment } from "../support/platforms";

describe("units", () => {
  test("durations as Go prints them", () => {
    expect([seconds(40), minutes(1), seconds(90), hours(1), days(28)].map((d) => d.toGo())).toEqual([
      "40s",
      "1m0s",
      "1m30s",
      "1h0m0s",
      "672h0m0s",
    ]);
  });
  test("a Go duration says the same number of seconds", () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (n) => {
        const parts = /^(?:(\d+)h)?(?:(\d+)m)?(\d+)s$/.exec(seconds(n).toGo())!;
        expect(Number(parts[1] ?? 0) * 3600 + Number(parts[2] ?? 0) * 60 + Number(parts[3])).toBe(n);
      }),
    );
  });
  test("neither is negative or broken", () => {
    expect(() => new Duration(-1)).toThrow(RangeError);
    expect(() => new Duration(0.5)).toThrow(RangeError);
    expect(() => new Size(-1)).toThrow(RangeError);
    expect(() => mebibytes(0.5)).toThrow(RangeError);
  });
  test("sizes for people", () => {
    expect([mebibytes(512), gibibytes(2), mebibytes(1536)].map(String)).toEqual(["512 MiB", "2 GiB", "1.5 GiB"]);
  });
});

describe("health", () => {
  test("the documents' timings are the default", () => {
    const health = Health.http("/api/health");
    expect(
      [health.every, health.timeout, health.retries, health.startPeriod].map((d) =>
        d instanceof Duration ? d.seconds : d,
      ),
    ).toEqual([30, 10, 3, 40]);
  });
  test("a deploy waits as long as the check itself would", () => {
    // 40 s to start, then three checks 30 s apart that take 10 s each, and a margin of 30 s.
    expect(waitTimeout(Health.http("/")).seconds).toBe(40 + 3 * 40 + 30);
  });
  test("asks on the service's own port, at an address and not a name", () => {
    expect(healthTest(Health.http("/health"), 3002).at(-1)).toBe("http://127.0.0.1:3002/health");
    expect(healthTest(Health.command(["CMD", "true"]), 1)).toEqual(["CMD", "true"]);
  });
  test("by the program that the image has: wget, else curl or node", () => {
    const [wget, curl, node] = [undefined, "curl", "node"].map((using) =>
      healthTest(Health.http("/x", using ? { using: using as Prober } : {}), 1),
    );
    expect(wget).toEqual(["CMD", "wget", "--spider", "-q", "http://127.0.0.1:1/x"]);
    expect(curl).toEqual(["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:1/x"]);
    expect(node!.slice(0, 3)).toEqual(["CMD", "node", "-e"]);
  });

  describe("by node, really asked", () => {
    let server: Server;
    let port: number;
    beforeAll(async () => {
      server = createServer((request, response) => response.writeHead(request.url === "/health" ? 200 : 500).end());
      await once(server.listen(0, "127.0.0.1"), "listening");
      port = (server.address() as AddressInfo).port;
    });
    afterAll(() => void server.close());
    const exitCode = async (path: string, at: number): Promise<unknown> => {
      const [, program, ...args] = healthTest(Health.http(path, { using: "node" }), at);
      const [code] = (await once(spawn(program!, args, { stdio: "ignore" }), "exit")) as unknown[];
      return code;
    };
    test("200 is healthy", async () => expect(await exitCode("/health", port)).toBe(0));
    test("500 is not", async () => expect(await exitCode("/broken", port)).toBe(1));
    // Nobody listens on port 1 of a test machine.
    test("nor is no answer", async () => expect(await exitCode("/health", 1)).toBe(1));
  });
});

describe("releases", () => {
  const release = fc.record({
    live: fc.constantFrom<Colour>("blue", "green"),
    canary: fc.integer({ min: 0, max: 50 }),
    blue: fc.constant({ version: "v1" }),
    green: fc.option(fc.constant({ version: "v2" })),
  });
  test("weights add up to 100 and only running sets have any", () => {
    fc.assert(
      fc.property(release, (state) => {
        const given = weights(state);
        expect(Object.values(given).reduce((a, b) => a + b, 0)).toBe(100);
        expect(runningColours(state)).toEqual(
          expect.arrayContaining(Object.keys(given).filter((c) => state[c as Colour])),
        );
      }),
    );
  });
  test("the live set has at least half", () => {
    fc.assert(fc.property(release, (state) => expect(weights(state)[state.live]).toBeGreaterThanOrEqual(50)));
  });
  test("in words", () => {
    expect(formatWeights(both(10))).toBe("blue=90,green=10");
    expect(formatWeights({ ...both(0), green: null })).toBe("blue=100");
    expect(COLOURS.map(otherColour)).toEqual(["green", "blue"]);
  });
  test("a service's tag is its own, else the version", () => {
    const set = { version: "v1", tags: { web: "v1-2" } };
    expect([tagOf(set, "web"), tagOf(set, "api"), tagOf({ version: "v1" }, "web")]).toEqual(["v1-2", "v1", "v1"]);
  });
});

describe("values", () => {
  const key = secret("key", { description: "x", where: "x" });
  const url = setting("url", { description: "x", where: "x" });
  test("inputs are found wherever they are", () => {
    const value = perEnvironment({
      development: "plain",
      staging: template`a${key}b`,
      production: template`${url}/${key}`,
    });
    expect(inputsOf(value, "development")).toEqual([]);
    expect(inputsOf(value, "production")).toEqual([url, key]);
    expect(inputsOf(value)).toEqual([key, url, key]);
    expect(inputsOf(urlOf("x"))).toEqual([]);
  });
  test("what is made fit for an address is still what it was: an input, a secret, a leaf", () => {
    const address = template`redis://:${urlEncoded(template`${key}!`)}@redis`;
    expect(inputsOf(address)).toEqual([key]);
    expect([isSecret(urlEncoded(key)), isSecret(urlEncoded(url)), isSecret(address)]).toEqual([true, false, true]);
    expect(
      leavesOf(urlEncoded(perEnvironment({ development: "a", staging: "b", production: url })), "staging"),
    ).toEqual(["b"]);
  });
  test("a set's version is neither an input nor a secret", () => {
    expect([inputsOf(setVersion()), isSecret(setVersion()), leavesOf(setVersion())]).toEqual([
      [],
      false,
      [{ kind: "set-version" }],
    ]);
  });
  test("what is secret", () => {
    expect([key, url, template`${key}`, databaseUrl(), "text"].map((v) => isSecret(v))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe("names", () => {
  test.each(["chat", "a1", "mana-core-auth"])("%s is a DNS label", (name) => expect(isDnsLabel(name)).toBe(true));
  test.each(["", "1a", "-a", "a-", "a_b", "A", "a".repeat(64), "a.b"])("%j is none", (name) =>
    expect(isDnsLabel(name)).toBe(false),
  );
  test("host names", () => {
    expect(isHostName("3d.example.org")).toBe(true);
    expect(isHostName("a..b")).toBe(false);
    expect(isHostName(`${"a.".repeat(127)}abc`)).toBe(false);
  });
});

describe("the documents' inventory, in its union", () => {
  const { platform } = MANACORE;
  const names = (role: RegExp): string[] =>
    platform.products.flatMap((p) => p.services.filter((s) => role.test(s.role)).map((s) => s.name));
  test("10 backends, 11 webs, 12 landings, 9 apps, 2 stores", () => {
    expect(names(/^(backend|api|auth)$/)).toHaveLength(10);
    expect(names(/^web$/)).toHaveLength(11);
    expect(names(/^landing$/)).toHaveLength(12);
    expect(platform.products.filter((p) => p.mobile)).toHaveLength(9);
    expect(platform.stores.map((s) => s.image)).toEqual(["postgres:16-alpine", "redis:7-alpine"]);
  });
  test.each([
    ["mana-core-auth", 3001],
    ["chat-backend", 3002],
    ["chat-web", 3100],
    ["chat-landing", 3200],
    ["maerchenzauber-backend", 3003],
    ["maerchenzauber-web", 3110],
    ["maerchenzauber-landing", 3210],
    ["picture-backend", 3005],
    ["picture-web", 3150],
  ])("the port matrix: %s has %i", (name, port) => {
    const service = platform.products.flatMap((p) => p.services).find((s) => s.name === name)!;
    expect(service.developmentPort).toBe(port);
  });
  test("limits by kind: backend 512 MB, web 256 MB and 0.25 CPU, landing 128 MB and 0.1 CPU", () => {
    const limits = Object.fromEntries(
      platform.products.flatMap((p) =>
        p.services.map((s) => [
          s.role,
          [s.resources.limits.memory.mebibytes, s.resources.expected?.cpu ?? s.resources.limits.cpu],
        ]),
      ),
    );
    expect(limits).toMatchObject({ backend: [512, 0.5], auth: [512, 0.5], web: [256, 0.25], landing: [128, 0.1] });
  });
});

describe("capacity", () => {
  const { platform, releases } = MANACORE;
  const { production, staging, development } = platform.environments;
  test("a set is what its containers are, replicas counted", () => {
    const chat = platform.products.find((p) => p.name === "chat")!;
    expect(setNeed(chat, production)).toEqual({ memory: mebibytes(512 + 256 + 128), cpu: 0.85 });
    const three = withEnvironment("production", { replicas: { "chat-backend": 3 } })(platform).environments.production;
    expect(setSize(chat, three)).toBe(5);
    expect(setNeed(chat, three).memory).toEqual(mebibytes(3 * 512 + 256 + 128));
  });
  test("now and at most: one set, and both sets of every product", () => {
    const now = currentNeed(platform, production, releases.production.release);
    const base = baseNeed(platform, production);
    const peak = peakNeed(platform, production);
    expect(peak.memory.mebibytes - base.memory.mebibytes).toBe(2 * (now.memory.mebibytes - base.memory.mebibytes));
    expect(currentNeed(platform, production, {}).memory).toEqual(base.memory);
  });
  test("both sets now: a second set counts", () => {
    const { releases: changed } = variant({ releases: { chat: both(0) } });
    const more = currentNeed(platform, production, changed.production.release).memory.mebibytes;
    expect(more - currentNeed(platform, production, releases.production.release).memory.mebibytes).toBe(896);
  });
  test("an environment's own limits count in place of the catalog's, of services and of stores", () => {
    const limits = {
      "chat-web": { cpu: 1, memory: mebibytes(1024) },
      postgres: { cpu: 3, memory: gibibytes(8) },
    };
    const chat = platform.products.find((p) => p.name === "chat")!;
    const changed = withEnvironment("production", { limits })(platform).environments.production;
    expect(setNeed(chat, changed)).toEqual({ memory: mebibytes(512 + 1024 + 128), cpu: 0.5 + 1 + 0.1 });
    expect(baseNeed(platform, changed).memory.mebibytes - baseNeed(platform, production).memory.mebibytes).toBe(
      6 * 1024,
    );
  });
  test("what keeps the edge's numbers counts, where there is something to keep", () => {
    const without = baseNeed({ ...platform, monitoring: undefined }, production).memory.mebibytes;
    const { limits } = platform.monitoring!.resources;
    expect(baseNeed(platform, production).memory.mebibytes - without).toBe(limits.memory.mebibytes);
    const nginx: Platform = { ...platform, edge: { ...platform.edge, kind: "nginx" } };
    expect(baseNeed(nginx, production).memory.mebibytes).toBe(without);
  });
  test("a developer's computer has no known size", () => {
    expect(serverTypeOf(platform, development)).toBeUndefined();
    expect(serverTypeOf(platform, staging)?.memory).toEqual(gibibytes(32));
  });
});

describe("cost", () => {
  const { platform } = MANACORE;
  const live = {
    date: "2026-01-02",
    currency: "EUR" as const,
    serverTypes: { ccx43: { fsn1: 120 }, ccx33: { fsn1: 60 } },
    volumePerGib: 0.05,
    primaryIpv4: { fsn1: 0.5 },
    backupPercent: 20,
  };
  test("by the documents", () => {
    const lines = monthlyCost(platform, platform.environments.production);
    expect(totals(lines)).toEqual({ USD: 131 });
    expect(lines.filter((l) => !l.price).map((l) => l.item)).toEqual([
      "server backups",
      "volume 100 GB",
      "IPv4 address",
    ]);
    for (const { price } of lines) if (price) expect(price.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  });
  test("by Hetzner's API: everything that Hetzner sells has its price", () => {
    const lines = monthlyCost(platform, platform.environments.production, live);
    expect(totals(lines)).toEqual({ EUR: 120 + 24 + 5 + 0.5, USD: 31 });
    expect(lines.every((l) => l.price)).toBe(true);
  });
  test("a type that the API does not sell there has no price", () => {
    const [server] = monthlyCost(platform, platform.environments.production, { ...live, serverTypes: {} });
    expect(server).toEqual({ item: "server ccx43", price: undefined });
  });
  test("a developer's computer costs nothing", () => {
    expect(monthlyCost(platform, platform.environments.development)).toEqual([]);
  });
});

describe("platform", () => {
  const { platform } = MANACORE;
  test("a service's names are its hosts and those for webhooks", () => {
    const { production } = KORCZEWSKI.platform.environments;
    const [auth, payment] = ["auth", "payment"].map((name) =>
      servicesOf(KORCZEWSKI.platform).find((service) => service.name === name),
    );
    expect(namesOf(payment!, production)).toEqual(["payment.korczewski.de", "webhooks.payment.korczewski.de"]);
    expect(hostsOf(payment!, production)).toEqual(["payment.korczewski.de"]);
    expect(namesOf(auth!, production)).toEqual(hostsOf(auth!, production));
  });
  test("an environment's limits replace the catalog's, and what was expected of those", () => {
    const limits = { cpu: 1, memory: mebibytes(64) };
    const { staging } = withEnvironment("staging", { limits: { api: limits } })(platform).environments;
    const given = { limits: { cpu: 2, memory: mebibytes(128) }, expected: { cpu: 0.1, memory: mebibytes(32) } };
    expect(sized(staging, { name: "api", resources: given })).toEqual({ name: "api", resources: { limits } });
    const other = { name: "web", resources: given };
    expect(sized(staging, other)).toBe(other);
  });
  test("a store's inputs are used by it", () => {
    const uses = inputUses(SENTINELIQ.platform, SENTINELIQ.platform.environments.production);
    expect(uses.find(({ input }) => input.name === "minio_root_password")?.usedBy).toEqual([
      "minio",
      "saas/saas-server",
    ]);
  });
  test("dependencies of dependencies", () => {
    expect([...dependencyClosure(platform, ["chat-backend"])].sort()).toEqual([
      "chat-backend",
      "mana-core-auth",
      "postgres",
      "redis",
    ]);
  });
  test("inputs name who uses them, once", () => {
    const uses = inputUses(platform, platform.environments.production);
    expect(new Set(uses.map((u) => u.input.name)).size).toBe(uses.length);
    expect(uses.find((u) => u.input.name === "stripe_secret_key")?.usedBy).toEqual(["mana-core-auth/mana-core-auth"]);
    expect(uses.find((u) => u.input.name === "redis_password")?.usedBy).toContain("redis");
  });
});

describe("problems", () => {
  test("four lines", () => {
    expect(formatProblem(error("chat/port", "3002", "a free port", "take 3009"))).toBe(
      "error: chat/port\n  given     3002\n  expected  a free port\n  fix       take 3009",
    );
    expect(formatProblem(warning("a", "b", "c", "d"))).toMatch(/^warning: a/);
  });
  test("lists", () => {
    expect([list([]), list(["a"]), list(["a", "b", "c"])]).toEqual(["none", "a", "a, b and c"]);
  });
});
