/** What korczewski-deployment.md says, line by line; what holds for every platform is in every-platform.test.ts. */
import { describe, expect, test } from "@jest/globals";
import { servicesOf } from "../../model/platform";
import { type Body, containers, longRunning, map, pick, waitsFor } from "../support/cases";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll, synthStack } from "../support/synth";
import { KORCZEWSKI, variant, withEnvironment } from "../support/platforms";

const { platform } = KORCZEWSKI;
const { development, staging, production } = synthAll(KORCZEWSKI);
const BACKENDS = [0, 1, 2].map((replica) => `l2p_blue_backend-${replica}`);

const env = (name: string, stack = production): string[] => stack.container(name)["env"] as string[];
/** What stands behind `"name" = ` in Terraform's text, up to its closing brace. */
const part = (text: string, name: string): string => {
  const start = text.indexOf(`"${name}" = {`);
  expect(start).toBeGreaterThan(0);
  return text.slice(start, text.indexOf("}", start));
};

describe("Traefik", () => {
  const command = production.container("edge")["command"] as string[];
  test("certificates by Let's Encrypt's HTTP challenge on port 80", () => {
    expect(command).toContain("--certificatesresolvers.letsencrypt.acme.httpchallenge.entrypoint=web");
    expect(command).toContain("--certificatesresolvers.letsencrypt.acme.email=admin@korczewski.de");
  });
  test("no DNS challenge, and no token for one", () => {
    for (const stack of [staging, production]) {
      expect(JSON.stringify(stack.container("edge"))).not.toMatch(/dnschallenge|CF_DNS_API_TOKEN/);
      expect(stack.json["variable"]).not.toHaveProperty("edge_dns_token");
    }
  });
  test("everything on port 80 but the challenge is redirected to HTTPS", () => {
    expect(command).toContain("--entrypoints.web.http.redirections.entrypoint.to=websecure");
    expect(command).toContain("--entrypoints.web.http.redirections.entrypoint.scheme=https");
  });
  test("HTTP only on a computer", () => {
    expect(development.text).not.toMatch(/websecure|acme/);
  });
});

describe("routing", () => {
  test.each([
    ["l2p.korczewski.de", "l2p", "l2p-frontend", "l2p_blue_frontend-0", 3007, 3007],
    ["api.l2p.korczewski.de", "l2p", "l2p-backend", "l2p_blue_backend-0", 3001, 3008],
    ["payment.korczewski.de", "payment", "payment", "payment_blue_payment-0", 3004, 3005],
    ["auth.korczewski.de", "auth", "auth", "auth_blue_auth-0", 5500, 5501],
    ["vault.korczewski.de", "videovault", "videovault", "videovault_blue_videovault-0", 5100, 5001],
  ])("https://%s is %s/%s", (host, product, service, container, port, developmentPort) => {
    const routing = production.routing(`${product}_switch_job`);
    expect(part(routing, service)).toContain('"entryPoints" = ["websecure"]');
    expect(part(routing, service)).toContain(`"rule" = "Host(\`${host}\`)"`);
    expect(routing).toContain(`"url" = "http://\${docker_container.${container}.name}:${port}"`);
    expect(part(development.routing(`${product}_switch_job`), `${service}-port`)).toContain(
      `"port-${developmentPort}"`,
    );
  });
  test("these five are all", () => {
    expect(
      servicesOf(platform)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["auth", "l2p-backend", "l2p-frontend", "payment", "videovault"]);
  });
  test.each([
    ["l2p_blue_backend-0", "http://127.0.0.1:3001/health"],
    ["payment_blue_payment-0", "http://127.0.0.1:3004/api/health"],
    ["auth_blue_auth-0", "http://127.0.0.1:5500/health"],
    ["videovault_blue_videovault-0", "http://127.0.0.1:5100/health"],
  ])("%s is healthy when %s answers curl, asked every 30 s, 10 s each, three times", (name, url) => {
    expect(production.container(name)["healthcheck"]).toMatchObject({
      test: ["CMD", "curl", "-fsS", "-o", "/dev/null", url],
      interval: "30s",
      timeout: "10s",
      retries: 3,
    });
  });
  test("the frontend's visitors and its backend find each other", () => {
    expect(env("l2p_blue_frontend-0")).toContain("VITE_API_URL=https://api.l2p.korczewski.de");
    for (const name of ["l2p_blue_backend-0", "payment_blue_payment-0"]) {
      expect(env(name)).toContain("AUTH_SERVICE_URL=https://auth.korczewski.de");
    }
  });
});

