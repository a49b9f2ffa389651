/**
 * The answers in prometheus/ are Prometheus' own, 3.13.5 and 2.42.0, about a real Traefik 3.7.9 with 10 % of the requests
 * on green, where every fifth fails. What was sent was counted by who sent it. In down-… none fails, but green's health path
 * does in the second half: of 1,225 requests 67 were answered 503 by Traefik itself.
 */
import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finished } from "../../../clients/program";
import { parseAnswers } from "../../../clients/prometheus";
import { increaseSince, queries, reading, readMetrics } from "../../../release/verdict/metrics";
import type { Numbers, Reading } from "../../../release/verdict/reading";
import { canaryRules } from "../../../model/canary";
import { judge } from "../../../release/verdict/verdict";
import { MANACORE } from "../../support/platforms";

const recorded = (name: string): string => readFileSync(join(__dirname, "prometheus", `${name}.ndjson`), "utf8");
const SERVICES = ["chat-backend"];
const read = (name: string, elapsedSeconds: number, canary: "blue" | "green" = "green"): Reading =>
  reading(parseAnswers(recorded(name)), SERVICES, canary, elapsedSeconds);
const numbers = (...args: Parameters<typeof read>): Numbers => read(...args) as Numbers;

describe.each(["3.13.5", "2.42.0"])("Prometheus %s", (version) => {
  test("every request of a new set counts, its first ones too, for which increase() says 88.0 and 22.5", () => {
    expect(read(`young-series-${version}`, 58)).toMatchObject({
      canary: { requests: 110, errors: 22, errorsOf: { "chat-backend": 22 } },
      live: { requests: 990, errors: 0 },
    });
  });
  test("durations are counted by upper bound, the last one Infinity", () => {
    const { canary } = read(`young-series-${version}`, 58) as Extract<Reading, { canary: unknown }>;
    expect(canary.durations.map(({ le }) => le)).toEqual([0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Infinity]);
    expect(canary.durations.map(({ count }) => count)).toEqual(Array.from({ length: 9 }, () => 110));
  });
  test("a restart of the edge and a time in which it could not be read take nothing away", () => {
    expect(read(`restart-and-gap-${version}`, 63)).toMatchObject({
      canary: { requests: 60, errors: 12 },
      live: { requests: 540, errors: 0 },
    });
  });
  test("the sets change places with the colours", () => {
    expect(read(`young-series-${version}`, 58, "blue")).toMatchObject({
      canary: { requests: 990 },
      live: { errors: 22 },
    });
  });
});

