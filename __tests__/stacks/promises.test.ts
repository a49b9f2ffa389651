/** One named assertion for each promise that a stack makes; the snapshots beside them pin everything else. */
import { describe, expect, test } from "@jest/globals";
import type { EnvironmentName, HetznerHost } from "../../model/environment";
import { hostsOf, type InputUse, inputUses, servicesOf } from "../../model/platform";
import { COLOURS } from "../../model/release";
import { checkTerraform } from "../support/provider-schemas";
import {
  both,
  MANACORE,
  SCHEMAS,
  synthAll,
  synthStack,
  type Synthesized,
  variant,
  withEnvironment,
  withService,
} from "../support/synth";

const stacks = synthAll(MANACORE);
const { development, staging, production } = stacks;
const { platform } = MANACORE;
const everyStack = Object.entries(stacks);

type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- parsed JSON, asserted on

const inputs = (environment: string): InputUse[] =>
  inputUses(platform, platform.environments[environment as EnvironmentName]);
const containers = (stack: Synthesized): [string, Body][] => Object.entries(stack.all("docker_container"));
const services = (stack: Synthesized): [string, Body][] =>
  containers(stack).filter(([name]) => /_(blue|green)_.*-\d+$/.test(name));
const jobs = (stack: Synthesized): [string, Body][] =>
  containers(stack).filter(([, body]) => body["must_run"] === false);
const longRunning = (stack: Synthesized): [string, Body][] =>
  containers(stack).filter(([, body]) => body["must_run"] !== false);

describe("what is deployed", () => {
  test("every service of the catalog runs in every environment", () => {
    for (const [, stack] of everyStack) expect(services(stack)).toHaveLength(servicesOf(platform).length);
  });
  test("images are ghcr.io/<owner>/<service> at the release's version, and stay on the host", () => {
    expect(production.resource("docker_image", "chat_blue_backend-image")).toMatchObject({
      name: "ghcr.io/wuesteon/chat-backend:v1.5.2",
      keep_locally: true,
    });
  });
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
  test("replicas are as many containers, each with a name of its own, and all of them get traffic", () => {
    const change = withEnvironment("production", { replicas: { "chat-backend": 3 } });
    const stack = synthStack(variant({ platform: change }));
    const names = [0, 1, 2].map((i) => String(stack.container(`chat_blue_backend-${i}`)["name"]));
    for (const i of [0, 1, 2]) expect(names[i]).toMatch(new RegExp(`^manacore-production-chat-backend-blue-${i}-\\$`));
    for (const i of [0, 1, 2])
      expect(stack.routing("chat_switch_job")).toContain(`docker_container.chat_blue_backend-${i}.name`);
  });
});

