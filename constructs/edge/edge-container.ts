import type { Container } from "@cdktf/provider-docker/lib/container";
import { Construct } from "constructs";
import { METRICS_PORT } from "../../model/routing";
import { Health } from "../../model/health";
import { type Duration, seconds } from "../../model/units";
import { attach } from "../docker/container-settings";
import { DataVolume } from "../docker/data-volume";
import { longRunningContainer } from "../docker/long-running-container";
import { Image } from "../ghcr/image";
import { CERTIFICATES, EDGE_ALIAS, EDGE_USER, type EdgeProps, ROUTING } from "./edge";

export interface EdgeContainerProps extends EdgeProps {
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How long a first start may take before its health counts. */
  readonly startPeriod: Duration;
  /** Does the edge itself fetch certificates, and so write them? */
  readonly writesCertificates: boolean;
}

/** The edge's container with its two volumes and its ports: what is the same whichever proxy runs in it. */
export class EdgeContainer extends Construct {
  readonly image: Image;
  readonly container: Container;
  /** Name of the volume with the routing files. */
  readonly routing: string;
  /** Name of the volume with the certificates, where there is TLS. */
  readonly certificates: string | undefined;

  constructor(scope: Construct, id: string, props: EdgeContainerProps) {
    super(scope, id);
    const { engine, networks, settings, tls, developmentPorts } = props;
    const secure = tls.kind !== "none";
    this.image = Image.of(this, "image", engine, settings.image);
    this.routing = new DataVolume(this, "routing", { engine, name: "edge-routing" }).name;
    this.certificates = secure
      ? new DataVolume(this, "certificates", { engine, name: "edge-certificates" }).name
      : undefined;

    const ports = [80, ...(secure ? [443] : []), ...developmentPorts.map(({ port }) => port)];
    this.container = longRunningContainer(this, "resource", {
      engine,
      name: `${engine.prefix}-edge`,
      image: this.image,
      env: props.env,
      networks: attach(networks, networks.edge, [EDGE_ALIAS, ...developmentPorts.map(({ service }) => service)]),
      health: {
        check: Health.http("/ping", {
          every: seconds(10),
          timeout: seconds(5),
          retries: 3,
          startPeriod: props.startPeriod,
        }),
        port: METRICS_PORT,
      },
      resources: settings.resources,
      sandbox: { user: EDGE_USER, capabilities: ["CAP_NET_BIND_SERVICE"] },
      labels: { service: "edge", tier: "infrastructure" },
      more: {
        ...(props.entrypoint ? { entrypoint: [...props.entrypoint] } : {}),
        command: [...props.command],
        ports: ports.map((port) => ({
          internal: port,
          external: port,
          // On a developer's computer nothing is open to the network around it.
          ip: secure ? (props.publishOn ?? "0.0.0.0") : "127.0.0.1",
          protocol: "tcp",
        })),
        volumes: [
          { volumeName: this.routing, containerPath: ROUTING, readOnly: true },
          ...(this.certificates
            ? [{ volumeName: this.certificates, containerPath: CERTIFICATES, readOnly: !props.writesCertificates }]
            : []),
        ],
      },
    });
  }
}
