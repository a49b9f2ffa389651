import { Health } from "../../model/health";
import type { CustomStore } from "../../model/service";
import { seconds } from "../../model/units";

export interface KibanaFacts extends Pick<CustomStore, "resources" | "networks"> {
  /** Of the whole stack: "8.11.0". */
  readonly version: string;
  /** The store that it shows. */
  readonly elasticsearch: string;
}

const PORT = 5601;
/** 503 until it has reached Elasticsearch. */
const STATUS = "/api/status";

/**
 * Kibana, for people who may log in to the host (`ssh -L 5601:127.0.0.1:5601 deploy@<host>`). With 512 MB, as documents
 * have it, it does not start (elastic/kibana#45979); Elastic's own default is 1 GiB.
 */
export const kibana = ({ version, elasticsearch, ...facts }: KibanaFacts): CustomStore => ({
  kind: "custom",
  name: "kibana",
  image: `docker.elastic.co/kibana/kibana:${version}`,
  port: PORT,
  developmentPort: PORT,
  insidePorts: [PORT],
  ...facts,
  env: {
    ELASTICSEARCH_HOSTS: `http://${elasticsearch}:9200`,
    TELEMETRY_OPTIN: "false",
    NODE_OPTIONS: `--max-old-space-size=${Math.floor(facts.resources.limits.memory.mebibytes * 0.7)}`,
  },
  health: Health.http(STATUS, {
    using: "curl",
    every: seconds(10),
    timeout: seconds(5),
    retries: 6,
    startPeriod: seconds(120),
  }),
  // It writes beside its programs: its own id, what plugins unpack, logs.
  sandbox: { user: "1000:1000", readOnly: false, tmpfs: {} },
  probe: `curl -fsS -o /dev/null http://kibana:${PORT}${STATUS}`,
  dependsOn: [elasticsearch],
});
