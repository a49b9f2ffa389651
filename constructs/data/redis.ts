import { Construct } from "constructs";
import { Health } from "../../model/health";
import { mebibytes, seconds } from "../../model/units";
import type { Job } from "../docker/job";
import type { RedisStore } from "../../model/service";
import { type PasswordProps, StoreContainer, type StoreProps } from "./store-container";

/** The user that the Alpine image runs Redis as. */
const REDIS_USER = "999:1000";

export interface RedisProps extends StoreProps, PasswordProps {
  readonly store: RedisStore;
}

/**
 * Redis with a password, a bound on its memory after which the least recently used keys go, and an append-only file
 * that is written out every second ("Redis Configuration").
 */
export class Redis extends Construct {
  readonly ready: Job;

  constructor(scope: Construct, id: string, props: RedisProps) {
    super(scope, id);
    const { store } = props;
    const maxMemory = store.maxMemory ?? mebibytes(512);
    this.ready = new StoreContainer(this, "resource", {
      ...props,
      env: { REDIS_PASSWORD: props.password },
      // The password goes into a file in memory: an argument would be in the host's process list.
      command: [
        "sh",
        "-ec",
        [
          "umask 077",
          `password=$(printf %s "$REDIS_PASSWORD" | sed 's/[\\\\"]/\\\\&/g')`,
          `printf 'requirepass "%s"\\n' "$password" > /tmp/redis.conf`,
          [
            "exec redis-server /tmp/redis.conf",
            `--maxmemory ${maxMemory.mebibytes}mb`,
            "--maxmemory-policy allkeys-lru",
            "--appendonly yes",
            "--appendfsync everysec",
          ].join(" "),
        ].join("\n"),
      ],
      dataPath: "/data",
      // docker-compose.dev.yml: redis-cli ping every 10 s, timeout 5 s, 3 retries.
      health: Health.command(["CMD-SHELL", 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli ping | grep -q PONG'], {
        every: seconds(10),
        timeout: seconds(5),
        retries: 3,
        startPeriod: seconds(30),
      }),
      sandbox: { user: REDIS_USER },
      probe: `REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h ${store.name} -p ${store.port} ping 2>&1 | grep -q PONG`,
    }).ready;
  }
}
