import type { ContainerConfig } from "@cdktf/provider-docker/lib/container";
import type { Health } from "../../model/health";
import type { NetworkName, Resources, Sandbox } from "../../model/service";
import { type Engine, labels } from "./engine";
import type { Networks } from "./networks";
import { settingsHash } from "./settings-hash";

/** Non-root by default: "All containers run as unprivileged user (UID 1001)". */
export const DEFAULT_USER = "1001:1001";
export const DEFAULT_TMPFS: Readonly<Record<string, string>> = { "/tmp": "rw,noexec,nosuid,size=100m" };
/** Docker's own grace period is 10 s; running requests get more. */
export const DEFAULT_GRACE_SECONDS = 30;

/** Environment variables as Docker wants them, sorted, so that a reordered catalog changes nothing. */
export const envList = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env)
    .map(([key, value]) => `${key}=${value}`)
    .sort();

/** Cores as the provider reads them back: always with a fraction ("1.0", "0.25"). */
export const decimal = (cores: number): string => (Number.isInteger(cores) ? cores.toFixed(1) : String(cores));

/** The container's networks, with the names under which others reach it there. */
export const attach = (
  networks: Networks,
  names: readonly NetworkName[],
  aliases?: readonly string[],
): NonNullable<ContainerConfig["networksAdvanced"]> =>
  names.map((name) => ({ name: networks.name(name), ...(aliases ? { aliases: [...aliases] } : {}) }));

/** A health check in the form in which the provider reads it back. */
export const healthcheck = (health: Health, test: readonly string[]): NonNullable<ContainerConfig["healthcheck"]> => ({
  test: [...test],
  interval: health.every.toGo(),
  timeout: health.timeout.toGo(),
  retries: health.retries,
  startPeriod: health.startPeriod.toGo(),
});

/** The container's labels, with a hash of all its settings among them: any change of them replaces the container. */
export const withSettings = (
  engine: Engine,
  settings: Pick<ContainerConfig, "labels"> & object,
  more: unknown,
  env: readonly string[],
): ContainerConfig["labels"] => [
  ...(settings.labels as { label: string; value: string }[]),
  { label: `${engine.labelPrefix}.settings`, value: settingsHash([settings, more], env) },
];

export interface CommonSettings {
  readonly engine: Engine;
  readonly resources: Resources;
  readonly sandbox?: Sandbox;
  readonly labels: Readonly<Record<string, string | undefined>>;
  readonly graceSeconds?: number;
}

/**
 * What every long-running container has, in the form in which the Docker provider reads it back (4.5.0): anything left
 * unset or written otherwise would be a difference on every plan, and unset grace kills at once.
 */
export function commonSettings(props: CommonSettings): Omit<ContainerConfig, "name" | "image"> {
  const { engine, resources, sandbox = {} } = props;
  const memory = resources.limits.memory.mebibytes;
  return {
    restart: "unless-stopped",
    cpus: decimal(resources.limits.cpu),
    memory,
    // Equal to memory: no swap.
    memorySwap: memory,
    user: sandbox.user ?? DEFAULT_USER,
    readOnly: sandbox.readOnly ?? true,
    tmpfs: { ...(sandbox.tmpfs ?? DEFAULT_TMPFS) },
    capabilities: {
      drop: ["ALL"],
      ...(sandbox.capabilities?.length ? { add: [...sandbox.capabilities] } : {}),
    },
    securityOpts: ["no-new-privileges:true"],
    logDriver: engine.logs.driver,
    logOpts: { ...engine.logs.options },
    labels: labels(engine, props.labels),
    destroyGraceSeconds: props.graceSeconds ?? DEFAULT_GRACE_SECONDS,
    provider: engine.provider,
    dependsOn: [...engine.ready],
  };
}
