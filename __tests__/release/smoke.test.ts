import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { RequestListener } from "node:http";
import { Health } from "../../model/health";
import { hostsOf } from "../../model/platform";
import { KEY_HEADER, SET_HEADER } from "../../model/routing";
import { smoke, smokePaths, type SmokeResult } from "../../release/smoke";
import { productOf, type Site } from "../../release/site";
import { siteWith } from "../support/live";
import { EVERY_PLATFORM } from "../support/platforms";
import { WebServer } from "../support/web-server";

let server: WebServer;
let answer: RequestListener;
/** As the edge does: whoever has the key gets the set that was asked for, and is told so. */
const asTheEdge: RequestListener = (request, response) => {
  const set = request.headers[SET_HEADER.toLowerCase()];
  if (set && request.headers[KEY_HEADER.toLowerCase()] === "the-smoke-key") response.setHeader(SET_HEADER, set);
  response.end();
};
beforeEach(async () => {
  answer = asTheEdge;
  server = await WebServer.start((request, response) => answer(request, response));
});
afterEach(() => server.stop());

const site = (change: Partial<Site> = {}): Site =>
  siteWith({}, { edge: () => Promise.resolve({ address: "127.0.0.1", port: server.port, tls: false }), ...change });
const withKey = (smokeKey: string | undefined): Partial<Site> => ({
  credentials: { registryUsername: undefined, registryToken: undefined, smokeKey },
});
const said = (results: readonly SmokeResult[]): string[] => results.map(({ said }) => said);

test("every service of the product is asked by its own name, on its health path, with set and key", async () => {
  const results = await smoke(site(), "chat", "green");
  expect(results.map(({ request, ok }) => [request, ok])).toEqual([
    ["chat-backend: http://api-chat.manacore.app/api/health", true],
    ["chat-web: http://app-chat.manacore.app/api/health", true],
    ["chat-landing: http://chat.manacore.app/health", true],
  ]);
  for (const text of said(results)) expect(text).toMatch(/^200 in \d+ ms$/);
  expect(server.asked.map(({ host, path }) => `${host}${path}`)).toEqual([
    "api-chat.manacore.app/api/health",
    "app-chat.manacore.app/api/health",
    "chat.manacore.app/health",
  ]);
  for (const { headers } of server.asked) {
    expect(headers).toMatchObject({ "x-twinset-set": "green", "x-twinset-key": "the-smoke-key" });
  }
});

describe("what a service answers", () => {
  test.each([
    [200, true],
    [204, true],
    [302, true],
    [404, false],
    [500, false],
    [503, false],
  ])("%s: %s", async (status, ok) => {
    answer = (request, response) => {
      response.statusCode = status;
      asTheEdge(request, response);
    };
    const results = await smoke(site(), "chat", "green");
    expect(results.map((result) => result.ok)).toEqual([ok, ok, ok]);
    expect(said(results)[0]).toMatch(new RegExp(`^${status} in`));
    // An answer counts as it is; only a missing connection is tried again.
    expect(server.asked).toHaveLength(3);
  });
  test("one that fails does not hide the others", async () => {
    answer = (request, response) => {
      if (request.headers.host?.startsWith("app-")) response.statusCode = 500;
      asTheEdge(request, response);
    };
    expect((await smoke(site(), "chat", "green")).map(({ ok }) => ok)).toEqual([true, false, true]);
  });
});

describe("who answered", () => {
  test("the set with the traffic, as the edge did not take the key: no success, however well it answers", async () => {
    const results = await smoke(site(withKey("another-key")), "chat", "green");
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(said(results)[0]).toBe(
      "answered by the set with the traffic, not green: is TF_VAR_smoke_key the deployed one?",
    );
  });
  test("another set", async () => {
    answer = (_, response) => response.setHeader(SET_HEADER, "blue").end();
    expect(said(await smoke(site(), "chat", "green"))[0]).toContain("answered by blue, not green");
  });
  test("nobody is asked without a key: any set would answer", async () => {
    const results = await smoke(site(withKey(undefined)), "chat", "green");
    expect(results.map(({ ok, said }) => ({ ok, said }))).toEqual(
      Array(3).fill({ ok: false, said: "not asked: TF_VAR_smoke_key is not set" }),
    );
    expect(server.asked).toEqual([]);
  });
});

describe("no answer", () => {
  test("is tried again, as the edge may be taking up its settings just now", async () => {
    let first = true;
    answer = (request, response) => {
      if (first) request.socket.destroy();
      else asTheEdge(request, response);
      first = false;
    };
    expect((await smoke(site(), "chat", "green")).every(({ ok }) => ok)).toBe(true);
    expect(server.asked).toHaveLength(4);
  });
  test("three times; then it is said why", async () => {
    answer = (request) => request.socket.destroy();
    const only = productOf(site(), "chat").services.slice(0, 1);
    const alone = site();
    const platform = {
      ...alone.platform,
      products: alone.platform.products.map((p) => (p.name === "chat" ? { ...p, services: only } : p)),
    };
    const results = await smoke({ ...alone, platform }, "chat", "green");
    expect(results).toMatchObject([{ ok: false, said: expect.stringMatching(/^no answer: .*(hang up|ECONNRESET)/) }]);
    expect(server.asked).toHaveLength(3);
  }, 10_000);
});

describe("which paths", () => {
  const [service] = productOf(siteWith(), "chat").services;
  test("the service's own, else its health path, else /", () => {
    expect(smokePaths({ ...service!, smoke: ["/a", "/b"] })).toEqual(["/a", "/b"]);
    expect(smokePaths({ ...service!, health: Health.http("/healthz") })).toEqual(["/healthz"]);
    expect(smokePaths({ ...service!, health: Health.command(["CMD", "true"]) })).toEqual(["/"]);
  });
  test("several: each is asked", async () => {
    const given = site();
    const platform = {
      ...given.platform,
      products: given.platform.products.map((p) =>
        p.name === "chat" ? { ...p, services: [{ ...service!, smoke: ["/a", "/b"] }] } : p,
      ),
    };
    expect(await smoke({ ...given, platform }, "chat", "green")).toHaveLength(2);
    expect(server.asked.map(({ path }) => path)).toEqual(["/a", "/b"]);
  });
});

test("a product that nobody reaches from outside: that is said, not passed over", async () => {
  const given = site();
  const products = given.platform.products.map((p) => (p.name === "chat" ? { ...p, services: [] } : p));
  expect(await smoke({ ...given, platform: { ...given.platform, products } }, "chat", "green")).toEqual([
    { request: "chat", ok: true, said: expect.stringContaining("no host name") },
  ]);
});

test.each(EVERY_PLATFORM)("%s: each product has something to ask before visitors come", (_, { platform }) => {
  for (const product of platform.products) {
    const asked = product.services.filter((service) => hostsOf(service, platform.environments.production).length > 0);
    expect({ product: product.name, asked: asked.length > 0 }).toEqual({ product: product.name, asked: true });
  }
});
