/** What services are told of visitors, by the real Traefik and the real nginx: what the edge knows, never what a visitor says. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLUGIN_ARGUMENTS } from "../../constructs/edge/traefik-visitor";
import { KEY_HEADER, REVISION_HEADER, SET_HEADER } from "../../model/routing";
import { EMPTIED_BY_EDGE, emptiedHeaders, mayBeLetThrough, SET_BY_EDGE } from "../../model/visitor-headers";
import {
  HOSTS,
  KINDS,
  LoopbackEdge,
  missingFor,
  SMOKE_KEY,
  TRUSTED,
  valuesOf,
  type Visit,
} from "../support/loopback-edge";

const VISITOR = "203.0.113.7";
const FORGED = "198.51.100.66";
const WITH_KEY = [
  [SET_HEADER, "green"],
  [KEY_HEADER, SMOKE_KEY],
] as const;
const UPGRADE = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
] as const;

/** Every way to a service. */
const ROUTES: Readonly<Record<string, Visit>> = {
  "a web, by its share of the canary": { host: HOSTS.web },
  "an API": { host: HOSTS.api },
  "a name for webhooks": { host: HOSTS.webhooks },
  "a set by the smoke headers": { host: HOSTS.web, headers: WITH_KEY },
  "an API's set by the smoke headers": { host: HOSTS.api, headers: WITH_KEY },
  "a WebSocket": { host: HOSTS.web, headers: UPGRADE },
  "a port of its own": { byPort: true },
};
/** Who asks, and who that is for a service. */
const WAYS = {
  "a visitor": { from: "127.0.0.1", said: [], client: "127.0.0.1" },
  "a visitor by a trusted proxy": { from: TRUSTED, said: [["X-Forwarded-For", VISITOR]], client: VISITOR },
} as const;