describe("every container that stays", () => {
  test.each(everyStack)(
    "has limits, a health check that Terraform waits for, rotated logs and a grace period: %s",
    (_, stack) => {
      for (const [, body] of longRunning(stack)) {
        expect(body).toMatchObject({
          cpus: expect.stringMatching(/^\d/),
          memory: expect.any(Number),
          healthcheck: { test: expect.any(Array), retries: expect.any(Number) },
          wait: true,
          wait_timeout: expect.any(Number),
          restart: "unless-stopped",
          log_driver: "json-file",
          log_opts: { "max-size": "10m", "max-file": "3" },
        });
        expect(body["memory_swap"]).toBe(body["memory"]);
        expect(body["destroy_grace_seconds"]).toBeGreaterThanOrEqual(10);
      }
    },
  );
  test.each(everyStack)("is locked in: no capability, no new privileges, read-only root, tmpfs: %s", (_, stack) => {
    for (const [name, body] of longRunning(stack)) {
      expect(body).toMatchObject({ read_only: true, security_opts: ["no-new-privileges:true"] });
      expect(body["capabilities"].drop).toEqual(["ALL"]);
      expect(body["capabilities"].add ?? []).toEqual(name === "edge" ? ["CAP_NET_BIND_SERVICE"] : []);
      expect(body["tmpfs"]["/tmp"]).toContain("noexec");
      // Else a restart takes them from it.
      const [uid, gid] = (body["user"] as string).split(":");
      for (const options of Object.values(body["tmpfs"] as Body)) expect(options).toContain(`,uid=${uid},gid=${gid}`);
    }
  });
  test.each(everyStack)("runs as a user without rights, but for the edge: %s", (_, stack) => {
    for (const [name, body] of longRunning(stack)) {
      if (name === "edge") expect(body["user"]).toBe("0:0");
      else expect(Number(String(body["user"]).split(":")[0])).toBeGreaterThan(0);
    }
  });
  test("services have the documents' user 1001, labels and health check", () => {
    const body = production.container("chat_blue_backend-0") as Body;
    expect(body["user"]).toBe("1001:1001");
    expect(body["healthcheck"].test).toEqual(["CMD", "wget", "--spider", "-q", "http://127.0.0.1:3002/api/health"]);
    expect(body["healthcheck"]).toMatchObject({ interval: "30s", timeout: "10s", retries: 3, start_period: "40s" });
    for (const [label, value] of [
      ["project", "chat"],
      ["service", "backend"],
      ["port", "3002"],
      ["domain", "api-chat.manacore.app"],
      ["set", "blue"],
      ["version", "v1.5.2"],
    ]) {
      expect(production.label("chat_blue_backend-0", `com.manacore.${label}`)).toBe(value);
    }
  });
});

describe("new first", () => {
  test("release containers are made before the old ones go, under a name that none has had", () => {
    for (const [, body] of services(production)) {
      expect(body["lifecycle"]).toMatchObject({ create_before_destroy: true, ignore_changes: ["name"] });
      expect(body["name"]).toMatch(/-\d-\$\{substr\(sha256\(plantimestamp\(\)\), 0, 8\)\}$/);
    }
  });
  test("a secret's value is part of the settings' hash, as Terraform knows it", () => {
    expect(production.label("chat_blue_backend-0", "settings")).toContain(
      "AZURE_OPENAI_API_KEY=${var.azure_openai_api_key}",
    );
  });
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
  test("stores and edge have the settings label too", () => {
    for (const name of ["edge", "postgres", "redis"]) expect(production.label(name, "settings")).toBeDefined();
  });
  test("changing one product changes no other product's containers", () => {
    const changed = synthStack(variant({ releases: { chat: both(10) } }));
    for (const [name, body] of containers(production)) {
      if (!name.startsWith("chat_")) expect(changed.container(name)).toEqual(body);
    }
  });
  test("a set's colour and place do not change when the other set comes", () => {
    const changed = synthStack(variant({ releases: { chat: both(10) } }));
    for (const [name, body] of containers(production)) {
      if (name.startsWith("chat_blue_")) expect(changed.container(name)).toEqual(body);
    }
  });
  test("nothing that release containers depend on is a store, or a container of another product", () => {
    for (const [name] of services(production)) {
      const product = name.split("_")[0];
      const upstream = [...production.upstream(`docker_container.${name}`)].filter((a) =>
        a.startsWith("docker_container."),
      );
      expect(upstream).not.toContain("docker_container.postgres");
      expect(upstream).not.toContain("docker_container.redis");
      expect(upstream.filter((a) => /_(blue|green)_/.test(a) && !a.startsWith(`docker_container.${product}_`))).toEqual(
        [],
      );
    }
  });
  test("jobs that release containers depend on have a fresh name, as two may be there for a moment", () => {
    const upstream = new Set(
      services(production).flatMap(([name]) => [...production.upstream(`docker_container.${name}`)]),
    );
    const found = jobs(production).filter(([name]) => upstream.has(`docker_container.${name}`));
    expect(found.length).toBeGreaterThan(10);
    for (const [, body] of found) {
      expect(body["name"]).toContain("plantimestamp()");
      expect(body["lifecycle"].ignore_changes).toEqual(["name"]);
    }
  });
});

