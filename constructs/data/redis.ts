import { Construct } from "constructs";
import { Health } from "../../model/health";
import { snake } from "../../model/names";
import {
  REDIS_ADMINISTRATOR,
  REDIS_DEFAULT_USER,
  redisEviction,
  redisMemory,
  type RedisRights,
} from "../../model/redis";
import { seconds } from "../../model/units";
import type { Job } from "../docker/job";
import type { RedisStore } from "../../model/service";
import { type PasswordProps, StoreContainer, type StoreProps } from "./store-container";

/** The user that the Alpine image runs Redis as. */
const REDIS_USER = "999:1000";

/** Someone who may log in. */
export interface RedisUser {
  readonly rights: RedisRights;
  /** A Terraform token. */
  readonly password: string;
}

export interface RedisProps extends StoreProps, PasswordProps {
  readonly store: RedisStore;
  /** Products' users. @default the administrator alone may log in */
  readonly users?: readonly RedisUser[];
}

/**
 * Redis with a user per product, a bound on its memory, and an append-only file that is written out every second ("Redis
 * Configuration"). Who may log in is said at its start alone, so it is always what the catalog says.
 */
export class Redis extends Construct {
  readonly ready: Job;

  constructor(scope: Construct, id: string, props: RedisProps) {
    super(scope, id);
    const { store, users = [] } = props;
    const login = `REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli --user ${REDIS_ADMINISTRATOR}`;
    this.ready = new StoreContainer(this, "resource", {
      ...props,
      env: {
        REDIS_PASSWORD: props.password,
        ...Object.fromEntries(users.map(({ rights, password }) => [passwordVariable(rights), password])),
      },
      command: [
        "sh",
        "-ec",
        redisScript(
          store,
          users.map(({ rights }) => rights),
        ),
      ],
      dataPath: "/data",
      // docker-compose.dev.yml: redis-cli ping every 10 s, timeout 5 s, 3 retries.
      health: Health.command(["CMD-SHELL", `${login} ping | grep -q PONG`], {
        every: seconds(10),
        timeout: seconds(5),
        retries: 3,
        startPeriod: seconds(30),
      }),
      sandbox: { user: REDIS_USER },
      probe: `${login} -h ${store.name} -p ${store.port} ping 2>&1 | grep -q PONG`,
    }).ready;
  }
}

/** The environment variable with a user's password: "PASSWORD_mana_core_auth". */
const passwordVariable = ({ user }: RedisRights): string => `PASSWORD_${snake(user)}`;

/**
 * Passwords go into a file in memory as their hashes: an argument would be in the host's process list, and in a hash no
 * character means anything to Redis.
 */
export function redisScript(store: RedisStore, users: readonly RedisRights[]): string {
  const all = ["~*", "&*", "+@all"];
  const user = (name: string, variable: string, rules: readonly string[]): string =>
    `echo "user ${name} reset on #$(hash_of "$${variable}") ${rules.join(" ")}"`;
  const known = users.some((each) => each.user === REDIS_DEFAULT_USER);
  return [
    "umask 077",
    `hash_of() { printf %s "$1" | sha256sum | cut -c1-64; }`,
    "{",
    ...[
      user(REDIS_ADMINISTRATOR, "REDIS_PASSWORD", all),
      ...(store.passwordAlone === "administrator"
        ? [user(REDIS_DEFAULT_USER, "REDIS_PASSWORD", all)]
        : known
          ? []
          : [`echo "user ${REDIS_DEFAULT_USER} reset off"`]),
      ...users.map((each) =>
        user(each.user, passwordVariable(each), [
          ...each.keys.map((pattern) => `~${pattern}`),
          ...each.channels.map((pattern) => `&${pattern}`),
          ...each.commands,
        ]),
      ),
    ].map((line) => `  ${line}`),
    "} > /tmp/redis.conf",
    [
      "exec redis-server /tmp/redis.conf",
      `--maxmemory ${redisMemory(store).mebibytes}mb`,
      `--maxmemory-policy ${redisEviction(store)}`,
      "--appendonly yes",
      "--appendfsync everysec",
    ].join(" "),
  ].join("\n");
}
