import { Construct } from "constructs";
import type { Health } from "../../model/health";
import type { NetworkName, Sandbox, Store } from "../../model/service";
import { attach } from "../docker/container-settings";
import { DataVolume } from "../docker/data-volume";
import type { Engine } from "../docker/engine";
import { Job } from "../docker/job";
import { longRunningContainer } from "../docker/long-running-container";
import type { Networks } from "../docker/networks";
import { Image } from "../ghcr/image";
import { waitUntil } from "../shell";

export interface StoreProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly store: Store;
  /** The password; a Terraform token. */
  readonly password: string;
  /** Publish the store's port for programs on this computer. @default false */
  readonly publish?: boolean;
}

interface StoreContainerProps extends StoreProps {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** Where the volume goes. */
  readonly dataPath: string;
  readonly health: Health;
  readonly sandbox: Sandbox;
  /** A shell command that exits 0 when a client on the network can use the store. */
  readonly probe: string;
}

/** How long the readiness job tries. An empty database is made within a few seconds even on a busy machine. */
const READY_SECONDS = 180;
/** A database writes everything out before it stops. */
const STORE_GRACE_SECONDS = 60;

/**
 * A database or cache: one container under its plain name, one volume, and a job that waits until clients can use it.
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
    const volume = new DataVolume(this, "data", { engine, name: store.name });
    const joins: NetworkName[] = [...store.networks, ...(props.publish ? (["backend"] as const) : [])];
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
        volumes: [{ volumeName: volume.name, containerPath: props.dataPath }],
        // A network without a way out publishes nothing, so on a developer's computer the store joins the backend network.
        ...(props.publish && store.developmentPort
          ? { ports: [{ internal: store.port, external: store.developmentPort, ip: store.bindAddress ?? "127.0.0.1" }] }
          : {}),
      },
    });
    this.ready = new Job(this, "ready", {
      engine,
      networks,
      name: `${store.name}-ready`,
      image: this.image,
      command: ["sh", "-c", waitScript(store.name, props.probe)],
      env: props.env,
      joins: store.networks,
      ...(props.sandbox.user ? { user: props.sandbox.user } : {}),
      labels: { service: `${store.name}-ready`, tier: "infrastructure" },
    });
  }
}

const waitScript = (name: string, probe: string): string =>
  [
    ...waitUntil({
      until: probe,
      patienceSeconds: READY_SECONDS,
      everySeconds: 1,
      otherwise: [`echo "${name} did not answer within ${READY_SECONDS} s"`, "exit 1"],
    }),
    `echo "${name} answers"`,
  ].join("\n");