describe("jobs", () => {
  test.each(everyStack)("must exit 0, and are run again by the next apply if they did not: %s", (_, stack) => {
    for (const [, body] of jobs(stack)) {
      expect(body).toMatchObject({
        attach: true,
        logs: true,
        restart: "no",
        provisioner: [{ "local-exec": { command: "exit ${self.exit_code}" } }],
      });
      expect(body["lifecycle"]?.postcondition).toBeUndefined();
    }
  });
  test("a product's migration runs with the new image before any of its set's containers", () => {
    const stack = synthStack(variant({ releases: { chat: both(0) } }));
    expect(stack.container("chat_green_migration")).toMatchObject({
      image: "${docker_image.chat_green_backend-image.image_id}",
      entrypoint: ["pnpm"],
      command: ["migration:run"],
    });
    for (const part of ["backend-0", "web-0", "landing-0"]) {
      expect(stack.upstream(`docker_container.chat_green_${part}`)).toContain("docker_container.chat_green_migration");
      expect(stack.upstream(`docker_container.chat_blue_${part}`)).not.toContain(
        "docker_container.chat_green_migration",
      );
    }
  });
  test("a migration uses one connection in session mode", () => {
    const env = production.container("chat_blue_migration")["env"] as string[];
    expect(env).toContain("DATABASE_URL=${var.chat_migration_database_url}?connection_limit=1");
    expect(env).toContain("MIGRATION_DATABASE_URL=${var.chat_migration_database_url}?connection_limit=1");
  });
});

describe("switch", () => {
  const canary = synthStack(variant({ releases: { chat: both(10) } }));
  const green = synthStack(variant({ releases: { chat: both(0, "green") } }));
  test("there is one per product", () => {
    const switches = Object.keys(production.all("docker_container")).filter((name) => name.endsWith("_switch_job"));
    expect(switches).toHaveLength(platform.products.length);
  });
  test("its labels say in words who is live and how traffic is split", () => {
    expect(canary.label("chat_switch_job", "release.live")).toBe("blue");
    expect(canary.label("chat_switch_job", "release.weights")).toBe("blue=90,green=10");
    expect(canary.label("chat_switch_job", "release.green")).toBe("v1.6.0");
    expect(green.label("chat_switch_job", "release.live")).toBe("green");
  });
  test("it waits for every container of both sets, so an unhealthy set never gets traffic", () => {
    const upstream = canary.upstream("docker_container.chat_switch_job");
    for (const colour of COLOURS)
      for (const part of ["backend-0", "web-0", "landing-0"])
        expect(upstream).toContain(`docker_container.chat_${colour}_${part}`);
  });
  test("nothing of another product is in it", () => {
    const upstream = [...production.upstream("docker_container.chat_switch_job")];
    expect(upstream.filter((a) => /_(blue|green)_/.test(a) && !a.includes(".chat_"))).toEqual([]);
  });
  test("weights as in the release file, the same visitor on the same set", () => {
    const routing = canary.routing("chat_switch_job");
    expect(routing).toContain('{"name" = "chat-web-blue", "weight" = 90}, {"name" = "chat-web-green", "weight" = 10}');
    expect(routing).toContain(
      '"sticky" = {"cookie" = {"name" = "twinset_chat", "httpOnly" = true, "sameSite" = "lax", "secure" = true}}',
    );
  });
  test("with one set there is neither a share nor a cookie", () => {
    expect(production.routing("chat_switch_job")).toContain(
      '"weighted" = {"services" = [{"name" = "chat-web-blue", "weight" = 100}]}',
    );
    expect(production.routing("chat_switch_job")).not.toContain("sticky");
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
    const [, script] = production.container("chat_switch_job")["command"] as string[];
    expect(script!.indexOf("> /routing/.chat.yml.$HOSTNAME.new")).toBeLessThan(
      script!.indexOf("mv /routing/.chat.yml.$HOSTNAME.new /routing/chat.yml"),
    );
    expect(script).toContain('grep -qi "X-Twinset-Revision: $revision"');
    expect(script).toContain("mv /routing/.chat.yml.$HOSTNAME.old /routing/chat.yml");
    expect(script).toContain("exit 1");
  });
});

