import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { ProductRouting } from "../../model/routing";
import { seconds } from "../../model/units";
import type { JobProps } from "../docker/job";
import type { Image } from "../ghcr/image";
import { call, literal } from "../terraform-expression";
import { type Edge, type EdgeProps, ROUTING, type RoutingFile } from "./edge";
import { EdgeContainer } from "./edge-container";
import { productConfig, sharedConfig, staticArguments } from "./traefik-config";
import { START_WITH_PLUGIN } from "./traefik-visitor";

/**
 * Traefik with its file provider: it watches a directory, so a product's switch is one file renamed into place, and no
 * connection is cut (ADR 0003).
 */
export class TraefikEdge extends Construct implements Edge {
  readonly image: Image;
  readonly container: ITerraformDependable;
  readonly extension = ".yml";
  readonly reload = [];
  readonly job: Pick<JobProps, "volumes">;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EdgeProps,
  ) {
    super(scope, id);
    const { tls } = props;
    const { container, image, routing } = new EdgeContainer(this, "resource", {
      ...props,
      entrypoint: ["sh"],
      command: [
        "-ec",
        literal(START_WITH_PLUGIN),
        "traefik",
        ...staticArguments({
          tls,
          zone: props.zone,
          trustedProxies: props.settings.trustedProxies,
          developmentPorts: props.developmentPorts.map(({ port }) => port),
        }),
      ],
      env: {
        ...(props.dnsToken ? { CF_DNS_API_TOKEN: props.dnsToken } : {}),
        ...(tls.kind === "letsencrypt" && tls.dnsApi ? { CLOUDFLARE_BASE_URL: tls.dnsApi } : {}),
      },
      startPeriod: seconds(10),
      writesCertificates: true,
    });
    this.image = image;
    this.container = container;
    this.job = { volumes: { [ROUTING]: routing } };
  }

  settingsFile(): RoutingFile {
    const { settings, tls, hstsMaxAge, corsOrigins } = this.props;
    return {
      file: `settings${this.extension}`,
      content: JSON.stringify(sharedConfig({ settings, tls, hstsMaxAge, corsOrigins }), null, 2),
    };
  }

  productFile(routing: ProductRouting): string {
    // JSON is YAML; Terraform encodes it, as names and the key are known to Terraform only.
    const { tls, smokeKey, settings } = this.props;
    return call("jsonencode", productConfig(routing, tls, smokeKey, settings.trustedProxies));
  }
}