const mixed = (name: string): string => [...name].map((c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join("");
/** A header as some visitor may write it. */
const SPELLINGS: Readonly<Record<string, (name: string) => string>> = {
  "as it is": (name) => name,
  "in small letters": (name) => name.toLowerCase(),
  "in capitals": (name) => name.toUpperCase(),
  "in both": mixed,
  "with underscores": (name) => name.replaceAll("-", "_"),
  "with one underscore": (name) => name.replace("-", "_"),
};

describe.each(KINDS.filter((kind) => missingFor(kind) === undefined))("%s", (kind) => {
  let edge!: LoopbackEdge;
  // Of rate limits another file tells.
  beforeAll(async () => {
    edge = await LoopbackEdge.start(kind, { rateLimit: { perSecond: 10_000, burst: 10_000 } });
  }, 60_000);
  afterAll(() => edge.stop());

  describe.each(Object.entries(WAYS))("%s", (_, { from, said, client }) => {
    const known = { client, scheme: "http" } as const;

    test.each(Object.entries(ROUTES))("says nothing that reaches %s", async (_, route) => {
      for (const spell of Object.values(SPELLINGS)) {
        const names = [...emptiedHeaders(), ...Object.keys(SET_BY_EDGE)].filter(
          // What leads to the set and what leads to the visitor is asked for as it is.
          (name) =>
            ![SET_HEADER, KEY_HEADER].includes(name) && !(name === "X-Forwarded-For" && spell(name).includes("-")),
        );
        const forged = names.map((name) => [spell(name), FORGED] as const);
        const answer = await edge.visit({ ...route, from, headers: [...(route.headers ?? []), ...forged, ...said] });
        expect(answer.code).toBe(route.headers === UPGRADE ? 101 : 200);
        expect(JSON.stringify(answer.sent)).not.toContain(FORGED);
        for (const name of emptiedHeaders()) expect([name, valuesOf(answer, name)]).toEqual([name, []]);
        for (const name of ["X-Real-IP", "X-Forwarded-For"]) expect(valuesOf(answer, name)).toEqual([client]);
        expect(valuesOf(answer, "X-Forwarded-Proto")).toEqual([known.scheme]);
        if (route.host) expect(valuesOf(answer, "X-Forwarded-Host")).toEqual([route.host]);
        expect(valuesOf(answer, "X-Forwarded-Port")).toEqual([expect.stringMatching(/^\d+$/)]);
      }
    });

    test("does not get more by saying it twice, emptily, or in a list", async () => {
      for (const name of Object.keys(SET_BY_EDGE).filter((each) => each !== "X-Forwarded-For")) {
        for (const values of [[FORGED, FORGED], ["", FORGED], [""], [`${FORGED}, ${FORGED}`]]) {
          const answer = await edge.visit({ from, headers: [...values.map((v) => [name, v] as const), ...said] });
          expect(JSON.stringify(answer.sent)).not.toContain(FORGED);
          expect(valuesOf(answer, name)).toHaveLength(1);
          expect(valuesOf(answer, "X-Real-IP")).toEqual([client]);
        }
      }
    });

    test("does not take away what the edge sets, by naming it in Connection", async () => {
      for (const name of Object.keys(SET_BY_EDGE)) {
        const answer = await edge.visit({ from, headers: [...said, ["Connection", `close, ${name}`]] });
        expect(valuesOf(answer, name)).toHaveLength(1);
        for (const each of ["X-Real-IP", "X-Forwarded-For"]) expect(valuesOf(answer, each)).toEqual([client]);
      }
    });

    test("does not say by the host's name which port it came to", async () => {
      const answer = await edge.visit({ from, host: `${HOSTS.web}:6666`, headers: said });
      expect(valuesOf(answer, "X-Forwarded-Host")).toEqual([expect.stringMatching(/^web\.localhost(:\d+)?$/)]);
      for (const name of Object.keys(SET_BY_EDGE)) expect(valuesOf(answer, name).join()).not.toContain("6666");
    });

    test("says other things as ever", async () => {
      const answer = await edge.visit({
        from,
        headers: [...said, ["Authorization", "Bearer a"], ["X-Api-Version", "2"]],
      });
      expect([...valuesOf(answer, "authorization"), ...valuesOf(answer, "x-api-version")]).toEqual(["Bearer a", "2"]);
    });
  });

  const chain = (from: string, ...values: string[]): Promise<string[]> =>
    edge
      .visit({ from, headers: values.map((value) => ["X-Forwarded-For", value] as const) })
      .then((answer) => [...valuesOf(answer, "X-Real-IP"), ...valuesOf(answer, "X-Forwarded-For")]);

  test.each([
    ["nobody trusted says it", "127.0.0.1", [VISITOR], "127.0.0.1"],
    ["the visitor has forged the beginning", TRUSTED, [`${FORGED}, ${VISITOR}`], VISITOR],
    ["the visitor has forged a header before it", TRUSTED, [FORGED, VISITOR], VISITOR],
    ["two trusted proxies stand in a row", TRUSTED, [`${FORGED}, ${VISITOR}, 127.0.1.4`], VISITOR],
    ["the visitor forges a trusted address", TRUSTED, [`127.0.1.4, ${VISITOR}`], VISITOR],
    ["all in the row are trusted", TRUSTED, ["127.0.1.5, 127.0.1.4"], "127.0.1.5"],
    ["the proxy says nothing", TRUSTED, [], TRUSTED],
    ["the proxy says nothing that is an address", TRUSTED, ["unknown"], TRUSTED],
    ["before the proxy's word is none", TRUSTED, ["unknown, 127.0.1.4"], "127.0.1.4"],
    ["the visitor comes by IPv6", TRUSTED, [`${FORGED}, 2001:db8:1:2:3:4:5:6`], "2001:db8:1:2:3:4:5:6"],
    ["a port is said, too", TRUSTED, [`${VISITOR}:4711`], VISITOR],
    ["commas and spaces are many", TRUSTED, [`${FORGED} ,, ${VISITOR} , `], VISITOR],
  ])("the visitor is found where %s", async (_, from, values, client) => {
    expect(await chain(from, ...values)).toEqual([client, client]);
  });

  test("whatever stands left of the visitor, it is the visitor", async () => {
    const word = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.constantFrom("", "unknown", "127.0.1.4", TRUSTED, "_hidden", "::1%lo"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(word, { maxLength: 4 }), { maxLength: 3 }), async (lines) => {
        const said = [...lines.map((line) => line.join(", ")), VISITOR];
        expect(await chain(TRUSTED, ...said)).toEqual([VISITOR, VISITOR]);
        expect(await chain("127.0.0.1", ...said)).toEqual(["127.0.0.1", "127.0.0.1"]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test("the smoke key leads to its set, and no service is given it", async () => {
    for (const host of [HOSTS.web, HOSTS.api, HOSTS.webhooks]) {
      const answer = await edge.visit({ host, headers: WITH_KEY });
      expect(answer.head).toMatch(/^X-Twinset-Set: green$/im);
      expect(JSON.stringify(answer.sent)).not.toContain(SMOKE_KEY);
      expect(valuesOf(answer, REVISION_HEADER)).toEqual([]);
    }
  });

  test("what is said for a name that no service has reaches none", async () => {
    const forged = [...emptiedHeaders(), "X-Real-IP"].map((name) => [name, FORGED] as const);
    const answer = await edge.visit({ host: "other.localhost", headers: forged });
    // Without TLS, nginx has its first service answer for all names.
    expect(answer.code).toBe(kind === "nginx" ? 200 : 404);
    expect(JSON.stringify(answer.sent ?? [])).not.toContain(FORGED);
  });
});

describe.each(KINDS.filter((kind) => missingFor(kind) === undefined))("%s, with TLS", (kind) => {
  let edge!: LoopbackEdge;
  beforeAll(async () => {
    edge = await LoopbackEdge.start(kind, {}, "letsencrypt");
  }, 60_000);
  afterAll(() => edge.stop());
  const forged = [...emptiedHeaders(), ...Object.keys(SET_BY_EDGE)]
    .filter((name) => name !== "X-Forwarded-For")
    .map((name) => [name, FORGED] as const);

  test.each(Object.entries(WAYS))(
    "%s is known, and that the request came by TLS",
    async (_, { from, said, client }) => {
      for (const more of [[], UPGRADE]) {
        const answer = await edge.visit({
          from,
          headers: [...forged, ["X-Forwarded-Proto", "http"], ...said, ...more],
        });
        expect(JSON.stringify(answer.sent)).not.toContain(FORGED);
        for (const name of ["X-Real-IP", "X-Forwarded-For"]) expect(valuesOf(answer, name)).toEqual([client]);
        expect(valuesOf(answer, "X-Forwarded-Proto")).toEqual(["https"]);
      }
    },
  );

  test.each(Object.entries(WAYS))(
    "%s who asks by HTTP is led to HTTPS, and no service is asked",
    async (_, { from, said }) => {
      const answer = await edge.visit({
        from,
        plainly: true,
        headers: [...forged, ["X-Forwarded-Proto", "https"], ...said],
      });
      expect([301, 308]).toContain(answer.code);
      expect(answer.sent).toBeUndefined();
      expect(answer.head).toMatch(/^location: https:\/\/web\.localhost/im);
      expect(answer.head).not.toContain(FORGED);
    },
  );
});

describe.each(KINDS.filter((kind) => missingFor(kind) === undefined))("%s, by networks of any size", (kind) => {
  test.each([
    [["126.0.0.0/7"], "203.0.113.7, 126.1.2.3", "203.0.113.7"],
    [["126.0.0.0/7"], "203.0.113.7, 128.1.2.3", "128.1.2.3"],
    [["0.0.0.0/0"], "203.0.113.7, 198.51.100.1", "203.0.113.7"],
    [["127.0.0.0/9", "2001:db8::/33"], "203.0.113.7, 2001:db8:7fff::1", "203.0.113.7"],
    [["127.0.0.0/9", "2001:db8::/33"], "203.0.113.7, 2001:db8:8000::1", "2001:db8:8000::1"],
    [["127.0.0.0/8", "2000::/3"], "203.0.113.7, 3fff::1", "203.0.113.7"],
    [["127.0.0.0/8", "2000::/3"], "203.0.113.7, 4000::1", "4000::1"],
    [[TRUSTED, "2001:db8::7"], "203.0.113.7, 2001:db8::7", "203.0.113.7"],
  ])(
    "trusted %j, said %s",
    async (trustedProxies, said, client) => {
      const edge = await LoopbackEdge.start(kind, { trustedProxies });
      try {
        const answer = await edge.visit({ from: TRUSTED, headers: [["X-Forwarded-For", said]] });
        expect(valuesOf(answer, "X-Real-IP")).toEqual([client]);
      } finally {
        await edge.stop();
      }
    },
    60_000,
  );
});

describe.each(KINDS.filter((kind) => missingFor(kind) === undefined))("%s, where a platform lets through", (kind) => {
  test("what it names, and nothing else", async () => {
    const edge = await LoopbackEdge.start(kind, { letThrough: ["x-http-method-override", "CF-IPCountry"] });
    try {
      const said = ["X-HTTP-Method-Override", "CF-IPCountry", "X-Forwarded-User"].map(
        (name) => [name, "said"] as const,
      );
      const answer = await edge.visit({ headers: said });
      expect(said.map(([name]) => valuesOf(answer, name))).toEqual([["said"], ["said"], []]);
    } finally {
      await edge.stop();
    }
  }, 60_000);
});

(missingFor("traefik") ? test.skip : test)(
  "a Traefik that cannot read its plugin does not start",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "twinset-edge-"));
    try {
      const args = [...PLUGIN_ARGUMENTS, "--entrypoints.web.address=127.0.0.1:0", "--log.format=json"];
      const { status, stdout, stderr } = spawnSync("traefik", args, { cwd: folder, encoding: "utf8", timeout: 30_000 });
      expect(status).toBe(1);
      expect(stdout + stderr).toContain("plugin");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  40_000,
);

test.each(KINDS)("%s is here, or this file has tested nothing of it", (kind) => {
  if (missingFor(kind)) console.warn(`${missingFor(kind)}: what services are told by it was not tested`);
});

test("no header is both set and emptied, and none is there twice", () => {
  const all = [...Object.keys(SET_BY_EDGE), ...emptiedHeaders()].map((name) => name.toLowerCase());
  expect(new Set(all).size).toBe(all.length);
  expect(mayBeLetThrough()).toHaveLength(Object.values(EMPTIED_BY_EDGE).flat().length);
});
