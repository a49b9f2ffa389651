import { describe, expect, test } from "@jest/globals";
import { App } from "cdktf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addStacks } from "../../main";
import { RESERVED_NAMES } from "../../model/names";
import { checkPlatform, effectiveRule, matchesPattern } from "../../config/checks";
import { type HetznerHost } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import { Health } from "../../model/health";
import type { Platform, ZoneCaching } from "../../model/platform";
import type { CanaryRules } from "../../model/canary";
import type { Problem } from "../../model/problem";
import type { CustomStore, Network, Product, Store } from "../../model/service";
import { days, gibibytes, mebibytes } from "../../model/units";
import {
  databaseUrl,
  perEnvironment,
  secret,
  setting,
  setVersion,
  template,
  urlEncoded,
  urlOf,
} from "../../model/values";
import {
  both,
  EVERY_PLATFORM,
  KORCZEWSKI,
  MANACORE,
  SENTINELIQ,
  variant,
  withEnvironment,
  withProduct,
  withService,
} from "../support/synth";

const check = (change: (platform: Platform) => Platform, of = MANACORE): Problem[] => {
  const { platform, releases } = variant({ of, platform: change });
  return checkPlatform(platform, releases);
};

/** Exactly one problem, with these words in its parts. */
function expectProblem(problems: readonly Problem[], expected: Partial<Problem>): void {
  expect(problems).toHaveLength(1);
  const [problem] = problems;
  for (const [key, value] of Object.entries(expected)) {
    expect(problem![key as keyof Problem]).toContain(value);
  }
  for (const part of [problem!.path, problem!.given, problem!.expected, problem!.fix]) expect(part).not.toBe("");
}

const chat = MANACORE.platform.products.find((p) => p.name === "chat")!;
const [backend] = chat.services;
const service = (name: string, port: number): Product["services"][number] => ({
  ...backend!,
  name,
  developmentPort: port,
  env: {},
  access: {
    ...backend!.access,
    hosts: {
      development: [`${name}.localhost`],
      staging: [`staging-api-${name}.manacore.app`],
      production: [`api-${name}.manacore.app`],
    },
  },
});
const product = (name: string, services = [service(`${name}-backend`, 3900)]): Product => ({ name, services });
const withStore =
  (name: string, change: Partial<Omit<CustomStore, "kind">>) =>
  (platform: Platform): Platform => ({
    ...platform,
    stores: platform.stores.map((store) => (store.name === name ? ({ ...store, ...change } as Store) : store)),
  });
const withCaching =
  (change: Partial<ZoneCaching>) =>
  (platform: Platform): Platform => ({
    ...platform,
    zone: { ...platform.zone, caching: { ...platform.zone.caching!, ...change } },
  });
const withNetworks =
  (change: (networks: Platform["networks"]) => Readonly<Record<string, Network>>) =>
  (platform: Platform): Platform => ({ ...platform, networks: change(platform.networks) });
const withHost = (change: Partial<HetznerHost>) =>
  withEnvironment("staging", {
    host: { ...(MANACORE.platform.environments.staging.host as HetznerHost), ...change },
  });

test.each(EVERY_PLATFORM)("%s as it is has no problem, and no warning", (_, { problems }) => {
  expect(problems).toEqual([]);
});

