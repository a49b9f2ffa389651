import { Construct } from "constructs";
import { Health } from "../../model/health";
import { EDGE_JOB, PROMETHEUS_ADDRESS, prometheusName, SCRAPE_EVERY } from "../../model/monitoring";
import type { MonitoringSettings } from "../../model/platform";
import { METRICS_PORT } from "../../model/routing";
import { seconds } from "../../model/units";
import { attach } from "../docker/container-settings";
import { DataVolume } from "../docker/data-volume";
import type { Engine } from "../docker/engine";
import { longRunningContainer } from "../docker/long-running-container";
import type { Networks } from "../docker/networks";
import { EDGE_ALIAS } from "../edge/edge";
import { Image } from "../ghcr/image";

export interface PrometheusProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly settings: MonitoringSettings;
}

const CONFIG = "/tmp/prometheus.yml";
/** The image's own folder for it, which belongs to `nobody`; a new volume takes its owner over. */
const DATA = "/prometheus";
const NOBODY = "65534:65534";

/**
 * Keeps the edge's numbers per service and set, by which a canary is judged (release/verdict.ts). Nothing waits for it and
 * nothing refers to it: without it everything runs, only no canary passes by itself.
 *
 * Its volume may be destroyed, on a server too. What is in it is about the last days, nobody's data, and fills again by
 * itself; a volume that refuses to go would stand in the way of who takes monitoring away.
 */
export class Prometheus extends Construct {
  constructor(scope: Construct, id: string, { engine, networks, settings }: PrometheusProps) {
    super(scope, id);
    const image = Image.of(this, "image", engine, settings.image);
    const data = new DataVolume(this, "data", { engine, name: "prometheus", disposable: true });
    longRunningContainer(this, "resource", {
      engine,
      name: prometheusName(engine.prefix),
      image,
      // Not as a file: Docker could not write it into a read-only container.
      env: { PROMETHEUS_CONFIG: prometheusConfig() },
      networks: attach(networks, networks.edge.slice(0, 1)),
      health: {
        check: Health.http("/-/ready", {
          every: seconds(10),
          timeout: seconds(5),
          retries: 3,
          // It reads what it wrote last, before it is ready.
          startPeriod: seconds(60),
        }),
        port: Number(PROMETHEUS_ADDRESS.split(":")[1]),
      },
      resources: settings.resources,
      sandbox: { user: NOBODY },
      labels: { service: "prometheus", tier: "infrastructure" },
      more: {
        entrypoint: ["sh"],
        command: [
          "-ec",
          [
            `printf '%s' "$PROMETHEUS_CONFIG" > ${CONFIG}`,
            [
              `exec prometheus --config.file=${CONFIG} --web.listen-address=${PROMETHEUS_ADDRESS}`,
              `--storage.tsdb.path=${DATA} --storage.tsdb.retention.time=${settings.retention.seconds}s`,
              `--storage.tsdb.retention.size=${settings.size.mebibytes}MB`,
            ].join(" "),
          ].join("\n"),
        ],
        volumes: [{ volumeName: data.name, containerPath: DATA }],
      },
    });
  }
}

/**
 * Of the routers' numbers only what the edge answers itself is asked for, 503 where no server is up. The rest says what the
 * services' do, and with it all Prometheus would need 301 MiB in the worst case that was tried, and 180 without (ADR 0011).
 */
const NOT_KEPT = [
  {
    source_labels: ["__name__"],
    regex: "traefik_router_(request_duration|requests_tls|requests_bytes|responses_bytes)_.*",
  },
  { source_labels: ["__name__", "code"], regex: "traefik_router_requests_total;([^5]..|5[^0].|50[^3])" },
];

/** Prometheus' configuration: one target, the edge. JSON is YAML. */
export function prometheusConfig(): string {
  return JSON.stringify(
    {
      global: { scrape_interval: SCRAPE_EVERY.toGo(), scrape_timeout: SCRAPE_EVERY.toGo() },
      scrape_configs: [
        {
          job_name: EDGE_JOB,
          static_configs: [{ targets: [`${EDGE_ALIAS}:${METRICS_PORT}`] }],
          metric_relabel_configs: NOT_KEPT.map((labels) => ({ ...labels, action: "drop" })),
        },
      ],
    },
    null,
    2,
  );
}
