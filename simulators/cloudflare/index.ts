/**
 * The Cloudflare API v4, in memory: zones, DNS records, page rules, zone settings, rulesets, R2 buckets and their host
 * names. It answers, counts, pages and refuses as the real one does; docs/simulators/cloudflare.md has what it leaves out.
 */
import type { FastifyRequest } from "fastify";
import { type Answer, serve, type Simulator } from "../simulator";
import { dns } from "./dns";
import { failure, hexId, now } from "./envelope";
import { pageRules } from "./page-rules";
import { r2 } from "./r2";
import { type Answered, Names, type QueryType } from "./resolve";
import { rulesets } from "./rulesets";
import type { Bucket, CustomDomain, DnsRecord, PageRule, Plan, Ruleset, World } from "./world";
import { zoneSettings, settingsOf } from "./zone-settings";
import { zones } from "./zones";

export type { Answered, QueryType } from "./resolve";
export type { Bucket, CustomDomain, DnsRecord, PageRule, Plan, Rule, Ruleset } from "./world";

export interface CloudflareOptions {
  /** @default a free one */
  readonly port?: number;
  /** An API token that may do everything. */
  readonly token: string;
  /** More tokens. @default none */
  readonly tokens?: readonly CloudflareToken[];
  readonly zones: readonly { readonly id: string; readonly name: string; readonly plan: Plan }[];
  readonly accountId: string;
  /** @default two under ns.cloudflare.com */
  readonly nameServers?: readonly string[];
  /**
   * Lets a proxied record point to a private address, which Cloudflare refuses (9003). For a rehearsal whose servers have
   * no other addresses.
   * @default false
   */
  readonly allowPrivateTargets?: boolean;
  /** Asked before a bucket is deleted, as one with objects cannot be. @default all are empty */
  readonly bucketHasObjects?: (bucket: string) => boolean;
  /** Buckets that are there from the start. @default none */
  readonly buckets?: readonly string[];
  /** Those of them that everyone may read at their r2.dev address. @default none */
  readonly publicBuckets?: readonly string[];
}

export interface CloudflareToken {
  readonly value: string;
  /**
   * "dns-only" may read zones and change DNS records, as an ACME client's token should; "read-only" may read everything
   * and change nothing. @default everything
   */
  readonly permission?: "dns-only" | "read-only";
  /** An account's own token is unknown to the check of users' tokens, and the other way round. @default "user" */
  readonly owner?: "user" | "account";
  /** ISO time. @default never */
  readonly expiresOn?: string;
}

/** What a simulated Cloudflare holds, with each zone's things under the zone's name. */
export interface CloudflareState {
  readonly records: Readonly<Record<string, readonly DnsRecord[]>>;
  readonly pageRules: Readonly<Record<string, readonly PageRule[]>>;
  /** Setting id → value, defaults included. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly rulesets: Readonly<Record<string, readonly Ruleset[]>>;
  /** Bodies of purge requests, oldest first. */
  readonly purges: Readonly<Record<string, readonly unknown[]>>;
  readonly buckets: readonly Bucket[];
  readonly customDomains: readonly CustomDomain[];
}

export interface CloudflareSimulator extends Simulator {
  /** A snapshot for assertions. */
  readonly state: CloudflareState;
  /**
   * What a DNS server would answer from the records: with wildcards, along CNAMEs, whatever the case of the name. A proxied
   * record answers with its own content too, as a rehearsal has no Cloudflare edge that could stand before it.
   */
  resolve(name: string, type: QueryType): readonly Answered[];
  /** The zone that a name is in, if it is one of these. */
  zoneOf(name: string): string | undefined;
  /** Is there such a name, if only as a part of longer ones? It tells "no such name" from "no such data". */
  exists(name: string): boolean;
}

