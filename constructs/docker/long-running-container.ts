import { Container, type ContainerConfig } from "@cdktf/provider-docker/lib/container";
import type { ITerraformDependable, TerraformResourceLifecycle } from "cdktf";
import type { Construct } from "constructs";
import { type Health, healthTest, waitTimeout } from "../../model/health";
import type { Resources, Sandbox } from "../../model/service";
import type { Image } from "../ghcr/image";
import { DEFAULT_USER, envList } from "./container-settings";
import { type Engine, labels, replaceWithHost } from "./engine";
import { settingsHash } from "./settings-hash";

export interface LongRunningProps {
  readonly engine: Engine;
  /** The container's whole name. */
  readonly name: string;
  readonly image: Image;
  /** Environment variables; values may be Terraform tokens. */
  readonly env: Readonly<Record<string, string>>;
  readonly networks: NonNullable<ContainerConfig["networksAdvanced"]>;
  /** Terraform waits until it is healthy. A companion that serves nobody may have none. */
  readonly health?: { readonly check: Health; readonly port: number };
  readonly resources: Resources;
  readonly sandbox?: Sandbox;
  readonly labels: Readonly<Record<string, string | undefined>>;
  /** @default 30 */
  readonly graceSeconds?: number;
  readonly more?: Pick<ContainerConfig, "entrypoint" | "command" | "pidMode" | "ports" | "upload" | "volumes">;
  readonly dependsOn?: readonly ITerraformDependable[];
  readonly lifecycle?: TerraformResourceLifecycle;
}

const DEFAULT_TMPFS: Readonly<Record<string, string>> = { "/tmp": "rw,noexec,nosuid,size=100m" };
/** Docker's own grace period is 10 s; running requests get more. */
const DEFAULT_GRACE_SECONDS = 30;

/**
 * A container that stays, in the form in which the Docker provider reads it back (4.5.0): anything left unset or written
 * otherwise would be a difference on every plan, and unset grace kills at once. Its `settings` label has a hash of all of
 * its settings, so any change of them replaces it.
 */
export function longRunningContainer(scope: Construct, id: string, props: LongRunningProps): Container {
  const { engine, resources, sandbox = {}, health } = props;
  const memory = resources.limits.memory.mebibytes;
  const env = envList(props.env);
  const user = sandbox.user ?? DEFAULT_USER;
  const settings = {
    ...props.more,
    networksAdvanced: props.networks,
    ...(health ? { healthcheck: healthcheck(health.check, health.port) } : {}),
    restart: "unless-stopped",
    cpus: decimal(resources.limits.cpu),
    memory,
    // Equal to memory: no swap.
    memorySwap: memory,
    user,
    readOnly: sandbox.readOnly ?? true,
    tmpfs: ownedBy(user, sandbox.tmpfs ?? DEFAULT_TMPFS),
    capabilities: { drop: ["ALL"], ...(sandbox.capabilities?.length ? { add: [...sandbox.capabilities] } : {}) },
    securityOpts: ["no-new-privileges:true"],
    logDriver: engine.logs.driver,
    logOpts: { ...engine.logs.options },
    destroyGraceSeconds: props.graceSeconds ?? DEFAULT_GRACE_SECONDS,
  };
  const hash = settingsHash([props.image.reference, settings, props.labels], env);
  return new Container(scope, id, {
    ...settings,
    name: props.name,
    image: props.image.imageId,
    env,
    labels: labels(engine, { ...props.labels, settings: hash }),
    ...(health ? { wait: true, waitTimeout: waitTimeout(health.check).seconds } : {}),
    provider: engine.provider,
    dependsOn: [...engine.ready, ...(props.dependsOn ?? [])],
    lifecycle: { ...props.lifecycle, ...replaceWithHost(engine) },
  });
}

/**
 * Gives the container's user its places in memory. Where an image has no such folder Docker makes it open to all at the
 * first start, and writable for its owner only after each restart, whatever `mode` says (measured; engine 20.10): a
 * PostgreSQL that was well did not come back when the engine was restarted.
 */
function ownedBy(user: string, tmpfs: Readonly<Record<string, string>>): Record<string, string> {
  const ids = /^(\d+):(\d+)$/.exec(user);
  // Only the image knows the number behind a name.
  if (!ids) return { ...tmpfs };
  return Object.fromEntries(
    Object.entries(tmpfs).map(([path, options]) => [path, `${options},uid=${ids[1]},gid=${ids[2]}`]),
  );
}

const healthcheck = (health: Health, port: number): NonNullable<ContainerConfig["healthcheck"]> => ({
  test: healthTest(health, port),
  interval: health.every.toGo(),
  timeout: health.timeout.toGo(),
  retries: health.retries,
  startPeriod: health.startPeriod.toGo(),
});

/** Cores as the provider reads them back: always with a fraction ("1.0", "0.25"). */
export const decimal = (cores: number): string => (Number.isInteger(cores) ? cores.toFixed(1) : String(cores));
