/** What a product may do in a Redis that all share. */
import type { Eviction } from "./eviction";
import type { Product, ProductRedis, RedisStore } from "./service";
import { mebibytes, type Size } from "./units";

/** The user for people and for what runs the store; no product is it. */
export const REDIS_ADMINISTRATOR = "administrator";
/** Whom Redis takes a client for that says a password alone. */
export const REDIS_DEFAULT_USER = "default";

/** The most of its container's memory that may be data; the rest is for clients, and for writing the file anew. */
export const REDIS_DATA_SHARE = 0.75;

export const redisMemory = ({ maxMemory }: RedisStore): Size => maxMemory ?? mebibytes(512);
export const redisEviction = ({ eviction }: RedisStore): Eviction => eviction ?? "allkeys-lru";

/** "chat:*" → "chat:"; what the pattern of a check may be is a text, and a star at its end. */
export const literalOf = (pattern: string): string => pattern.replace(/\*$/, "");

/**
 * Work with keys and channels of its own, scripts, transactions. Not what names keys or channels of others, whatever
 * their pattern (SCAN, RANDOMKEY, PUBSUB CHANNELS, tracking), changes what all share (functions, the scripts' cache), or
 * leads to another database. Categories are added, not taken from @all: a command that a later Redis has is not in.
 */
const COMMANDS = [
  ...["-@all", "+@read", "+@write", "+@keyspace", "+@connection", "+@transaction", "+@pubsub", "+@scripting"],
  ...["-@admin", "-@dangerous", "+info"],
  ...["-scan", "-randomkey", "-dbsize", "-select", "-move", "-swapdb", "-function", "-fcall", "-fcall_ro"],
  ...["-client|tracking", "-client|caching", "-script", "+script|load", "+script|exists"],
  ...["-pubsub", "+pubsub|numsub", "+pubsub|numpat"],
];

export interface RedisRights {
  readonly user: string;
  readonly keys: readonly string[];
  readonly channels: readonly string[];
  /** Rules of Redis' own form, in their order. */
  readonly commands: readonly string[];
}

/** @returns nothing for a product that does not use Redis */
export function redisRights({ name, redis }: Product): (RedisRights & { readonly redis: ProductRedis }) | undefined {
  if (!redis) return undefined;
  const keys = redis.keys ?? [`${name}:*`];
  return {
    redis,
    user: redis.user ?? name,
    keys,
    channels: redis.channels ?? keys,
    commands: [...COMMANDS, ...(redis.commands ?? [])],
  };
}
