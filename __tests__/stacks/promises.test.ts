/**
 * What Manacore's documents say, and what a stack does when its catalog or its release is another: one named assertion
 * for each promise. What holds for every platform is in every-platform.test.ts, and the snapshots pin everything else.
 */
import { describe, expect, test } from "@jest/globals";
import type { HetznerHost } from "../../model/environment";
import { type Platform, servicesOf } from "../../model/platform";
import { seconds } from "../../model/units";
import { type Body, longRunning } from "../support/cases";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll, synthStack, type Synthesized } from "../support/synth";
import { both, MANACORE, variant, withEnvironment, withService } from "../support/platforms";

const { development, staging, production } = synthAll(MANACORE);
const { platform } = MANACORE;

describe("what is deployed", () => {
  test("a digest pins the image", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const releases = { chat: { ...both(0), blue: { version: "v1.5.2", digests: { "chat-web": digest } } } };
    const stack = synthStack(variant({ releases }));
    expect(stack.resource("docker_image", "chat_blue_web-image")["name"]).toBe(
      `ghcr.io/wuesteon/chat-web:v1.5.2@${digest}`,
    );
    expect(stack.resource("docker_image", "chat_blue_backend-image")["name"]).toBe(
      "ghcr.io/wuesteon/chat-backend:v1.5.2",
    );
  });
  test("a product that is not in the release file is not deployed", () => {
    const { releases, ...rest } = variant();
    const { chat: _, ...others } = releases.production.release;
    const stack = synthStack({
      ...rest,
      releases: { ...releases, production: { path: "", release: others } },
    });
    expect(Object.keys(stack.all("docker_container")).filter((name) => name.startsWith("chat_"))).toEqual([]);
  });
});

describe("every container that stays", () => {
  test("services have the documents' user 1001, domain and health check", () => {
    const body = production.container("chat_blue_backend-0") as Body;
    expect(body["user"]).toBe("1001:1001");
    expect(body["healthcheck"].test).toEqual(["CMD", "wget", "--spider", "-q", "http://127.0.0.1:3002/api/health"]);
    expect(body["healthcheck"]).toMatchObject({ interval: "30s", timeout: "10s", retries: 3, start_period: "40s" });
    expect(production.label("chat_blue_backend-0", "com.manacore.domain")).toBe("api-chat.manacore.app");
  });
});

describe("new first", () => {
  const settingsOf = (stack: Synthesized): unknown => stack.label("bauntown_blue_landing-0", "settings");
  const landing = servicesOf(platform).find((s) => s.name === "bauntown-landing")!;
  test.each([
    ["a limit", { resources: { limits: { cpu: 0.2, memory: landing.resources.limits.memory } } }],
    ["a health check", { health: { ...landing.health, retries: 9 } }],
    ["the tmpfs", { sandbox: { tmpfs: {} } }],
    ["an environment variable", { env: { THEME: "dark" } }],
    ["a network", { networks: ["frontend", "backend"] as const }],
    ["the grace period", { gracePeriodSeconds: 99 }],
  ])("changing %s changes the settings label, so the container is replaced and not left as it was", (_, change) => {
    const changed = synthStack(variant({ platform: withService("bauntown-landing", change) }));
    expect(settingsOf(changed)).toMatch(/^[0-9a-f]{8}$/);
    expect(settingsOf(changed)).not.toBe(settingsOf(production));
  });
});

describe("jobs", () => {
  test("a migration uses one connection in session mode", () => {
    const env = production.container("chat_blue_migration")["env"] as string[];
    expect(env).toContain("DATABASE_URL=${var.chat_migration_database_url}?connection_limit=1");
    expect(env).toContain("MIGRATION_DATABASE_URL=${var.chat_migration_database_url}?connection_limit=1");
  });
});

