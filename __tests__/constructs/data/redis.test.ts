/** What a product may do in the Redis that all share, by the real one. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { redis } from "../../../config/stores/redis";
import { type RedisRights, redisRights } from "../../../model/redis";
import type { ProductRedis, RedisStore } from "../../../model/service";
import { missingForRealRedis, RealRedis } from "../../support/real-redis";

const missing = missingForRealRedis();
if (missing) process.stderr.write(`No user was made in the real Redis: ${missing}.\n`);

const PASSWORD = `a "b" \\c $(id) 'd' #e`;
const rights = (name: string, of: ProductRedis = {}): RedisRights => redisRights({ name, services: [], redis: of })!;
const ADMINISTRATOR = { user: "administrator", password: "boss" };
const chat = { user: "chat", password: PASSWORD };
const quote = { user: "mana-quote", password: "q" };
const servers: RealRedis[] = [];
const start = async (users: readonly RedisRights[], change: Partial<RedisStore> = {}): Promise<RealRedis> => {
  const passwords = { PASSWORD_chat: PASSWORD, PASSWORD_mana_quote: "q", PASSWORD_default: "d" };
  const server = await RealRedis.start(redis(change), users, { REDIS_PASSWORD: "boss", ...passwords });
  servers.push(server);
  return server;
};

(missing ? describe.skip : describe)("in the real Redis", () => {
  let server: RealRedis;
  beforeAll(async () => {
    server = await start([rights("chat"), rights("mana-quote")]);
    expect(server.ask(quote, "set", "mana-quote:theirs", "1")).toBe("OK");
  });
  afterAll(async () => {
    for (const each of servers) await each.stop();
  });

  test("a product works with its own keys, channels, transactions and scripts", () => {
    expect(server.ask(chat, "set", "chat:a", "1")).toBe("OK");
    expect(server.ask(chat, "get", "chat:a")).toBe("1");
    expect(server.ask(chat, "publish", "chat:news", "x")).toBe("0");
    expect(server.ask(chat, "eval", "return redis.call('incr', KEYS[1])", "1", "chat:a")).toBe("2");
    expect(server.ask(chat, "script", "load", "return 1")).toMatch(/^[0-9a-f]{40}$/);
    expect(server.ask(chat, "xadd", "chat:events", "*", "k", "v")).toMatch(/^\d+-\d+$/);
    expect(server.ask(chat, "info", "server")).toContain("redis_version");
    expect(server.ask(chat, "client", "setname", "chat-1")).toBe("OK");
    expect(server.ask(chat, "pubsub", "numsub", "chat:news")).toContain("chat:news");
  });
  test.each([
    ["config", "set", "requirepass", "mine"],
    ["config", "get", "*"],
    ["acl", "setuser", "chat", "on", "+@all", "~*"],
    ["acl", "list"],
    ["flushall"],
    ["flushdb"],
    ["debug", "sleep", "0"],
    ["shutdown", "nosave"],
    ["keys", "*"],
    ["keys", "mana-quote:*"],
    ["scan", "0"],
    ["randomkey"],
    ["dbsize"],
    ["select", "1"],
    ["swapdb", "0", "1"],
    ["move", "chat:a", "1"],
    ["save"],
    ["bgsave"],
    ["bgrewriteaof"],
    ["replicaof", "127.0.0.1", "1"],
    ["module", "list"],
    ["monitor"],
    ["slowlog", "get"],
    ["latency", "latest"],
    ["client", "list"],
    ["client", "kill", "type", "normal"],
    ["client", "pause", "1"],
    ["client", "tracking", "on", "bcast"],
    ["script", "flush"],
    ["script", "kill"],
    ["function", "flush"],
    ["function", "list"],
    ["pubsub", "channels"],
    ["get", "mana-quote:theirs"],
    ["set", "mana-quote:theirs", "2"],
    ["del", "chat:a", "mana-quote:theirs"],
    ["mget", "chat:a", "mana-quote:theirs"],
    ["rename", "chat:a", "mana-quote:b"],
    ["copy", "mana-quote:theirs", "chat:copy"],
    ["object", "encoding", "mana-quote:theirs"],
    ["exists", "mana-quote:theirs"],
    ["sort", "chat:a", "by", "mana-quote:*"],
    ["eval", "return redis.call('get', KEYS[1])", "1", "mana-quote:theirs"],
    ["eval", "return redis.call('get', 'mana-quote:theirs')", "0"],
    ["eval", "return redis.call('flushall')", "0"],
    ["eval", "return redis.call('config', 'set', 'requirepass', 'x')", "0"],
    ["publish", "mana-quote:news", "x"],
    ["subscribe", "mana-quote:news"],
    ["psubscribe", "*"],
    ["subscribe", "__keyspace@0__:mana-quote:theirs"],
    ["spublish", "mana-quote:news", "x"],
    ["set", "chatter", "1"],
  ])("a product may not: %s %s %s %s", (...command) => {
    expect(server.ask(chat, ...command)).toMatch(/NOPERM|ACL failure|can't (run this command|access)|not allowed/i);
    expect(server.ask(quote, "get", "mana-quote:theirs")).toBe("1");
  });

  test("nothing that Redis itself counts as administrative or dangerous is a product's, but for INFO", () => {
    const allowed = ["admin", "dangerous"]
      .flatMap((category) => server.ask(ADMINISTRATOR, "acl", "cat", category).split("\n"))
      .filter((command) => {
        const words = command.split("|");
        // Redis counts arguments before it looks at rights.
        const answers = server.askAll(
          ADMINISTRATOR,
          Array.from({ length: 8 }, (_, more) =>
            ["acl dryrun chat", ...words, ...Array<string>(more).fill("chat:a")].join(" "),
          ),
        );
        return !answers.some((answer) => answer.includes("has no permissions to run")) || answers.includes("OK");
      });
    expect(allowed).toEqual(["info"]);
  }, 60_000);

  test.each([
    ["nobody", {}],
    ["a password alone, the administrator's", { password: "boss" }],
    ["a password alone, a product's", { password: PASSWORD }],
    ["another's password", { user: "chat", password: "q" }],
    ["a user that is not there", { user: "old", password: "q" }],
  ])("no login: %s", (_, login) => {
    expect(server.ask(login, "get", "chat:a")).toMatch(/NOAUTH|NOPERM|WRONGPASS/);
  });
  test("the administrator may do anything", () => {
    expect(server.ask(ADMINISTRATOR, "config", "get", "maxmemory-policy")).toContain("allkeys-lru");
    expect(server.ask(ADMINISTRATOR, "config", "get", "maxmemory")).toContain(String(512 * 2 ** 20));
    expect(server.ask(ADMINISTRATOR, "acl", "list").split("\n")).toHaveLength(4);
  });
  test("no password is in a process list", () => {
    for (const password of [PASSWORD, "boss"]) expect(server.commandLine()).not.toContain(password);
  });

  test("one more command and one less, as the product says", async () => {
    const other = await start([rights("chat", { commands: ["+scan", "-eval"] })]);
    expect(other.ask(chat, "scan", "0")).toBe("0");
    expect(other.ask(chat, "eval", "return 1", "0")).toContain("NOPERM");
  });
  test("a store of its own: all keys, and still no administrator", async () => {
    const own = await start([rights("chat", { keys: ["*"] })], { eviction: "noeviction" });
    expect(own.ask(chat, "set", "anything", "1")).toBe("OK");
    expect(own.ask(chat, "publish", "anything", "1")).toBe("0");
    expect(own.ask(chat, "flushall")).toContain("NOPERM");
    expect(own.ask(ADMINISTRATOR, "config", "get", "maxmemory-policy")).toContain("noeviction");
  });
  test("a client that can say a password alone is one product", async () => {
    const alone = await start([rights("chat", { user: "default" }), rights("mana-quote")]);
    expect(alone.ask({ password: "d" }, "set", "chat:a", "1")).toBe("OK");
    expect(alone.ask({ password: "d" }, "get", "mana-quote:theirs")).toContain("NOPERM");
    expect(alone.ask({ password: "d" }, "flushall")).toContain("NOPERM");
    expect(alone.ask({}, "get", "chat:a")).toMatch(/NOAUTH/);
  });
  test("as it was before: whoever has the one password may do anything", async () => {
    const before = await start([], { passwordAlone: "administrator" });
    expect(before.ask({ password: "boss" }, "config", "get", "maxmemory")).toContain("maxmemory");
    expect(before.ask({}, "ping")).toContain("NOAUTH");
  });
  test("without any product the administrator alone gets in", async () => {
    const empty = await start([]);
    expect(empty.ask({}, "ping")).toContain("NOAUTH");
    expect(empty.ask(ADMINISTRATOR, "ping")).toBe("PONG");
  });
});
