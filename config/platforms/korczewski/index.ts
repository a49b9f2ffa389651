/**
 * korczewski.de: korczewski-deployment.md. It compares development and production; its pipeline also deploys a branch to
 * staging and says nothing of it, so staging mirrors production on a smaller server.
 */
import type { Platform } from "../../../model/platform";
import { days, gibibytes, mebibytes } from "../../../model/units";
import { standardDelivery } from "../../github";
import { ROTATED_LOGS, SEGMENTED_NETWORKS } from "../../docker";
import { STANDARD_EDGE } from "../../edge";
import { standardEnvironments } from "../../environments";
import { SERVER_TYPES } from "../../hetzner";
import { PROVIDER_INPUTS } from "../../inputs";
import { postgres } from "../../stores/postgres";
import { redis } from "../../stores/redis";
import { PRODUCTS, ZONE } from "./products";

const USUAL = standardEnvironments({
  zone: ZONE,
  // traefik.yml.
  email: "admin@korczewski.de",
  challenge: "http",
  stateBucket: "korczewski-terraform-state",
  // No document names disks or servers.
  volume: gibibytes(50),
  servers: { staging: "ccx13", production: "ccx23" },
});

export const korczewski: Platform = {
  name: "korczewski",
  title: "korczewski.de: L2P, payment, sign-in and VideoVault on one database server",
  // The document pushes to "the registry"; its owner is named after the site.
  registry: { host: "ghcr.io", owner: "korczewski" },
  labelPrefix: "de.korczewski",
  networks: SEGMENTED_NETWORKS,
  products: PRODUCTS,
  stores: [
    // "Separate test DB :5433" in development. Three backends of L2P in production, twice while both sets run, and three
    // more products are more than PostgreSQL's own hundred connections.
    postgres({ resources: { limits: { cpu: 1, memory: gibibytes(1) } }, developmentPort: 5433, maxConnections: 200 }),
    redis({ resources: { limits: { cpu: 0.25, memory: mebibytes(384) } }, maxMemory: mebibytes(256) }),
  ],
  edge: STANDARD_EDGE,
  zone: { name: ZONE, hstsMaxAge: days(365), minTlsVersion: "1.2" },
  logs: ROTATED_LOGS,
  serverTypes: { ccx13: SERVER_TYPES.ccx13, ccx23: SERVER_TYPES.ccx23 },
  environments: {
    ...USUAL,
    staging: { ...USUAL.staging, purpose: "production's mirror on a smaller server" },
    // "Scale backend to 3 instances".
    production: { ...USUAL.production, replicas: { "l2p-backend": 3 } },
  },
  inputs: PROVIDER_INPUTS,
  delivery: standardDelivery("korczewski-delivery-state"),
};
