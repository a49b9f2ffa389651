import type { Environment, HetznerHost } from "../../../model/environment";
import { gibibytes } from "../../../model/units";
import { ZONE } from "./hosts";

/** Origins of the mobile apps (deployment-architecture, "Backend CORS Setup"). */
const MOBILE_ORIGINS = ["capacitor://localhost", "ionic://localhost"];

const TLS = { kind: "letsencrypt", challenge: "dns", email: "devops@manacore.app" } as const;
const STATE = { kind: "s3", bucket: "manacore-terraform-state" } as const;

/** "Single-region deployment (Europe-West3)" and "German data centers": Falkenstein. */
const SERVER = {
  kind: "hetzner",
  location: "fsn1",
  networkZone: "eu-central",
  image: "ubuntu-24.04",
  // "Disk: ~100 GB (excluding databases)" and PostgreSQL's 50 GB and Redis' 5 GB; images stay on the server's own disk.
  volume: gibibytes(100),
} as const satisfies Partial<HetznerHost>;

export const ENVIRONMENTS: Readonly<Record<Environment["name"], Environment>> = {
  development: {
    name: "development",
    purpose: "this computer's Docker",
    host: { kind: "local" },
    tls: { kind: "none" },
    state: { kind: "local" },
    dns: { kind: "none" },
    developmentPorts: true,
    profiles: true,
    protectData: false,
    pinnedVersions: false,
    // "Environment-Specific CORS": http://localhost:*; *.localhost are the same apps by their host names.
    corsOrigins: ["http://localhost:*", "http://*.localhost", ...MOBILE_ORIGINS],
  },
  staging: {
    name: "staging",
    purpose: "integration tests, QA, demos",
    // The documents' CCX32 (8 vCPU, 32 GB) is no longer sold; CCX33 is its successor.
    host: {
      ...SERVER,
      serverType: "ccx33",
      network: { ipRange: "10.10.0.0/16", subnet: "10.10.1.0/24" },
      backups: false,
      protected: false,
      reverseDns: `staging.${ZONE}`,
    },
    tls: TLS,
    state: STATE,
    // One zone for both: production owns its settings and rules.
    dns: { kind: "cloudflare", ownsZone: false },
    developmentPorts: false,
    profiles: false,
    protectData: true,
    pinnedVersions: false,
    corsOrigins: ["https://staging-*.manacore.app", ...MOBILE_ORIGINS],
    otaHost: `staging-ota.${ZONE}`,
  },
  production: {
    name: "production",
    purpose: "live customer traffic",
    // The documents' CCX42 (16 vCPU, 64 GB) is no longer sold; CCX43 is its successor.
    host: {
      ...SERVER,
      serverType: "ccx43",
      network: { ipRange: "10.20.0.0/16", subnet: "10.20.1.0/24" },
      backups: true,
      protected: true,
      reverseDns: ZONE,
    },
    tls: TLS,
    state: STATE,
    dns: { kind: "cloudflare", ownsZone: true },
    developmentPorts: false,
    profiles: false,
    protectData: true,
    pinnedVersions: true,
    corsOrigins: ["https://manacore.app", "https://*.manacore.app", ...MOBILE_ORIGINS],
    otaHost: `ota.${ZONE}`,
  },
};
