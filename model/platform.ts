import type { Delivery } from "./delivery";
import type { Environment, ProviderInputs } from "./environment";
import type { EnvironmentName } from "./environment-name";
import type { Network, NetworkName, Product, Resources, Service, Store } from "./service";
import type { Duration, Size } from "./units";
import type { Digests } from "./image-version";

/** A monthly price and where it comes from: prices of 2026 changed several times, so none stands without its source. */
export interface Price {
  readonly amount: number;
  readonly currency: "EUR" | "USD";
  /** Document or page. */
  readonly source: string;
  /** ISO date of that source. */
  readonly date: string;
}

/** What Hetzner sells under a name. */
export interface ServerType {
  readonly cpu: number;
  readonly memory: Size;
  readonly disk: Size;
  /** What the platform's documents count with. @default not known; Hetzner's own where there is a token */
  readonly price?: Price;
}

/** One rule of a zone: which addresses, and what Cloudflare does with them. The first rule that fits decides. */
export interface CacheRule {
  readonly id: string;
  /** Cloudflare's wildcard form, without scheme: `*api-*.manacore.app/*`. */
  readonly pattern: string;
  /**
   * - `everything`: each answer, for as long as `ZoneCaching` says and whatever the answer says: one copy for all visitors.
   * - `assets`: files only (images, fonts, scripts, styles), for as long as the answer itself says, and no page under a
   *   file's name.
   * - `bypass`: nothing.
   */
  readonly cache: "everything" | "assets" | "bypass";
  /** Recompress images. Needs the Pro plan. */
  readonly polish?: "lossless" | "lossy";
}

/** How many page rules and cache rules a zone's plan permits, and whether Polish is in it (Cloudflare's plan table). */
export const ZONE_PLANS = {
  free: { pageRules: 3, cacheRules: 10, polish: false },
  pro: { pageRules: 20, cacheRules: 25, polish: true },
  business: { pageRules: 50, cacheRules: 50, polish: true },
  enterprise: { pageRules: 125, cacheRules: 300, polish: true },
} as const;
export type ZonePlan = keyof typeof ZONE_PLANS;

/** What Cloudflare caches of a zone's proxied names. */
export interface ZoneCaching {
  /** As page rules, or the same as cache rules (rulesets). */
  readonly rulesAs: "page-rules" | "cache-rules";
  readonly rules: readonly CacheRule[];
  /** How long Cloudflare and browsers keep what a rule says "everything" of. */
  readonly edgeTtl: Duration;
  readonly browserTtl: Duration;
}

/** The DNS zone. */
export interface Zone {
  /** "manacore.app". */
  readonly name: string;
  /** What is paid for at Cloudflare. @default "free" */
  readonly plan?: ZonePlan;
  /** @default Cloudflare's own behaviour: nothing but static files of proxied names, for as long as they say */
  readonly caching?: ZoneCaching;
  /** Records that lead elsewhere. Made by the environment that owns the zone. @default none */
  readonly records?: readonly {
    readonly name: string;
    readonly type: "CNAME";
    readonly content: string;
    readonly proxied: boolean;
  }[];
  /** Strict-Transport-Security. */
  readonly hstsMaxAge: Duration;
  readonly minTlsVersion: "1.2" | "1.3";
}

/** What the edge does for every service. */
export interface EdgeSettings {
  readonly kind: "traefik" | "nginx";
  readonly image: string;
  readonly resources: Service["resources"];
  /** Per visitor, also behind a trusted proxy: an address, of IPv6 a /64. */
  readonly rateLimit: { readonly perSecond: number; readonly burst: number };
  readonly cors: {
    readonly methods: readonly string[];
    readonly headers: readonly string[];
    readonly maxAge: Duration;
  };
  /** Response headers on every answer, besides HSTS. */
  readonly securityHeaders: Readonly<Record<string, string>>;
  /** Addresses whose X-Forwarded-For is believed: the proxy's in front. */
  readonly trustedProxies: readonly string[];
  /**
   * Headers that services get as visitors say them, though the edge would empty them (model/visitor-headers.ts). Whoever
   * names one here has no service that believes it. @default none
   */
  readonly letThrough?: readonly string[];
  /** The companion that fetches certificates where the edge cannot itself (nginx). */
  readonly certbotImage?: string;
}

