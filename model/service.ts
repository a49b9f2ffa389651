import type { EnvironmentName } from "./environment";
import type { Health } from "./health";
import type { Size } from "./units";
import type { Input, Value } from "./values";

/** A Docker network: `frontend` and `backend` reach the internet, `data` reaches nothing outside itself. */
export type NetworkName = "frontend" | "backend" | "data";

/** What a container may use at most, and what it is expected to use. */
export interface Resources {
  /** Hard limits: cores, and memory after which the kernel ends the container. */
  readonly limits: { readonly cpu: number; readonly memory: Size };
  /** What the documents count with. @default the limits */
  readonly expected?: { readonly cpu: number; readonly memory: Size };
}

/** How the container is locked in. The defaults are the strictest; a service says where its image needs more. */
export interface Sandbox {
  /** @default "1001:1001" (deployment-architecture, "Non-Root User Execution") */
  readonly user?: string;
  /** @default true */
  readonly readOnly?: boolean;
  /** Writable places in memory, path → mount options. @default /tmp, 100 MB, noexec */
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** Capabilities kept after all were dropped. @default none */
  readonly capabilities?: readonly string[];
}

/** How Cloudflare treats what a service answers. */
export type CachePolicy = "everything" | "bypass";

/** What the edge does for a service's host names. */
export interface PublicAccess {
  /** Host names per environment; the first is the one that links and `urlOf` use. */
  readonly hosts: Readonly<Record<EnvironmentName, readonly string[]>>;
  /** Does Cloudflare stand in front (the orange cloud)? */
  readonly proxied: boolean;
  readonly cache: CachePolicy;
  /** An API gets CORS headers and a rate limit. */
  readonly api: boolean;
}

/** One image that runs as one or more containers. */
export interface Service {
  /** The image's and the container's name; starts with its product's name: "chat-backend". */
  readonly name: string;
  /** Its part in the product: "backend", "web", "landing". */
  readonly role: string;
  /** The repository under the registry's owner. @default the service's name */
  readonly image?: string;
  /** The port that it listens on inside its container. */
  readonly port: number;
  /** The port on a developer's own computer. */
  readonly developmentPort: number;
  readonly health: Health;
  readonly resources: Resources;
  readonly sandbox?: Sandbox;
  readonly networks: readonly NetworkName[];
  /** Environment variables. */
  readonly env: Readonly<Record<string, Value>>;
  /**
   * Services and stores that it needs, by name. A store answers before any container of the service's product starts. A
   * service of another product is only brought along by a profile: were it waited for, releasing one product would
   * touch the other.
   */
  readonly dependsOn?: readonly string[];
  readonly access: PublicAccess;
  /** Time to finish running requests after SIGTERM before the container is killed. @default 30 s */
  readonly gracePeriodSeconds?: number;
}

/** A mobile app: bundles on the CDN, no container. */
export interface MobileApp {
  readonly name: string;
  /** Where its bundles lie under the environment's OTA host. */
  readonly path: string;
}

/** Where a product's data lies: a database of the platform's own PostgreSQL, or a Supabase project. */
export interface ProductDatabase {
  /** Database and role name. */
  readonly name: string;
  readonly at: Readonly<Record<EnvironmentName, "postgres" | "supabase">>;
}

/** A one-shot container of one of the product's images that brings the schema up to date. */
export interface Migration {
  /** The service whose image and environment it runs with. */
  readonly service: string;
  readonly command: readonly string[];
}

/** Services that are released together under one version. */
export interface Product {
  readonly name: string;
  readonly services: readonly Service[];
  readonly mobile?: MobileApp;
  readonly database?: ProductDatabase;
  readonly migration?: Migration;
}

/** A database or cache: one set only, never blue/green, with a volume. */
export interface Store {
  readonly name: string;
  readonly kind: "postgres" | "redis";
  /** With tag: "postgres:16-alpine". */
  readonly image: string;
  readonly port: number;
  readonly resources: Resources;
  readonly networks: readonly NetworkName[];
  /** Superuser's or only password. */
  readonly password: Input;
  /** Publish the port on a developer's own computer; never anywhere else. */
  readonly developmentPort?: number;
  /** The address that port is bound to in development. @default 127.0.0.1 */
  readonly bindAddress?: string;
  /** Administrator role, where the store has roles. */
  readonly user?: string;
  /** Redis: memory after which the least recently used keys go. */
  readonly maxMemory?: Size;
}
