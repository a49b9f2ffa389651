import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import fc from "fast-check";
import { type CloudflareSimulator, startCloudflare } from "../../simulators/cloudflare";

const TOKEN = "an-api-token";
const ACCOUNT = "a".repeat(32);
const ZONE = "1".repeat(32);
const PRO = "2".repeat(32);

let simulator: CloudflareSimulator;
let client: Cloudflare;
beforeEach(async () => {
  simulator = await startCloudflare({
    token: TOKEN,
    accountId: ACCOUNT,
    zones: [
      { id: ZONE, name: "example.com", plan: "free" },
      { id: PRO, name: "example.org", plan: "pro" },
    ],
  });
  client = new Cloudflare({ apiToken: TOKEN, baseURL: simulator.baseUrl, maxRetries: 0 });
});
afterEach(() => simulator.stop());

const record = (name: string, content: string, more: object = {}) =>
  client.dns.records.create({ zone_id: ZONE, type: "A", name, content, ttl: 1, ...more });

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of pages) items.push(item);
  return items;
}

describe("zones", () => {
  test("are listed, found by name and got by id", async () => {
    expect((await all(client.zones.list())).map(({ name }) => name)).toEqual(["example.com", "example.org"]);
    const [found] = await all(client.zones.list({ name: "example.org" }));
    expect(found).toMatchObject({ id: PRO, status: "active", plan: { legacy_id: "pro" }, account: { id: ACCOUNT } });
    expect((await client.zones.get({ zone_id: ZONE })).meta.page_rule_quota).toBe(3);
  });

  test("remember what was purged from their caches", async () => {
    expect(await client.cache.purge({ zone_id: ZONE, purge_everything: true })).toEqual({ id: ZONE });
    await client.cache.purge({ zone_id: ZONE, files: ["https://example.com/a"] });
    expect(simulator.state.purges["example.com"]).toEqual([
      { purge_everything: true },
      { files: ["https://example.com/a"] },
    ]);
  });
});

test("a token is verified", async () => {
  expect(await client.user.tokens.verify()).toMatchObject({ status: "active" });
});

