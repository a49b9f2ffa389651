import { afterEach, describe, expect, test } from "@jest/globals";
import { type Finding } from "../../doctor";
import { cloudflareToken, edgeToken } from "../../doctor/cloudflare";
import { type CloudflareOptions, type CloudflareSimulator, startCloudflare } from "../../simulators/cloudflare";
import { about, ACCOUNT, type Changes, contextFor, told, TOKENS, unhelpful, ZONE_ID } from "../support/patient";
import { WebServer } from "../support/web-server";

type Token = NonNullable<CloudflareOptions["tokens"]>[number];

let simulator: CloudflareSimulator;
let before: unknown;
/** Terraform's token and the edge's, each with what is said of it here. */
const start = async (
  own: Partial<Token> = {},
  edge: Partial<Token> = {},
  plan: "free" | "pro" = "pro",
): Promise<void> => {
  simulator = await startCloudflare({
    token: "somebody-else",
    tokens: [
      { value: TOKENS.cloudflare, ...own },
      { value: TOKENS.edge, permission: "dns-only", ...edge },
    ],
    accountId: ACCOUNT,
    zones: [
      { id: ZONE_ID, name: "manacore.app", plan },
      { id: "a".repeat(32), name: "example.org", plan },
    ],
  });
  before = simulator.state;
};
afterEach(async () => {
  // Whatever was asked, nothing was changed.
  expect(simulator.state).toEqual(before);
  await simulator.stop();
});

const changed = (changes: Changes): Changes => ({
  ...changes,
  env: { CLOUDFLARE_BASE_URL: simulator.baseUrl, ...changes.env },
});
const own = (changes: Changes = {}): Promise<Finding[]> => cloudflareToken(contextFor(changed(changes)));
const edge = (changes: Changes = {}): Promise<Finding[]> => edgeToken(contextFor(changed(changes)));

const REFUSED = "yes: an order that cannot be filled was refused for that only";

