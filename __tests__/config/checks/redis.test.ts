import { describe, expect, test } from "@jest/globals";
import { redis, redisUrl } from "../../../config/stores/redis";
import { redisPassword } from "../../../model/inputs";
import type { Platform } from "../../../model/platform";
import type { ProductRedis, RedisStore } from "../../../model/service";
import { mebibytes } from "../../../model/units";
import { template } from "../../../model/values";
import { MANACORE, withEnvironment, withService } from "../../support/platforms";
import { check, expectProblem } from "./support";

type Change = (platform: Platform) => Platform;
const withRedis =
  (name: string, change: ProductRedis): Change =>
  (platform) => ({
    ...platform,
    products: platform.products.map((product) =>
      product.name === name ? { ...product, redis: { ...product.redis, ...change } } : product,
    ),
  });
const withStore =
  (change: Partial<RedisStore>): Change =>
  (platform) => ({
    ...platform,
    stores: platform.stores.map((store) => (store.kind === "redis" ? { ...store, ...change } : store)),
  });
const both =
  (...changes: Change[]): Change =>
  (platform) =>
    changes.reduce((changed, change) => change(changed), platform);

describe("a product's keys", () => {
  test.each(["*", "mana-core-auth:x*", "mana-core*", "mana-core-auth:one"])("that are among another's: %s", (keys) => {
    const problems = check(withRedis("uload", { keys: [keys], channels: ["uload:*"] }));
    expect(problems.map(({ path }) => path)).toEqual(["mana-core-auth/redis/keys/0", "uload/redis/keys/0"]);
    expect(problems[1]).toMatchObject({ given: expect.stringContaining("mana-core-auth has some of the same") });
  });
  test("that share a beginning, and none is another's", () => {
    expect(check(withRedis("uload", { keys: ["mana-core-authority:*", "mana-core-aut"] }))).toEqual([]);
  });
  test("the same pattern at both is shared on purpose", () => {
    const shared = both(
      withRedis("uload", { keys: ["uload:*", "links:*"] }),
      withRedis("mana-core-auth", { keys: ["mana-core-auth:*", "links:*"] }),
    );
    expect(check(shared)).toEqual([]);
  });
  test.each(["", "a b*", "a*b*", 'x"; flushall', "$(id)", "[a]*", "a?", "é*"])("that are no pattern: %s", (pattern) => {
    for (const what of ["keys", "channels"]) {
      const others = what === "keys" ? { channels: ["uload:*"] } : {};
      expectProblem(check(withRedis("uload", { ...others, [what]: [pattern] })), { path: `uload/redis/${what}/0` });
    }
  });
});

describe("a product's commands", () => {
  test.each(["+scan", "-eval", "+pubsub|channels", "+sort_ro"])("more or less: %s", (command) => {
    expect(check(withRedis("uload", { commands: [command] }))).toEqual([]);
  });
  test.each([
    "+config",
    "+config|set",
    "+@all",
    "+acl",
    "+flushall",
    "+shutdown",
    "+debug",
    "~*",
    "allcommands",
    "scan",
    "+scan ~*",
  ])("that are an administrator's, or none: %s", (command) => {
    expectProblem(check(withRedis("uload", { commands: [command] })), {
      path: "uload/redis/commands/0",
      given: command,
    });
  });
});

describe("a product's user", () => {
  test.each(["administrator", "Boss", "a b", ""])("that is none of its own: %s", (user) => {
    expectProblem(check(withRedis("uload", { user })), { path: "uload/redis/user" });
  });
  test.each(["mana-core-auth", "mana_core_auth"])("that another has: %s", (user) => {
    const problems = check(withRedis("uload", { user }));
    expect(problems.map(({ path }) => path)).toEqual(["mana-core-auth/redis/user", "uload/redis/user"]);
  });
  test("who says a password alone, where that is the administrator's", () => {
    expect(check(withRedis("uload", { user: "default" }))).toEqual([]);
    const taken = both(withStore({ passwordAlone: "administrator" }), withRedis("uload", { user: "default" }));
    expectProblem(check(taken), { path: "uload/redis/user" });
  });
  test("where there is no Redis", () => {
    const problems = check((p) => ({ ...p, stores: p.stores.filter(({ kind }) => kind !== "redis") }));
    expect(problems.map(({ path }) => path)).toEqual(expect.arrayContaining(["mana-core-auth/redis", "uload/redis"]));
  });
});

describe("a password", () => {
  test("of the administrator, in a product's hands", () => {
    const env = { CACHE: template`redis://:${redis().password}@redis:6379` };
    const change = withService("bauntown-landing", { env });
    expectProblem(check(change), { path: "bauntown/bauntown-landing/env/CACHE", given: "administrator" });
    expect(check(both(change, withStore({ passwordAlone: "administrator" })))).toEqual([]);
  });
  test.each([redisUrl("bauntown"), redisPassword("bauntown")])("of a user that is not made", (value) => {
    expectProblem(check(withService("bauntown-landing", { env: { CACHE: value } })), {
      path: "bauntown/bauntown-landing/env/CACHE",
      fix: "write redis: {}",
    });
  });
});

describe("memory", () => {
  test("more data than three quarters of the container, in each environment", () => {
    const problems = check(withStore({ maxMemory: mebibytes(577) }));
    expect(problems.map(({ path }) => path)).toEqual(Array(3).fill("redis/maxMemory"));
    expect(problems[0]!.expected).toContain("at most 576 MiB");
    expect(check(withStore({ maxMemory: mebibytes(576) }))).toEqual([]);
  });
  test("by an environment's own limit", () => {
    const limits = { redis: { cpu: 0.25, memory: mebibytes(512) } };
    expectProblem(check(withEnvironment("staging", { limits })), { path: "redis/maxMemory", given: "in staging" });
  });
  test("with an eviction that Redis does not have", () => {
    expectProblem(check(withStore({ eviction: "lru" as never })), { path: "redis/eviction", given: "lru" });
    expect(check(withStore({ eviction: "noeviction" }), MANACORE)).toEqual([]);
  });
});
