import { Health } from "../../model/health";
import type { CustomStore } from "../../model/service";
import { seconds } from "../../model/units";

export interface ElasticsearchFacts extends Pick<CustomStore, "resources" | "networks"> {
  /** Of the whole stack: "8.11.0". */
  readonly version: string;
  /** @default "elasticsearch" */
  readonly name?: string;
}

/** A cluster of one is yellow at best: there is no other server for a second copy. */
const HEALTH = "/_cluster/health?wait_for_status=yellow&timeout=4s";

/**
 * Elasticsearch as one node, without passwords: only who is in its closed network reaches it. Half of its memory is the
 * JVM's heap, the rest is for files ("Heap size settings", Elastic).
 */
export const elasticsearch = ({ version, name = "elasticsearch", ...facts }: ElasticsearchFacts): CustomStore => {
  const heap = `${Math.floor(facts.resources.limits.memory.mebibytes / 2)}m`;
  return {
    kind: "custom",
    name,
    image: `docker.elastic.co/elasticsearch/elasticsearch:${version}`,
    port: 9200,
    developmentPort: 9200,
    ...facts,
    env: {
      "discovery.type": "single-node",
      "xpack.security.enabled": "false",
      // Else the host itself would need another vm.max_map_count.
      "node.store.allow_mmap": "false",
      ES_JAVA_OPTS: `-Xms${heap} -Xmx${heap}`,
    },
    dataPath: "/usr/share/elasticsearch/data",
    // "_cluster/health".
    health: Health.http(HEALTH, {
      using: "curl",
      every: seconds(10),
      timeout: seconds(5),
      retries: 6,
      startPeriod: seconds(120),
    }),
    // It writes a key store beside its configuration and runs libraries that it unpacks to /tmp.
    sandbox: { user: "1000:0", readOnly: false, tmpfs: {} },
    probe: `curl -fsS -o /dev/null "http://${name}:9200${HEALTH}"`,
  };
};
