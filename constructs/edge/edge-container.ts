import { Container } from "@cdktf/provider-docker/lib/container";
import { Construct } from "constructs";
import { METRICS_PORT } from "../../model/routing";
import { Health, healthTest, waitTimeout } from "../../model/health";
import { type Duration, seconds } from "../../model/units";
import { attach, commonSettings, envList, healthcheck, withSettings } from "../docker/container-settings";
import { DataVolume } from "../docker/data-volume";
import { replaceWithHost } from "../docker/engine";
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

    const health = Health.http("/ping", {
      every: seconds(10),
      timeout: seconds(5),
      retries: 3,
      startPeriod: props.startPeriod,
    });
    const ports = [80, ...(secure ? [443] : []), ...developmentPorts.map(({ port }) => port)];
    const env = envList(props.env);
    const common = {
      ...commonSettings({
        engine,
        resources: settings.resources,
        sandbox: { user: EDGE_USER, capabilities: ["CAP_NET_BIND_SERVICE"] },
        labels: { service: "edge", tier: "infrastructure" },
      }),
      ...(props.entrypoint ? { entrypoint: [...props.entrypoint] } : {}),
      command: [...props.command],
      networksAdvanced: attach(
        networks,
        ["frontend", "backend"],
        [EDGE_ALIAS, ...developmentPorts.map(({ service }) => service)],
      ),
      ports: ports.map((port) => ({
        internal: port,
        external: port,
        // On a developer's computer nothing is open to the network around it.
        ip: secure ? "0.0.0.0" : "127.0.0.1",
        protocol: "tcp",
      })),
      volumes: [
        { volumeName: this.routing, containerPath: ROUTING, readOnly: true },
        ...(this.certificates
          ? [{ volumeName: this.certificates, containerPath: CERTIFICATES, readOnly: !props.writesCertificates }]
          : []),
      ],
      healthcheck: healthcheck(health, healthTest(health, METRICS_PORT)),
    };
    this.container = new Container(this, "resource", {
      ...common,
      name: `${engine.prefix}-edge`,
      labels: withSettings(engine, common, this.image.reference, env),
      image: this.image.imageId,
      env,
      wait: true,
      waitTimeout: waitTimeout(health).seconds,
      lifecycle: replaceWithHost(engine),
    });
  }
}
