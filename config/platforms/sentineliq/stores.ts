/**
 * "Data Services" and "Logging Stack" (sentineliq-architecture.md). All six stand in one closed network, the document's
 * `sentineliq-network`; who may log in to the host reaches the two consoles.
 */
import type { Store } from "../../../model/service";
import { gibibytes, mebibytes } from "../../../model/units";
import { elasticsearch } from "../../stores/elasticsearch";
import { kibana } from "../../stores/kibana";
import { logstash } from "../../stores/logstash";
import { minio } from "../../stores/minio";
import { postgres } from "../../stores/postgres";
import { redis } from "../../stores/redis";

export const NETWORK = "network";
const networks = [NETWORK];

/** "others: 0.5 cores, 512 MB RAM each". Logstash and Kibana do not run in 512 MB: they have what they need. */
const others = (memory = mebibytes(512)): Store["resources"] => ({ limits: { cpu: 0.5, memory } });

/** Version of the whole logging stack. */
const ELASTIC = "8.11.0";

export const STORES: readonly Store[] = [
  postgres({ networks, resources: { limits: { cpu: 2, memory: gibibytes(4) } } }),
  // 1 GB for the container; Redis counts its data only, and needs room to write its file.
  redis({ networks, resources: { limits: { cpu: 1, memory: gibibytes(1) } }, maxMemory: mebibytes(768) }),
  minio({ networks, resources: others() }),
  elasticsearch({ version: ELASTIC, networks, resources: { limits: { cpu: 2, memory: gibibytes(2) } } }),
  logstash({
    version: ELASTIC,
    networks,
    resources: others(mebibytes(768)),
    elasticsearch: "elasticsearch",
    index: "sentineliq",
  }),
  kibana({ version: ELASTIC, networks, resources: others(gibibytes(1)), elasticsearch: "elasticsearch" }),
];