describe("names", () => {
  test("two products of one name", () => {
    expectProblem(check(withProduct({ ...product("news"), services: [service("news-backend", 3900)] })), {
      path: "news",
      given: '2 products "news"',
    });
  });
  test("two services of one name", () => {
    const twice = withProduct(
      product("chat2", [service("chat2-backend", 3900), { ...service("chat2-backend", 3901), role: "other" }]),
    );
    expect(check(twice).map((p) => p.given)).toContainEqual('service and service with the name "chat2-backend"');
  });
  test("a service with a store's name", () => {
    const clash = check(withProduct(product("redis", [{ ...service("redis", 3900), dependsOn: [] }])));
    expect(clash.map((p) => p.given)).toContainEqual('service and store with the name "redis"');
  });
  test("two services in one role", () => {
    const problems = check(withProduct(product("pair", [service("pair-a", 3900), service("pair-b", 3901)])));
    expectProblem(problems, { path: "pair", given: 'role "backend"' });
  });
  test("a name that DNS does not know", () => {
    const problems = check(withProduct(product("my_app", [service("my_app-backend", 3900)])));
    expect(problems.map((p) => p.given)).toEqual(
      expect.arrayContaining(['the service name "my_app-backend"', 'the product name "my_app"']),
    );
  });
  test("a name that makes a container name too long", () => {
    const name = `${"x".repeat(40)}`;
    expectProblem(check(withProduct(product(name))), { path: `${name}/${name}-backend/name`, fix: "shorten" });
  });
  test("a service that does not begin with its product's name", () => {
    expectProblem(check(withProduct(product("notes", [service("memos-backend", 3900)]))), {
      path: "notes/memos-backend/name",
      fix: "notes-backend",
    });
  });
  test.each(["settings", "host", "postgres"])("a product with a name that the stack needs itself: %s", (name) => {
    const problems = check(withProduct(product(name, [service(`${name}-api`, 3900)])));
    expectProblem(problems, { path: name, given: `the product name ${name}` });
  });
  test("a store with such a name", () => {
    const [redis] = MANACORE.platform.stores.filter(({ name }) => name === "redis");
    const problems = check((platform) => ({
      ...platform,
      stores: [...platform.stores, { ...redis!, name: "prometheus", developmentPort: undefined }],
    }));
    expectProblem(problems, { path: "prometheus", given: "the store name prometheus", fix: "rename the store" });
  });
  test("every name that a stack needs itself is known", () => {
    const app = new App({ outdir: mkdtempSync(join(tmpdir(), "twinset-names-")), stackTraces: false });
    const own = addStacks(app, MANACORE, ENVIRONMENTS).flatMap((stack) =>
      stack.node.children.map((child) => child.node.id),
    );
    rmSync(app.outdir, { recursive: true });
    const { products, stores } = MANACORE.platform;
    const others = new Set([...products, ...stores].map((p) => p.name));
    expect([...new Set(own)].filter((id) => !others.has(id) && !RESERVED_NAMES.includes(id))).toEqual([]);
  });
});

describe("a canary's limits", () => {
  const withCanary = (canary: CanaryRules) => (platform: Platform) => ({
    ...platform,
    products: platform.products.map((each) => (each.name === "chat" ? { ...each, canary } : each)),
  });
  test.each<[CanaryRules, Partial<Problem>]>([
    [{ percent: 0 }, { path: "chat/canary/percent", given: "0", expected: "from 1 to 50" }],
    [{ percent: 12.5 }, { path: "chat/canary/percent" }],
    [{ maxErrorShare: 1 }, { path: "chat/canary/maxErrorShare", fix: "write 0.01 for 1 %" }],
    [{ maxErrorShare: NaN }, { path: "chat/canary/maxErrorShare" }],
    [{ maxP95Seconds: 0 }, { path: "chat/canary/maxP95Seconds" }],
    [{ maxP95Seconds: 30 }, { path: "chat/canary/maxP95Seconds", expected: "at most 10" }],
    [{ minRequests: 0 }, { path: "chat/canary/minRequests", fix: "write 100" }],
  ])("%j", (canary, problem) => expectProblem(check(withCanary(canary)), problem));
  test("that are ones", () => {
    const canary = { percent: 50, maxErrorShare: 0, maxP95Seconds: 0.8, minRequests: 1 };
    expect(check(withCanary(canary))).toEqual([]);
  });
});

test("two services with one development port: the next free one is named", () => {
  expectProblem(check(withService("chat-web", { developmentPort: 3001 })), {
    path: "chat/chat-web/developmentPort",
    given: "3001, which mana-core-auth/mana-core-auth has",
    fix: "3010",
  });
});

test("a service with a store's development port", () => {
  expectProblem(check(withService("chat-web", { developmentPort: 5432 })), { path: "postgres/developmentPort" });
});

test("a service with the port of a store's console", () => {
  expectProblem(check(withService("saas-client", { developmentPort: 9001 }), SENTINELIQ), {
    path: "minio/developmentPort",
    given: "9001, which saas/saas-client has",
  });
});

describe("networks", () => {
  test("an unknown one", () => {
    expectProblem(check(withService("chat-web", { networks: ["frontend", "fronted"] })), {
      path: "chat/chat-web/networks",
      given: "fronted",
      expected: "one of frontend, backend and data",
    });
  });
  test("an unknown one of a store", () => {
    expectProblem(check(withStore("redis", { networks: ["data", "dota"] })), { path: "redis/networks", given: "dota" });
  });
  test("none with the edge", () => {
    const closed = withNetworks(() => ({ frontend: { open: true }, backend: { open: true }, data: { open: false } }));
    expectProblem(check(closed), { path: "networks", fix: "edge: true" });
  });
  test("a service where the edge is not", () => {
    expectProblem(check(withService("chat-backend", { networks: ["data"] })), {
      path: "chat/chat-backend/networks",
      given: "data, in which the edge is not",
      fix: "add frontend",
    });
  });
});