describe("switch", () => {
  const canary = synthStack(variant({ releases: { chat: both(10) } }));
  test("a plan shows a cutover in words", () => {
    const green = synthStack(variant({ releases: { chat: both(0, "green") } }));
    expect(canary.label("chat_switch_job", "release.live")).toBe("blue");
    expect(green.label("chat_switch_job", "release.live")).toBe("green");
  });
  test("weights as in the release file, the same visitor on the same set", () => {
    expect(canary.operation("chat_switch_job")).toContain("blue=90,green=10");
    const routing = canary.routing("chat_switch_job");
    expect(routing).toContain(
      '{"name" = "chat-web-blue", "weight" = "@BLUE@"}, {"name" = "chat-web-green", "weight" = "@GREEN@"}',
    );
    expect(routing).toContain(
      '"sticky" = {"cookie" = {"name" = "twinset_chat", "httpOnly" = true, "sameSite" = "lax", "secure" = true}}',
    );
  });
  test("while two sets run it has the routing for each alone, and for both: the keeper needs no Terraform to go back", () => {
    expect(canary.contents("chat_switch_job")).toEqual({
      blue: expect.stringContaining('"weighted" = {"services" = [{"name" = "chat-web-blue", "weight" = 100}]}'),
      green: expect.stringContaining('"weighted" = {"services" = [{"name" = "chat-web-green", "weight" = 100}]}'),
      both: canary.routing("chat_switch_job"),
    });
    for (const colour of ["blue", "green"]) {
      expect(canary.contents("chat_switch_job")[colour]).not.toMatch(/sticky|@BLUE@|@GREEN@/);
    }
  });
  test("other weights are other arguments, and the same routing", () => {
    const more = synthStack(variant({ releases: { chat: both(25) } }));
    expect(more.operation("chat_switch_job")).toContain("blue=75,green=25");
    expect(more.contents("chat_switch_job")).toEqual(canary.contents("chat_switch_job"));
  });
  test("it says which set is live and what both run, and how long a canary stays that nobody watches", () => {
    expect(canary.operation("chat_switch_job")).toEqual([
      ...["switch", "chat", "blue=90,green=10", "blue", "v1.5.2", "v1.6.0"],
      "120",
    ]);
    expect(production.operation("chat_switch_job")).toEqual([
      ...["switch", "chat", "blue=100", "blue", "v1.5.2", "-"],
      "120",
    ]);
  });
  test("the catalog's lease reaches it, and the switch of no other product", () => {
    const stack = synthStack(
      variant({
        platform: (p) => ({
          ...p,
          products: p.products.map((each) =>
            each.name === "chat" ? { ...each, canary: { lease: seconds(45) } } : each,
          ),
        }),
      }),
    );
    expect(stack.operation("chat_switch_job").at(-1)).toBe("45");
    expect(stack.operation("quote_switch_job").at(-1)).toBe("120");
  });
  test("with one set there is neither a share nor a cookie", () => {
    expect(production.routing("chat_switch_job")).toContain(
      '"weighted" = {"services" = [{"name" = "chat-web-blue", "weight" = 100}]}',
    );
    expect(production.routing("chat_switch_job")).not.toContain("sticky");
    expect(Object.keys(production.contents("chat_switch_job"))).toEqual(["blue"]);
  });
  test("the set without traffic is reached by a header and a secret only", () => {
    const idle = synthStack(variant({ releases: { chat: both(0) } })).routing("chat_switch_job");
    expect(idle).toContain(
      "(Host(`app-chat.manacore.app`)) && Header(`X-Twinset-Set`, `green`) && Header(`X-Twinset-Key`, `${var.smoke_key}`)",
    );
    expect(idle).toContain('"weighted" = {"services" = [{"name" = "chat-web-blue", "weight" = 100}]}');
    expect((production.json["variable"] as Body)["smoke_key"].sensitive).toBe(true);
  });
  test("it writes beside, renames, waits until the edge says that it serves the file, and else puts the old one back", () => {
    const program = production.program("chat_switch_job");
    expect(program).toContain("S=/routing/.splits\n");
    expect(program).toContain("mine=$S/tmp/$subject.$HOSTNAME.$$\n");
    expect(program).toContain("place=/routing/${2:-$subject.yml}\n");
    const beside = program.indexOf('> "$mine.new"');
    expect(beside).toBeGreaterThan(0);
    expect(beside).toBeLessThan(program.indexOf('mv "$mine.new" "$place"'));
    expect(program).toContain("grep -i 'X-Twinset-Revision: '");
    expect(program).toContain('until [ "$(served)" = "$revision" ]');
    expect(program).toContain('mv "$mine.old" "$place"');
    expect(program).toMatch(/ {6}back "the edge does not serve .*\n {6}return 1\n/);
  });
  test("every switch, the settings' job and the keeper have the very same program", () => {
    const [program] = production.container("edge-keeper")["env"] as string[];
    for (const job of ["chat_switch_job", "mana-core-auth_switch_job", "edge-settings"]) {
      expect(program).toBe(`EDGE_PROGRAM=${(production.container(job)["command"] as string[])[1]}`);
    }
  });
});

describe("edge", () => {
  const args = production.container("edge")["command"] as string[];
  const settings = JSON.parse(production.routing("edge-settings")) as Body;
  const { middlewares } = settings["http"];
  test("a local ACME server with its own DNS, and one address to listen on, where an environment says so", () => {
    const acme = {
      caServer: "https://172.17.0.1:14000/dir",
      resolvers: ["172.17.0.1:5353"],
      dnsApi: "http://172.17.0.1",
    };
    const { host, tls } = platform.environments.production;
    const edge = synthStack(
      variant({
        platform: withEnvironment("production", {
          tls: { ...tls, ...acme } as typeof tls,
          host: { ...host, publishOn: "127.0.0.9" } as typeof host,
        }),
      }),
    ).container("edge");
    expect(edge["command"]).toEqual(
      expect.arrayContaining([
        "--certificatesresolvers.letsencrypt.acme.caserver=https://172.17.0.1:14000/dir",
        "--certificatesresolvers.letsencrypt.acme.dnschallenge.resolvers=172.17.0.1:5353",
        "--certificatesresolvers.letsencrypt.acme.dnschallenge.propagation.disableanschecks=true",
      ]),
    );
    expect(edge["env"]).toContain("CLOUDFLARE_BASE_URL=http://172.17.0.1");
    expect((edge["ports"] as Body[]).map(({ ip }) => ip)).toEqual(["127.0.0.9", "127.0.0.9"]);
    expect(JSON.stringify(args)).not.toMatch(/caserver|disableanschecks/);
    expect((production.container("edge")["ports"] as Body[]).map(({ ip }) => ip)).toEqual(["0.0.0.0", "0.0.0.0"]);
  });
  test("the documented security headers, HSTS for a year", () => {
    expect(middlewares["security-headers"].headers).toMatchObject({
      stsSeconds: 31_536_000,
      customResponseHeaders: {
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "1; mode=block",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
      },
    });
  });
  test("APIs are limited to 10 requests a second and a burst of 20", () => {
    expect(middlewares["api-rate-limit"].rateLimit).toEqual({
      ...{ average: 10, period: "1s", burst: 20 },
      sourceCriterion: { ipStrategy: { ipv6Subnet: 64 } },
    });
  });
  test("containers of this host share no limit: they all come by the host's own address", () => {
    const routing = production.routing("mana-core-auth_switch_job");
    expect(routing).toContain('"mana-core-auth-from-here" = {');
    const [, internal] = routing.split('"mana-core-auth-from-here" = ');
    expect(internal!.slice(0, internal!.indexOf("}"))).not.toContain("api-rate-limit");
    expect(internal).toContain("ClientIP(`172.16.0.0/12`)");
    expect(production.routing("chat_switch_job")).not.toContain('"chat-web-from-here"');
  });
  test("routing files of products that are gone are removed", () => {
    const products = platform.products.map(({ name }) => name);
    expect(production.operation("edge-settings")).toEqual(["settings", "settings.yml", ...products]);
    expect(production.contents("edge-settings")).toEqual({ all: expect.any(String) });
    const program = production.program("edge-settings");
    expect(program).toContain('*) rm -rf "$found" "$S/${name:?}" ;;');
    expect(program).toContain('if [ "$found" = "$place" ]; then continue; fi');
    const { releases, ...rest } = variant();
    const { chat: _, ...others } = releases.production.release;
    const without = synthStack({ ...rest, releases: { ...releases, production: { path: "", release: others } } });
    expect(without.operation("edge-settings")).toEqual([
      ...["settings", "settings.yml"],
      ...products.filter((name) => name !== "chat"),
    ]);
  });
  test("an API with a list of its own has it in its product's file, for either edge; the others have that of all", () => {
    const narrow = (platform: Platform): Platform => ({
      ...platform,
      products: platform.products.map((product) => ({
        ...product,
        services: product.services.map((service) =>
          service.name === "chat-backend"
            ? { ...service, access: { ...service.access, corsFrom: ["chat-web"] } }
            : service,
        ),
      })),
    });
    const traefik = synthStack(variant({ platform: narrow }));
    const chat = traefik.routing("chat_switch_job");
    expect(chat).toContain('"security-headers", "compress", "api-rate-limit", "chat-backend-cors"');
    expect(chat).not.toContain("api-cors");
    expect(chat.match(/"accessControlAllowOriginListRegex" = \[([^\]]*)\]/)![1]).toContain("app-chat");
    expect(chat.match(/"accessControlAllowOriginListRegex" = \[([^\]]*)\]/)![1]).not.toContain("app-news");
    expect(traefik.routing("news_switch_job")).toContain("api-cors");
    const nginx = synthStack(
      variant({ platform: (p) => narrow({ ...p, edge: { ...p.edge, kind: "nginx", image: "nginx:1.29-alpine" } }) }),
    );
    const [, origins] = /map \$http_origin \$chat_backend_cors_origin \{([^}]*)\}/.exec(
      nginx.routing("chat_switch_job"),
    )!;
    expect(origins).toContain("app-chat");
    expect(origins).not.toContain("app-news");
    expect(nginx.routing("news_switch_job")).toContain("Access-Control-Allow-Origin $cors_origin always");
  });
  test("origins per environment, as whole-string patterns", () => {
    const origins = (stack: Synthesized): string[] =>
      JSON.parse(stack.routing("edge-settings")).http.middlewares["api-cors"].headers.accessControlAllowOriginListRegex;
    const allowed = (stack: Synthesized, origin: string): boolean =>
      origins(stack).some((pattern) => new RegExp(pattern).test(origin));
    expect(allowed(production, "https://app-chat.manacore.app")).toBe(true);
    expect(allowed(production, "https://manacore.app")).toBe(true);
    expect(allowed(production, "capacitor://localhost")).toBe(true);
    expect(allowed(production, "https://manacore.app.evil.org")).toBe(false);
    expect(allowed(production, "https://status.manacore.app")).toBe(false);
    expect(allowed(production, "https://gone.manacore.app")).toBe(false);
    expect(allowed(production, "https://evil.org/.manacore.app")).toBe(false);
    expect(allowed(production, "https://xmanacore-app")).toBe(false);
    expect(allowed(production, "http://localhost:5173")).toBe(false);
    expect(allowed(staging, "https://staging-app-chat.manacore.app")).toBe(true);
    expect(allowed(staging, "https://app-chat.manacore.app")).toBe(false);
    expect(allowed(development, "http://localhost:5173")).toBe(true);
  });
  test("compression, JSON access log, metrics per service with the canary's limit as a bucket", () => {
    expect(middlewares["compress"]).toEqual({ compress: {} });
    expect(args).toContain("--accesslog.format=json");
    expect(args).toContain("--metrics.prometheus.addserviceslabels=true");
    expect(args.find((a) => a.startsWith("--metrics.prometheus.buckets="))!.split(/[=,]/)).toContain("1");
  });
  test("only Cloudflare may say who the client is", () => {
    expect(args.find((a) => a.includes("trustedips"))).toContain("173.245.48.0/20");
  });
});