/** What keeps the edge's numbers, so that a canary can be judged by them. */
export interface MonitoringSettings {
  /** Prometheus, with a shell and wget. */
  readonly image: string;
  readonly resources: Resources;
  /** Older numbers go; and the oldest do when there are more of them than `size`. */
  readonly retention: Duration;
  readonly size: Size;
}

/** One organisation's catalog. */
export interface Platform {
  readonly name: string;
  /** A sentence for the overview. */
  readonly title: string;
  readonly registry: { readonly host: string; readonly owner: string };
  /** Prefix of container labels: "com.manacore". */
  readonly labelPrefix: string;
  /** Docker networks by name. */
  readonly networks: Readonly<Record<NetworkName, Network>>;
  readonly products: readonly Product[];
  readonly stores: readonly Store[];
  readonly edge: EdgeSettings;
  /** @default config/monitoring.ts, where the edge is one that counts per service and set */
  readonly monitoring?: MonitoringSettings;
  readonly zone: Zone;
  /** What holds the images of stores, edge and monitoring. @default config/images/digests.json, which loading puts here */
  readonly digests?: Digests;
  readonly logs: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  /** Connections that Supabase's pooler grants. @default no product's data is at Supabase */
  readonly supabasePool?: { readonly service: number; readonly migration: number };
  readonly serverTypes: Readonly<Record<string, ServerType>>;
  /** Monthly costs besides the server's own, per environment. @default none */
  readonly otherCosts?: Readonly<Record<EnvironmentName, readonly { readonly item: string; readonly price: Price }[]>>;
  readonly environments: Readonly<Record<EnvironmentName, Environment>>;
  readonly inputs: ProviderInputs;
  /** @default it is deployed by people only */
  readonly delivery?: Delivery;
}

export const servicesOf = (platform: Platform): Service[] => platform.products.flatMap((p) => [...p.services]);

export const imageRepository = (platform: Platform, service: Service): string =>
  `${platform.registry.host}/${platform.registry.owner}/${service.image ?? service.name}`;

/** Replicas of a service in one set. */
export const replicasOf = (environment: Environment, service: Service): number =>
  environment.replicas?.[service.name] ?? 1;

/** The host names of a service in an environment, the canonical one first. */
export const hostsOf = (service: Service, environment: Environment): readonly string[] =>
  service.access.hosts[environment.name];

export const planOf = (zone: Zone): ZonePlan => zone.plan ?? "free";

/** Every name of a service in an environment: its host names and those for webhooks. */
export const namesOf = (service: Service, environment: Environment): readonly string[] => [
  ...hostsOf(service, environment),
  ...(service.access.webhooks?.[environment.name] ?? []),
];

/** A service or store with the limits that it has in an environment. */
export const sized = <T extends { readonly name: string; readonly resources: Resources }>(
  environment: Environment,
  of: T,
): T => {
  const limits = environment.limits?.[of.name];
  return limits ? { ...of, resources: { limits } } : of;
};

/** The services and stores that a service needs at its start, and theirs. Unknown names are left out. */
export function dependencyClosure(platform: Platform, start: readonly string[]): Set<string> {
  const services = new Map(servicesOf(platform).map((s) => [s.name, s]));
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const next of services.get(name)?.dependsOn ?? []) visit(next);
  };
  start.forEach(visit);
  return seen;
}

/**
 * The platform cut down to some products and what those depend on. Stores stay, all of them: they are the shared
 * infrastructure that always runs, and with one of them its volume would go.
 */
export function selectProducts(platform: Platform, names: readonly string[]): Platform {
  const wanted = platform.products.filter((p) => names.includes(p.name)).flatMap((p) => p.services.map((s) => s.name));
  const needed = dependencyClosure(platform, wanted);
  return {
    ...platform,
    products: platform.products.filter((p) => p.services.some((s) => needed.has(s.name))),
  };
}
