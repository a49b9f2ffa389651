import type { RedisStore } from "../../model/service";
import { mebibytes } from "../../model/units";
import { DEVELOPMENT_PASSWORD, madeUp } from "../../model/made-up";
import { template, urlEncoded } from "../../model/values";

export const REDIS_PASSWORD = madeUp("redis_password", {
  description: "Password of Redis",
  developmentDefault: DEVELOPMENT_PASSWORD,
});

/** Where services find the store that `redis()` makes. */
export const REDIS_URL = template`redis://:${urlEncoded(REDIS_PASSWORD)}@redis:6379`;

/**
 * Redis 7, on `data`, with 512 MB of data (docker-compose.prod.yml, manacore-deployment-architecture.md). The container
 * has half as much again: Redis counts its data only, and needs room to write its file.
 */
export const redis = (given: Partial<Omit<RedisStore, "kind">> = {}): RedisStore => ({
  kind: "redis",
  name: "redis",
  image: "redis:7-alpine",
  port: 6379,
  developmentPort: 6379,
  maxMemory: mebibytes(512),
  resources: { limits: { cpu: 0.25, memory: mebibytes(768) } },
  networks: ["data"],
  password: REDIS_PASSWORD,
  ...given,
});
