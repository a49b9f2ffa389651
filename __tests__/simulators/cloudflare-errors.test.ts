import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type CloudflareOptions, type CloudflareSimulator, startCloudflare } from "../../simulators/cloudflare";

const TOKEN = "an-api-token";
const DNS_TOKEN = "a-dns-token";
const ACCOUNT = "a".repeat(32);
const FREE = "1".repeat(32);
const PRO = "2".repeat(32);
const NOBODYS = "f".repeat(32);

const OPTIONS: CloudflareOptions = {
  token: TOKEN,
  tokens: [
    { value: DNS_TOKEN, permission: "dns-only" },
    { value: "reader", permission: "read-only" },
    { value: "of-the-account", owner: "account" },
    { value: "of-yesterday", expiresOn: "2020-01-01T00:00:00Z" },
  ],
  buckets: ["state", "shown"],
  publicBuckets: ["shown"],
  accountId: ACCOUNT,
  zones: [
    { id: FREE, name: "example.com", plan: "free" },
    { id: PRO, name: "example.org", plan: "pro" },
  ],
  bucketHasObjects: (bucket) => bucket === "full",
};

let simulator: CloudflareSimulator;
beforeEach(async () => {
  simulator = await startCloudflare(OPTIONS);
});
afterEach(() => simulator.stop());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly result: { id: string } & Record<string, unknown>;
  readonly errors: readonly { code: number; message: string; error_chain?: unknown; source?: unknown }[];
  readonly messages: readonly { message: string }[];
}