describe("stores", () => {
  test("a changed administrator password of PostgreSQL becomes true with the next start", () => {
    const command = JSON.stringify(production.container("postgres")["command"]);
    expect(command).toContain("ALTER ROLE %I PASSWORD %L");
    expect(command).toContain("exec docker-entrypoint.sh postgres");
  });
  test("Redis: password, 512 MB with LRU, append-only file", () => {
    const text = JSON.stringify(production.container("redis")["command"]);
    expect(text).toContain("--maxmemory 512mb");
    expect(text).toContain("--maxmemory-policy allkeys-lru");
    expect(text).toContain("--appendonly yes");
    expect(text).toContain("--appendfsync everysec");
    expect(text).not.toContain("var.redis_password");
  });
  test("a database and role per product whose data is in our PostgreSQL", () => {
    const databases = (stack: Synthesized): string[] =>
      Object.keys(stack.all("docker_container")).filter((n) => /^postgres_(?!ready)/.test(n));
    expect(databases(production)).toEqual(["postgres_mana-core-auth"]);
    expect(databases(development)).toHaveLength(10);
    const [, script] = development.container("postgres_chat")["command"] as string[];
    expect(script).toContain("WHERE NOT EXISTS (SELECT FROM pg_database");
    expect(script).toContain("\\getenv password ROLE_PASSWORD");
    expect(JSON.stringify(development.container("postgres_chat")["command"])).not.toContain("var.");
  });
  test("backends at Supabase use its pooler with ten connections", () => {
    expect(production.container("chat_blue_backend-0")["env"]).toContain(
      "DATABASE_URL=${var.chat_database_url}?pgbouncer=true&connection_limit=10",
    );
  });
  test("the authentication service has our PostgreSQL everywhere", () => {
    for (const stack of [development, staging, production]) {
      expect(stack.container("mana-core-auth_blue_auth-0")["env"]).toContain(
        'DATABASE_URL=postgresql://manacore:${urlencode("${var.mana_core_auth_database_password}")}@postgres:5432/manacore',
      );
    }
  });
});