describe("edge", () => {
  const args = production.container("edge")["command"] as string[];
  const settings = JSON.parse(production.routing("edge-settings")) as Body;
  const { middlewares } = settings["http"];
  test("HTTP is redirected to HTTPS", () => {
    expect(args).toContain("--entrypoints.web.http.redirections.entrypoint.to=websecure");
    expect(args).toContain("--entrypoints.web.http.redirections.entrypoint.permanent=true");
  });
  test("certificates by Let's Encrypt's DNS challenge, for the zone and everything right below it", () => {
    expect(args).toContain("--certificatesresolvers.letsencrypt.acme.dnschallenge.provider=cloudflare");
    expect(args).toContain("--entrypoints.websecure.http.tls.domains[0].main=manacore.app");
    expect(args).toContain("--entrypoints.websecure.http.tls.domains[0].sans=*.manacore.app");
    expect(production.container("edge")["env"]).toEqual(["CF_DNS_API_TOKEN=${var.edge_dns_token}"]);
  });
  test("one wildcard covers every host name of the catalog", () => {
    for (const name of ["staging", "production"] as const) {
      for (const host of servicesOf(platform).flatMap((s) => hostsOf(s, platform.environments[name]))) {
        expect(host).toMatch(/^([a-z0-9-]+\.)?manacore\.app$/);
      }
    }
  });
  test("the HTTP challenge, where an environment says so", () => {
    const tls = { kind: "letsencrypt", challenge: "http", email: "ops@example.org" } as const;
    const command = synthStack(variant({ platform: withEnvironment("production", { tls }) })).container("edge")[
      "command"
    ];
    expect(command).toContain("--certificatesresolvers.letsencrypt.acme.httpchallenge.entrypoint=web");
    expect(JSON.stringify(command)).not.toContain("dnschallenge");
  });
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
  test("TLS 1.2 and newer", () => expect(settings["tls"].options.default.minVersion).toBe("VersionTLS12"));
  test("HSTS for a year, subdomains and preload", () => {
    expect(middlewares["security-headers"].headers).toMatchObject({
      stsSeconds: 31_536_000,
      stsIncludeSubdomains: true,
      stsPreload: true,
    });
  });
  test("the documented security headers", () => {
    expect(middlewares["security-headers"].headers.customResponseHeaders).toEqual({
      "X-Frame-Options": "SAMEORIGIN",
      "X-Content-Type-Options": "nosniff",
      "X-XSS-Protection": "1; mode=block",
      "Referrer-Policy": "strict-origin-when-cross-origin",
      "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
    });
  });
  test("APIs are limited to 10 requests a second and a burst of 20, and have CORS; webs have neither", () => {
    expect(middlewares["api-rate-limit"].rateLimit).toEqual({ average: 10, period: "1s", burst: 20 });
    const routing = production.routing("chat_switch_job");
    expect(routing).toContain(
      '"chat-backend" = {"entryPoints" = ["websecure"], "middlewares" = ["security-headers", "compress", "api-rate-limit", "api-cors"]',
    );
    expect(routing).toContain(
      '"chat-web" = {"entryPoints" = ["websecure"], "middlewares" = ["security-headers", "compress"]',
    );
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
    const [, script] = production.container("edge-settings")["command"] as string[];
    expect(script).toContain("/routing/settings.yml|/routing/mana-core-auth.yml|/routing/chat.yml|");
    expect(script).toContain('*) rm -f "$found"');
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
  test("only the edge publishes ports: 80 and 443", () => {
    for (const [name, body] of containers(production)) {
      expect((body["ports"] ?? []).map((p: Body) => p["external"])).toEqual(name === "edge" ? [80, 443] : []);
    }
  });
  test("only Cloudflare may say who the client is", () => {
    expect(args.find((a) => a.includes("trustedips"))).toContain("173.245.48.0/20");
  });
});

describe("stores", () => {
  test("are on the data network only, which has no way out", () => {
    expect(production.resource("docker_network", "networks_data")["internal"]).toBe(true);
    expect(production.resource("docker_network", "networks_backend")["internal"]).toBe(false);
    for (const name of ["postgres", "redis"]) {
      const networks = production.container(name)["networks_advanced"] as Body[];
      expect(networks.map((n) => n["name"])).toEqual(["${docker_network.networks_data.name}"]);
    }
  });
  test("are never two at a time, as both would write to one volume", () => {
    for (const name of ["postgres", "redis"]) {
      expect(production.container(name)["lifecycle"]).not.toHaveProperty("create_before_destroy");
    }
  });
  test("their volumes refuse to be destroyed, but in development", () => {
    for (const name of ["postgres_data", "redis_data", "edge_certificates"]) {
      expect(production.resource("docker_volume", name)["lifecycle"]).toEqual({ prevent_destroy: true });
    }
    expect(development.resource("docker_volume", "postgres_data")["lifecycle"]).toEqual({
      prevent_destroy: false,
    });
  });
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
    for (const [, stack] of everyStack) {
      expect(stack.container("mana-core-auth_blue_auth-0")["env"]).toContain(
        'DATABASE_URL=postgresql://manacore:${urlencode("${var.mana_core_auth_database_password}")}@postgres:5432/manacore',
      );
    }
  });
});