async function call(method: string, path: string, body?: unknown, token: string | null = TOKEN): Promise<Answer> {
  const response = await fetch(`${simulator.baseUrl}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const said = (await response.json()) as Answer;
  return { ...said, status: response.status, headers: response.headers };
}

/** "400 81058" */
const refusal = async (answer: Promise<Answer>): Promise<string> => {
  const { status, errors } = await answer;
  return `${status} ${errors.map(({ code }) => code).join()}`;
};

describe("a request is refused", () => {
  const path = `/zones/${FREE}/dns_records`;

  test("without credentials (9106)", async () => {
    expect(await refusal(call("GET", path, undefined, null))).toBe("400 9106");
  });

  test("with an Authorization header of another form (6003)", async () => {
    const answer = await call("GET", path, undefined, "two words");
    expect(answer).toMatchObject({ status: 400, errors: [{ code: 6003, error_chain: [{ code: 6111 }] }] });
  });

  test("with an unknown token (10000, 9109 for zones, 1000 for the check of tokens)", async () => {
    expect(await refusal(call("GET", path, undefined, "wrong"))).toBe("403 10000");
    expect(await refusal(call("GET", "/zones", undefined, "wrong"))).toBe("403 9109");
    expect(await refusal(call("GET", "/user/tokens/verify", undefined, "wrong"))).toBe("401 1000");
  });

  test("with a token that may only read, before its body is looked at (10000)", async () => {
    expect((await call("GET", path, undefined, "reader")).status).toBe(200);
    expect(await refusal(call("POST", path, { type: "none" }, "reader"))).toBe("403 10000");
    expect(await refusal(call("POST", path, { type: "none" }))).toBe("400 9207");
  });

  test("with a token at the check of the other kind of tokens (1000), and with one that has expired", async () => {
    const verify = (owner: string, token: string): Promise<Answer> =>
      call("GET", `${owner}/tokens/verify`, undefined, token);
    expect(await refusal(verify("/user", "of-the-account"))).toBe("401 1000");
    expect(await refusal(verify(`/accounts/${ACCOUNT}`, TOKEN))).toBe("401 1000");
    expect((await verify(`/accounts/${ACCOUNT}`, "of-the-account")).result).toMatchObject({ status: "active" });
    expect((await verify("/user", "of-yesterday")).result).toMatchObject({ status: "expired" });
    expect(await refusal(call("GET", path, undefined, "of-yesterday"))).toBe("403 10000");
  });

  test("with a token that may change DNS records only (10000)", async () => {
    expect((await call("GET", "/zones", undefined, DNS_TOKEN)).status).toBe(200);
    const body = { type: "TXT", name: "_acme-challenge", content: "x" };
    expect((await call("POST", path, body, DNS_TOKEN)).status).toBe(200);
    expect(await refusal(call("GET", `/zones/${FREE}/pagerules`, undefined, DNS_TOKEN))).toBe("403 10000");
    expect(await refusal(call("GET", `/accounts/${ACCOUNT}/r2/buckets`, undefined, DNS_TOKEN))).toBe("403 10000");
    expect(await refusal(call("DELETE", `/zones/${FREE}`, undefined, DNS_TOKEN))).toBe("403 9109");
  });

  test("for an id that is none (7003)", async () => {
    expect(await refusal(call("GET", "/zones/example.com/dns_records"))).toBe("404 7003");
    expect(await refusal(call("GET", "/zones/example.com"))).toBe("404 7003");
    expect(await refusal(call("GET", `${path}/1`))).toBe("404 7003");
    expect(await refusal(call("GET", "/accounts/me/r2/buckets"))).toBe("404 7003");
  });

  test("for a path that there is not (7003 and 7000)", async () => {
    expect(await refusal(call("GET", `/zones/${FREE}/nothing`))).toBe("404 7003,7000");
  });

  test("for a zone or an account that the token does not cover (10000, 9109)", async () => {
    expect(await refusal(call("GET", `/zones/${NOBODYS}/dns_records`))).toBe("403 10000");
    expect(await refusal(call("GET", `/zones/${NOBODYS}`))).toBe("403 9109");
    expect(await refusal(call("GET", `/accounts/${NOBODYS}/r2/buckets`))).toBe("403 10000");
  });

  test("with a body that is no JSON (6007)", async () => {
    expect(await refusal(call("POST", path, "{"))).toBe("400 6007");
  });

  test("with a purge of nothing, or of two kinds of things (1012)", async () => {
    expect(await refusal(call("POST", `/zones/${FREE}/purge_cache`, {}))).toBe("400 1012");
    const two = { purge_everything: true, hosts: ["a"] };
    expect(await refusal(call("POST", `/zones/${FREE}/purge_cache`, two))).toBe("400 1012");
  });
});

describe("a DNS record is refused", () => {
  const post = (body: object, zone = FREE): Promise<Answer> => call("POST", `/zones/${zone}/dns_records`, body);
  const a = { type: "A", name: "www", content: "192.0.2.1" };
  const cname = { type: "CNAME", name: "www", content: "example.net" };

  test("if an identical one is there (81058)", async () => {
    await post(a);
    expect(await refusal(post(a))).toBe("400 81058");
    await post({ type: "TXT", name: "www", content: "text" });
    expect(await refusal(post({ type: "TXT", name: "www", content: '"text"' }))).toBe("400 81058");
    expect((await post({ ...a, content: "192.0.2.2" })).status).toBe(200);
  });

  test("if it is a CNAME and an address or another CNAME has its name (81053)", async () => {
    await post(a);
    expect(await refusal(post(cname))).toBe("400 81053");
    await post({ ...cname, name: "alias" });
    expect(await refusal(post({ ...cname, name: "alias", content: "example.edu" }))).toBe("400 81053");
  });

  test("if it is an address and a CNAME has its name (81054)", async () => {
    await post(cname);
    expect(await refusal(post(a))).toBe("400 81054");
    expect((await post({ type: "TXT", name: "www", content: "text" })).status).toBe(200);
  });

  test("if name servers have its name (81056), and the other way round (81053)", async () => {
    await post({ type: "NS", name: "sub", content: "ns.example.net" });
    expect(await refusal(post({ ...a, name: "sub" }))).toBe("400 81056");
    await post(a);
    expect(await refusal(post({ type: "NS", name: "www", content: "ns.example.net" }))).toBe("400 81053");
  });

  test("if a change would bring it beside one that it cannot stand beside (81053, 81058)", async () => {
    await post(a);
    const { result } = await post({ ...cname, name: "alias" });
    const path = `/zones/${FREE}/dns_records/${result.id}`;
    expect(await refusal(call("PATCH", path, { name: "www" }))).toBe("400 81053");
    expect(await refusal(call("PUT", path, a))).toBe("400 81058");
    expect((await call("PATCH", path, { content: "example.edu" })).status).toBe(200);
  });

  test("if its name is none (9000)", async () => {
    for (const name of ["a..b", "-a", "a b", "x.*.y", `${"a".repeat(64)}`]) {
      expect(await refusal(post({ ...a, name }))).toBe("400 9000");
    }
  });

  test("if its content does not fit its type (9005, 9006, 9007, 9009, 9039, 1004)", async () => {
    const refused = (type: string, content: string): Promise<string> =>
      refusal(post({ type, name: "www", content, priority: 1 }));
    expect(await refused("A", "2001:db8::1")).toBe("400 9005");
    expect(await refused("AAAA", "192.0.2.1")).toBe("400 9006");
    expect(await refused("CNAME", "192.0.2.1")).toBe("400 9007");
    expect(await refused("MX", "192.0.2.1")).toBe("400 9009");
    expect(await refused("CNAME", "WWW.example.com.")).toBe("400 9039");
    expect(await refused("NS", "-")).toBe("400 1004");
    expect(await refused("TXT", "")).toBe("400 1004");
    expect(await refused("CAA", "nonsense")).toBe("400 1004");
    expect(await refused("LOC", "somewhere")).toBe("400 1004");
    expect(await refusal(post({ type: "SRV", name: "_x._tcp", data: { port: 1 } }))).toBe("400 1004");
  });

  test("if it is an MX record without a priority (9202)", async () => {
    expect(await refusal(post({ type: "MX", name: "@", content: "mail.example.com" }))).toBe("400 9202");
  });

  test("if it is to be proxied and its type cannot be (9004)", async () => {
    expect(await refusal(post({ type: "TXT", name: "www", content: "x", proxied: true }))).toBe("400 9004");
  });

  test("if it is to be proxied and its address is private (9003), unless that is allowed", async () => {
    for (const content of ["10.1.2.3", "127.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1"]) {
      expect(await refusal(post({ ...a, content, proxied: true }))).toBe("400 9003");
    }
    expect(await refusal(post({ type: "AAAA", name: "www", content: "fd00::1", proxied: true }))).toBe("400 9003");
    await simulator.stop();
    simulator = await startCloudflare({ ...OPTIONS, allowPrivateTargets: true });
    expect((await post({ ...a, content: "10.1.2.3", proxied: true })).status).toBe(200);
  });

  test("if its time to live is out of bounds (9021)", async () => {
    for (const ttl of [0, 59, 86_401, 60.5]) expect(await refusal(post({ ...a, ttl }))).toBe("400 9021");
    expect((await post({ ...a, ttl: 60 })).result["ttl"]).toBe(60);
  });

  test("if its comment is too long for the plan (9303)", async () => {
    const comment = "c".repeat(101);
    expect(await refusal(post({ ...a, comment }))).toBe("400 9303");
    expect((await post({ ...a, comment }, PRO)).status).toBe(200);
  });

  test("if the plan does not have so many tags (9301)", async () => {
    const tagged = { ...a, tags: ["team:dns"] };
    expect(await refusal(post(tagged))).toBe("400 9301");
    expect((await post(tagged, PRO)).result["tags"]).toEqual(["team:dns"]);
  });

  test("if it is one too many (81045)", async () => {
    const posts = Array.from({ length: 200 }, (_, i) => ({ ...a, name: `host-${i}` }));
    expect((await call("POST", `/zones/${FREE}/dns_records/batch`, { posts })).status).toBe(200);
    expect(await refusal(post(a))).toBe("400 81045");
  });

  test("if something in the body has the wrong type (9207)", async () => {
    expect(await refusal(post({ ...a, content: 1 }))).toBe("400 9207");
    expect(await refusal(post({ name: "www" }))).toBe("400 9207");
  });

  test("if it does not exist (81044)", async () => {
    for (const method of ["GET", "DELETE", "PATCH"]) {
      const body = method === "PATCH" ? {} : undefined;
      expect(await refusal(call(method, `/zones/${FREE}/dns_records/${NOBODYS}`, body))).toBe("404 81044");
    }
  });

  test("if it is a bucket's own and someone would change it (1043)", async () => {
    await call("POST", `/accounts/${ACCOUNT}/r2/buckets`, { name: "bundles" });
    const domain = { domain: "ota.example.com", zoneId: FREE, enabled: true };
    await call("POST", `/accounts/${ACCOUNT}/r2/buckets/bundles/domains/custom`, domain);
    const path = `/zones/${FREE}/dns_records/${simulator.state.records["example.com"]![0]!.id}`;
    expect(await refusal(call("DELETE", path))).toBe("400 1043");
    expect(await refusal(call("PATCH", path, { proxied: false }))).toBe("400 1043");
  });
});

test("a list of DNS records is refused in an order that there is not (1004)", async () => {
  expect(await refusal(call("GET", `/zones/${FREE}/dns_records?order=age`))).toBe("400 1004");
});

describe("a page rule is refused", () => {
  const rule = (value: string, ...actions: object[]): object => ({
    targets: [{ target: "url", constraint: { operator: "matches", value } }],
    actions: actions.length > 0 ? actions : [{ id: "cache_level", value: "bypass" }],
    status: "active",
  });
  const post = (body: object, zone = PRO): Promise<Answer> => call("POST", `/zones/${zone}/pagerules`, body);
  const reasons = async (answer: Promise<Answer>): Promise<string> => {
    const { status, errors, messages } = await answer;
    expect([status, errors[0]?.code]).toEqual([400, 1004]);
    return messages.map(({ message }) => message).join("\n");
  };

  test("if another has its URL (1004 .distinctTargetUrl)", async () => {
    await post(rule("*example.org/*"));
    expect(await reasons(post(rule("*example.org/*")))).toContain(".distinctTargetUrl");
  });

  test("if its URL is not one of the zone (1004)", async () => {
    expect(await reasons(post(rule("*example.com/*")))).toContain(".targets");
  });

  test("if the plan does not have so many (1004)", async () => {
    for (let i = 0; i < 3; i += 1) expect((await post(rule(`example.com/${i}`), FREE)).status).toBe(200);
    expect(await reasons(post(rule("example.com/3"), FREE))).toContain("limit of 3 page rules");
  });

  test("if the plan does not have an action (1004)", async () => {
    const polish = { id: "polish", value: "lossless" };
    expect(await reasons(post(rule("example.com/*", polish), FREE))).toContain("Your plan (free)");
    expect((await post(rule("example.org/*", polish))).status).toBe(200);
  });

  test("if the edge's time to live is too short for the plan (1004)", async () => {
    const ttl = { id: "edge_cache_ttl", value: 3600 };
    expect(await reasons(post(rule("example.com/*", ttl), FREE))).toContain("at least 7200");
    expect((await post(rule("example.org/*", ttl))).status).toBe(200);
  });

  test("if an action does not exist, has a wrong value, or is there twice (1004)", async () => {
    expect(await reasons(post(rule("example.org/*", { id: "x" })))).toContain("no such action");
    expect(await reasons(post(rule("example.org/*", { id: "ssl", value: "on" })))).toContain("not valid");
    const twice = [
      { id: "ssl", value: "full" },
      { id: "ssl", value: "off" },
    ];
    expect(await reasons(post(rule("example.org/*", ...twice)))).toContain("only once");
  });

  test("if it forwards and does something else too (1004)", async () => {
    const forward = { id: "forwarding_url", value: { url: "https://example.net", status_code: 301 } };
    expect(await reasons(post(rule("example.org/*", forward, { id: "ssl", value: "full" })))).toContain(
      "cannot be combined",
    );
  });

  test("if its body is not that of a page rule (1004)", async () => {
    expect(await refusal(post({ targets: [], actions: [] }))).toBe("400 1004");
  });

  test("if it does not exist (1002)", async () => {
    expect(await refusal(call("GET", `/zones/${PRO}/pagerules/${NOBODYS}`))).toBe("404 1002");
  });
});

describe("a zone setting is refused", () => {
  const patch = (id: string, value: unknown, zone = FREE): Promise<Answer> =>
    call("PATCH", `/zones/${zone}/settings/${id}`, { value });

  test("if there is none of that name (1006)", async () => {
    expect(await refusal(patch("binary_ast", "on"))).toBe("400 1006");
    expect(await refusal(call("GET", `/zones/${FREE}/settings/toString`))).toBe("400 1006");
  });

  test("if its value is none of those that it may have (1007)", async () => {
    expect(await refusal(patch("ssl", "on"))).toBe("400 1007");
    expect(await refusal(patch("cache_level", "bypass"))).toBe("400 1007");
    expect(await refusal(patch("browser_cache_ttl", "1"))).toBe("400 1007");
    expect(await refusal(patch("security_header", {}))).toBe("400 1007");
  });

  test("if the plan does not let it be changed (1015)", async () => {
    expect(await refusal(patch("polish", "lossless"))).toBe("400 1015");
    expect((await patch("polish", "lossless", PRO)).status).toBe(200);
    expect(await refusal(patch("http2", "on"))).toBe("400 1015");
  });

  test("if nobody may change it (1015)", async () => {
    expect(await refusal(patch("advanced_ddos", "off", PRO))).toBe("400 1015");
  });
});

describe("a ruleset is refused", () => {
  const ruleset = (rules: readonly object[], more: object = {}): object => ({
    name: "ours",
    kind: "zone",
    phase: "http_request_cache_settings",
    rules,
    ...more,
  });
  const cache = { action: "set_cache_settings", expression: "true", action_parameters: { cache: false } };
  const post = (body: object, zone = FREE): Promise<Answer> => call("POST", `/zones/${zone}/rulesets`, body);

  test("if the phase has one (20217 at /kind)", async () => {
    await post(ruleset([cache]));
    const { status, errors } = await post(ruleset([cache]));
    expect(status).toBe(400);
    expect(errors[0]).toEqual({
      code: 20217,
      message:
        "'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase http_request_cache_settings",
      source: { pointer: "/kind" },
    });
  });

  test("if there is no such phase, or not at a zone's level (20217)", async () => {
    expect(await refusal(post(ruleset([], { phase: "nothing" })))).toBe("400 20217");
    expect(await refusal(post(ruleset([], { kind: "root" })))).toBe("400 20217");
    expect(await refusal(call("PUT", `/zones/${FREE}/rulesets/phases/nothing/entrypoint`, {}))).toBe("400 20217");
  });

  test("if it has more rules than the plan (20217 at /rules)", async () => {
    const many = Array.from({ length: 11 }, () => cache);
    expect((await post(ruleset(many))).errors[0]).toMatchObject({ code: 20217, source: { pointer: "/rules" } });
    expect((await post(ruleset(many), PRO)).status).toBe(200);
  });

  test("if a rule's action is not one of the phase, or two rules have one ref (20217)", async () => {
    expect(await refusal(post(ruleset([{ ...cache, action: "block" }])))).toBe("400 20217");
    const same = { ...cache, ref: "same" };
    expect(await refusal(post(ruleset([same, same])))).toBe("400 20217");
  });

  test("if an expression does not parse or is beyond the plan (20127)", async () => {
    for (const expression of ['(http.host eq "a"', 'http.host eq "a', "true)", 'http.host matches "a"']) {
      expect(await refusal(post(ruleset([{ ...cache, expression }])))).toBe("400 20127");
    }
    const config = { phase: "http_config_settings" };
    const polish = { action: "set_config", expression: "true", action_parameters: { polish: "lossy" } };
    expect(await refusal(post(ruleset([polish], config)))).toBe("400 20127");
    const raw = { ...cache, expression: '(http.request.full_uri wildcard r"http*://*example.com/(*")' };
    expect((await post(ruleset([raw]))).status).toBe(200);
  });

  test("if it does not exist, nor its rule, nor the phase's (10003)", async () => {
    expect(await refusal(call("GET", `/zones/${FREE}/rulesets/${NOBODYS}`))).toBe("404 10003");
    const path = `/zones/${FREE}/rulesets/phases/http_config_settings/entrypoint`;
    expect(await refusal(call("GET", path))).toBe("404 10003");
    const { result } = await post(ruleset([cache]));
    expect(await refusal(call("DELETE", `/zones/${FREE}/rulesets/${result.id}/rules/${NOBODYS}`))).toBe("404 10003");
  });
});

describe("a bucket is refused", () => {
  const path = `/accounts/${ACCOUNT}/r2/buckets`;

  test("if its name is not valid (10005)", async () => {
    for (const name of ["ab", "-abc", "Abc", "a_b_c", "a".repeat(64)]) {
      expect(await refusal(call("POST", path, { name }))).toBe("400 10005");
    }
  });

  test("if it is there (10004)", async () => {
    await call("POST", path, { name: "bundles" });
    expect(await refusal(call("POST", path, { name: "bundles" }))).toBe("409 10004");
  });

  test("if it is not there (10006)", async () => {
    for (const method of ["GET", "DELETE"]) {
      expect(await refusal(call(method, `${path}/nothing`))).toBe("404 10006");
    }
    expect(await refusal(call("GET", `${path}/nothing/domains/custom`))).toBe("404 10006");
  });

  test("to be deleted while it has objects (10008)", async () => {
    await call("POST", path, { name: "full" });
    expect(await refusal(call("DELETE", `${path}/full`))).toBe("409 10008");
  });

  test("a storage class that there is not (10062)", async () => {
    await call("POST", path, { name: "bundles" });
    expect(await refusal(call("PATCH", `${path}/bundles`))).toBe("400 10062");
  });

  test("a location that there is not (10021)", async () => {
    expect(await refusal(call("POST", path, { name: "bundles", locationHint: "mars" }))).toBe("400 10021");
  });
});

describe("a bucket's host name is refused", () => {
  const path = `/accounts/${ACCOUNT}/r2/buckets/bundles/domains/custom`;
  const domain = { domain: "ota.example.com", zoneId: FREE, enabled: true };
  beforeEach(async () => {
    await call("POST", `/accounts/${ACCOUNT}/r2/buckets`, { name: "bundles" });
  });

  test("if it is not in the zone, or the zone is not there (10087)", async () => {
    expect(await refusal(call("POST", path, { ...domain, domain: "ota.example.net" }))).toBe("400 10087");
    expect(await refusal(call("POST", path, { ...domain, zoneId: NOBODYS }))).toBe("400 10087");
  });

  test("if a bucket or a DNS record has it (10088)", async () => {
    await call("POST", path, domain);
    expect(await refusal(call("POST", path, domain))).toBe("409 10088");
    await call("POST", `/zones/${FREE}/dns_records`, { type: "A", name: "taken", content: "192.0.2.1" });
    expect(await refusal(call("POST", path, { ...domain, domain: "taken.example.com" }))).toBe("409 10088");
  });

  test("if the bucket does not have it (10086)", async () => {
    expect(await refusal(call("GET", `${path}/ota.example.com`))).toBe("404 10086");
  });

  test("with a version of TLS that there is not (10021)", async () => {
    expect(await refusal(call("POST", path, { ...domain, minTLS: "2" }))).toBe("400 10021");
  });

  test("and goes with its bucket", async () => {
    await call("POST", path, domain);
    await call("DELETE", `/accounts/${ACCOUNT}/r2/buckets/bundles`);
    expect(simulator.state).toMatchObject({ customDomains: [], records: { "example.com": [] } });
  });
});

describe("a fault", () => {
  const official = (maxRetries: number): Cloudflare =>
    new Cloudflare({ apiToken: TOKEN, baseURL: simulator.baseUrl, maxRetries });
  const create = (client: Cloudflare) =>
    client.dns.records.create({ zone_id: FREE, type: "A", name: "www", content: "192.0.2.1", ttl: 1 });

  test("429 has the body and the headers of Cloudflare's, which its client obeys", async () => {
    simulator.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 1 }, times: 2 });
    const answer = await call("GET", "/zones");
    expect([answer.status, answer.errors[0]?.code]).toEqual([429, 971]);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(answer.headers.get("ratelimit")).toBe('"default";r=0;t=1');
    expect(answer.headers.get("ratelimit-policy")).toBe('"default";q=1200;w=300');
    const started = Date.now();
    await create(official(1));
    expect(Date.now() - started).toBeGreaterThanOrEqual(950);
  });

  test("500 leaves everything as it was", async () => {
    simulator.faults.inject({ fault: { kind: "error" }, method: "POST" });
    await expect(create(official(0))).rejects.toBeInstanceOf(Cloudflare.InternalServerError);
    expect(simulator.state.records["example.com"]).toEqual([]);
  });

  test("slow only takes longer", async () => {
    simulator.faults.inject({ fault: { kind: "slow", seconds: 0.3 } });
    const started = Date.now();
    await create(official(0));
    expect(Date.now() - started).toBeGreaterThanOrEqual(290);
  });

  test("a lost answer comes after the work: who tries again finds the record there (81058)", async () => {
    simulator.faults.inject({ fault: { kind: "lost-answer" }, method: "POST" });
    await expect(create(official(1))).rejects.toThrow("81058");
    expect(simulator.state.records["example.com"]).toHaveLength(1);
  });
});

test("a bucket's r2.dev address says whether everyone may read it", async () => {
  const managed = async (name: string): Promise<unknown> =>
    (await call("GET", `/accounts/${ACCOUNT}/r2/buckets/${name}/domains/managed`)).result["enabled"];
  expect(await managed("shown")).toBe(true);
  expect(await managed("state")).toBe(false);
  expect(await refusal(call("GET", `/accounts/${ACCOUNT}/r2/buckets/none/domains/managed`))).toBe("404 10006");
});