describe("host", () => {
  test("server types that are still sold", () => {
    expect(production.resource("hcloud_server", "host_server")["server_type"]).toBe("ccx43");
    expect(staging.resource("hcloud_server", "host_server")["server_type"]).toBe("ccx33");
  });
  test("in maintenance the server may be replaced, and its data may still not", () => {
    const host = { ...(platform.environments.production.host as HetznerHost), maintenance: true };
    const stack = synthStack(variant({ platform: withEnvironment("production", { host }) }));
    expect(stack.resource("hcloud_server", "host_server")).toMatchObject({
      delete_protection: false,
      lifecycle: { prevent_destroy: false },
    });
    expect(stack.resource("hcloud_volume", "host_data")["lifecycle"]).toEqual({ prevent_destroy: true });
    for (const body of Object.values(longRunning(stack))) {
      expect(body["lifecycle"].create_before_destroy ?? false).toBe(false);
    }
    expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]);
  });
});

describe("names and caching", () => {
  const records = (stack: Synthesized): Body[] => Object.values(stack.all("cloudflare_dns_record"));
  test("APIs are not behind Cloudflare's proxy, webs and landings are", () => {
    for (const { name, access } of servicesOf(platform)) expect([name, access.proxied]).toEqual([name, !access.api]);
  });
  test("both forms of staging's names that the documents use", () => {
    const names = records(staging).map((r) => r["name"]);
    for (const name of [
      "staging-api-chat",
      "api-staging-chat",
      "staging-auth",
      "auth-staging",
      "staging-chat",
      "staging-app-chat",
    ]) {
      expect(names).toContain(`${name}.manacore.app`);
    }
  });
  test("general records: every other name leads to the zone itself, the status page elsewhere", () => {
    expect(records(production).find((r) => r["name"] === "*.manacore.app")).toMatchObject({
      type: "CNAME",
      content: "manacore.app",
      proxied: true,
    });
    expect(records(production).find((r) => r["name"] === "status.manacore.app")).toMatchObject({
      type: "CNAME",
      proxied: false,
    });
  });
  test("page rules: API and webs bypassed, landings cached for 28 days at the edge and a week in browsers, images polished", () => {
    const rules = production.all("cloudflare_page_rule") as Record<string, Body>;
    expect(rules["cache_api"]).toMatchObject({ target: "*api-*.manacore.app/*", actions: { cache_level: "bypass" } });
    expect(rules["cache_pages"]).toMatchObject({
      actions: { cache_level: "cache_everything", edge_cache_ttl: 2_419_200, browser_cache_ttl: 604_800 },
    });
    expect(rules["cache_webs"]).toMatchObject({ target: "*app*.manacore.app/*", actions: { cache_level: "bypass" } });
    expect(rules["cache_webs"]!["priority"]).toBeGreaterThan(rules["cache_pages"]!["priority"]);
    expect(rules["cache_images"]!["actions"]).toEqual({
      cache_level: "aggressive",
      cache_deception_armor: "on",
      polish: "lossless",
    });
    expect(rules["cache_api"]!["priority"]).toBeGreaterThan(rules["cache_pages"]!["priority"]);
  });
  test("the same as cache rules, by one word", () => {
    const caching = { ...platform.zone.caching!, rulesAs: "cache-rules" } as const;
    const stack = synthStack(variant({ platform: (p) => ({ ...p, zone: { ...p.zone, caching } }) }));
    expect(Object.keys(stack.all("cloudflare_page_rule"))).toEqual([]);
    const rules = stack.resource("cloudflare_ruleset", "cache_cache") as Body;
    // Of cache rules the last that fits wins, of page rules the first.
    expect(rules["rules"].map((r: Body) => r["ref"])).toEqual(["pages", "webs", "images", "hashed", "auth", "api"]);
    expect(rules["rules"][5]).toMatchObject({
      action_parameters: { cache: false },
      expression: '(http.request.full_uri wildcard r"http*://*api-*.manacore.app/*")',
    });
    expect(stack.resource("cloudflare_ruleset", "cache_configuration")).toMatchObject({
      phase: "http_config_settings",
    });
    expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]);
  });
  test("mobile apps: bundles on the CDN, no container", () => {
    expect(production.resource("cloudflare_r2_custom_domain", "bundles_domain")["domain"]).toBe("ota.manacore.app");
    expect(production.text).not.toContain("chat-mobile");
  });
});