describe("a reading", () => {
  test("of sets that nobody has asked yet has no requests, and no durations either", () => {
    expect(read("no-requests-yet-3.13.5", 1)).toMatchObject({
      canary: { requests: 0, errors: 0, durations: [] },
      live: { requests: 0, errors: 0, durations: [] },
    });
  });
  test("is of the time since the set has its share, and says how long the edge was watched", () => {
    const found = numbers("young-series-3.13.5", 20);
    expect(found.canary.requests).toBeLessThan(110);
    expect(found.watchedSeconds).toBeCloseTo(20, -1);
    // Prometheus came when the canary was half over.
    expect(numbers("young-series-3.13.5", 120).watchedSeconds).toBeLessThan(65);
  });
  test("has what came after the warm-up by itself, from the first read that was made after it", () => {
    // The newest point is 730, of a read made at 728.8; the reads are 5 s apart.
    const { settled, canary } = numbers("young-series-3.13.5", 58);
    // 672 + 15 = 687, and the read of 688.8 is the first after it: green had 29 of its 110 then, blue 268 of its 990.
    expect([settled!.canary.requests, settled!.live.requests]).toEqual([110 - 29, 990 - 268]);
    expect(canary.requests).toBe(110);
    expect(numbers("young-series-3.13.5", 10).settled).toBeNull();
  });
  test("has the last minutes by themselves, as soon as they are not all there is", () => {
    expect(numbers("young-series-3.13.5", 58).recent).toEqual([]);
    const points = (total: (second: number) => number, labels: object): object => ({
      metric: labels,
      values: Array.from({ length: 121 }, (_, i) => [1000 + 5 * i, String(total(5 * i))]),
    });
    const result = [
      points((second) => 1000 + second, { of: "read" }),
      points((second) => second, { of: "requests", service: "chat-backend-green@file" }),
    ];
    const { recent } = reading(
      parseAnswers(JSON.stringify({ status: "success", data: { resultType: "matrix", result } })),
      SERVICES,
      "green",
      600,
    ) as Numbers;
    expect(recent!.map(({ minutes, canary }) => [minutes, canary.requests])).toEqual([
      [1, 60],
      [2, 120],
      [4, 240],
    ]);
  });
  /** Green's health path fails after half of the time: Traefik answers visitors 503 and counts them for no service. */
  test("names the services of which no server is up, though no set's numbers have an error", () => {
    expect(numbers("down-2.42.0", 58)).toMatchObject({
      down: { canary: ["chat-backend"], live: [] },
      canary: { errors: 0 },
      live: { errors: 0 },
    });
    expect(numbers("down-2.42.0", 58, "blue").down).toEqual({ canary: [], live: ["chat-backend"] });
    expect(judge(canaryRules(), { elapsedSeconds: 58, ...numbers("down-2.42.0", 58) })).toMatchObject({
      kind: "breach",
      findings: [{ metric: "servers" }],
    });
  });
  test("does not take over what the edge said of a server before the split, until it has asked it again", () => {
    expect(numbers("down-2.42.0", 8).down).toEqual({ canary: [], live: [] });
  });
  test("of services that the edge does not check, or has forgotten, says nothing of their servers", () => {
    expect(numbers("young-series-3.13.5", 58).down).toEqual({ canary: [], live: [] });
    const forgotten = parseAnswers(recorded("down-2.42.0")).map((each) =>
      each.labels["of"] === "up" ? { ...each, points: each.points.slice(0, -1) } : each,
    );
    expect(reading(forgotten, SERVICES, "green", 58)).toMatchObject({ down: { canary: [] } });
  });
  const series = (...values: [number, number][]): string =>
    JSON.stringify({
      status: "success",
      data: {
        resultType: "matrix",
        result: [{ metric: { of: "read", job: "edge" }, values: values.map(([at, value]) => [at, String(value)]) }],
      },
    });
  test("is none before the edge was read, and when it was not for a while", () => {
    expect(reading([], SERVICES, "green", 60)).toEqual({ missing: "Prometheus has not read the edge's numbers yet" });
    expect(reading(parseAnswers(series([5, 0], [10, 0])), SERVICES, "green", 60)).toEqual({
      missing: "Prometheus has not read the edge's numbers yet",
    });
    expect(reading(parseAnswers(series([5, 4], [60, 0])), SERVICES, "green", 60)).toEqual({
      missing: "Prometheus has not been able to read the edge's numbers for 56 s",
    });
  });
});

describe("a counter", () => {
  const points = (...values: (number | undefined)[]): { at: number; value: number }[] =>
    values.flatMap((value, i) => (value === undefined ? [] : [{ at: i * 5, value }]));
  test.each<[string, (number | undefined)[], number, number, number]>([
    ["counts from the last point before", [7, 9, 12], 5, 0, 3],
    ["that appears while the edge is read begins at 0", [undefined, undefined, 4, 6], 5, 0, 6],
    ["that was there when reading began is not known before", [undefined, 40, 46], 0, 5, 6],
    ["that falls is a new edge's, and begins at 0", [90, 100, 3, 5], 0, 0, 15],
    ["that is away for a while goes on from where it was", [10, undefined, undefined, 25], 0, 0, 15],
    ["without points is 0", [], 0, 0, 0],
  ])("%s", (_, values, from, firstRead, expected) => {
    expect(increaseSince(points(...values), from, firstRead)).toBe(expected);
  });
});