describe("host", () => {
  const server = production.resource("hcloud_server", "host_server") as Body;
  const userData = String(server["user_data"]);
  test("server types that are still sold", () => {
    expect(server["server_type"]).toBe("ccx43");
    expect(staging.resource("hcloud_server", "host_server")["server_type"]).toBe("ccx33");
    expect(server).not.toHaveProperty("datacenter");
  });
  test("SSH from listed addresses, 80 and 443 from everywhere, nothing else", () => {
    const rules = production.resource("hcloud_firewall", "host_firewall")["rule"] as Body[];
    expect(rules.filter((r) => r["protocol"] === "tcp").map((r) => [r["port"], r["source_ips"]])).toEqual([
      ["22", "${var.ssh_allowed_cidrs}"],
      ["80", ["0.0.0.0/0", "::/0"]],
      ["443", ["0.0.0.0/0", "::/0"]],
    ]);
    expect(rules.filter((r) => r["protocol"] !== "tcp").map((r) => r["protocol"])).toEqual(["icmp"]);
  });
  test("Terraform refuses SSH from everywhere, or from nowhere", () => {
    const [validation] = (production.json["variable"] as Body)["ssh_allowed_cidrs"].validation;
    expect(validation.condition).toContain('!endswith(c, "/0")');
    expect(validation.condition).toContain("length(var.ssh_allowed_cidrs) > 0");
  });
  test("addresses and volume outlive the server; in production they are protected twice", () => {
    for (const [type, name] of [
      ["hcloud_primary_ip", "host_ipv4"],
      ["hcloud_primary_ip", "host_ipv6"],
      ["hcloud_volume", "host_data"],
    ] as const) {
      expect(production.resource(type, name)).toMatchObject({
        delete_protection: true,
        lifecycle: { prevent_destroy: true },
      });
    }
    expect(production.resource("hcloud_primary_ip", "host_ipv4")["auto_delete"]).toBe(false);
    expect(server).toMatchObject({
      delete_protection: true,
      rebuild_protection: true,
      backups: true,
      lifecycle: { prevent_destroy: true },
    });
  });
  test("the Docker host is the primary IP's address, not the server's", () => {
    const [docker] = (production.json["provider"] as Body)["docker"];
    expect(docker.host).toBe("ssh://deploy@${hcloud_primary_ip.host_ipv4.ip_address}");
    expect(JSON.stringify((production.json["provider"] as Body)["docker"])).not.toContain("hcloud_server");
  });
  test("a first start installs Docker on the data volume, lets only keys in and raises sshd's limits", () => {
    for (const text of [
      "docker.io",
      "/var/lib/docker/volumes",
      "PasswordAuthentication no",
      "PermitRootLogin no",
      "MaxStartups 100:30:200",
      "MaxSessions 100",
      "values(var.ssh_public_keys)",
    ]) {
      expect(userData).toContain(text);
    }
  });
  test("a changed cloud-init, key or image does not replace a running server", () => {
    expect(server["lifecycle"].ignore_changes).toEqual(["user_data", "ssh_keys", "image"]);
  });
  test("reverse DNS for both addresses, placement, private network", () => {
    expect(Object.keys(production.all("hcloud_rdns"))).toEqual(["host_rdns-ipv4", "host_rdns-ipv6"]);
    expect(server["placement_group_id"]).toBe("${hcloud_placement_group.host_placement.id}");
    expect(server["network"]).toEqual([{ alias_ips: [], network_id: "${hcloud_network.host_network.id}" }]);
  });
  test("everything on the engine waits for the gate, and comes back with a new server", () => {
    for (const type of ["docker_container", "docker_image", "docker_network"]) {
      for (const [, body] of Object.entries(production.all(type)) as [string, Body][]) {
        expect(body["depends_on"]).toContain("terraform_data.host_ready");
        expect(body["lifecycle"].replace_triggered_by).toEqual(["terraform_data.host_ready"]);
      }
    }
    expect(production.resource("terraform_data", "host_ready")["triggers_replace"]).toEqual({
      server: "${hcloud_server.host_server.id}",
      attachment: "${hcloud_volume_attachment.host_attachment.id}",
    });
  });
  test("volumes are not replaced with the server: they lie on the Hetzner volume", () => {
    for (const body of Object.values(production.all("docker_volume")) as Body[]) {
      expect(body["lifecycle"]).not.toHaveProperty("replace_triggered_by");
    }
  });
  test("in maintenance the server may be replaced, and its data may still not", () => {
    const host = { ...(platform.environments.production.host as HetznerHost), maintenance: true };
    const stack = synthStack(variant({ platform: withEnvironment("production", { host }) }));
    expect(stack.resource("hcloud_server", "host_server")).toMatchObject({
      delete_protection: false,
      lifecycle: { prevent_destroy: false },
    });
    expect(stack.resource("hcloud_volume", "host_data")["lifecycle"]).toEqual({ prevent_destroy: true });
    for (const [, body] of services(stack)) expect(body["lifecycle"].create_before_destroy).toBe(false);
    expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]);
  });
});