describe("Terraform's token", () => {
  test("that may do everything", async () => {
    await start();
    expect(told(await own())).toEqual([
      "ok token: active",
      "ok zone: manacore.app, active, plan pro",
      `ok may edit DNS: ${REFUSED} (400, code 9207)`,
      `ok may edit page rules: ${REFUSED} (400, code 1004)`,
      `ok may edit settings: ${REFUSED} (400, code 1007)`,
      "ok sees R2 buckets: yes; whether it may make one shows at the deploy only",
    ]);
  });

  test("in an environment that does not own the zone needs the zone's DNS only", async () => {
    await start({ permission: "dns-only" });
    const findings = await own({ environment: "staging" });
    expect(told(findings).slice(0, 3)).toEqual([
      "ok token: active",
      "ok zone: manacore.app, active, plan pro",
      expect.stringMatching(/^ok may edit DNS/),
    ]);
    expect(about(findings, "may edit settings")).toEqual([]);
  });

  test("that may only read", async () => {
    await start({ permission: "read-only" });
    const findings = await own();
    for (const right of ["DNS", "page rules", "settings"]) {
      expect(about(findings, `may edit ${right}`)).toEqual([`failure may edit ${right}: no (403, code 10000)`]);
    }
    expect(unhelpful(findings)).toEqual([]);
  });

  test("that may edit DNS only, where settings are to be made and buckets, too", async () => {
    await start({ permission: "dns-only" });
    const findings = await own();
    expect(about(findings, "may edit DNS")[0]).toMatch(/^ok/);
    expect(about(findings, "may edit settings")[0]).toMatch(/^failure/);
    expect(about(findings, "sees R2 buckets")).toEqual(["failure sees R2 buckets: no (403, code 10000)"]);
  });

  test("that Cloudflare does not know, and is not shown", async () => {
    await start();
    const findings = await own({ env: { TF_VAR_cloudflare_api_token: "x".repeat(40) } });
    expect(told(findings)).toEqual(["failure token: Cloudflare does not know it (401, code 1000; 401, code 1000)"]);
    expect(JSON.stringify(findings)).not.toContain("xxxx");
  });

  test("that is an account's own is known there", async () => {
    await start({ owner: "account" });
    expect(about(await own(), "token")).toEqual(["ok token: active"]);
    // The zone tells whose account it is.
    expect(about(await own({ env: { TF_VAR_cloudflare_account_id: undefined } }), "token")).toEqual([
      "ok token: active",
    ]);
  });

  test("that has expired", async () => {
    await start({ expiresOn: "2020-01-01T00:00:00Z" });
    expect(told(await own())).toEqual(["failure token: it is expired"]);
  });

  test("that expires soon", async () => {
    const soon = new Date(Date.now() + 3.5 * 24 * 3600 * 1000).toISOString();
    await start({ expiresOn: soon });
    const findings = await own();
    expect(about(findings, "token")).toEqual([`warning token: active, but only until ${soon} (3 days)`]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("or a zone that is not set", async () => {
    await start();
    const env = { TF_VAR_cloudflare_api_token: undefined, TF_VAR_cloudflare_zone_id: undefined };
    expect(told(await own({ env }))).toEqual([
      "skipped token and zone: needs TF_VAR_cloudflare_api_token, TF_VAR_cloudflare_zone_id",
    ]);
    expect(simulator.requests).toEqual([]);
  });

  test("nobody answers", async () => {
    await start();
    const findings = await own({ env: { CLOUDFLARE_BASE_URL: "http://127.0.0.1:2" } });
    expect(told(findings)).toEqual(["failure token: no answer from 127.0.0.1:2 (ECONNREFUSED)"]);
  });
});

describe("the zone", () => {
  test("is another one than the catalog's", async () => {
    await start();
    const findings = await own({ env: { TF_VAR_cloudflare_zone_id: "a".repeat(32) } });
    expect(about(findings, "zone")).toEqual([
      "failure zone: TF_VAR_cloudflare_zone_id is example.org's, where the catalog has manacore.app",
    ]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("is not shown to the token", async () => {
    await start();
    const findings = await own({ env: { TF_VAR_cloudflare_zone_id: "b".repeat(32) } });
    expect(about(findings, "zone")).toEqual([
      "failure zone: the token does not show the zone of TF_VAR_cloudflare_zone_id",
    ]);
    expect(about(findings, "may edit DNS")).toEqual([]);
  });

  test("has too small a plan for its rules", async () => {
    await start({}, {}, "free");
    expect(about(await own(), "zone")).toEqual([
      "failure zone: manacore.app has the plan free, and the catalog needs pro",
    ]);
  });

  /** What the simulator does not have: a zone that is not active yet. */
  test("is not active yet, or paused", async () => {
    await start();
    const web = await WebServer.start((request, response) => {
      const zone = { name: "manacore.app", status: "pending", paused: true, name_servers: ["ada.ns.cloudflare.com"] };
      const isZone = /\/zones\/\w+$/.test(request.url!);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ result: isZone ? zone : { status: "active" } }));
    });
    const findings = await own({ env: { CLOUDFLARE_BASE_URL: `http://127.0.0.1:${web.port}` } });
    await web.stop();
    expect(about(findings, "zone")).toEqual([
      "failure zone: manacore.app is pending at Cloudflare",
      "warning zone: manacore.app is paused: nothing is proxied",
    ]);
    expect(unhelpful(findings)).toEqual([]);
    // An order that could not be filled came back as done: that proves nothing.
    expect(about(findings, "may edit DNS")[0]).toMatch(/^warning may edit DNS: could not be told/);
  });
});

test("an order that is refused for its content everywhere proves no right, and none is claimed", async () => {
  await start();
  const web = await WebServer.start((request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.method !== "GET") response.statusCode = 400;
    const zone = { name: "manacore.app", status: "active" };
    response.end(JSON.stringify(request.method === "GET" ? { result: zone } : { errors: [{ code: 9004 }] }));
  });
  const findings = await own({ env: { CLOUDFLARE_BASE_URL: `http://127.0.0.1:${web.port}` } });
  await web.stop();
  expect(about(findings, "may edit DNS")).toEqual([
    "warning may edit DNS: could not be told (400, code 9004; elsewhere 400, code 9004)",
  ]);
});

describe("the edge's token", () => {
  test("that may edit DNS and nothing else", async () => {
    await start();
    expect(told(await edge())).toEqual([
      "ok edge's token: active",
      `ok edge: may edit DNS: ${REFUSED} (400, code 9207)`,
    ]);
  });

  test("that may do more than it needs", async () => {
    await start({}, { permission: undefined });
    const findings = await edge();
    expect(about(findings, "edge's token")).toEqual([
      "ok edge's token: active",
      "warning edge's token: may also edit the zone's settings",
    ]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("that may only read", async () => {
    await start({}, { permission: "read-only" });
    expect(about(await edge(), "edge: may edit DNS")).toEqual(["failure edge: may edit DNS: no (403, code 10000)"]);
  });

  test("that does not find the zone by its name", async () => {
    await start();
    const env = { TF_VAR_cloudflare_zone_id: "a".repeat(32) };
    expect(about(await edge({ env }), "edge's token")).toEqual([
      "failure edge's token: does not find the zone manacore.app",
    ]);
  });

  test("that is not set, or not known", async () => {
    await start();
    expect(told(await edge({ env: { TF_VAR_edge_dns_token: undefined } }))).toEqual([
      "skipped edge's token: needs TF_VAR_edge_dns_token",
    ]);
    expect(told(await edge({ env: { TF_VAR_edge_dns_token: "x".repeat(40) } }))[0]).toMatch(
      /^failure edge's token: Cloudflare does not know it/,
    );
  });

  test("is no matter where there is no DNS challenge", async () => {
    await start();
    expect(await edge({ environment: "development" })).toEqual([]);
    expect(await own({ environment: "development" })).toEqual([]);
  });
});
