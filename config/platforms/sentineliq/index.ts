/** SentinelIQ: sentineliq-architecture.md. It has one environment, production; staging mirrors it on a smaller server. */
import type { Platform } from "../../../model/platform";
import { days, gibibytes, mebibytes } from "../../../model/units";
import { standardDelivery } from "../../github";
import { ROTATED_LOGS } from "../../docker";
import { STANDARD_EDGE } from "../../edge";
import { standardEnvironments } from "../../environments";
import { SERVER_TYPES } from "../../hetzner";
import { PROVIDER_INPUTS } from "../../inputs";
import { PRODUCTS, PUBLIC, ZONE } from "./products";
import { NETWORK, STORES } from "./stores";

const USUAL = standardEnvironments({
  zone: ZONE,
  email: `devops@${ZONE}`,
  challenge: "dns",
  stateBucket: "sentineliq-terraform-state",
  // "Disk: 100 GB".
  volume: gibibytes(100),
  // "4 cores, 16 GB" holds one set: with both sets of the application the documents' limits add up to 18 GiB.
  servers: { staging: "ccx23", production: "ccx33" },
});

export const sentineliq: Platform = {
  name: "sentineliq",
  title: "SentinelIQ: one application with its storage and its logging stack",
  registry: { host: "ghcr.io", owner: "killsearch" },
  labelPrefix: "com.sentineliq",
  networks: {
    [PUBLIC]: { open: true, edge: true },
    // The document's sentineliq-network; its name on the host has the environment in it: sentineliq-production-network.
    [NETWORK]: { open: false },
    // From here the consoles are published to the host itself, and to nobody else.
    inside: { open: true },
  },
  products: PRODUCTS,
  stores: STORES,
  edge: STANDARD_EDGE,
  zone: { name: ZONE, hstsMaxAge: days(365), minTlsVersion: "1.2" },
  logs: ROTATED_LOGS,
  serverTypes: { ccx23: SERVER_TYPES.ccx23, ccx33: SERVER_TYPES.ccx33 },
  environments: {
    ...USUAL,
    staging: {
      ...USUAL.staging,
      purpose: "production's mirror on a smaller server",
      limits: {
        "saas-server": { cpu: 1, memory: gibibytes(2) },
        postgres: { cpu: 1, memory: gibibytes(2) },
        redis: { cpu: 0.5, memory: gibibytes(1) },
        "saas-client": { cpu: 0.25, memory: mebibytes(256) },
      },
    },
  },
  inputs: PROVIDER_INPUTS,
  delivery: standardDelivery("sentineliq-delivery-state"),
};