describe("a DNS record", () => {
  test("is made, with all that Cloudflare adds", async () => {
    const made = await record("www.example.com", "192.0.2.1", { comment: "ours" });
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: "www.example.com",
      type: "A",
      content: "192.0.2.1",
      proxiable: true,
      proxied: false,
      ttl: 1,
      settings: {},
      meta: {},
      comment: "ours",
      tags: [],
      created_on: expect.any(String),
      modified_on: expect.any(String),
      comment_modified_on: expect.any(String),
    });
    expect(await client.dns.records.get(made.id, { zone_id: ZONE })).toEqual(made);
    expect(simulator.state.records["example.com"]).toEqual([made]);
  });

  test("gets the zone's name appended if it does not end in it", async () => {
    expect((await record("www", "192.0.2.1")).name).toBe("www.example.com");
    expect((await record("@", "192.0.2.1")).name).toBe("example.com");
    expect((await record("mail.other.tld", "192.0.2.1")).name).toBe("mail.other.tld.example.com");
    expect((await record("WWW2.Example.COM.", "192.0.2.1")).name).toBe("www2.example.com");
  });

  test("is overwritten by PUT, which forgets what it does not name", async () => {
    const made = await record("www", "192.0.2.1", { comment: "ours" });
    const put = await client.dns.records.update(made.id, {
      zone_id: ZONE,
      type: "A",
      name: "www",
      content: "192.0.2.2",
      ttl: 120,
    });
    expect(put).toMatchObject({ id: made.id, content: "192.0.2.2", ttl: 120, comment: null });
    expect(put.created_on).toBe(made.created_on);
  });

  test("is changed in parts by PATCH", async () => {
    const made = await record("www", "192.0.2.1", { comment: "ours" });
    const edited = await client.dns.records.edit(made.id, {
      zone_id: ZONE,
      type: "A",
      name: "www",
      ttl: 1,
      proxied: true,
    });
    expect(edited).toMatchObject({ content: "192.0.2.1", proxied: true, comment: "ours" });
    expect(edited.comment_modified_on).toBe(made.comment_modified_on);
  });

  test("goes for good", async () => {
    const made = await record("www", "192.0.2.1");
    expect(await client.dns.records.delete(made.id, { zone_id: ZONE })).toEqual({ id: made.id });
    await expect(client.dns.records.get(made.id, { zone_id: ZONE })).rejects.toThrow("81044");
  });

  test("that is proxied has the automatic time to live", async () => {
    expect(await record("www", "192.0.2.1", { proxied: true, ttl: 3600 })).toMatchObject({ proxied: true, ttl: 1 });
  });

  test("to a private address cannot be proxied, and says so", async () => {
    expect((await record("www", "10.0.0.1")).proxiable).toBe(false);
  });

  test("of a structured type has its content made of its data", async () => {
    const caa = await client.dns.records.create({
      zone_id: ZONE,
      type: "CAA",
      name: "@",
      ttl: 1,
      data: { flags: 0, tag: "issue", value: "letsencrypt.org" },
    });
    expect(caa).toMatchObject({ content: '0 issue "letsencrypt.org"', data: { flags: 0, tag: "issue" } });
    const srv = await client.dns.records.create({
      zone_id: ZONE,
      type: "SRV",
      name: "_sip._tcp",
      ttl: 1,
      data: { priority: 10, weight: 5, port: 5060, target: "sip.example.com" },
    });
    expect(srv).toMatchObject({ content: "5 5060 sip.example.com", priority: 10 });
  });

  test("may be one of many in a batch, of which all or none come true", async () => {
    const old = await record("old", "192.0.2.1");
    const batch = await client.dns.records.batch({
      zone_id: ZONE,
      deletes: [{ id: old.id }],
      posts: [
        { type: "CNAME", name: "old", content: "example.net", ttl: 1 },
        { type: "A", name: "new", content: "192.0.2.3", ttl: 1 },
      ],
    });
    expect(batch.posts).toHaveLength(2);
    const before = simulator.state.records;
    await expect(
      client.dns.records.batch({
        zone_id: ZONE,
        deletes: [{ id: batch.posts![0]!.id }],
        posts: [{ type: "A", name: "bad", content: "no address", ttl: 1 }],
      }),
    ).rejects.toThrow("9005");
    expect(simulator.state.records).toEqual(before);
  });
});

describe("a list of DNS records", () => {
  beforeEach(async () => {
    for (let i = 0; i < 7; i += 1) await record(`host-${i}`, `192.0.2.${i}`, { comment: i % 2 ? "odd" : "even" });
    await record("www", "192.0.2.100", { proxied: true });
    await client.dns.records.create({ zone_id: ZONE, type: "TXT", name: "host-1", content: '"text"', ttl: 60 });
  });
  const names = async (params: Partial<Cloudflare.DNS.RecordListParams>): Promise<string[]> =>
    (await all(client.dns.records.list({ zone_id: ZONE, ...params }))).map(({ name }) => name.split(".")[0]!);

  test("comes in pages, with their count", async () => {
    const page = await client.dns.records.list({ zone_id: ZONE, per_page: 4, page: 3 });
    expect(page.result).toHaveLength(1);
    expect(page.result_info).toMatchObject({ page: 3, per_page: 4, count: 1, total_count: 9, total_pages: 3 });
    expect(await names({ per_page: 2 })).toHaveLength(9);
  });

  test("is filtered by name, type, content, comment and proxied", async () => {
    expect(await names({ name: { exact: "host-1.example.com" } })).toEqual(["host-1", "host-1"]);
    expect(await names({ name: { startswith: "host", endswith: "3.example.com" } })).toEqual(["host-3"]);
    expect(await names({ type: "TXT" })).toEqual(["host-1"]);
    expect(await names({ content: { exact: "192.0.2.2" } })).toEqual(["host-2"]);
    expect(await names({ comment: { contains: "od" } })).toEqual(["host-1", "host-3", "host-5"]);
    expect(await names({ comment: { absent: "true" } })).toEqual(["www", "host-1"]);
    expect(await names({ proxied: true })).toEqual(["www"]);
    expect(await names({ search: "192.0.2.10" })).toEqual(["www"]);
  });

  test("takes all filters together, or any", async () => {
    const filters = { type: "TXT" as const, comment: { exact: "odd" } };
    expect(await names({ ...filters, match: "all" })).toEqual([]);
    expect(await names({ ...filters, match: "any" })).toEqual(["host-1", "host-3", "host-5", "host-1"]);
  });

  test("is sorted", async () => {
    const sorted = await names({ order: "name", direction: "desc" });
    expect(sorted).toEqual([...sorted].sort().reverse());
  });
});

