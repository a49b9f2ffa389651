/**
 * The three kinds of service that Manacore has, with what the documents say of all of their kind.
 * deployment-architecture = manacore-deployment-architecture.md, ci-cd-plan = manacore-ci-cd-plan.md (2025-11-27).
 */
import { Health } from "../../../model/health";
import type { MobileApp, Product, Service } from "../../../model/service";
import { mebibytes, seconds } from "../../../model/units";
import { databaseUrl, perEnvironment, secret, setting, urlOf, type Value } from "../../../model/values";
import { hosts } from "./hosts";

const NODE_ENV = perEnvironment({ development: "development", staging: "production", production: "production" });

/** A path on which nothing can be executed; the documents' own options and size ("Container Security"). */
const TMP = "rw,noexec,nosuid,size=100m";

interface BackendFacts {
  readonly name?: string;
  readonly role?: string;
  readonly label?: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, Value>>;
  readonly dependsOn?: readonly string[];
}

/**
 * A NestJS API. Port inside = port on a developer's computer (Port Allocation Matrix). Not proxied by Cloudflare: "API
 * endpoints should NOT be proxied through Cloudflare to avoid caching issues".
 *
 * The documents' Compose sample makes the backend network internal, yet the same backends call Azure OpenAI, Supabase
 * and Stripe; the diagrams cut only the data network off. So the backend network reaches out, the data network does not.
 */
export function backend(product: string, facts: BackendFacts): Service {
  const name = facts.name ?? `${product}-backend`;
  return {
    name,
    role: facts.role ?? "backend",
    port: facts.port,
    developmentPort: facts.port,
    // Compose: interval 30 s, timeout 10 s, 3 retries, start period 40 s; the Dockerfile template's 10 s is shorter.
    health: Health.http("/api/health", { startPeriod: seconds(40) }),
    resources: {
      // Limits from docker-compose.production.yml, expectation from "Resource Requirements".
      limits: { cpu: 1, memory: mebibytes(512) },
      expected: { cpu: 0.5, memory: mebibytes(512) },
    },
    sandbox: { tmpfs: { "/tmp": TMP, "/app/.cache": TMP } },
    networks: ["backend", "data"],
    env: { NODE_ENV, PORT: String(facts.port), DATABASE_URL: databaseUrl(), ...facts.env },
    dependsOn: ["postgres", ...(facts.dependsOn ?? [])],
    access: { hosts: hosts(facts.label ?? `api-${product}`), proxied: false, cache: "bypass", api: true },
  };
}

/** A SvelteKit app with the Node adapter: 3000 inside (Dockerfile template), 31xx on a developer's computer. */
export function web(product: string, developmentPort: number, env: Readonly<Record<string, Value>> = {}): Service {
  return {
    name: `${product}-web`,
    role: "web",
    port: 3000,
    developmentPort,
    // Dockerfile template: timeout 5 s, start period 5 s.
    health: Health.http("/api/health", { timeout: seconds(5), startPeriod: seconds(5) }),
    resources: { limits: { cpu: 0.25, memory: mebibytes(256) } },
    sandbox: { tmpfs: { "/tmp": TMP, "/app/.cache": TMP } },
    networks: ["frontend"],
    env: { NODE_ENV, PORT: "3000", HOST: "0.0.0.0", ...env },
    access: { hosts: hosts(`app-${product}`), proxied: true, cache: "bypass", api: false },
  };
}

/** What a web needs to find its own backend and Supabase project (environment matrix, chat-web). */
export function webEnv(product: string, backendService?: string): Readonly<Record<string, Value>> {
  const supabase = { where: "Supabase → project → Settings → API" };
  const id = product.replaceAll("-", "_");
  return {
    // The matrix has the public address, the Compose sample the internal one; a browser can only use the public one.
    ...(backendService ? { PUBLIC_BACKEND_URL: urlOf(backendService, "browser") } : {}),
    PUBLIC_SUPABASE_URL: setting(`${id}_supabase_url`, {
      ...supabase,
      description: `Address of ${product}'s Supabase project`,
      example: "https://example.supabase.co",
    }),
    PUBLIC_SUPABASE_ANON_KEY: setting(`${id}_supabase_anon_key`, {
      ...supabase,
      description: `Anonymous (public) key of ${product}'s Supabase project`,
    }),
  };
}

/** An Astro site in nginx: 80 inside, 32xx on a developer's computer. Docker lets an unprivileged user bind port 80. */
export function landing(product: string, developmentPort: number, access: Partial<Service["access"]> = {}): Service {
  return {
    name: `${product}-landing`,
    role: "landing",
    port: 80,
    developmentPort,
    // Dockerfile template: timeout 3 s, start period 5 s.
    health: Health.http("/health", { timeout: seconds(3), startPeriod: seconds(5) }),
    resources: { limits: { cpu: 0.1, memory: mebibytes(128) } },
    sandbox: { tmpfs: { "/tmp": TMP, "/var/cache/nginx": TMP, "/var/run": TMP } },
    networks: ["frontend"],
    env: {},
    access: { hosts: hosts(product), proxied: true, cache: "everything", logins: false, api: false, ...access },
  };
}

/** An Expo app: over-the-air bundles on the CDN, no container. */
export const mobile = (product: string): MobileApp => ({ name: `${product}-mobile`, path: `/${product}/` });

/** Data and schema of a product whose backend is NestJS with Drizzle ("Migration Workflow"). */
export const supabaseDatabase = (product: string): Pick<Product, "database" | "migration"> => ({
  database: { name: product, at: { development: "postgres", staging: "supabase", production: "supabase" } },
  migration: { service: `${product}-backend`, command: ["pnpm", "migration:run"] },
});

/** Supabase keys for a backend (Compose sample, maerchenzauber). */
export function supabaseKeys(product: string): Readonly<Record<string, Value>> {
  const id = product.replaceAll("-", "_");
  const where = "Supabase → project → Settings → API";
  return {
    SUPABASE_URL: setting(`${id}_supabase_url`, {
      where,
      description: `Address of ${product}'s Supabase project`,
      example: "https://example.supabase.co",
    }),
    SUPABASE_ANON_KEY: setting(`${id}_supabase_anon_key`, {
      where,
      description: `Anonymous (public) key of ${product}'s Supabase project`,
    }),
  };
}

export const AUTH_URL = { MANA_CORE_AUTH_URL: urlOf("mana-core-auth") };

/** Sentry (deployment-architecture, "Sentry Integration"): one project for all backends. */
export const SENTRY = {
  SENTRY_DSN: secret("sentry_dsn", {
    description: "Where backends report errors",
    where: "Sentry → project → Client Keys (DSN)",
    example: "https://key@example.ingest.sentry.io/1",
  }),
};
