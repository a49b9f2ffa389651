import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { certbotImage } from "../../model/images";
import type { ProductRouting } from "../../model/routing";
import { mebibytes, minutes } from "../../model/units";
import { attach } from "../docker/container-settings";
import type { JobProps } from "../docker/job";
import { longRunningContainer } from "../docker/long-running-container";
import { Image } from "../ghcr/image";
import { CERTIFICATES, type Edge, EDGE_USER, type EdgeProps, ROUTING, type RoutingFile } from "./edge";
import { EdgeContainer } from "./edge-container";
import { mainConfig, productNginxConfig, sharedNginxConfig } from "./nginx-config";

const MAIN = "/tmp/nginx.conf";

/**
 * nginx (1.27.4 or newer, for keepalive_min_timeout) behind the same interface as Traefik. A switch writes one file,
 * tests the whole configuration and sends HUP. It has no metrics per service, so a canary cannot be judged by them, and
 * a reload ends idle connections: both are why Traefik is the default (ADR 0003).
 */
export class NginxEdge extends Construct implements Edge {
  readonly image: Image;
  readonly container: ITerraformDependable;
  readonly extension = ".conf";
  // A broken file makes a reload silently keep the old one, so test first. Process 1 is the edge's: processes are shared.
  readonly reload = [`printf '%s' "$NGINX_CONF" > ${MAIN} && nginx -q -t -c ${MAIN} && kill -HUP 1`];
  readonly job: Pick<JobProps, "volumes" | "env" | "pidMode">;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EdgeProps,
  ) {
    super(scope, id);
    const env = { NGINX_CONF: mainConfig() };
    const secure = props.tls.kind !== "none";
    const waitForCertificate = `until [ -e ${CERTIFICATES}/live/${props.zone}/fullchain.pem ]; do sleep 1; done`;
    // A renewed certificate is read by the next reload: twice a day, as certbot looks.
    const reloadForCertificate = "(while sleep 43200; do kill -HUP 1; done) &";
    const { container, image, routing, certificates } = new EdgeContainer(this, "resource", {
      ...props,
      entrypoint: ["sh"],
      command: [
        "-ec",
        [
          `printf '%s' "$NGINX_CONF" > ${MAIN}`,
          ...(secure ? [waitForCertificate, reloadForCertificate] : []),
          `exec nginx -c ${MAIN} -g 'daemon off;'`,
        ].join("\n"),
      ],
      env,
      // The first certificate takes a minute or two.
      startPeriod: minutes(4),
      writesCertificates: false,
    });
    this.image = image;
    this.container = container;
    this.job = {
      volumes: {
        [ROUTING]: routing,
        ...(certificates ? { [CERTIFICATES]: certificates } : {}),
      },
      env,
      pidMode: `container:${container.id}`,
    };
    if (certificates) this.certbot(certificates);
  }

  /** Fetches the certificate and renews it: nginx cannot itself. */
  private certbot(certificates: string): void {
    const { engine, networks, settings, tls, zone, dnsToken } = this.props;
    if (tls.kind === "none" || !dnsToken) return;
    const image = Image.of(this, "certbot-image", engine, certbotImage(settings));
    longRunningContainer(this, "certbot", {
      engine,
      name: `${engine.prefix}-certbot`,
      image,
      env: { CF_DNS_API_TOKEN: dnsToken },
      networks: attach(networks, networks.edge.slice(0, 1)),
      resources: { limits: { cpu: 0.25, memory: mebibytes(256) } },
      sandbox: { user: EDGE_USER },
      labels: { service: "certbot", tier: "infrastructure" },
      more: {
        entrypoint: ["sh"],
        command: [
          "-ec",
          [
            "umask 077",
            `printf 'dns_cloudflare_api_token = %s\\n' "$CF_DNS_API_TOKEN" > /tmp/cloudflare.ini`,
            "while true; do",
            [
              "  certbot certonly --non-interactive --agree-tos --keep-until-expiring",
              `--email ${tls.email}`,
              ...(tls.caServer ? [`--server ${tls.caServer}`] : []),
              "--dns-cloudflare --dns-cloudflare-credentials /tmp/cloudflare.ini",
              `--config-dir ${CERTIFICATES} --work-dir /tmp/certbot --logs-dir /tmp/certbot`,
              `--cert-name ${zone} -d ${zone} -d '*.${zone}' || true`,
            ].join(" "),
            "  sleep 43200",
            "done",
          ].join("\n"),
        ],
        volumes: [{ volumeName: certificates, containerPath: CERTIFICATES }],
      },
    });
  }

  settingsFile(): RoutingFile {
    const { settings, tls, zone, corsOrigins } = this.props;
    // Comes first in the alphabet: the products' files use what it defines.
    return { file: `00-settings${this.extension}`, content: sharedNginxConfig({ settings, tls, zone, corsOrigins }) };
  }

  productFile(routing: ProductRouting): string {
    const { settings, tls, hstsMaxAge, smokeKey } = this.props;
    return productNginxConfig(routing, { settings, tls, hstsMaxAge, smokeKey });
  }
}
