import { Container } from "@cdktf/provider-docker/lib/container";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { METRICS_PORT, type ProductRouting } from "../../model/routing";
import { attach, commonSettings, envList } from "../docker/container-settings";
import { DataVolume } from "../docker/data-volume";
import { replaceWithHost } from "../docker/engine";
import type { JobProps } from "../docker/job";
import { Image } from "../ghcr/image";
import { call } from "../terraform-expression";
import { type Edge, EDGE_ALIAS, EDGE_USER, type EdgeProps, type RoutingFile } from "./edge";
import { productConfig, sharedConfig, staticArguments } from "./traefik-config";

/**
 * Traefik with its file provider: it watches a directory, so a product's switch is one file renamed into place, and no
 * connection is cut (ADR 0003).
 */
export class TraefikEdge extends Construct implements Edge {
  readonly image: Image;
  readonly container: ITerraformDependable;
  readonly directory = "/routing";
  readonly reload = [];
  readonly job: Pick<JobProps, "volumes">;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EdgeProps,
  ) {
    super(scope, id);
    const { engine, networks, settings, tls, developmentPorts } = props;
    const secure = tls.kind !== "none";
    this.image = Image.of(this, "image", engine, settings.image);
    const routing = new DataVolume(this, "routing", { engine, name: "edge-routing" });
    const certificates = secure
      ? new DataVolume(this, "certificates", { engine, name: "edge-certificates" })
      : undefined;
    this.job = { volumes: { [this.directory]: routing.name } };
    // On a developer's computer nothing is open to the network around it.
    const publish = (port: number): { internal: number; external: number; ip: string; protocol: string } => ({
      internal: port,
      external: port,
      ip: secure ? "0.0.0.0" : "127.0.0.1",
      protocol: "tcp",
    });
    this.container = new Container(this, "resource", {
      ...commonSettings({
        engine,
        resources: settings.resources,
        sandbox: { user: EDGE_USER, capabilities: ["CAP_NET_BIND_SERVICE"] },
        labels: { service: "edge", tier: "infrastructure" },
      }),
      name: `${engine.prefix}-edge`,
      image: this.image.imageId,
      command: staticArguments({
        directory: this.directory,
        tls,
        zone: props.zone,
        trustedProxies: settings.trustedProxies,
        developmentPorts: developmentPorts.map(({ port }) => port),
      }),
      env: envList(props.dnsToken ? { CF_DNS_API_TOKEN: props.dnsToken } : {}),
      networksAdvanced: attach(
        networks,
        ["frontend", "backend"],
        [EDGE_ALIAS, ...developmentPorts.map(({ service }) => service)],
      ),
      ports: [80, ...(secure ? [443] : []), ...developmentPorts.map(({ port }) => port)].map(publish),
      volumes: [
        { volumeName: routing.name, containerPath: this.directory, readOnly: true },
        ...(certificates ? [{ volumeName: certificates.name, containerPath: "/certificates" }] : []),
      ],
      healthcheck: {
        test: ["CMD", "wget", "--spider", "-q", `http://127.0.0.1:${METRICS_PORT}/ping`],
        interval: "10s",
        timeout: "5s",
        retries: 3,
        startPeriod: "10s",
        startInterval: "1s",
      },
      wait: true,
      waitTimeout: 90,
      lifecycle: replaceWithHost(engine),
    });
  }

  settingsFile(): RoutingFile {
    const { settings, tls, hstsMaxAge, corsOrigins } = this.props;
    return {
      file: "settings.yml",
      content: JSON.stringify(sharedConfig({ settings, tls, hstsMaxAge, corsOrigins }), null, 2),
    };
  }

  productFile(routing: ProductRouting): RoutingFile {
    const config = productConfig(routing, this.props.tls, this.props.smokeKey);
    // JSON is YAML; Terraform encodes it, as names and the key are known to Terraform only.
    return { file: `${routing.product}.yml`, content: call("jsonencode", config) };
  }
}