describe("dependencies", () => {
  test("unknown", () => {
    expectProblem(check(withService("chat-web", { dependsOn: ["chat-bakend"] })), {
      path: "chat/chat-web/dependsOn",
      given: "chat-bakend",
      expected: "chat-backend",
    });
  });
  test("in a circle", () => {
    expectProblem(check(withService("mana-core-auth", { dependsOn: ["chat-backend"] })), {
      given: "mana-core-auth → chat-backend → mana-core-auth",
    });
  });
  test("unknown, of a store", () => {
    expectProblem(check(withStore("kibana", { dependsOn: ["elasticsaerch"] }), SENTINELIQ), {
      path: "kibana/dependsOn",
      given: "elasticsaerch",
      expected: "elasticsearch",
    });
  });
  test("a service, of a store", () => {
    expectProblem(check(withStore("kibana", { dependsOn: ["saas-server"] }), SENTINELIQ), { given: "saas-server" });
  });
  test("in a circle of stores", () => {
    expectProblem(check(withStore("elasticsearch", { dependsOn: ["kibana"] }), SENTINELIQ), {
      given: "elasticsearch → kibana → elasticsearch",
    });
  });
});

describe("references", () => {
  test("the address of a service that is not there", () => {
    const env = { AUTH: perEnvironment({ development: "x", staging: template`${urlOf("auth")}/v1`, production: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), {
      path: "bauntown/bauntown-landing/env/AUTH",
      given: "the address of auth",
    });
  });
  test("the address of a service that is not there, in a store", () => {
    expectProblem(check(withStore("kibana", { env: { SERVER: urlOf("server") } }), SENTINELIQ), {
      path: "kibana/env/SERVER",
      given: "the address of server",
    });
  });
  test("a migration of a service that is not there", () => {
    const migration = { service: "notes-api", command: ["migrate"] };
    const database = { ...chat.database!, name: "notes" };
    expectProblem(check(withProduct({ ...product("notes"), database, migration })), {
      path: "notes/migration/service",
    });
  });
});

describe("database", () => {
  test("none, but a service asks for its address", () => {
    const env = { URL: perEnvironment({ development: "x", staging: template`${databaseUrl()}?x`, production: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), {
      path: "bauntown/database",
      given: "none, but bauntown-landing asks",
    });
  });
  test("none, but a migration needs it", () => {
    const migration = { service: "notes-backend", command: ["migrate"] };
    expectProblem(check(withProduct({ ...product("notes"), migration })), { given: "its migration asks" });
  });
  test("in a PostgreSQL that is not there", () => {
    const problems = check((p) => ({ ...p, stores: p.stores.filter((s) => s.name !== "postgres") }));
    expect(problems.map((p) => p.path)).toContainEqual("chat/database/at");
  });
  test("at Supabase, of whose connections the platform says nothing", () => {
    const { supabasePool: _, ...rest } = MANACORE.platform;
    const problems = check(() => rest);
    const users = rest.products.filter(({ database }) => database && Object.values(database.at).includes("supabase"));
    expect(problems.map(({ path }) => path)).toEqual(users.map(({ name }) => `${name}/database/at`));
    expect(problems[0]).toMatchObject({ given: expect.stringContaining("supabase, but"), severity: "error" });
  });
});

test("nginx with a challenge that its companion does not know", () => {
  const tls = { kind: "letsencrypt", challenge: "http", email: "ops@example.org" } as const;
  const change = (p: Platform): Platform => ({
    ...withEnvironment("production", { tls })(p),
    edge: { ...p.edge, kind: "nginx" },
  });
  expectProblem(check(change), { path: "environments/production/tls/challenge", given: "http, with nginx" });
});

test.each([80, 8082, 8090])("a development port that the edge needs itself: %s", (port) => {
  expectProblem(check(withService("chat-web", { developmentPort: port })), { given: `${port}, which the edge has` });
});

describe("health", () => {
  test("none", () => {
    expectProblem(check(withService("chat-web", { health: undefined as never })), {
      path: "chat/chat-web/health",
      given: "no health check",
    });
  });
  test("an empty command", () => {
    expectProblem(check(withService("chat-web", { health: Health.command([]) })), { path: "chat/chat-web/health" });
  });
  test("a path without a slash", () => {
    expectProblem(check(withService("chat-web", { health: Health.http("health") })), { fix: "/health" });
  });
});

describe("a secret given as plain text", () => {
  test.each([
    ["STRIPE_SECRET_KEY", "abc"],
    ["OPENAI_API_KEY", "abc"],
    ["DATABASE_URL", "postgresql://localhost/x"],
    ["SENTRY_DSN", "https://x"],
    ["BACKUP_TARGET", "postgresql://manacore:hunter2@db/x"],
    ["PAYMENT", "sk_live_abcdef"],
    ["PEM", "-----BEGIN PRIVATE KEY-----"],
  ])("%s", (key, value) => {
    const problems = check(withService("bauntown-landing", { env: { [key]: value } }));
    expectProblem(problems, { path: `bauntown/bauntown-landing/env/${key}`, given: "plain text" });
    expect(JSON.stringify(problems)).not.toContain(value);
  });
  test("made fit for an address", () => {
    const env = { API_TOKEN: urlEncoded("abc") };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "env/API_TOKEN" });
  });
  test("in a store", () => {
    expectProblem(check(withStore("kibana", { env: { ELASTICSEARCH_PASSWORD: "abc" } }), SENTINELIQ), {
      path: "kibana/env/ELASTICSEARCH_PASSWORD",
    });
  });
  test("in one environment only", () => {
    const env = { API_TOKEN: perEnvironment({ development: "", staging: "", production: "abc" }) };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "env/API_TOKEN" });
  });
  test("a browser's public key is none, nor is a secret that is given at deploy time", () => {
    const env = {
      PUBLIC_SUPABASE_ANON_KEY: "abc",
      JWT_PRIVATE_KEY: secret("jwt", { description: "x", where: "x" }),
      REDIS_URL: template`redis://:${secret("redis_password", { description: "x", where: "x" })}@redis:6379`,
    };
    expect(check(withService("bauntown-landing", { env }))).toEqual([]);
  });
});

