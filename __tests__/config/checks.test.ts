import { describe, expect, test } from "@jest/globals";
import { App } from "cdktf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addStacks } from "../../main";
import { RESERVED_NAMES } from "../../model/names";
import { checkPlatform, effectiveRule, matchesPattern } from "../../config/checks";
import type { HetznerHost } from "../../model/environment";
import { Health } from "../../model/health";
import type { Platform, Zone } from "../../model/platform";
import type { Problem } from "../../model/problem";
import type { Product, Store } from "../../model/service";
import { days, gibibytes, mebibytes } from "../../model/units";
import { databaseUrl, perEnvironment, secret, setting, template, urlOf } from "../../model/values";
import { both, MANACORE, variant, withEnvironment, withProduct, withService } from "../support/synth";

const check = (change: (platform: Platform) => Platform): Problem[] => {
  const { platform, releases } = variant({ platform: change });
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
  (name: string, change: Partial<Store>) =>
  (platform: Platform): Platform => ({
    ...platform,
    stores: platform.stores.map((store) => (store.name === name ? { ...store, ...change } : store)),
  });
const withZone =
  (change: Partial<Zone>) =>
  (platform: Platform): Platform => ({ ...platform, zone: { ...platform.zone, ...change } });
const withHost = (change: Partial<HetznerHost>) =>
  withEnvironment("staging", {
    host: { ...(MANACORE.platform.environments.staging.host as HetznerHost), ...change },
  });

test("Manacore as it is has no problem", () => {
  expect(MANACORE.problems).toEqual([]);
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
  test("every name that a stack needs itself is known", () => {
    const app = new App({ outdir: mkdtempSync(join(tmpdir(), "twinset-names-")), stackTraces: false });
    const own = addStacks(app, MANACORE).flatMap((stack) => stack.node.children.map((child) => child.node.id));
    rmSync(app.outdir, { recursive: true });
    const { products, stores } = MANACORE.platform;
    const others = new Set([...products, ...stores].map((p) => p.name));
    expect([...new Set(own)].filter((id) => !others.has(id) && !RESERVED_NAMES.includes(id))).toEqual([]);
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
});

describe("references", () => {
  test("the address of a service that is not there", () => {
    const env = { AUTH: perEnvironment({ development: "x", staging: template`${urlOf("auth")}/v1`, production: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), {
      path: "bauntown/bauntown-landing/env/AUTH",
      given: "the address of auth",
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
  test("outside the zone", () => {
    expect(check(hosts(["app-chat.manacore.com"])).map((p) => p.expected)).toContainEqual(
      "a name in the zone manacore.app",
    );
  });
  test("not a host name", () => {
    expect(check(hosts(["app chat.manacore.app"])).map((p) => p.given)).toContainEqual("app chat.manacore.app");
  });
  test("bundles' host outside the zone", () => {
    expectProblem(check(withEnvironment("staging", { otaHost: "ota.example.org" })), { path: "staging/otaHost" });
  });
});

describe("cache rules", () => {
  const { rules } = MANACORE.platform.zone;
  test("more page rules than the plan permits", () => {
    const problems = check(withZone({ plan: "free", rules: rules.map(({ polish: _, ...rule }) => rule) }));
    expectProblem(problems, { path: "zone/rules", given: "4 page rules", expected: "at most 3" });
  });
  test("cache rules are not counted as page rules", () => {
    const problems = check(
      withZone({ plan: "free", rulesAs: "cache-rules", rules: rules.map(({ polish: _, ...rule }) => rule) }),
    );
    expect(problems).toEqual([]);
  });
  test("Polish on the free plan", () => {
    const problems = check(withZone({ plan: "free", rules: rules.filter((r) => r.id !== "auth") }));
    expect(problems.map((p) => p.path)).toContainEqual("zone/rules/images/polish");
  });
  test("longer than the provider accepts", () => {
    expectProblem(check(withZone({ edgeTtl: days(30) })), { path: "zone/edgeTtl" });
  });
  test("a rule that does something else than the service says", () => {
    const problems = check(withZone({ rules: rules.filter((rule) => rule.id !== "auth") }));
    expect(problems.map((p) => p.path)).toEqual(Array(3).fill("mana-core-auth/mana-core-auth/access/cache"));
    expect(problems[0]!.given).toBe('"bypass", but for staging-auth.manacore.app the rule "pages" says "everything"');
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

describe("memory", () => {
  const large = (gib: number) =>
    withService("chat-backend", { resources: { limits: { cpu: 1, memory: mebibytes(gib * 1024) } } });
  test("both sets above 80 % of the server's: a warning", () => {
    const problems = check(large(4));
    expectProblem(problems, { path: "environments/staging/host/serverType", severity: "warning", given: "89 %" });
  });
  test("both sets above the server's: an error", () => {
    expectProblem(check(large(8)), { path: "environments/staging/host/serverType", severity: "error" });
  });
  test("replicas count", () => {
    expectProblem(check(withEnvironment("staging", { replicas: { "chat-backend": 20 } })), { severity: "error" });
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
