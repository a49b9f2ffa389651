import { Health } from "../../../model/health";
import type { Product } from "../../../model/service";
import { gibibytes, mebibytes, minutes } from "../../../model/units";
import { madeUp } from "../../../model/made-up";
import { databaseUrl, perEnvironment, secret, setVersion, urlOf } from "../../../model/values";
import { hostsIn } from "../../environments";
import { MINIO_ACCESS } from "../../stores/minio";
import { redisUrl } from "../../stores/redis";
import { NETWORK } from "./stores";

export const ZONE = "sentineliq.com";
/** Where the edge is. The document's proxy reaches both services by ports of the host; here nothing is published. */
export const PUBLIC = "public";

const hosts = hostsIn(ZONE);
const NODE_ENV = perEnvironment({ development: "development", staging: "production", production: "production" });

/** "Via Sentry": errors, performance, release health. */
const SENTRY = {
  SENTRY_DSN: secret("sentry_dsn", {
    description: "Where server and client report errors",
    where: "Sentry → project → Client Keys (DSN)",
    example: "https://key@example.ingest.sentry.io/1",
  }),
  SENTRY_ENVIRONMENT: perEnvironment({ development: "development", staging: "staging", production: "production" }),
  SENTRY_RELEASE: setVersion(),
};

/** "Server & Client log to Logstash". */
const LOGS = { LOGSTASH_HOST: "logstash:5000" };

/**
 * "Application Services": a Wasp application. Its two images are built and tagged apart (`SERVER_TAG`, `CLIENT_TAG`), so
 * the release file may name a tag for each; they are released together, as a client speaks to its server.
 */
const saas: Product = {
  name: "saas",
  services: [
    {
      name: "saas-server",
      role: "server",
      port: 3001,
      developmentPort: 3001,
      // "/health endpoint"; the image is Node's, which has node for certain.
      health: Health.http("/health", { using: "node", startPeriod: minutes(1) }),
      // "server: 2 cores, 4 GB RAM".
      resources: { limits: { cpu: 2, memory: gibibytes(4) } },
      networks: [PUBLIC, NETWORK],
      env: {
        NODE_ENV,
        PORT: "3001",
        DATABASE_URL: databaseUrl(),
        REDIS_URL: redisUrl("saas"),
        ...LOGS,
        // "File storage (MinIO/S3)": the document names no variables.
        S3_ENDPOINT: "http://minio:9000",
        S3_ACCESS_KEY_ID: MINIO_ACCESS.user,
        S3_SECRET_ACCESS_KEY: MINIO_ACCESS.password,
        // "Authentication (JWT)"; the names are Wasp's own.
        JWT_SECRET: madeUp("jwt_secret", {
          description: "Signs the sessions' tokens",
          bytes: 32,
          minLength: 32,
        }),
        WASP_WEB_CLIENT_URL: urlOf("saas-client", "browser"),
        WASP_SERVER_URL: urlOf("saas-server", "browser"),
        ...SENTRY,
      },
      // "depends on postgres, redis, elasticsearch, logstash".
      dependsOn: ["postgres", "redis", "elasticsearch", "logstash"],
      access: { hosts: hosts("api"), proxied: false, cache: "bypass", api: true },
    },
    {
      name: "saas-client",
      role: "client",
      port: 3000,
      developmentPort: 3000,
      // "client: HTTP 200 response"; the image is nginx's on Alpine, which has wget.
      health: Health.http("/"),
      resources: { limits: { cpu: 0.5, memory: mebibytes(512) } },
      sandbox: {
        tmpfs: {
          "/tmp": "rw,noexec,nosuid,size=100m",
          "/var/cache/nginx": "rw,noexec,nosuid,size=100m",
          "/var/run": "rw,noexec,nosuid,size=16m",
        },
      },
      networks: [PUBLIC, NETWORK],
      // The document's http://server:3001 would pass by the switch, and no browser could use it.
      env: { REACT_APP_API_BASE_URL: urlOf("saas-server", "browser"), ...LOGS, ...SENTRY },
      // "depends on server".
      dependsOn: ["saas-server"],
      // "Client served from CDN" is among the future improvements.
      access: { hosts: hosts("app"), proxied: false, cache: "bypass", api: false },
    },
  ],
  database: {
    name: "sentineliq",
    at: { development: "postgres", staging: "postgres", production: "postgres" },
    // Prisma's pool is twice the server's cores and one.
    connections: { pool: 20 },
  },
  // No other product is in it.
  redis: { keys: ["*"] },
  // "Run migrations (Prisma)".
  migration: { service: "saas-server", command: ["npx", "prisma", "migrate", "deploy"] },
};

export const PRODUCTS: readonly Product[] = [saas];