describe("inputs", () => {
  test("a name that is no Terraform variable", () => {
    const env = { KEY: secret("Chat-Key", { description: "x", where: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "inputs/Chat-Key" });
  });
  test("a secret here and a setting there", () => {
    const env = { KEY: setting("stripe_secret_key", { description: "x", where: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "inputs/stripe_secret_key" });
  });
  test("a secret in a service and a setting in a store", () => {
    const env = { KEY: setting("jwt_secret", { description: "x", where: "x" }) };
    expectProblem(check(withStore("kibana", { env }), SENTINELIQ), { path: "inputs/jwt_secret" });
  });
});

describe("a database that can be reached from outside", () => {
  test("by a network", () => {
    expectProblem(check(withStore("postgres", { networks: ["data", "frontend"] })), {
      path: "postgres/networks",
      given: "frontend",
    });
  });
  test("by an address", () => {
    expectProblem(check(withStore("redis", { bindAddress: "0.0.0.0" })), { path: "redis/bindAddress" });
  });
});

describe("a store", () => {
  const closed = withNetworks((networks) => ({
    ...networks,
    inside: { open: false },
    public: { open: false, edge: true },
  }));
  test("with a port to publish, where every network is closed", () => {
    const problems = check(closed, SENTINELIQ);
    expect(problems.map(({ path }) => path)).toEqual(
      SENTINELIQ.platform.stores.map(({ name }) => `${name}/developmentPort`),
    );
    expect(problems.find(({ path }) => path.startsWith("minio"))).toMatchObject({
      given: "9000, 9001, but every network is closed",
      fix: "add a network with open: true",
    });
  });
  test("with ports for people only, where every network is closed", () => {
    const problems = check((p) => closed(withStore("minio", { developmentPort: undefined as never })(p)), SENTINELIQ);
    expect(problems.map(({ path }) => path)).toContainEqual("minio/insidePorts");
  });
  test("in a closed network with the edge", () => {
    const networks = withNetworks((all) => ({ ...all, network: { open: false, edge: true } }));
    const problems = check(networks, SENTINELIQ);
    expect(problems).toHaveLength(SENTINELIQ.platform.stores.length);
    expect(problems[0]).toMatchObject({
      path: "postgres/networks",
      expected: expect.stringContaining("there is none"),
    });
  });
  test("with files for a read-only file system", () => {
    expectProblem(check(withStore("logstash", { sandbox: {} }), SENTINELIQ), {
      path: "logstash/files",
      fix: "readOnly: false",
    });
  });
  test.each([
    ["a product's database", databaseUrl()],
    ["a set's version", template`v${setVersion()}`],
  ])("that asks for %s", (given, value) => {
    expectProblem(check(withStore("kibana", { env: { ADDRESS: value } }), SENTINELIQ), {
      path: "kibana/env/ADDRESS",
      given,
    });
  });
});

test.each(["postgres", "postgres:latest"])("a store without a version: %s", (image) => {
  expectProblem(check(withStore("postgres", { image })), { path: "postgres/image", given: image });
});

describe("host names", () => {
  const hosts = (production: string[]) =>
    withService("chat-web", {
      access: { ...chat.services[1]!.access, hosts: { ...chat.services[1]!.access.hosts, production } },
    });
  test("twice", () => {
    expectProblem(check(hosts(["app-news.manacore.app"])), { given: "app-news.manacore.app, which chat/chat-web" });
  });
  const webhooks = (production: string[]) => {
    const { access } = KORCZEWSKI.platform.products.find(({ name }) => name === "payment")!.services[0]!;
    return withService("payment", { access: { ...access, webhooks: { ...access.webhooks!, production } } });
  };
  test("for webhooks, outside the zone", () => {
    expectProblem(check(webhooks(["hooks.example.org"]), KORCZEWSKI), {
      path: "payment/payment/access/webhooks/production",
      expected: "a name in the zone korczewski.de",
    });
  });
  test("for webhooks, which another service has", () => {
    expectProblem(check(webhooks(["auth.korczewski.de"]), KORCZEWSKI), {
      path: "payment/payment/access/webhooks/production",
      given: "auth.korczewski.de, which auth/auth",
    });
  });
  test("for webhooks, which the service itself has", () => {
    expectProblem(check(webhooks(["payment.korczewski.de"]), KORCZEWSKI), { given: "which payment/payment" });
  });
  test("outside the zone", () => {
    expect(check(hosts(["app-chat.manacore.com"])).map((p) => p.expected)).toContainEqual(
      "a name in the zone manacore.app",
    );
  });
  test("deeper than a wildcard certificate reaches, with the DNS challenge; the HTTP challenge has one for each", () => {
    expectProblem(check(hosts(["app.chat.manacore.app"])), {
      path: "chat/chat-web/access/hosts/production",
      expected: "a name right below manacore.app",
    });
    expect(check((p) => p, KORCZEWSKI)).toEqual([]);
    const { tls } = KORCZEWSKI.platform.environments.production;
    const byDns = withEnvironment("production", { tls: { ...tls, challenge: "dns" } as typeof tls });
    expect(check(byDns, KORCZEWSKI).map(({ given }) => given.split(",")[0])).toEqual([
      "api.l2p.korczewski.de",
      "webhooks.payment.korczewski.de",
    ]);
  });
  test("not a host name", () => {
    expect(check(hosts(["app chat.manacore.app"])).map((p) => p.given)).toContainEqual("app chat.manacore.app");
  });
  test("bundles' host outside the zone", () => {
    expectProblem(check(withEnvironment("staging", { otaHost: "ota.example.org" })), { path: "staging/otaHost" });
  });
});

describe("cache rules", () => {
  const { rules } = MANACORE.platform.zone.caching!;
  const onFreePlan = (change: Partial<ZoneCaching>) => (p: Platform) => {
    const changed = withCaching(change)(p);
    return { ...changed, zone: { ...changed.zone, plan: "free" as const } };
  };
  test("more page rules than the plan permits", () => {
    const problems = check(onFreePlan({ rules: rules.map(({ polish: _, ...rule }) => rule) }));
    expectProblem(problems, { path: "zone/caching/rules", given: "4 page rules", expected: "at most 3" });
  });
  test("cache rules are not counted as page rules", () => {
    const problems = check(onFreePlan({ rulesAs: "cache-rules", rules: rules.map(({ polish: _, ...rule }) => rule) }));
    expect(problems).toEqual([]);
  });
  test("Polish on the free plan", () => {
    const problems = check(onFreePlan({ rules: rules.filter((r) => r.id !== "auth") }));
    expect(problems.map((p) => p.path)).toContainEqual("zone/caching/rules/images/polish");
  });
  test("longer than the provider accepts", () => {
    expectProblem(check(withCaching({ edgeTtl: days(30) })), { path: "zone/caching/edgeTtl" });
  });
  test("a rule that does something else than the service says", () => {
    const problems = check(withCaching({ rules: rules.filter((rule) => rule.id !== "auth") }));
    expect(problems.map((p) => p.path)).toEqual(Array(3).fill("mana-core-auth/mana-core-auth/access/cache"));
    expect(problems[0]!.given).toBe('"bypass", but for staging-auth.manacore.app the rule "pages" says "everything"');
  });
  test("none, but services that want to be cached", () => {
    const { caching: _, ...zone } = MANACORE.platform.zone;
    const cached = MANACORE.platform.products
      .flatMap(({ services }) => services)
      .filter((s) => s.access.cache !== "bypass");
    const problems = check((p) => ({ ...p, zone }));
    expect(new Set(problems.map(({ path }) => path)).size).toBe(cached.length);
    expect(problems[0]!.given).toMatch(/^"everything", but for .* no rule fits$/);
  });
  test("the first rule that fits decides", () => {
    expect(effectiveRule(rules, "api-chat.manacore.app/images/x.png")?.id).toBe("api");
    expect(effectiveRule(rules, "chat.manacore.app/images/x.png")?.id).toBe("images");
    expect(effectiveRule(rules, "manacore.app/")?.id).toBe("pages");
    expect(effectiveRule(rules, "example.org/")).toBeUndefined();
  });
  test("a pattern's dots are dots", () => {
    expect(matchesPattern("*.manacore.app/*", "chat-manacore-app/x")).toBe(false);
  });
});

describe("environments", () => {
  test("no owner of the zone", () => {
    expectProblem(check(withEnvironment("production", { dns: { kind: "cloudflare", ownsZone: false } })), {
      path: "environments/dns/ownsZone",
      given: "no environment",
    });
  });
  test("two owners of the zone", () => {
    expectProblem(check(withEnvironment("staging", { dns: { kind: "cloudflare", ownsZone: true } })), {
      given: "staging and production",
    });
  });
  test("an unknown server type", () => {
    expectProblem(check(withHost({ serverType: "ccx99" })), {
      path: "environments/staging/host/serverType",
      expected: "ccx33 and ccx43",
    });
  });
  test("a volume that Hetzner does not sell", () => {
    expectProblem(check(withHost({ volume: gibibytes(5) })), { path: "environments/staging/host/volume" });
  });
  test("replicas of an unknown service", () => {
    expectProblem(check(withEnvironment("staging", { replicas: { "chat-bakend": 2 } })), { given: "chat-bakend" });
  });
  test.each([0, 1.5])("%s replicas", (count) => {
    expectProblem(check(withEnvironment("staging", { replicas: { "chat-backend": count } })), { given: String(count) });
  });
});

test("limits of a name that is neither a service nor a store", () => {
  const limits = { "chat-bakend": { cpu: 1, memory: mebibytes(64) } };
  expectProblem(check(withEnvironment("staging", { limits })), {
    path: "environments/staging/limits/chat-bakend",
    given: "chat-bakend",
    expected: "chat-backend",
  });
});

describe("memory", () => {
  const large = (gib: number) =>
    withService("chat-backend", { resources: { limits: { cpu: 1, memory: mebibytes(gib * 1024) } } });
  test("both sets above 80 % of the server's: a warning", () => {
    const problems = check(large(4));
    expectProblem(problems, { path: "environments/staging/host/serverType", severity: "warning", given: "90 %" });
  });
  test("both sets above the server's: an error", () => {
    expectProblem(check(large(8)), { path: "environments/staging/host/serverType", severity: "error" });
  });
  test("replicas count", () => {
    expectProblem(check(withEnvironment("staging", { replicas: { "chat-backend": 20 } })), { severity: "error" });
  });
  test("an environment's own limits count", () => {
    const limits = { "chat-backend": { cpu: 1, memory: gibibytes(4) } };
    expectProblem(check(withEnvironment("staging", { limits })), { severity: "warning", given: "90 %" });
  });
});

test("all problems are reported together", () => {
  const change = (platform: Platform): Platform =>
    withHost({ serverType: "ccx99" })(
      withStore("redis", { bindAddress: "0.0.0.0" })(withService("chat-web", { dependsOn: ["x"] })(platform)),
    );
  const { platform, releases } = variant({ platform: change, releases: { chat: { ...both(0), blue: null } } });
  expect(checkPlatform(platform, releases).map((p) => p.path)).toEqual([
    "chat/chat-web/dependsOn",
    "redis/bindAddress",
    "environments/staging/host/serverType",
    "config/releases/manacore/production.json products/chat/live",
  ]);
});