test("whatever is made, changed and deleted: pages give each record once, and a CNAME stands beside no address", async () => {
  const name = fc.constantFrom("@", "a", "b", "*", "x.a");
  const what = fc.record({
    type: fc.constantFrom("A", "AAAA", "CNAME", "TXT"),
    name,
    which: fc.integer({ min: 1, max: 3 }),
  });
  const step = fc.oneof(
    fc.record({ do: fc.constant("create" as const), what }),
    fc.record({ do: fc.constant("put" as const), what, index: fc.nat(9) }),
    fc.record({ do: fc.constant("delete" as const), index: fc.nat(9) }),
  );
  const contents = {
    A: (n: number) => `192.0.2.${n}`,
    AAAA: (n: number) => `2001:db8::${n}`,
    CNAME: (n: number) => `t${n}.example.net`,
    TXT: (n: number) => `"${n}"`,
  };
  const send = (method: string, path: string, body?: object) =>
    fetch(`${simulator.baseUrl}/zones/${ZONE}/dns_records${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.integer({ min: 1, max: 4 }), async (steps, size) => {
      for (const { id } of simulator.state.records["example.com"]!) await send("DELETE", `/${id}`);
      for (const next of steps) {
        const known = simulator.state.records["example.com"]!;
        const id = "index" in next ? known[next.index % (known.length || 1)]?.id : undefined;
        if (next.do !== "create" && id === undefined) continue;
        const body =
          "what" in next
            ? { type: next.what.type, name: next.what.name, content: contents[next.what.type as "A"](next.what.which) }
            : undefined;
        await send({ create: "POST", put: "PUT", delete: "DELETE" }[next.do], id ? `/${id}` : "", body);
      }
      const listed = await all(client.dns.records.list({ zone_id: ZONE, per_page: size }));
      const kept = simulator.state.records["example.com"]!;
      expect(listed.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
      for (const cname of kept.filter(({ type }) => type === "CNAME")) {
        const beside = kept.filter((other) => other !== cname && other.name === cname.name);
        expect(beside.every(({ type }) => type === "TXT")).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

describe("page rules", () => {
  const rule = (target: string, actions: object[], more: object = {}) =>
    client.pageRules.create({
      zone_id: PRO,
      targets: [{ target: "url", constraint: { operator: "matches", value: target } }],
      actions: actions as Cloudflare.PageRules.PageRuleCreateParams["actions"],
      ...more,
    });

  test("are made, changed, listed with the highest priority first, and deleted", async () => {
    const low = await rule("*example.org/*", [{ id: "cache_level", value: "bypass" }], { status: "active" });
    const high = await rule("*example.org/images/*", [{ id: "polish", value: "lossless" }], { priority: 2 });
    expect(low).toMatchObject({ status: "active", priority: 1, created_on: expect.any(String) });
    expect(high).toMatchObject({ status: "disabled", priority: 2 });
    expect((await client.pageRules.list({ zone_id: PRO })).map(({ id }) => id)).toEqual([high.id, low.id]);
    await client.pageRules.edit(high.id, { zone_id: PRO, status: "active" });
    expect(await client.pageRules.get(high.id, { zone_id: PRO })).toMatchObject({ status: "active", priority: 2 });
    await client.pageRules.delete(low.id, { zone_id: PRO });
    expect(simulator.state.pageRules["example.org"]).toHaveLength(1);
  });

  test("are overwritten by PUT", async () => {
    const made = await rule("*example.org/*", [{ id: "cache_level", value: "bypass" }], { priority: 7 });
    const put = await client.pageRules.update(made.id, {
      zone_id: PRO,
      targets: [{ target: "url", constraint: { operator: "matches", value: "*example.org/a" } }],
      actions: [
        { id: "cache_level", value: "cache_everything" },
        { id: "edge_cache_ttl", value: 7200 },
      ],
    });
    expect(put).toMatchObject({ id: made.id, priority: 1, created_on: made.created_on });
  });
});

describe("zone settings", () => {
  test("have a value before anyone sets one", async () => {
    expect(await client.zones.settings.get("ssl", { zone_id: ZONE })).toMatchObject({
      id: "ssl",
      value: "full",
      editable: true,
      modified_on: null,
    });
  });

  test("are changed, whatever type their value has", async () => {
    await client.zones.settings.edit("min_tls_version", { zone_id: ZONE, value: "1.2" });
    await client.zones.settings.edit("security_header", {
      zone_id: ZONE,
      value: { strict_transport_security: { enabled: true, max_age: 86400 } },
    });
    await client.zones.settings.edit("browser_cache_ttl", { zone_id: ZONE, value: 0 });
    expect(simulator.state.settings["example.com"]).toMatchObject({
      min_tls_version: "1.2",
      security_header: { strict_transport_security: { enabled: true, max_age: 86400, preload: false } },
      browser_cache_ttl: 0,
    });
  });
});

describe("rulesets", () => {
  // The client's own types leave open what a ruleset is.
  interface Made {
    readonly id: string;
    readonly version: string;
    readonly rules: readonly { readonly id: string; readonly ref: string; readonly version: string }[];
  }
  const ruleset = async (answer: Promise<unknown>): Promise<Made> => (await answer) as Made;
  const rules = [
    { ref: "first", action: "set_cache_settings", expression: "true", action_parameters: { cache: false } },
    {
      ref: "second",
      action: "set_cache_settings",
      expression: '(http.host eq "a")',
      action_parameters: { cache: true },
    },
  ] as Cloudflare.Rulesets.RulesetCreateParams["rules"];
  const create = () =>
    client.rulesets.create({
      zone_id: ZONE,
      kind: "zone",
      name: "ours",
      phase: "http_request_cache_settings",
      rules,
    });

  test("are made, got by id and by phase, and listed without their rules", async () => {
    const made = await ruleset(create());
    expect(made).toMatchObject({ kind: "zone", version: "1", description: "" });
    expect(made.rules[0]).toMatchObject({ ref: "first", version: "1", enabled: true, description: "" });
    expect(await client.rulesets.get(made.id, { zone_id: ZONE })).toEqual(made);
    expect(await client.rulesets.phases.get("http_request_cache_settings", { zone_id: ZONE })).toEqual(made);
    const [listed] = await all(client.rulesets.list({ zone_id: ZONE }));
    expect(listed).not.toHaveProperty("rules");
  });

  test("count their versions, and rules keep id and version as long as they stay the same", async () => {
    const made = await ruleset(create());
    const changed = await ruleset(
      client.rulesets.update(made.id, {
        zone_id: ZONE,
        rules: [rules![1]!, { ...rules![0]!, enabled: false }] as typeof rules,
      }),
    );
    expect(changed.version).toBe("2");
    expect(changed.rules.map(({ id, version }) => [id, version])).toEqual([
      [made.rules[1]!.id, "1"],
      [made.rules[0]!.id, "2"],
    ]);
  });

  test("get, change and lose single rules", async () => {
    const made = await ruleset(create());
    const added = await ruleset(
      client.rulesets.rules.create(made.id, {
        zone_id: ZONE,
        action: "set_cache_settings",
        expression: "false",
      }),
    );
    const rule = added.rules[2]!;
    expect(rule.ref).toBe(rule.id);
    const edited = await ruleset(
      client.rulesets.rules.edit(rule.id!, { zone_id: ZONE, ruleset_id: made.id, enabled: false }),
    );
    expect(edited.rules[2]).toMatchObject({ id: rule.id, enabled: false, expression: "false" });
    const less = await ruleset(client.rulesets.rules.delete(rule.id!, { zone_id: ZONE, ruleset_id: made.id }));
    expect(less.rules).toHaveLength(2);
  });

  test("of a phase are set whether there was one or not", async () => {
    const phase = "http_config_settings";
    const first = await ruleset(client.rulesets.phases.update(phase, { zone_id: PRO, rules: [] }));
    const second = await ruleset(
      client.rulesets.phases.update(phase, {
        zone_id: PRO,
        rules: [{ action: "set_config", expression: "true", action_parameters: { polish: "lossless" } }],
      }),
    );
    expect(second.id).toBe(first.id);
    await client.rulesets.delete(second.id, { zone_id: PRO });
    expect(simulator.state.rulesets["example.org"]).toEqual([]);
  });
});

describe("R2", () => {
  test("makes buckets, changes and lists them, and deletes them", async () => {
    const made = await client.r2.buckets.create({ account_id: ACCOUNT, name: "bundles", locationHint: "eeur" });
    expect(made).toMatchObject({ name: "bundles", location: "EEUR", storage_class: "Standard" });
    await client.r2.buckets.create({ account_id: ACCOUNT, name: "other-one" });
    const edited = await client.r2.buckets.edit("bundles", {
      account_id: ACCOUNT,
      storage_class: "InfrequentAccess",
    });
    expect(edited.storage_class).toBe("InfrequentAccess");
    const names = async (params: object) =>
      (await client.r2.buckets.list({ account_id: ACCOUNT, ...params })).buckets?.map(({ name }) => name);
    expect(await names({})).toEqual(["bundles", "other-one"]);
    expect(await names({ direction: "desc", per_page: 1 })).toEqual(["other-one"]);
    expect(await names({ start_after: "bundles" })).toEqual(["other-one"]);
    expect(await names({ name_contains: "bun" })).toEqual(["bundles"]);
    await client.r2.buckets.delete("bundles", { account_id: ACCOUNT });
    expect(simulator.state.buckets.map(({ name }) => name)).toEqual(["other-one"]);
  });

  test("keeps buckets of a jurisdiction apart", async () => {
    const eu = { headers: { "cf-r2-jurisdiction": "eu" } };
    await client.r2.buckets.create({ account_id: ACCOUNT, name: "bundles" }, eu);
    await expect(client.r2.buckets.get("bundles", { account_id: ACCOUNT })).rejects.toThrow("10006");
    expect((await client.r2.buckets.get("bundles", { account_id: ACCOUNT }, eu)).name).toBe("bundles");
  });

  test("gives a bucket a host name, with a DNS record that is its own", async () => {
    await client.r2.buckets.create({ account_id: ACCOUNT, name: "bundles" });
    const path = { account_id: ACCOUNT, bucket_name: "bundles" };
    const custom = client.r2.buckets.domains.custom;
    const domain = "ota.example.com";
    await custom.create("bundles", { account_id: ACCOUNT, domain, zoneId: ZONE, enabled: true, minTLS: "1.2" });
    const [made] = simulator.state.records["example.com"]!;
    expect(made).toMatchObject({ name: domain, type: "CNAME", proxied: true, meta: { read_only: true } });

    expect((await custom.get(domain, path)).status).toEqual({ ownership: "pending", ssl: "initializing" });
    expect(await custom.get(domain, path)).toMatchObject({
      minTLS: "1.2",
      zoneName: "example.com",
      status: { ownership: "active", ssl: "active" },
    });
    await custom.update(domain, { ...path, minTLS: "1.3" });
    expect((await custom.list("bundles", { account_id: ACCOUNT })).domains).toMatchObject([{ domain, minTLS: "1.3" }]);
    await custom.delete(domain, path);
    expect(simulator.state).toMatchObject({ customDomains: [], records: { "example.com": [] } });
  });

  test("says a host name's least TLS version only if someone set it", async () => {
    await client.r2.buckets.create({ account_id: ACCOUNT, name: "bundles" });
    const path = { account_id: ACCOUNT, bucket_name: "bundles" };
    const custom = client.r2.buckets.domains.custom;
    const domain = "ota.example.com";
    await custom.create("bundles", { account_id: ACCOUNT, domain, zoneId: ZONE, enabled: true });
    expect(await custom.get(domain, path)).not.toHaveProperty("minTLS");
    await custom.update(domain, { ...path, minTLS: "1.3" });
    expect(await custom.update(domain, { ...path, enabled: false })).toEqual({ domain, enabled: false, minTLS: "1.3" });
    // Terraform's provider sends null for what is no longer in the configuration.
    await client.put(`/accounts/${ACCOUNT}/r2/buckets/bundles/domains/custom/${domain}`, { body: { minTLS: null } });
    expect(await custom.get(domain, path)).not.toHaveProperty("minTLS");
  });
});

describe("names", () => {
  test("have the content of their records, proxied or not, in any case", async () => {
    await record("www", "192.0.2.1", { proxied: true });
    await record("www", "192.0.2.2", { ttl: 120 });
    expect(simulator.resolve("WWW.Example.com.", "A")).toEqual([
      { name: "www.example.com", type: "A", ttl: 300, data: "192.0.2.1" },
      { name: "www.example.com", type: "A", ttl: 120, data: "192.0.2.2" },
    ]);
  });

  test("follow CNAMEs and wildcards, but a name with longer ones hides the wildcard", async () => {
    await record("@", "192.0.2.1");
    await client.dns.records.create({ zone_id: ZONE, type: "CNAME", name: "*", content: "example.com", ttl: 1 });
    await client.dns.records.create({ zone_id: ZONE, type: "TXT", name: "_acme-challenge.app", content: "x", ttl: 60 });
    expect(simulator.resolve("any.example.com", "A").map(({ type, data }) => [type, data])).toEqual([
      ["CNAME", "example.com"],
      ["A", "192.0.2.1"],
    ]);
    expect(simulator.resolve("deep.any.example.com", "A")).toHaveLength(2);
    expect(simulator.resolve("app.example.com", "A")).toEqual([]);
    expect([simulator.exists("app.example.com"), simulator.exists("x.app.example.com")]).toEqual([true, false]);
    expect(simulator.resolve("_acme-challenge.app.example.com", "TXT")).toMatchObject([{ data: "x" }]);
  });

  test("of a zone itself have its SOA and name servers, and what an alias leads to", async () => {
    await record("host", "192.0.2.1");
    await client.dns.records.create({ zone_id: ZONE, type: "CNAME", name: "@", content: "host.example.com", ttl: 1 });
    expect(simulator.resolve("example.com", "A")).toMatchObject([{ name: "example.com", data: "192.0.2.1" }]);
    expect(simulator.resolve("example.com", "NS")).toHaveLength(2);
    expect(simulator.resolve("example.com", "SOA")[0]?.data).toMatch(/^\S+ dns\.cloudflare\.com \d+ /);
    expect(simulator.zoneOf("a.b.example.com")).toBe("example.com");
    expect(simulator.zoneOf("example.net")).toBeUndefined();
  });

  test("in a circle of aliases have no end, and no answer either", async () => {
    await client.dns.records.create({ zone_id: ZONE, type: "CNAME", name: "a", content: "b.example.com", ttl: 1 });
    await client.dns.records.create({ zone_id: ZONE, type: "CNAME", name: "b", content: "a.example.com", ttl: 1 });
    expect(simulator.resolve("a.example.com", "A").every(({ type }) => type === "CNAME")).toBe(true);
  });
});

test("the requests of an ACME client for its DNS challenge are answered", async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, accept: "application/json" };
  const found = await fetch(`${simulator.baseUrl}/zones?name=example.com&per_page=50`, { headers });
  const { result: zones } = (await found.json()) as { result: { id: string }[] };
  expect(zones).toHaveLength(1);
  const url = `${simulator.baseUrl}/zones/${zones[0]!.id}/dns_records`;
  const body = { type: "TXT", name: "_acme-challenge.example.com", content: '"abc"', ttl: 120 };
  const made = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { result, success } = (await made.json()) as { result: { id: string }; success: boolean };
  expect(success).toBe(true);
  expect(simulator.resolve("_acme-challenge.example.com", "TXT")).toMatchObject([{ data: "abc", ttl: 120 }]);
  // It names a type of content though it sends none.
  const gone = await fetch(`${url}/${result.id}`, {
    method: "DELETE",
    headers: { ...headers, "content-type": "application/json" },
  });
  expect(gone.status).toBe(200);
});
