import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type Health, waitTimeout } from "../../model/health";
import type { NetworkName, Sandbox, Store } from "../../model/service";
import { waitUntil } from "../../model/shell";
import { attach } from "../docker/container-settings";
import { DataVolume } from "../docker/data-volume";
import type { Engine } from "../docker/engine";
import { Job } from "../docker/job";
import { longRunningContainer } from "../docker/long-running-container";
import type { Networks } from "../docker/networks";
import { Image } from "../ghcr/image";

export interface StoreProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly store: Store;
  /** Publish the store's port for programs on this computer. @default false */
  readonly publish?: boolean;
  /** What must have happened before it starts: stores that it needs answer. */
  readonly dependsOn?: readonly ITerraformDependable[];
}

export interface PasswordProps {
  /** The password; a Terraform token. */
  readonly password: string;
}

interface StoreContainerProps extends StoreProps {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** Files that are in the container before it starts, path → content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where the volume goes. @default none */
  readonly dataPath?: string;
  readonly health: Health;
  readonly sandbox: Sandbox;
  /** A shell command that exits 0 when a client on the network can use the store. */
  readonly probe: string;
}

/** Seconds that the readiness job tries at least; a store that may take longer to get healthy has that time. */
const PATIENCE = 180;
/** A database writes everything out before it stops. */
const STORE_GRACE_SECONDS = 60;

/**
 * A store: one container under its plain name, a volume if it keeps data, and a job that waits until clients can use it.
 *
 * The job has no reference to the container on purpose. Terraform forces new-first replacement on whatever a new-first
 * container depends on, and a second database on the same volume would destroy the data. So services depend on the job,
 * the job asks over the network, and the store itself is always replaced old-first (ADR 0005).
 */
export class StoreContainer extends Construct {
  readonly image: Image;
  readonly ready: Job;

  constructor(scope: Construct, id: string, props: StoreContainerProps) {
    super(scope, id);
    const { engine, networks, store, health } = props;
    this.image = Image.of(this, "image", engine, store.image);
    const volume = props.dataPath && new DataVolume(this, "data", { engine, name: store.name });
    const ports = publishedPorts(store, props.publish ?? false);
    const joins: NetworkName[] = [...store.networks, ...(ports.length > 0 ? [networks.publishing!] : [])];
    longRunningContainer(this, "resource", {
      engine,
      name: `${engine.prefix}-${store.name}`,
      image: this.image,
      env: props.env,
      networks: attach(networks, joins, [store.name]),
      health: { check: health, port: store.port },
      resources: store.resources,
      sandbox: props.sandbox,
      labels: { service: store.name, tier: "infrastructure" },
      graceSeconds: STORE_GRACE_SECONDS,
      more: {
        ...(props.entrypoint ? { entrypoint: [...props.entrypoint] } : {}),
        ...(props.command ? { command: [...props.command] } : {}),
        ...(volume ? { volumes: [{ volumeName: volume.name, containerPath: props.dataPath! }] } : {}),
        ...(props.files ? { upload: Object.entries(props.files).map(([file, content]) => ({ file, content })) } : {}),
        ...(ports.length > 0 ? { ports } : {}),
      },
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    });
    this.ready = new Job(this, "ready", {
      engine,
      networks,
      name: `${store.name}-ready`,
      image: this.image,
      command: ["sh", "-c", waitScript(store.name, props.probe, Math.max(PATIENCE, waitTimeout(health).seconds))],
      env: props.env,
      joins: store.networks,
      ...(props.sandbox.user ? { user: props.sandbox.user } : {}),
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
      labels: { service: `${store.name}-ready`, tier: "infrastructure" },
    });
  }
}

/** Ports for people are on the host's loopback address everywhere, the store's own on a developer's computer only. */
function publishedPorts(store: Store, publish: boolean): { internal: number; external: number; ip: string }[] {
  const own =
    publish && store.developmentPort
      ? [{ internal: store.port, external: store.developmentPort, ip: store.bindAddress ?? LOOPBACK }]
      : [];
  const inside = (store.insidePorts ?? []).map((port) => ({ internal: port, external: port, ip: LOOPBACK }));
  return [...own, ...inside.filter((each) => !own.some(({ external }) => external === each.external))];
}

const LOOPBACK = "127.0.0.1";

const waitScript = (name: string, probe: string, patienceSeconds: number): string =>
  [
    ...waitUntil({
      until: probe,
      patienceSeconds,
      everySeconds: 1,
      otherwise: [`echo "${name} did not answer within ${patienceSeconds} s"`, "exit 1"],
    }),
    `echo "${name} answers"`,
  ].join("\n");