describe("names and caching", () => {
  const records = (stack: Synthesized): Body[] => Object.values(stack.all("cloudflare_dns_record"));
  test("every host name has a record; APIs are not behind Cloudflare's proxy, webs and landings are", () => {
    for (const [name, stack] of [
      ["staging", staging],
      ["production", production],
    ] as const) {
      for (const service of servicesOf(platform)) {
        for (const host of hostsOf(service, platform.environments[name])) {
          const record = records(stack).find((r) => r["name"] === host)!;
          expect(record).toMatchObject({
            type: "A",
            proxied: !service.access.api,
            content: "${hcloud_primary_ip.host_ipv4.ip_address}",
          });
        }
      }
    }
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
  test("zone settings, rules and general records are made once, by production", () => {
    expect(Object.keys(staging.all("cloudflare_page_rule"))).toEqual([]);
    expect(Object.keys(staging.all("cloudflare_zone_setting"))).toEqual([]);
    expect(records(production).find((r) => r["name"] === "*.manacore.app")).toMatchObject({
      type: "CNAME",
      content: "manacore.app",
      proxied: true,
    });
    expect(records(production).find((r) => r["name"] === "status.manacore.app")).toMatchObject({
      type: "CNAME",
      proxied: false,
    });
    expect(records(staging).map((r) => r["type"])).not.toContain("CNAME");
  });
  test("page rules: API bypassed, pages cached for 28 days at the edge and a week in browsers, images polished", () => {
    const rules = production.all("cloudflare_page_rule") as Record<string, Body>;
    expect(rules["cache_api"]).toMatchObject({ target: "*api-*.manacore.app/*", actions: { cache_level: "bypass" } });
    expect(rules["cache_pages"]).toMatchObject({
      actions: { cache_level: "cache_everything", edge_cache_ttl: 2_419_200, browser_cache_ttl: 604_800 },
    });
    expect(rules["cache_images"]!["actions"].polish).toBe("lossless");
    expect(rules["cache_api"]!["priority"]).toBeGreaterThan(rules["cache_pages"]!["priority"]);
  });
  test("the same as cache rules, by one word", () => {
    const stack = synthStack(variant({ platform: (p) => ({ ...p, zone: { ...p.zone, rulesAs: "cache-rules" } }) }));
    expect(Object.keys(stack.all("cloudflare_page_rule"))).toEqual([]);
    const rules = stack.resource("cloudflare_ruleset", "cache_cache") as Body;
    // Of cache rules the last that fits wins, of page rules the first.
    expect(rules["rules"].map((r: Body) => r["ref"])).toEqual(["pages", "images", "auth", "api"]);
    expect(rules["rules"][3]).toMatchObject({
      action_parameters: { cache: false },
      expression: '(http.request.full_uri wildcard r"http*://*api-*.manacore.app/*")',
    });
    expect(stack.resource("cloudflare_ruleset", "cache_configuration")).toMatchObject({
      phase: "http_config_settings",
    });
    expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]);
  });
  test("TLS for the whole zone: strict, HTTPS only, 1.2 and newer, HSTS", () => {
    const value = (name: string): unknown => production.resource("cloudflare_zone_setting", `zone_${name}`)["value"];
    expect([value("ssl"), value("always-use-https"), value("min-tls-version")]).toEqual(["strict", "on", "1.2"]);
    expect(value("security-header")).toMatchObject({
      strict_transport_security: { enabled: true, max_age: 31_536_000 },
    });
  });
  test("mobile apps: bundles on the CDN, no container", () => {
    expect(production.resource("cloudflare_r2_custom_domain", "bundles_domain")["domain"]).toBe("ota.manacore.app");
    expect(production.text).not.toContain("chat-mobile");
  });
});

