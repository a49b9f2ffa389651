import type { Environment, Tls } from "../model/environment";
import type { EnvironmentName } from "../model/environment-name";
import type { PublicAccess } from "../model/service";
import type { Size } from "../model/units";

/** What differs from platform to platform in the usual three environments. */
export interface StandardEnvironments {
  readonly zone: string;
  /** Let's Encrypt writes here before a certificate ends. */
  readonly email: string;
  /** "dns": one certificate for the zone and everything right below it, by Cloudflare's DNS. "http": one for each name. */
  readonly challenge: Extract<Tls, { kind: "letsencrypt" }>["challenge"];
  /** The bucket for Terraform's state. */
  readonly stateBucket: string;
  /** For Docker's volumes. */
  readonly volume: Size;
  readonly servers: { readonly staging: string; readonly production: string };
}

/**
 * Development on this computer's Docker; staging and production on a Hetzner server in Falkenstein each, with Let's
 * Encrypt, names at Cloudflare and the state on R2. Production owns the zone, is protected and takes pinned versions only.
 */
export function standardEnvironments(facts: StandardEnvironments): Readonly<Record<EnvironmentName, Environment>> {
  const { zone, email, challenge } = facts;
  const server = {
    kind: "hetzner",
    location: "fsn1",
    networkZone: "eu-central",
    image: "ubuntu-24.04",
    volume: facts.volume,
  } as const;
  const remote = {
    tls: { kind: "letsencrypt", challenge, email },
    state: { kind: "s3", bucket: facts.stateBucket },
    developmentPorts: false,
    profiles: false,
    protectData: true,
  } as const satisfies Partial<Environment>;
  return {
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
      // Each service's own port, and whatever else a developer starts on this computer.
      corsOrigins: ["http://localhost:*"],
    },
    staging: {
      ...remote,
      name: "staging",
      purpose: "integration tests, QA, demos",
      host: {
        ...server,
        serverType: facts.servers.staging,
        network: { ipRange: "10.10.0.0/16", subnet: "10.10.1.0/24" },
        backups: false,
        protected: false,
        reverseDns: `staging.${zone}`,
      },
      dns: { kind: "cloudflare", ownsZone: false },
      pinnedVersions: false,
      corsOrigins: [],
    },
    production: {
      ...remote,
      name: "production",
      purpose: "live customer traffic",
      host: {
        ...server,
        serverType: facts.servers.production,
        network: { ipRange: "10.20.0.0/16", subnet: "10.20.1.0/24" },
        backups: true,
        protected: true,
        reverseDns: zone,
      },
      dns: { kind: "cloudflare", ownsZone: true },
      pinnedVersions: true,
      corsOrigins: [],
    },
  };
}

/** How a zone names a service: `app.localhost`, `staging-app.<zone>`, `app.<zone>`. */
export const hostsIn =
  (zone: string) =>
  (label: string): PublicAccess["hosts"] => ({
    development: [`${label}.localhost`],
    staging: [`staging-${label}.${zone}`],
    production: [`${label}.${zone}`],
  });
