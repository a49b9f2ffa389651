import { EVICTIONS } from "../../model/eviction";
import type { Environment } from "../../model/environment";
import { redisPassword } from "../../model/inputs";
import { snake } from "../../model/names";
import { type Platform, sized } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import {
  literalOf,
  REDIS_ADMINISTRATOR,
  REDIS_DATA_SHARE,
  REDIS_DEFAULT_USER,
  redisEviction,
  redisMemory,
  type RedisRights,
  redisRights,
} from "../../model/redis";
import type { Product, RedisStore } from "../../model/service";
import { inputsOf } from "../../model/values";

/** Nothing that a shell, Redis' settings or a pattern would read as more than itself, but for a star at the end. */
const PATTERN = /^[A-Za-z0-9_:.{}/@-]*\*?$/;
const COMMAND = /^[+-][a-z_]+(\|[a-z-]+)?$/;
const USER = /^[a-z][a-z0-9_-]*$/;
/** What changes the store or other products' data, whatever the keys; who needs it logs in as the administrator. */
const ADMINISTRATIVE =
  /^\+(acl|bgrewriteaof|bgsave|client\|(kill|pause|list|no-evict)|config|debug|failover|flushall|flushdb|function|keys|latency|migrate|module|monitor|psync|replicaof|restore|save|shutdown|slaveof|slowlog|swapdb|sync)(\||$)/;

interface User extends RedisRights {
  readonly product: string;
}

const redisStores = ({ stores }: Platform): RedisStore[] =>
  stores.filter((store): store is RedisStore => store.kind === "redis");

/** Each product in Redis is a user with keys that no other has, and no product is the administrator. */
export function checkRedis(platform: Platform): Problem[] {
  const users = platform.products.flatMap((product): User[] => {
    const rights = redisRights(product);
    return rights ? [{ ...rights, product: product.name }] : [];
  });
  const stores = redisStores(platform);
  return [
    ...users.flatMap((user) => [
      ...checkUser(user, users, stores),
      ...checkPatterns(user, users),
      ...checkCommands(user),
    ]),
    ...platform.products.flatMap((product) => checkPasswords(product, stores)),
    ...stores.flatMap((store) => checkEviction(store)),
  ];
}

function checkUser({ product, user }: User, all: readonly User[], stores: readonly RedisStore[]): Problem[] {
  const path = `${product}/redis`;
  const others = all.filter((other) => other.product !== product && snake(other.user) === snake(user));
  const taken = user === REDIS_DEFAULT_USER && stores.some(({ passwordAlone }) => passwordAlone === "administrator");
  return [
    ...(stores.length === 0
      ? [error(path, "a user, but the platform has no Redis", "a store of the kind redis", "add redis() to its stores")]
      : []),
    ...(!USER.test(user) || user === REDIS_ADMINISTRATOR || taken
      ? [error(`${path}/user`, `"${user}"`, "a user of the product's own", "leave it out: it is the product's name")]
      : []),
    ...(others.length > 0
      ? [
          error(
            `${path}/user`,
            `${user}, which ${list(others.map((other) => other.product))} has`,
            "a user of its own",
            "leave it out: it is the product's name",
          ),
        ]
      : []),
  ];
}

/** Two products with the very same pattern share on purpose; one whose keys are among another's does not. */
function checkPatterns(user: User, all: readonly User[]): Problem[] {
  return (["keys", "channels"] as const).flatMap((what) =>
    user[what].flatMap((pattern, place) => {
      const path = `${user.product}/redis/${what}/${place}`;
      if (pattern === "" || !PATTERN.test(pattern)) {
        return [error(path, `"${pattern}"`, "a text with a star at its end", `write "${user.product}:*"`)];
      }
      const others = all.filter(
        (other) => other.product !== user.product && other[what].some((theirs) => overlaps(pattern, theirs)),
      );
      return others.length === 0
        ? []
        : [
            error(
              path,
              `${pattern}, where ${list(others.map((other) => other.product))} has some of the same`,
              "what no other product has, or the same pattern at each that shares it",
              `write "${user.product}:*"`,
            ),
          ];
    }),
  );
}

/** Is anything in both? Not for the same pattern. */
function overlaps(one: string, other: string): boolean {
  if (one === other) return false;
  const [a, b] = [literalOf(one), literalOf(other)];
  return (a.startsWith(b) && b !== other) || (b.startsWith(a) && a !== one);
}

const checkCommands = ({ product, redis }: User & { readonly redis?: Product["redis"] }): Problem[] =>
  (redis?.commands ?? []).flatMap((command, place) =>
    COMMAND.test(command) && !ADMINISTRATIVE.test(command)
      ? []
      : [
          error(
            `${product}/redis/commands/${place}`,
            `"${command}"`,
            'one command that is no administrator\'s, as "+scan" or "-eval"',
            "remove it; a person logs in as the administrator",
          ),
        ],
  );

function checkPasswords(product: Product, stores: readonly RedisStore[]): Problem[] {
  const own = redisPassword(product.name).name;
  const administrators = stores
    .filter(({ passwordAlone }) => passwordAlone !== "administrator")
    .map(({ password }) => password.name);
  return product.services.flatMap((service) =>
    Object.entries(service.env).flatMap(([key, value]) => {
      const names = inputsOf(value).map(({ name }) => name);
      const path = `${product.name}/${service.name}/env/${key}`;
      const administrator = names.find((name) => administrators.includes(name));
      if (administrator !== undefined) {
        return [
          error(
            path,
            `${administrator}, the password of Redis' administrator`,
            "the password of the product's own user",
            `write redis: {} at the product, and redisUrl("${product.name}") or redisPassword("${product.name}") here`,
          ),
        ];
      }
      return names.includes(own) && !product.redis
        ? [error(path, `${own}, but the product has no user`, "a user in Redis", "write redis: {} at the product")]
        : [];
    }),
  );
}

const checkEviction = (store: RedisStore): Problem[] =>
  EVICTIONS.includes(redisEviction(store))
    ? []
    : [error(`${store.name}/eviction`, String(store.eviction), `one of ${list(EVICTIONS)}`, "correct its spelling")];

/** Redis counts its data only; where that fills the container, the kernel ends it in the middle of a write. */
export function checkRedisMemory(platform: Platform, environment: Environment): Problem[] {
  return redisStores(platform).flatMap((store) => {
    const limit = sized(environment, store).resources.limits.memory;
    const most = Math.floor(limit.mebibytes * REDIS_DATA_SHARE);
    return redisMemory(store).mebibytes <= most
      ? []
      : [
          error(
            `${store.name}/maxMemory`,
            `${redisMemory(store)} of data in a container of ${limit} in ${environment.name}`,
            `at most ${most} MiB: the rest is for clients, and for writing the file anew`,
            "lower it, or raise the container's memory",
          ),
        ];
  });
}