describe("development", () => {
  test("documented ports on the loopback address, by way of the edge, so blue and green work here too", () => {
    const ports = development.container("edge")["ports"] as Body[];
    expect(ports.map((p) => p["external"])).toEqual(expect.arrayContaining([80, 3001, 3002, 3100, 3200]));
    expect(new Set(ports.map((p) => p["ip"]))).toEqual(new Set(["127.0.0.1"]));
    expect(development.routing("chat_switch_job")).toContain('"chat-backend-port" = {"entryPoints" = ["port-3002"]');
  });
  test("stores on the loopback address", () => {
    expect(development.container("postgres")["ports"]).toEqual([{ internal: 5432, external: 5432, ip: "127.0.0.1" }]);
  });
  test("containers find services by name, browsers by localhost", () => {
    expect(development.container("chat_blue_backend-0")["env"]).toContain(
      "MANA_CORE_AUTH_URL=http://mana-core-auth:3001",
    );
    expect(development.container("chat_blue_web-0")["env"]).toContain("PUBLIC_BACKEND_URL=http://localhost:3002");
    const aliases = (development.container("edge")["networks_advanced"] as Body[]).flatMap((n) => n["aliases"]);
    expect(aliases).toContain("mana-core-auth");
  });
  test("no server, no names, no TLS, no remote state", () => {
    expect(Object.keys(development.json["provider"] as Body)).toEqual(["docker"]);
    expect(development.text).not.toContain("websecure");
    expect((development.json["terraform"] as Body)["backend"]).toEqual({
      local: { path: "../../../terraform.manacore.development.tfstate" },
    });
  });
  test("passwords of containers on one's own computer have defaults, elsewhere none", () => {
    expect((development.json["variable"] as Body)["postgres_password"].default).toBe("devpassword");
    for (const stack of [staging, production]) {
      for (const variable of Object.values(stack.json["variable"] as Body))
        expect(variable).not.toHaveProperty("default");
    }
  });
});

