/** R2 buckets, and the host names of a zone that they are reached by. Objects are not here: object-store.ts has them. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { FastifyRequest } from "fastify";
import { conflictOf, newRecord } from "./dns-rules";
import { now, ok, parse, type Query, refuse } from "./envelope";
import { type Bucket, type CustomDomain, noRoute, type Part, type World } from "./world";

const STORAGE = z.enum(["Standard", "InfrequentAccess"]);
const LOCATION = z.string().regex(/^(apac|eeur|enam|weur|wnam|oc)$/i);
const CREATE = z.object({
  name: z.string(),
  locationHint: LOCATION.nullish(),
  storageClass: STORAGE.nullish(),
});
const TLS = z.enum(["1.0", "1.1", "1.2", "1.3"]);
const ADD_DOMAIN = z.object({
  domain: z.string().min(1),
  zoneId: z.string(),
  enabled: z.boolean(),
  minTLS: TLS.nullish(),
  ciphers: z.array(z.string()).nullish(),
});
const CHANGE_DOMAIN = ADD_DOMAIN.pick({ enabled: true, minTLS: true, ciphers: true }).partial();

type Params = { account: string; bucket: string; domain: string };

/** Where Cloudflare lets a bucket's host name point to. */
const TARGET = "public.r2.dev";

export const r2: Part = (app, world) => {
  buckets(app, world);
  domains(app, world);
};

const jurisdictionOf = ({ headers }: Pick<FastifyRequest, "headers">): string =>
  String(headers["cf-r2-jurisdiction"] || "default");

const bucketKey = (jurisdiction: string, name: string): string => `${jurisdiction}/${name}`;

function account(world: World, id: string, url: string): void {
  if (!/^[0-9a-f]{32}$/.test(id)) noRoute(url);
  if (id !== world.accountId) refuse(403, 10000, "Authentication error");
}

function bucketOf(world: World, request: Pick<FastifyRequest, "headers" | "url"> & { params: Params }): Bucket {
  account(world, request.params.account, request.url);
  const bucket = world.buckets.get(bucketKey(jurisdictionOf(request), request.params.bucket));
  return bucket ?? refuse(404, 10006, "The specified bucket does not exist.");
}

const buckets: Part = (app, world) => {
  const all = "/accounts/:account/r2/buckets";
  const one = "/accounts/:account/r2/buckets/:bucket";

  app.get<{ Params: Params; Querystring: Query }>(all, async (request) => {
    const { params, query, url } = request;
    account(world, params.account, url);
    const direction = query["direction"] === "desc" ? -1 : 1;
    const size = Math.min(1000, Math.max(1, Math.trunc(Number(query["per_page"])) || 20));
    const cursor = query["cursor"] === undefined ? undefined : Buffer.from(query["cursor"], "base64url").toString();
    const after = cursor ?? query["start_after"];
    const found = [...world.buckets.values()]
      .filter(
        ({ name, jurisdiction }) =>
          jurisdiction === jurisdictionOf(request) && name.includes(query["name_contains"] ?? ""),
      )
      .sort((a, b) => direction * (a.name < b.name ? -1 : 1))
      .filter(({ name }) => after === undefined || direction * (name > after ? 1 : name < after ? -1 : 0) > 0);
    const shown = found.slice(0, size);
    const more = shown.length < found.length ? Buffer.from(shown.at(-1)!.name).toString("base64url") : undefined;
    return ok({ buckets: shown }, { result_info: { per_page: size, ...(more === undefined ? {} : { cursor: more }) } });
  });

  app.post<{ Params: Params }>(all, async (request) => {
    account(world, request.params.account, request.url);
    const given = parse(CREATE, request.body, 400, 10021);
    if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(given.name)) {
      refuse(400, 10005, "The specified bucket name is not valid.");
    }
    const jurisdiction = jurisdictionOf(request);
    const key = bucketKey(jurisdiction, given.name);
    if (world.buckets.has(key)) refuse(409, 10004, "The bucket you tried to create already exists, and you own it.");
    const bucket: Bucket = {
      name: given.name,
      creation_date: now(),
      location: (given.locationHint ?? "weur").toUpperCase(),
      storage_class: given.storageClass ?? "Standard",
      jurisdiction,
    };
    world.buckets.set(key, bucket);
    return ok(bucket);
  });

  app.get<{ Params: Params }>(one, async (request) => ok(bucketOf(world, request)));

  app.patch<{ Params: Params }>(one, async (request) => {
    const bucket = bucketOf(world, request);
    const storage = STORAGE.safeParse(request.headers["cf-r2-storage-class"]);
    if (!storage.success) refuse(400, 10062, "The storage class specified is not valid.");
    const changed = { ...bucket, storage_class: storage.data! };
    world.buckets.set(bucketKey(bucket.jurisdiction, bucket.name), changed);
    return ok(changed);
  });

  app.delete<{ Params: Params }>(one, async (request) => {
    const bucket = bucketOf(world, request);
    if (world.bucketHasObjects(bucket.name)) {
      const text = `The bucket you tried to delete (${bucket.name}) is not empty (account ${world.accountId})`;
      refuse(409, 10008, text);
    }
    for (const domain of domainsOf(world, bucket)) remove(world, domain);
    world.buckets.delete(bucketKey(bucket.jurisdiction, bucket.name));
    return ok({});
  });
};

