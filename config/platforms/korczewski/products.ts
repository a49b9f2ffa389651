/**
 * The five services of korczewski-deployment.md ("Deployment Overview"). The ports of its overview and of its routing
 * table are those on a developer's computer ("Access Points"); the health checks, which run inside the containers, have
 * others: 3001, 3004, 5500, 5100. A container listens on the latter. The frontend has one port only.
 */
import { Health } from "../../../model/health";
import type { Product, Service } from "../../../model/service";
import { mebibytes } from "../../../model/units";
import { madeUp } from "../../../model/made-up";
import { databaseUrl, perEnvironment, secret, setting, urlOf, type Value } from "../../../model/values";
import { hostsIn } from "../../environments";
import { redisUrl } from "../../stores/redis";

export const ZONE = "korczewski.de";

const hosts = hostsIn(ZONE);

/** "Environment Comparison": verbose in development, else errors only. */
const COMMON = {
  NODE_ENV: perEnvironment({ development: "development", staging: "production", production: "production" }),
  LOG_LEVEL: perEnvironment({ development: "debug", staging: "error", production: "error" }),
};

interface AppFacts {
  readonly port: number;
  readonly developmentPort: number;
  /** @default "/health" */
  readonly health?: string;
  /** @default as the service */
  readonly label?: string;
  readonly env: Readonly<Record<string, Value>>;
  readonly dependsOn?: readonly string[];
  readonly webhooks?: Service["access"]["webhooks"];
}

/** A service with a database of its own. No document gives limits: 512 MiB is what a Node service is given elsewhere. */
const app = (name: string, role: string, facts: AppFacts): Service => ({
  name,
  role,
  port: facts.port,
  developmentPort: facts.developmentPort,
  // Compose: curl, every 30 s, timeout 10 s, 3 retries.
  health: Health.http(facts.health ?? "/health", { using: "curl" }),
  resources: { limits: { cpu: 0.5, memory: mebibytes(512) } },
  networks: ["backend", "data"],
  env: { ...COMMON, PORT: String(facts.port), DATABASE_URL: databaseUrl(), ...facts.env },
  dependsOn: ["postgres", ...(facts.dependsOn ?? [])],
  access: {
    hosts: hosts(facts.label ?? name),
    proxied: false,
    cache: "bypass",
    api: true,
    ...(facts.webhooks ? { webhooks: facts.webhooks } : {}),
  },
});

/** "Shared Postgres": one server, a database for each application. */
const database = (name: string): Pick<Product, "database"> => ({
  database: { name, at: { development: "postgres", staging: "postgres", production: "postgres" } },
});

const AUTH = { AUTH_SERVICE_URL: urlOf("auth") };

/** "JWT secrets are 32+ characters". Auth signs with it, the others check with it. */
const JWT = {
  JWT_SECRET: madeUp("jwt_secret", {
    description: "Signs the sessions' tokens",
    bytes: 32,
    minLength: 32,
  }),
};

const l2p: Product = {
  name: "l2p",
  services: [
    {
      name: "l2p-frontend",
      role: "frontend",
      port: 3007,
      developmentPort: 3007,
      health: Health.http("/", { using: "curl" }),
      resources: { limits: { cpu: 0.25, memory: mebibytes(256) } },
      networks: ["frontend"],
      env: { ...COMMON, PORT: "3007", VITE_API_URL: urlOf("l2p-backend", "browser") },
      dependsOn: ["l2p-backend"],
      access: { hosts: hosts("l2p"), proxied: false, cache: "bypass", api: false },
    },
    app("l2p-backend", "backend", {
      port: 3001,
      developmentPort: 3008,
      label: "api.l2p",
      // "Scaling Strategy": three instances share a database and a Redis cache.
      env: { ...AUTH, ...JWT, REDIS_URL: redisUrl("l2p") },
      dependsOn: ["redis", "auth"],
    }),
  ],
  ...database("l2p"),
  // No other product is in it.
  redis: { keys: ["*"] },
};

const payment: Product = {
  name: "payment",
  services: [
    app("payment", "payment", {
      port: 3004,
      developmentPort: 3005,
      health: "/api/health",
      env: {
        ...AUTH,
        ...JWT,
        STRIPE_SECRET_KEY: secret("stripe_secret_key", {
          description: "Stripe's key: sk_test_… in development and staging, sk_live_… in production",
          where: "Stripe → Developers → API keys",
        }),
        STRIPE_WEBHOOK_SECRET: secret("stripe_webhook_secret", {
          description: "Proves that an event comes from Stripe; of the endpoint on the host webhooks.payment",
          where: "Stripe → Developers → Webhooks → endpoint → Signing secret",
        }),
      },
      dependsOn: ["auth"],
      // Stripe sends its events here.
      webhooks: hosts("webhooks.payment"),
    }),
  ],
  ...database("payment"),
};

const auth: Product = {
  name: "auth",
  services: [
    app("auth", "auth", {
      port: 5500,
      developmentPort: 5501,
      env: {
        ...JWT,
        // Google sends visitors back here.
        PUBLIC_URL: urlOf("auth", "browser"),
        GOOGLE_CLIENT_ID: setting("google_client_id", {
          description: "Id of the OAuth client; its redirect address is on the host auth",
          where: "Google Cloud console → APIs & Services → Credentials",
          example: "000000000000-example.apps.googleusercontent.com",
        }),
        GOOGLE_CLIENT_SECRET: secret("google_client_secret", {
          description: "Secret of that OAuth client",
          where: "Google Cloud console → APIs & Services → Credentials",
        }),
      },
    }),
  ],
  ...database("auth"),
};

const videovault: Product = {
  name: "videovault",
  services: [app("videovault", "videovault", { port: 5100, developmentPort: 5001, label: "vault", env: {} })],
  ...database("videovault"),
};

export const PRODUCTS: readonly Product[] = [auth, l2p, payment, videovault];