describe("state, providers, secrets", () => {
  test("state in R2 with a lock file, without a name or a key of an account", () => {
    expect((production.json["terraform"] as Body)["backend"].s3).toEqual({
      bucket: "manacore-terraform-state",
      key: "manacore/production/terraform.tfstate",
      region: "auto",
      use_lockfile: true,
      use_path_style: true,
      skip_credentials_validation: true,
      skip_metadata_api_check: true,
      skip_region_validation: true,
      skip_requesting_account_id: true,
      skip_s3_checksum: true,
    });
  });
  test("the tested provider versions, not the bindings'", () => {
    expect((production.json["terraform"] as Body)["required_providers"]).toEqual({
      docker: { source: "kreuzwerker/docker", version: "4.5.0" },
      hcloud: { source: "hetznercloud/hcloud", version: "1.68.0" },
      cloudflare: { source: "cloudflare/cloudflare", version: "5.22.0" },
    });
  });
  test("no data source, so that a plan from nothing needs no network", () => {
    for (const [, stack] of everyStack) expect(stack.json["data"]).toBeUndefined();
  });
  test("every secret is a sensitive variable with a description", () => {
    for (const [name, stack] of everyStack) {
      const variables = stack.json["variable"] as Record<string, Body>;
      for (const { input } of inputs(name)) {
        expect(variables[input.name]).toMatchObject({ sensitive: input.secret, description: input.description });
      }
      expect(Object.keys(variables).sort()).toEqual(inputs(name).map((u) => u.input.name));
    }
  });
  test("ids are a contract: these addresses stay", () => {
    for (const address of [
      "chat_blue_backend-0",
      "chat_blue_migration",
      "chat_switch_job",
      "edge",
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
      "90% blue;",
      "* green;",
      'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;',
      "limit_req zone=api burst=20 nodelay;",
      "proxy_set_header Upgrade $http_upgrade;",
      '"${var.smoke_key}:green" green;',
      "server_name api-chat.manacore.app;",
    ]) {
      expect(routing).toContain(text);
    }
  });
  test("0 % is never written, as nginx refuses it", () => {
    const idle = synthStack(
      variant({ platform: (p) => ({ ...p, edge: { ...p.edge, kind: "nginx" } }), releases: { chat: both(0) } }),
    ).routing("chat_switch_job");
    expect(idle).not.toMatch(/\b0%/);
    expect(idle).toContain("* blue;");
  });
  test("tests the configuration before it reloads", () => {
    const [, script] = stack.production.container("chat_switch_job")["command"] as string[];
    expect(script).toContain("nginx -q -t -c /tmp/nginx.conf && kill -HUP 1");
    expect(stack.production.container("chat_switch_job")["pid_mode"]).toBe("container:${docker_container.edge.id}");
  });
  test("certificates by a companion that renews them", () => {
    expect(JSON.stringify(stack.production.container("edge_certbot")["command"])).toContain("--dns-cloudflare");
    expect(Object.keys(stack.development.all("docker_container"))).not.toContain("edge_certbot");
  });
});
