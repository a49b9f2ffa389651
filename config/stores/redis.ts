import type { RedisStore } from "../../model/service";
import { redisPassword } from "../../model/inputs";
import { mebibytes } from "../../model/units";
import { DEVELOPMENT_PASSWORD, madeUp } from "../../model/made-up";
import { type Template, template, urlEncoded } from "../../model/values";

/** Where a product finds the store that `redis()` makes; the product says `redis: {}`. */
export const redisUrl = (product: string): Template =>
  template`redis://${product}:${urlEncoded(redisPassword(product))}@redis:6379`;

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
  password: madeUp("redis_password", {
    description: "Password of Redis' administrator",
    developmentDefault: DEVELOPMENT_PASSWORD,
  }),
  ...given,
});
