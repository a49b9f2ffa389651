import type { CanaryRules } from "./canary";
import type { EnvironmentName } from "./environment-name";
import type { Eviction } from "./eviction";
import type { Health } from "./health";
import type { Duration, Size } from "./units";
import type { Input, Value } from "./values";

/** The name of one of the platform's Docker networks. */
export type NetworkName = string;

/** A Docker network of a platform. */
export interface Network {
  /** Do its containers reach the internet? A closed network ends at the host, and nothing in it can be published. */
  readonly open: boolean;
  /** Is the edge in it? Only services that share a network with the edge can have host names. @default false */
  readonly edge?: boolean;
}

/** Cores, and memory after which the kernel ends the container. */
export interface Limits {
  readonly cpu: number;
  readonly memory: Size;
}

/** What a container may use at most, and what it is expected to use. */
export interface Resources {
  readonly limits: Limits;
  /** What the documents count with. @default the limits */
  readonly expected?: Limits;
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

/**
 * What Cloudflare may keep of a service's answers: all of them, or no page. Files that a rule of the zone calls `assets`
 * may be kept of a `bypass` as well, but for an API's.
 */
export type CachePolicy = "everything" | "bypass";

/** What the edge does for a service's host names. */
export interface PublicAccess {
  /** Host names per environment; the first is the one that links and `urlOf` use. */
  readonly hosts: Readonly<Record<EnvironmentName, readonly string[]>>;
  /** Does Cloudflare stand in front (the orange cloud)? */
  readonly proxied: boolean;
  /** @default "bypass" */
  readonly cache?: CachePolicy;
  /**
   * May an answer be one visitor's alone, as behind a sign-in, with a cart or a name in the page? `false` says that each
   * address has the same answer for everyone, so that it may be kept for everyone.
   * @default true
   */
  readonly logins?: boolean;
  /** An API gets CORS headers and a rate limit. */
  readonly api: boolean;
  /**
   * Whose pages browsers may call this API from with the visitor's cookies: services by name, and origins of others
   * (`https://partner.example`). The environment's `corsOrigins` may as well.
   * @default every service of the platform
   */
  readonly corsFrom?: readonly string[];
  /**
   * More host names of the service, for other companies' servers that report events (Stripe, GitHub …): neither CORS nor
   * a rate limit, as they come in bursts from few addresses and an event that is refused comes late or never.
   * @default none
   */
  readonly webhooks?: Readonly<Record<EnvironmentName, readonly string[]>>;
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
  /** Paths that a smoke test asks a new version for, by its first host name; each must be answered below 400. @default the health check's path */
  readonly smoke?: readonly string[];
  readonly resources: Resources;
  readonly sandbox?: Sandbox;
  readonly networks: readonly NetworkName[];
  /** Environment variables. */
  readonly env: Readonly<Record<string, Value>>;
  /**
   * Services and stores that it needs, by name. A store answers before any container of the service's product starts; a
   * service of the same product is healthy, in the same set, before this one starts. A service of another product is only
   * brought along by a profile: were it waited for, releasing one product would touch the other.
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
  /** What the role may hold of the platform's own PostgreSQL (`roleConnections`). */
  readonly connections?: {
    /** What one container's pool opens at most; its program must say the same. @default 10 */
    readonly pool?: number;
    /** Beside the pools of both sets and a migration. @default 5 */
    readonly reserve?: number;
  };
  /** Made by the administrator before any migration, in this order; what one needs stands before it. @default none */
  readonly extensions?: readonly string[];
  /** What the role's sessions start with; a session may set its own. 0 s is no bound. */
  readonly timeouts?: {
    /** @default none: migrations have the same role */
    readonly statement?: Duration;
    /** Of a transaction in which nothing happens, while it keeps others from rows and tables. @default 5 minutes */
    readonly idleInTransaction?: Duration;
  };
}

/** What a product may do in the platform's own Redis; its password is an input of its own. */
export interface ProductRedis {
  /** What it logs in as. "default" is for clients that can say a password alone: one product. @default the product's name */
  readonly user?: string;
  /** Its keys, as texts with a star at their end. "*" where the store is this product's alone. @default "<product>:*" */
  readonly keys?: readonly string[];
  /** Its channels. @default as its keys */
  readonly channels?: readonly string[];
  /** Besides the usual, or less: "+scan", "-eval". @default none */
  readonly commands?: readonly string[];
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
  /** `{}` is a user with keys under the product's name. @default it does not use Redis */
  readonly redis?: ProductRedis;
  readonly migration?: Migration;
  /** How a new version proves itself. @default 10 % for 10 minutes, errors under 1 %, p95 under 1 s */
  readonly canary?: CanaryRules;
}

/** What every store has. */
interface StoreFacts {
  readonly name: string;
  /** With tag: "postgres:16-alpine". */
  readonly image: string;
  /** Where other containers reach it, under its name. */
  readonly port: number;
  readonly resources: Resources;
  readonly networks: readonly NetworkName[];
  /** Publish the port on a developer's own computer; never anywhere else. */
  readonly developmentPort?: number;
  /** The address that port is bound to in development. @default 127.0.0.1 */
  readonly bindAddress?: string;
  /**
   * Ports for people, as of a console: published on the host's own loopback address in every environment, so that only
   * who may log in to the host reaches them (`ssh -L 5601:127.0.0.1:5601 deploy@…`). @default none
   */
  readonly insidePorts?: readonly number[];
}

/** PostgreSQL: the platform's products may have databases in it. */
export interface PostgresStore extends StoreFacts {
  readonly kind: "postgres";
  /** The administrator's role. @default "postgres" */
  readonly user?: string;
  /** The administrator's password. */
  readonly password: Input;
  /** Of all products and the administrator; a check adds the products' up. @default 100 */
  readonly maxConnections?: number;
}

export interface RedisStore extends StoreFacts {
  readonly kind: "redis";
  /** The administrator's password. */
  readonly password: Input;
  /** Memory after which keys go, as `eviction` says. @default 512 MiB */
  readonly maxMemory?: Size;
  /** Which keys go; "noeviction" refuses new ones, as queues need it. @default "allkeys-lru" */
  readonly eviction?: Eviction;
  /** Whom a client is that says a password and no user: nobody, or the administrator, who may do anything. @default "nobody" */
  readonly passwordAlone?: "nobody" | "administrator";
}

/** Anything else that services use and that is there once: search, an object store, a log pipeline, a console. */
export interface CustomStore extends StoreFacts {
  readonly kind: "custom";
  /** Environment variables. They may not name a product's database: a store belongs to no product. */
  readonly env: Readonly<Record<string, Value>>;
  /** A program in place of the image's own. */
  readonly entrypoint?: readonly string[];
  /** Its arguments. */
  readonly command?: readonly string[];
  /** Files that are in the container before it starts, path → content. Not with a read-only file system. */
  readonly files?: Readonly<Record<string, string>>;
  /** Where its data lies in the container; a volume goes there. @default none: it keeps no data */
  readonly dataPath?: string;
  readonly health: Health;
  readonly sandbox: Sandbox;
  /** A shell command that exits 0 when clients can use it; run beside it, in its own image and environment. */
  readonly probe: string;
  /** Stores that must answer before it starts, by name. @default none */
  readonly dependsOn?: readonly string[];
}

/** What services share: one set only, never blue/green. Databases, caches, search, object stores have a volume each. */
export type Store = PostgresStore | RedisStore | CustomStore;