/** Starts a Cloudflare API on the loopback address; `baseUrl` ends in "/client/v4". */
export async function startCloudflare(options: CloudflareOptions): Promise<CloudflareSimulator> {
  const world: World = {
    accountId: options.accountId,
    zones: new Map(
      options.zones.map(({ id, name, plan }) => [
        id,
        {
          id,
          name,
          plan,
          created: now(),
          records: new Map(),
          pageRules: new Map(),
          settings: new Map(),
          rulesets: new Map(),
          purges: [],
        },
      ]),
    ),
    nameServers: options.nameServers ?? ["ada.ns.cloudflare.com", "rob.ns.cloudflare.com"],
    buckets: new Map(
      (options.buckets ?? []).map((name) => [
        `default/${name}`,
        { name, creation_date: now(), location: "WEUR", storage_class: "Standard", jurisdiction: "default" },
      ]),
    ),
    publicBuckets: new Set(options.publicBuckets),
    tokenOf: (authorization) => tokenOf(authorization, options),
    customDomains: new Map(),
    allowPrivateTargets: options.allowPrivateTargets ?? false,
    bucketHasObjects: options.bucketHasObjects ?? (() => false),
  };
  const names = new Names(world);
  const simulator = await serve({
    prefix: "/client/v4",
    port: options.port,
    routes: (app) => {
      // Some clients name JSON as the type of a body that they do not send.
      app.removeContentTypeParser("application/json");
      app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
        try {
          done(null, body === "" ? undefined : JSON.parse(String(body)));
        } catch {
          done(Object.assign(new Error("Malformed JSON in request body"), { statusCode: 400 }));
        }
      });
      for (const part of [zones, dns, pageRules, zoneSettings, rulesets, r2]) part(app, world);
    },
    refuse: (request) => refusal(request, options),
    rateLimited: (seconds) => {
      const answer = failure(429, [{ code: 971, message: "Please wait and consider throttling your request speed" }]);
      return { ...answer, headers: { ...answer.headers, "retry-after": `${seconds}`, ratelimit: limit(0, seconds) } };
    },
    failed: (status) =>
      failure(status, [{ code: 10001, message: "We encountered an internal error. Please try again." }]),
    notFound: (_method, path) =>
      failure(404, [
        { code: 7003, message: `Could not route to ${path.split("?")[0]}, perhaps your object identifier is invalid?` },
        { code: 7000, message: "No route for that URI" },
      ]),
    unreadable: (reason) => failure(400, [{ code: 6007, message: reason }]),
    headers: () => ({
      server: "cloudflare",
      "cf-ray": `${hexId().slice(0, 16)}-FRA`,
      "ratelimit-policy": '"default";q=1200;w=300',
      ratelimit: limit(1199, 300),
    }),
  });
  return {
    ...simulator,
    get state() {
      return snapshot(world);
    },
    resolve: (name, type) => names.resolve(name, type),
    zoneOf: (name) => names.zoneOf(name)?.name,
    exists: (name) => names.exists(name),
  };
}

/** https://developers.cloudflare.com/fundamentals/api/reference/limits/ */
const limit = (remaining: number, seconds: number): string => `"default";r=${remaining};t=${seconds}`;

const BEARER = /^Bearer ([\w-]+)$/;

function tokenOf(authorization: string | undefined, options: CloudflareOptions): CloudflareToken | undefined {
  const given = BEARER.exec(authorization ?? "")?.[1];
  return [{ value: options.token }, ...(options.tokens ?? [])].find(({ value }) => value === given);
}

function refusal(request: FastifyRequest, options: CloudflareOptions): Answer | undefined {
  const path = new URL(request.url, "http://localhost").pathname.replace(/^\/client\/v4/, "");
  const { authorization } = request.headers;
  if (authorization === undefined) {
    return failure(400, [{ code: 9106, message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers" }]);
  }
  if (!BEARER.test(authorization)) {
    const chain = [{ code: 6111, message: "Invalid format for Authorization header" }];
    return failure(400, [{ code: 6003, message: "Invalid request headers", error_chain: chain }]);
  }
  const known = tokenOf(authorization, options);
  const aboutZones = /^\/zones(\/[^/]*)?$/.test(path);
  const aboutTokens = path.endsWith("/tokens/verify");
  const isExpired = known?.expiresOn !== undefined && Date.parse(known.expiresOn) < Date.now();
  if (!known || (isExpired && !aboutTokens)) {
    if (aboutTokens) return failure(401, [{ code: 1000, message: "Invalid API Token" }]);
    if (aboutZones) return failure(403, [{ code: 9109, message: "Invalid access token" }]);
    return failure(403, [{ code: 10000, message: "Authentication error" }]);
  }
  if (known.permission === undefined || aboutTokens) return undefined;
  // Rights are looked at before the body is.
  if (known.permission === "read-only") {
    return request.method === "GET" ? undefined : failure(403, [{ code: 10000, message: "Authentication error" }]);
  }
  if (aboutZones && request.method === "GET") return undefined;
  if (/^\/zones\/[^/]+\/dns_records(\/|$)/.test(path)) return undefined;
  return aboutZones
    ? failure(403, [{ code: 9109, message: "Unauthorized to access requested resource" }])
    : failure(403, [{ code: 10000, message: "Authentication error" }]);
}

function snapshot(world: World): CloudflareState {
  const all = [...world.zones.values()];
  const perZone = <T>(of: (zone: (typeof all)[number]) => T): Record<string, T> =>
    Object.fromEntries(all.map((zone) => [zone.name, of(zone)]));
  return structuredClone({
    records: perZone((zone) => [...zone.records.values()]),
    pageRules: perZone((zone) => [...zone.pageRules.values()]),
    settings: perZone((zone) => Object.fromEntries(settingsOf(zone).map(({ id, value }) => [id, value]))),
    rulesets: perZone((zone) => [...zone.rulesets.values()]),
    purges: perZone((zone) => zone.purges),
    buckets: [...world.buckets.values()],
    customDomains: [...world.customDomains.values()],
  });
}