const domains: Part = (app, world) => {
  const all = "/accounts/:account/r2/buckets/:bucket/domains/custom";
  const one = "/accounts/:account/r2/buckets/:bucket/domains/custom/:domain";

  const domainOf = (request: Pick<FastifyRequest, "headers" | "url"> & { params: Params }): CustomDomain =>
    domainsOf(world, bucketOf(world, request)).find(({ domain }) => domain === request.params.domain.toLowerCase()) ??
    refuse(404, 10086, "The specified custom domain does not exist.");

  app.get<{ Params: Params }>("/accounts/:account/r2/buckets/:bucket/domains/managed", async (request) => {
    const { name } = bucketOf(world, request);
    const bucketId = createHash("md5").update(name).digest("hex");
    return ok({ bucketId, domain: `pub-${bucketId}.r2.dev`, enabled: world.publicBuckets.has(name) });
  });

  app.get<{ Params: Params }>(all, async (request) =>
    ok({ domains: domainsOf(world, bucketOf(world, request)).map(shown) }),
  );

  app.post<{ Params: Params }>(all, async (request) => {
    const bucket = bucketOf(world, request);
    const given = parse(ADD_DOMAIN, request.body, 400, 10021);
    const domain = given.domain.toLowerCase();
    const zone = world.zones.get(given.zoneId);
    if (!zone || (domain !== zone.name && !domain.endsWith(`.${zone.name}`))) {
      return refuse(400, 10087, "The specified zone id is not valid.");
    }
    if (world.customDomains.has(domain)) refuse(409, 10088, "The custom domain is already in use.");
    const record = newRecord(zone, world, {
      type: "CNAME",
      name: domain,
      content: TARGET,
      proxied: true,
      meta: { r2_bucket: bucket.name, read_only: true },
    });
    const conflict = conflictOf(record, zone);
    if (conflict) refuse(409, 10088, `The custom domain is already in use: ${conflict.message}`);
    zone.records.set(record.id, record);
    const added: CustomDomain = {
      bucket: bucket.name,
      jurisdiction: bucket.jurisdiction,
      domain,
      zoneId: zone.id,
      zoneName: zone.name,
      enabled: given.enabled,
      ...(given.minTLS ? { minTLS: given.minTLS } : {}),
      ...(given.ciphers ? { ciphers: given.ciphers } : {}),
      status: { ownership: "pending", ssl: "initializing" },
    };
    world.customDomains.set(domain, added);
    return ok(brief(added));
  });

  app.get<{ Params: Params }>(one, async (request) => {
    const domain = domainOf(request);
    // The next one who asks finds it at work.
    world.customDomains.set(domain.domain, { ...domain, status: { ownership: "active", ssl: "active" } });
    return ok(shown(domain));
  });

  app.put<{ Params: Params }>(one, async (request) => {
    const domain = domainOf(request);
    const { enabled, minTLS, ciphers } = parse(CHANGE_DOMAIN, request.body, 400, 10021);
    // null takes back what was set.
    const changed: CustomDomain = {
      ...domain,
      enabled: enabled ?? domain.enabled,
      minTLS: minTLS === undefined ? domain.minTLS : (minTLS ?? undefined),
      ciphers: ciphers === undefined ? domain.ciphers : (ciphers ?? undefined),
    };
    world.customDomains.set(domain.domain, changed);
    return ok(brief(changed));
  });

  app.delete<{ Params: Params }>(one, async (request) => {
    const domain = domainOf(request);
    remove(world, domain);
    return ok({ domain: domain.domain });
  });
};

const domainsOf = (world: World, { name, jurisdiction }: Bucket): CustomDomain[] =>
  [...world.customDomains.values()].filter((domain) => domain.bucket === name && domain.jurisdiction === jurisdiction);

/** With its DNS record, which nobody else could remove. */
function remove(world: World, { domain, zoneId }: CustomDomain): void {
  world.customDomains.delete(domain);
  const records = world.zones.get(zoneId)?.records;
  for (const { id, name, meta } of records?.values() ?? []) {
    if (name === domain && meta["read_only"] === true) records?.delete(id);
  }
}

/** What a change is answered with. */
const brief = ({ domain, enabled, minTLS, ciphers }: CustomDomain): unknown => ({
  domain,
  enabled,
  ...(minTLS ? { minTLS } : {}),
  ...(ciphers ? { ciphers } : {}),
});

const shown = ({ bucket: _bucket, jurisdiction: _jurisdiction, ...rest }: CustomDomain): unknown => rest;