describe("development", () => {
  test("documented ports, by way of the edge, so blue and green work here too", () => {
    const ports = development.container("edge")["ports"] as Body[];
    expect(ports.map((p) => p["external"])).toEqual(expect.arrayContaining([80, 3001, 3002, 3100, 3200]));
  });
  test("containers find services by name, browsers by localhost", () => {
    expect(development.container("chat_blue_backend-0")["env"]).toContain(
      "MANA_CORE_AUTH_URL=http://mana-core-auth:3001",
    );
    expect(development.container("chat_blue_web-0")["env"]).toContain("PUBLIC_BACKEND_URL=http://localhost:3002");
    const aliases = (development.container("edge")["networks_advanced"] as Body[]).flatMap((n) => n["aliases"]);
    expect(aliases).toContain("mana-core-auth");
  });
});

describe("names in Terraform", () => {
  test("are a contract: these stay", () => {
    for (const address of [
      "chat_blue_backend-0",
      "chat_blue_migration",
      "chat_switch_job",
      "edge",
      "edge-keeper",
      "edge-settings",
      "postgres",
      "postgres_ready",
      "postgres_mana-core-auth",
      "redis",
    ]) {
      expect(production.container(address)).toBeDefined();
    }
    expect(production.resource("hcloud_server", "host_server")).toBeDefined();
    expect(production.resource("docker_volume", "postgres_data")).toBeDefined();
  });
});

