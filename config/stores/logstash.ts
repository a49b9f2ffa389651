import { Health } from "../../model/health";
import type { CustomStore } from "../../model/service";
import { seconds } from "../../model/units";

export interface LogstashFacts extends Pick<CustomStore, "resources" | "networks"> {
  /** Of the whole stack: "8.11.0". */
  readonly version: string;
  /** The store that it sends to. */
  readonly elasticsearch: string;
  /** Begins the names of the indices, one a day: "sentineliq-2026.11.21". */
  readonly index: string;
}

const PORT = 5000;
/** Of its own API; it knows the pipeline when that takes events. */
const API = 9600;
const PIPELINE = "/_node/pipelines/main";

/**
 * Logstash with one pipeline: events as lines of JSON by TCP, into Elasticsearch. 512 MB, as documents have it, is less
 * than it needs beside a heap of 256 MB (Elastic: "slippery territory"): give it 768 MiB or more.
 */
export const logstash = ({ version, elasticsearch, index, ...facts }: LogstashFacts): CustomStore => ({
  kind: "custom",
  name: "logstash",
  image: `docker.elastic.co/logstash/logstash:${version}`,
  port: PORT,
  developmentPort: PORT,
  ...facts,
  env: {
    LS_JAVA_OPTS: "-Xms256m -Xmx256m",
    // The image would report to an Elasticsearch of its own choice.
    XPACK_MONITORING_ENABLED: "false",
  },
  files: {
    "/usr/share/logstash/pipeline/logstash.conf": [
      "input {",
      `  tcp { port => ${PORT} codec => json_lines }`,
      "}",
      "output {",
      `  elasticsearch { hosts => ["http://${elasticsearch}:9200"] index => "${index}-%{+YYYY.MM.dd}" }`,
      "}",
      "",
    ].join("\n"),
  },
  // A JVM with half a core needs two minutes.
  health: Health.command(["CMD", "curl", "-fsS", "-o", "/dev/null", `http://127.0.0.1:${API}${PIPELINE}`], {
    every: seconds(10),
    timeout: seconds(5),
    retries: 6,
    startPeriod: seconds(180),
  }),
  // It writes its settings and its state, and runs libraries that it unpacks to /tmp.
  sandbox: { user: "1000:1000", readOnly: false, tmpfs: {} },
  probe: `curl -fsS -o /dev/null http://logstash:${API}${PIPELINE}`,
  dependsOn: [elasticsearch],
});
