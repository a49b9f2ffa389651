import type { EnvironmentName } from "./environment-name";
import type { Limits } from "./service";
import type { Size } from "./units";
import type { Input } from "./values";

/** The Docker engine of the computer that runs Terraform. */
export interface LocalHost {
  readonly kind: "local";
}

/** A server in Hetzner Cloud. */
export interface HetznerHost {
  readonly kind: "hetzner";
  /** E.g. "ccx33"; must be one of the platform's `serverTypes`. */
  readonly serverType: string;
  /** E.g. "fsn1". */
  readonly location: string;
  /** E.g. "eu-central". */
  readonly networkZone: string;
  /** Operating system image, e.g. "ubuntu-24.04". */
  readonly image: string;
  /** The private network and the server's subnet in it. */
  readonly network: { readonly ipRange: string; readonly subnet: string };
  /** Size of the volume that holds all Docker volumes; at least 10 GiB. */
  readonly volume: Size;
  /** Hetzner's daily backups of the server's disk. They do not include the volume. */
  readonly backups: boolean;
  /** Delete and rebuild protection at Hetzner, and Terraform's `prevent_destroy`. */
  readonly protected: boolean;
  /**
   * The server may be replaced now: its protection is lifted and containers are replaced old-first, so traffic stops
   * for that apply. Terraform forces new-first on everything that a new-first resource depends on, and two servers
   * cannot have one address (ADR 0005). @default false
   */
  readonly maintenance?: boolean;
  /** The server's address on which the edge listens. @default 0.0.0.0, all of them */
  readonly publishOn?: string;
  /** The name that the server's addresses point back to. */
  readonly reverseDns: string;
}

/** Where the edge's certificates come from. */
export type Tls =
  | { readonly kind: "none" }
  | {
      readonly kind: "letsencrypt";
      readonly challenge: "dns" | "http";
      /** Let's Encrypt writes here before a certificate ends. */
      readonly email: string;
      /** Another ACME directory, e.g. a local one for a rehearsal. @default Let's Encrypt's production directory */
      readonly caServer?: string;
      /** Who is asked whether the DNS challenge's record is out: "address:port". Traefik only. @default 1.1.1.1 and 8.8.8.8 */
      readonly resolvers?: readonly string[];
      /** Where Cloudflare's API is, for the DNS challenge. Traefik only. @default the public one */
      readonly dnsApi?: string;
    };

/** Where Terraform keeps its state. */
export type StateStore =
  | { readonly kind: "local" }
  /** An S3-compatible bucket. Endpoint and credentials come from the environment only (AWS_ENDPOINT_URL_S3 and so on). */
  | { readonly kind: "s3"; readonly bucket: string };

/** Key of an environment's state in its bucket. Its lock and the releases' journal are beside it. */
export const stateKey = (platform: string, environment: string): string =>
  `${platform}/${environment}/terraform.tfstate`;

/** Name of an environment's state where that is a file in the project's folder. */
export const stateFileName = (platform: string, environment: string): string =>
  `terraform.${platform}.${environment}.tfstate`;

/** One of a platform's environments: everything that differs between them, as data. */
export interface Environment {
  readonly name: EnvironmentName;
  /** A sentence for the overview. */
  readonly purpose: string;
  readonly host: LocalHost | HetznerHost;
  readonly tls: Tls;
  readonly state: StateStore;
  /** Does this environment make DNS records, and does it own what a zone has only once (settings, rules)? */
  readonly dns: { readonly kind: "none" } | { readonly kind: "cloudflare"; readonly ownsZone: boolean };
  /** Publish every service's development port on the loopback address, by way of the edge. */
  readonly developmentPorts: boolean;
  /** May single products be picked (`PROFILES=chat,news`)? */
  readonly profiles: boolean;
  /** Refuse to destroy volumes. */
  readonly protectData: boolean;
  /** Must every version be one that cannot move (no `latest`, no branch)? */
  readonly pinnedVersions: boolean;
  /**
   * Origins that browsers may call each API from with the visitor's cookies, besides the services' own (`corsFrom`); `*`
   * stands for any run of characters but `/`.
   */
  readonly corsOrigins: readonly string[];
  /** Expo bundles' host name, if mobile apps get theirs from here. */
  readonly otaHost?: string;
  /** How many containers of a service run in one set, where it is not 1. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** Limits of services and stores that have others here than the catalog says: for a smaller server. @default none */
  readonly limits?: Readonly<Record<string, Limits>>;
}

/** Inputs that the machinery itself needs, besides the services' own. */
export interface ProviderInputs {
  readonly hcloudToken: Input;
  readonly cloudflareApiToken: Input;
  readonly cloudflareZoneId: Input;
  readonly cloudflareAccountId: Input;
  readonly edgeDnsToken: Input;
  readonly registryUsername: Input;
  readonly registryToken: Input;
  readonly sshAllowedCidrs: Input;
  readonly sshPublicKeys: Input;
  readonly smokeKey: Input;
}