describe("nginx as the edge", () => {
  const stack = synthAll(
    variant({
      platform: (p) => ({ ...p, edge: { ...p.edge, kind: "nginx", image: "nginx:1.29-alpine" } }),
      releases: { chat: both(10) },
    }),
  );
  const routing = stack.production.routing("chat_switch_job");
  test("fits the schemas in every environment", () => {
    for (const each of Object.values(stack)) expect(checkTerraform(each.json, SCHEMAS)).toEqual([]);
  });
  test("the same promises in its own words", () => {
    for (const text of [
      "@BLUE@% blue;",
      "* green;",
      'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;',
      "limit_req zone=api burst=20 nodelay;",
      '"${var.smoke_key}:green" green;',
      "server_name api-chat.manacore.app;",
    ]) {
      expect(routing).toContain(text);
    }
  });
  test("what services are told of a request is written once, and no route has a word of its own that would replace it", () => {
    const shared = stack.production.routing("edge-settings");
    expect(shared).toContain("proxy_set_header Upgrade $http_upgrade;");
    expect(shared).toContain("proxy_set_header X-Real-IP $remote_addr;");
    for (const each of Object.values(stack.production.contents("chat_switch_job"))) {
      expect(each).not.toContain("proxy_set_header");
    }
  });
  test("its weights are in the switch's arguments, and each set alone has neither a share nor a cookie", () => {
    expect(stack.production.operation("chat_switch_job")).toContain("blue=90,green=10");
    const { blue, green, both } = stack.production.contents("chat_switch_job");
    expect(blue).toContain("* blue;");
    expect(green).toContain("* green;");
    for (const alone of [blue, green]) expect(alone).not.toMatch(/% (blue|green);|Set-Cookie|@BLUE@|@GREEN@/);
    expect(both).toContain("Set-Cookie");
  });
  test("0 % is never written, as nginx refuses it", () => {
    const idle = synthStack(
      variant({ platform: (p) => ({ ...p, edge: { ...p.edge, kind: "nginx" } }), releases: { chat: both(0) } }),
    ).routing("chat_switch_job");
    expect(idle).not.toMatch(/\b0%/);
    expect(idle).toContain("* blue;");
  });
  test("tests the configuration before it reloads", () => {
    expect(stack.production.program("chat_switch_job")).toContain("nginx -q -t -c /tmp/nginx.conf && kill -HUP 1");
    expect(stack.production.container("chat_switch_job")["pid_mode"]).toBe("container:${docker_container.edge.id}");
  });
  test("the keeper tests and reloads as a switch does, and so shares the edge's processes and reads its certificates", () => {
    const keeper = stack.production.container("edge-keeper") as Body;
    const job = stack.production.container("chat_switch_job") as Body;
    expect(keeper["env"]).toEqual([`EDGE_PROGRAM=${job["command"][1]}`, ...job["env"]]);
    expect(keeper["pid_mode"]).toBe("container:${docker_container.edge.id}");
    expect(keeper["volumes"]).toEqual(job["volumes"]);
    expect(keeper["volumes"].map((each: Body) => each["container_path"])).toEqual(["/routing", "/certificates"]);
  });
  test("no Prometheus beside it, as it counts nothing per service and set", () => {
    for (const each of Object.values(stack)) expect(each.text).not.toContain("prometheus");
  });
  test("certificates by a companion that renews them", () => {
    expect(JSON.stringify(stack.production.container("edge_certbot")["command"])).toContain("--dns-cloudflare");
    expect(Object.keys(stack.development.all("docker_container"))).not.toContain("edge_certbot");
  });
});