describe("payment", () => {
  const routing = production.routing("payment_switch_job");
  test("has Stripe's secrets, and they are secret", () => {
    expect(env("payment_blue_payment-0")).toEqual(
      expect.arrayContaining([
        "STRIPE_SECRET_KEY=${var.stripe_secret_key}",
        "STRIPE_WEBHOOK_SECRET=${var.stripe_webhook_secret}",
      ]),
    );
    expect(production.json["variable"]).toMatchObject({
      stripe_secret_key: { sensitive: true },
      stripe_webhook_secret: { sensitive: true },
    });
  });
  test("Stripe's events have a host and a router of their own", () => {
    expect(part(routing, "payment-webhooks")).toContain('"rule" = "Host(`webhooks.payment.korczewski.de`)"');
    expect(part(routing, "payment-webhooks")).toContain('"service" = "payment"');
    expect(part(routing, "payment")).not.toContain("webhooks");
    expect(production.resource("cloudflare_dns_record", "dns_webhooks-payment-korczewski-de")["name"]).toBe(
      "webhooks.payment.korczewski.de",
    );
  });
  test("no rate limit and no CORS for them, as for people", () => {
    expect(part(routing, "payment-webhooks")).toContain('"middlewares" = ["security-headers", "compress"]');
    expect(part(routing, "payment")).toContain(
      '"middlewares" = ["security-headers", "compress", "api-rate-limit", "api-cors"]',
    );
  });
  test("the set without traffic can be reached on that host too", () => {
    expect(part(routing, "payment-blue")).toContain(
      "(Host(`payment.korczewski.de`) || Host(`webhooks.payment.korczewski.de`)) && Header(`X-Twinset-Set`, `blue`)",
    );
  });
  test("no other service has such a host", () => {
    for (const name of ["auth", "l2p", "videovault"]) {
      expect(production.routing(`${name}_switch_job`)).not.toContain("webhooks");
    }
  });

  describe("with nginx as the edge", () => {
    const tls = { kind: "letsencrypt", challenge: "dns", email: "admin@korczewski.de" } as const;
    const stack = synthStack(
      variant({
        of: KORCZEWSKI,
        platform: (p) => ({
          ...withEnvironment("production", { tls })(p),
          edge: { ...p.edge, kind: "nginx", image: "nginx:1.29-alpine" },
        }),
      }),
    );
    const nginx = stack.routing("payment_switch_job");
    const server = (name: string): string =>
      nginx.split(/^(?=server \{)/m).find((block) => block.includes(`server_name ${name};`))!;
    test("fits the schemas", () => expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]));
    test("the host has a server of its own, without rate limit and CORS", () => {
      expect(server("payment.korczewski.de")).toContain("limit_req zone=api");
      expect(server("payment.korczewski.de")).toContain("Access-Control-Allow-Origin");
      expect(server("webhooks.payment.korczewski.de")).not.toMatch(/limit_req|Access-Control/);
    });
    test("it has the security headers, and leads to the set that weights or the set header choose", () => {
      expect(server("webhooks.payment.korczewski.de")).toContain("Strict-Transport-Security");
      expect(server("webhooks.payment.korczewski.de")).toContain("proxy_pass http://$payment_pool;");
      expect(nginx).toContain('"${var.smoke_key}:blue" blue;');
    });
  });
});

