/** What the simulated Cloudflare holds. Things have the shape that the API gives them. */
import type { FastifyInstance } from "fastify";
import { refuse } from "./envelope";

export type Plan = "free" | "pro" | "business" | "enterprise";

const PLANS: readonly Plan[] = ["free", "pro", "business", "enterprise"];

/** Is the plan at least that one? */
export const atLeast = (plan: Plan, wanted: Plan): boolean => PLANS.indexOf(plan) >= PLANS.indexOf(wanted);

export interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxiable: boolean;
  readonly proxied: boolean;
  /** 1 is "automatic". */
  readonly ttl: number;
  readonly settings?: Readonly<Record<string, boolean>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly priority?: number;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly created_on: string;
  readonly modified_on: string;
  readonly comment_modified_on?: string;
  readonly tags_modified_on?: string;
}

export interface PageRule {
  readonly id: string;
  readonly targets: readonly {
    readonly target: "url";
    readonly constraint: { readonly operator: "matches"; readonly value: string };
  }[];
  readonly actions: readonly { readonly id: string; readonly value?: unknown }[];
  readonly priority: number;
  readonly status: "active" | "disabled";
  readonly created_on: string;
  readonly modified_on: string;
}

export interface Rule {
  readonly id: string;
  readonly ref: string;
  readonly version: string;
  readonly action: string;
  readonly expression: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly last_updated: string;
  readonly [other: string]: unknown;
}

export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly kind: string;
  readonly phase: string;
  readonly version: string;
  readonly last_updated: string;
  readonly rules: readonly Rule[];
}

export interface Bucket {
  readonly name: string;
  readonly creation_date: string;
  readonly location: string;
  readonly storage_class: string;
  readonly jurisdiction: string;
}

export interface CustomDomain {
  readonly bucket: string;
  readonly jurisdiction: string;
  readonly domain: string;
  readonly zoneId: string;
  readonly zoneName: string;
  readonly enabled: boolean;
  /** Left out unless it was set; then it is 1.0. */
  readonly minTLS?: string;
  readonly ciphers?: readonly string[];
  readonly status: { readonly ownership: string; readonly ssl: string };
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly plan: Plan;
  readonly created: string;
  readonly records: Map<string, DnsRecord>;
  readonly pageRules: Map<string, PageRule>;
  /** What was set; the rest is as it is by default. */
  readonly settings: Map<string, { readonly value: unknown; readonly modified: string }>;
  readonly rulesets: Map<string, Ruleset>;
  /** Bodies of purge requests, oldest first. */
  readonly purges: unknown[];
}

export interface World {
  readonly accountId: string;
  readonly zones: Map<string, Zone>;
  readonly nameServers: readonly string[];
  /** By jurisdiction and name. */
  readonly buckets: Map<string, Bucket>;
  /** By host name. */
  readonly customDomains: Map<string, CustomDomain>;
  readonly allowPrivateTargets: boolean;
  readonly bucketHasObjects: (bucket: string) => boolean;
  /** Names of the buckets that everyone may read at their r2.dev address. */
  readonly publicBuckets: ReadonlySet<string>;
  /** What is known of the token in an Authorization header. */
  readonly tokenOf: (
    authorization: string | undefined,
  ) => { readonly owner?: "user" | "account"; readonly expiresOn?: string } | undefined;
}

/** Adds the routes of one part of the API. */
export type Part = (app: FastifyInstance, world: World) => void;

/** The zone of a path. One that the token does not cover cannot be told from one that is not there. */
export function zoneOf(world: World, id: string, path: string): Zone {
  mustBeId(id, path);
  return world.zones.get(id) ?? refuse(403, 10000, "Authentication error");
}

/** Ids have 32 hexadecimal digits; with anything else there is no such path. */
export function mustBeId(id: string, path: string): void {
  if (!/^[0-9a-f]{32}$/.test(id)) noRoute(path);
}

export function noRoute(path: string): never {
  return refuse(404, 7003, `Could not route to ${path.split("?")[0]}, perhaps your object identifier is invalid?`);
}