describe("what is asked for", () => {
  test("names the sets of the product's services only, and counts WebSockets among requests, not among durations", () => {
    const [query, newest, ...more] = queries(["chat-backend", "chat-web"], 240);
    expect(more).toEqual([]);
    expect(query).toMatch(/\[244s:2s\]$/);
    // A read is known when it is made.
    expect(newest).toMatch(/\[12s:1s\]$/);
    const selectors = [...query!.matchAll(/traefik_\w+\{([^}]*)\}/g)].map(([, inside]) => inside!);
    const these = 'job="edge",service=~"(chat-backend|chat-web)-(blue|green)@file"';
    const routers = 'job="edge",service=~"(chat-backend|chat-web)(-(blue|green))?@file",code="503"';
    const of = [these, `${these},code=~"5.."`, `${these},protocol="http"`, these, routers, `${these},code="503"`];
    expect(selectors).toEqual(of);
    expect(query).not.toMatch(/\b(rate|increase)\(/);
  });
  test("is coarser for what is long ago, and at every scrape for the last minutes", () => {
    const [whole, recent, newest] = queries(SERVICES, 3600);
    expect(whole).toMatch(/\[3660s:30s\]$/);
    expect(recent).toMatch(/\[244s:2s\]$/);
    expect(newest).toMatch(/\[12s:1s\]$/);
    // A set that was down between two steps was down; the finer ones have every read.
    expect(whole).toMatch(
      /min_over_time\(\(max by \(service\) \(traefik_service_server_up\{.*\}\)\)\[30s:2s\]\) and max/,
    );
    expect(recent).not.toContain("min_over_time");
  });
});

describe("Prometheus is asked", () => {
  const { platform } = MANACORE;
  const product = platform.products.find(({ name }) => name === "chat")!;
  const ask = async (finished: Partial<Finished>, change: { platform?: typeof platform } = {}) => {
    const calls: (readonly string[])[] = [];
    const docker = {
      attempt: (args: readonly string[]): Promise<Finished> => {
        calls.push(args);
        return Promise.resolve({ code: 0, stdout: "", stderr: "", timedOut: false, ...finished } as Finished);
      },
    };
    const options = { docker, prefix: "manacore-production", platform, product, canary: "green" as const };
    return { calls, reading: await readMetrics({ ...options, ...change, elapsedSeconds: 1800 }) };
  };

  test("in its own container, once for everything", async () => {
    const { calls, reading: found } = await ask({ stdout: `${recorded("young-series-3.13.5")}\n` });
    expect(found).toMatchObject({ canary: { requests: 110, errors: 22 } });
    expect(calls).toHaveLength(1);
    const [command, container, shell, flag, script, , ...urls] = calls[0]!;
    expect([command, container, shell, flag]).toEqual(["exec", "manacore-production-prometheus", "sh", "-c"]);
    expect(script).toContain('wget -qO- "$url"');
    expect(urls).toHaveLength(3);
    for (const url of urls) {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:9090\/api\/v1\/query\?query=[\w%.~!*'()-]+$/);
    }
  });
  test.each<[string, Partial<Finished>, string]>([
    [
      "is not there",
      { code: 1, stderr: "Error: No such container: x\n" },
      "cannot be asked: Error: No such container: x",
    ],
    ["refuses", { code: 1, stderr: "wget: server returned error: HTTP/1.1 503" }, "HTTP/1.1 503"],
    ["says nothing in time", { code: 1, timedOut: true }, "no answer within 30 s"],
    ["says what is no answer", { stdout: '{"status":"error"}' }, "answer is not understood"],
    ["says nothing", { stdout: "" }, "has not read the edge's numbers yet"],
  ])("and %s: no numbers, and why", async (_, finished, why) => {
    expect((await ask(finished)).reading).toEqual({ missing: expect.stringContaining(why) });
  });
  test("never beside nginx, which counts nothing per service", async () => {
    const nginx = { ...platform, edge: { ...platform.edge, kind: "nginx" as const } };
    const { calls, reading: found } = await ask({}, { platform: nginx });
    expect(found).toEqual({ missing: "the environment has no Prometheus (its edge is nginx)" });
    expect(calls).toEqual([]);
  });
});
