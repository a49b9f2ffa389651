import type { Store } from "../../../model/service";
import { gibibytes, mebibytes } from "../../../model/units";
import { secret } from "../../../model/values";

/** The default that docker-compose.dev.yml has for both stores. */
const developmentDefault = "devpassword";

export const REDIS_PASSWORD = secret("redis_password", {
  description: "Password of Redis",
  where: "make one up, e.g. openssl rand -hex 24",
  developmentDefault,
});

/**
 * "Shared Infrastructure (2 services)". The port matrix gives PostgreSQL no port in production, as the products' data is
 * at Supabase there; the authentication service's own database still is in it.
 */
export const STORES: readonly Store[] = [
  {
    name: "postgres",
    kind: "postgres",
    image: "postgres:16-alpine",
    port: 5432,
    developmentPort: 5432,
    // docker-compose.dev.yml calls the administrator "manacore"; that is the authentication service's role here, and no
    // product's role should be an administrator.
    user: "postgres",
    // "Resource Requirements": 1 vCPU, 2 GB.
    resources: { limits: { cpu: 1, memory: gibibytes(2) } },
    networks: ["data"],
    password: secret("postgres_password", {
      description: "Password of PostgreSQL's administrator role",
      where: "make one up, e.g. openssl rand -hex 24",
      developmentDefault,
    }),
  },
  {
    name: "redis",
    kind: "redis",
    image: "redis:7-alpine",
    port: 6379,
    developmentPort: 6379,
    // docker-compose.prod.yml: 512 MB. The resource table's 256 MB for the container cannot hold that: 512 + a half.
    maxMemory: mebibytes(512),
    resources: { limits: { cpu: 0.25, memory: mebibytes(768) } },
    networks: ["data"],
    password: REDIS_PASSWORD,
  },
];