describe("auth", () => {
  test("signs people in with Google, which sends them back to its public address", () => {
    expect(env("auth_blue_auth-0")).toEqual(
      expect.arrayContaining([
        "GOOGLE_CLIENT_ID=${var.google_client_id}",
        "GOOGLE_CLIENT_SECRET=${var.google_client_secret}",
        "PUBLIC_URL=https://auth.korczewski.de",
      ]),
    );
  });
  test("the client's secret is one, its id is not", () => {
    expect(production.json["variable"]).toMatchObject({
      google_client_secret: { sensitive: true },
      google_client_id: { sensitive: false },
    });
  });
  test("Terraform refuses a JWT secret of fewer than 32 characters", () => {
    const words = "TF_VAR_jwt_secret must have at least 32 characters";
    for (const stack of [development, staging, production]) {
      const [{ condition, error_message }] = (stack.json["variable"] as Body)["jwt_secret"].validation;
      expect(condition).toMatch(/^\$\{length\(var\.jwt_secret\) >= 32\b/);
      expect(error_message).toBe(stack === development ? `${words}.` : `${words}, 8 of them different.`);
    }
  });
  test("it, payment and the L2P backend share that secret; nobody else has it", () => {
    const holders = pick(production, (body) =>
      ((body["env"] as string[]) ?? []).includes("JWT_SECRET=${var.jwt_secret}"),
    );
    expect(Object.keys(holders).sort()).toEqual(["auth_blue_auth-0", ...BACKENDS, "payment_blue_payment-0"]);
  });
});

describe("shared Postgres", () => {
  const DATABASES = ["auth", "l2p", "payment", "videovault"];
  test("is one", () => {
    expect(platform.stores.filter(({ kind }) => kind === "postgres")).toHaveLength(1);
    expect(production.resource("docker_image", "postgres_image")["name"]).toBe("postgres:16-alpine");
  });
  test("has four databases", () => {
    for (const stack of [development, staging, production]) {
      const made = Object.keys(containers(stack)).filter((name) => /^postgres_(?!ready)/.test(name));
      expect(made.sort()).toEqual(DATABASES.map((name) => `postgres_${name}`));
    }
  });
  test.each(DATABASES)("%s has a role and a password of its own", (name) => {
    expect(env(`postgres_${name}`)).toEqual(
      expect.arrayContaining([`DATABASE=${name}`, `ROLE_PASSWORD=\${var.${name}_database_password}`]),
    );
    const role = name === "l2p" ? "backend" : name;
    expect(env(`${name}_blue_${role}-0`)).toContain(
      `DATABASE_URL=postgresql://${name}:\${urlencode("\${var.${name}_database_password}")}@postgres:5432/${name}`,
    );
    expect(waitsFor(production, `${name}_blue_${role}-0`)).toContain(`postgres_${name}`);
  });
  test("on a computer it is on port 5433, as the separate one for tests is", () => {
    expect(development.container("postgres")["ports"]).toEqual([{ internal: 5432, external: 5433, ip: "127.0.0.1" }]);
  });
});

describe("scaling", () => {
  test("three L2P backends in production, each with a name of its own", () => {
    const names = BACKENDS.map((name) => String(production.container(name)["name"]));
    names.forEach((name, replica) => expect(name).toContain(`korczewski-production-l2p-backend-blue-${replica}-`));
    expect(Object.keys(containers(production)).filter((name) => name.startsWith("l2p_blue_backend"))).toEqual(BACKENDS);
  });
  test("requests are balanced over all three, and only over those that answer the edge's own check", () => {
    const routing = production.routing("l2p_switch_job");
    const servers = BACKENDS.map((name) => `{"url" = "http://\${docker_container.${name}.name}:3001"}`).join(", ");
    expect(routing).toContain(
      `"l2p-backend-blue" = {"loadBalancer" = {"servers" = [${servers}], "healthCheck" = {"path" = "/health"`,
    );
  });
  test("they share the database and the Redis cache", () => {
    for (const name of BACKENDS) {
      expect(env(name)).toContain('REDIS_URL=redis://l2p:${urlencode("${var.l2p_redis_password}")}@redis:6379');
      expect(env(name)).toEqual(env(BACKENDS[0]!));
    }
  });
  test("the frontend starts when all three are healthy", () => {
    expect(waitsFor(production, "l2p_blue_frontend-0")).toEqual(expect.arrayContaining(BACKENDS));
  });
});

describe("rolling update: a new version in the live colour", () => {
  const next = synthStack(
    variant({
      of: KORCZEWSKI,
      releases: { l2p: { live: "blue", canary: 0, blue: { version: "v1.3.0" }, green: null } },
    }),
  );
  test("another image replaces every container of the product", () => {
    expect(production.resource("docker_image", "l2p_blue_backend-image")["name"]).toMatch(/:v1\.2\.0$/);
    expect(next.resource("docker_image", "l2p_blue_backend-image")["name"]).toMatch(/:v1\.3\.0$/);
    for (const name of [...BACKENDS, "l2p_blue_frontend-0"]) {
      expect(next.label(name, "settings")).not.toBe(production.label(name, "settings"));
    }
  });
  test("the new ones start under other names while the old ones serve, and must get healthy", () => {
    for (const name of BACKENDS) {
      expect(next.container(name)).toMatchObject({
        name: expect.stringContaining("plantimestamp()"),
        wait: true,
        lifecycle: { create_before_destroy: true, ignore_changes: ["name"] },
      });
    }
  });
  test("then the load balancer points to them: the switch has their names and waits for them", () => {
    expect(waitsFor(next, "l2p_switch_job")).toEqual(expect.arrayContaining([...BACKENDS, "l2p_blue_frontend-0"]));
    for (const name of BACKENDS) {
      expect(next.routing("l2p_switch_job")).toContain(`\${docker_container.${name}.name}`);
    }
  });
  test("only then the old ones end, with time for the requests that they have", () => {
    for (const name of BACKENDS) expect(next.container(name)["destroy_grace_seconds"]).toBe(30);
  });
  test("nothing else changes", () => {
    const others = pick(production, (_, name) => !name.startsWith("l2p_"));
    expect(pick(next, (_, name) => !name.startsWith("l2p_"))).toEqual(others);
  });
});

describe("environments", () => {
  test("staging is smaller: a smaller server, one backend, no backups", () => {
    const server = (stack: typeof staging): Body => stack.resource("hcloud_server", "host_server");
    const memory = (stack: typeof staging): number =>
      platform.serverTypes[String(server(stack)["server_type"])]!.memory.mebibytes;
    expect(memory(staging)).toBeLessThan(memory(production));
    expect(Object.keys(containers(staging)).filter((name) => name.startsWith("l2p_blue_backend"))).toHaveLength(1);
    expect([server(staging)["backups"], server(production)["backups"]]).toEqual([false, true]);
  });
  test("verbose in development, errors only elsewhere", () => {
    const levels = (stack: typeof staging): string[] =>
      Object.values(
        map(longRunning(stack), ({ env }) => (env as string[]).find((entry) => entry.startsWith("LOG_LEVEL="))),
      ).flatMap((level) => level ?? []);
    expect(new Set(levels(development))).toEqual(new Set(["LOG_LEVEL=debug"]));
    for (const stack of [staging, production]) expect(new Set(levels(stack))).toEqual(new Set(["LOG_LEVEL=error"]));
  });
});

test("ids are a contract: these stay", () => {
  expect(Object.keys(containers(production))).toEqual(
    expect.arrayContaining([
      ...BACKENDS,
      "l2p_blue_frontend-0",
      "l2p_switch_job",
      "postgres",
      "postgres_l2p",
      "redis_ready",
    ]),
  );
});
