/** DNS records: the routes, and how a list is filtered and sorted. dns-rules.ts has what a record may be. */
import { z } from "zod";
import { checkConflicts, checkEditable, checkQuota, newRecord, RECORD, type RecordInput } from "./dns-rules";
import { ok, page, parse, type Query, refuse } from "./envelope";
import { type DnsRecord, mustBeId, type Part, type World, type Zone, zoneOf } from "./world";

const withId = { id: z.string() };
const BATCH = z.object({
  deletes: z.array(z.object(withId)).nullish(),
  patches: z.array(RECORD.partial().extend(withId)).nullish(),
  puts: z.array(RECORD.extend(withId)).nullish(),
  posts: z.array(RECORD).nullish(),
});

export const dns: Part = (app, world) => {
  type Params = { zone: string; record: string };
  const all = "/zones/:zone/dns_records";
  const one = "/zones/:zone/dns_records/:record";

  app.get<{ Params: Params; Querystring: Query }>(all, async ({ params, query, url }) =>
    page(list(zoneOf(world, params.zone, url), query), query, { default: 100, max: 5_000_000 }),
  );

  app.post<{ Params: Params }>(all, async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    return ok(add(zone, world, parse(RECORD, body, 400, 9207)));
  });

  app.get<{ Params: Params }>(one, async ({ params, url }) => {
    const zone = zoneOf(world, params.zone, url);
    mustBeId(params.record, url);
    return ok(recordOf(zone, params.record));
  });

  app.put<{ Params: Params }>(one, async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    mustBeId(params.record, url);
    return ok(replace(zone, world, params.record, parse(RECORD, body, 400, 9207)));
  });

  app.patch<{ Params: Params }>(one, async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    mustBeId(params.record, url);
    return ok(change(zone, world, params.record, parse(RECORD.partial(), body, 400, 9207)));
  });

  app.delete<{ Params: Params }>(one, async ({ params, url }) => {
    const zone = zoneOf(world, params.zone, url);
    mustBeId(params.record, url);
    return ok(remove(zone, params.record));
  });

  app.post<{ Params: Params }>(`${all}/batch`, async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    const batch = parse(BATCH, body, 400, 9207);
    const before = [...zone.records];
    try {
      const deletes = (batch.deletes ?? []).map(({ id }) => {
        const record = recordOf(zone, id);
        remove(zone, id);
        return record;
      });
      const patches = (batch.patches ?? []).map(({ id, ...fields }) => change(zone, world, id, fields));
      const puts = (batch.puts ?? []).map(({ id, ...fields }) => replace(zone, world, id, fields));
      const posts = (batch.posts ?? []).map((fields) => add(zone, world, fields));
      return ok({ deletes, patches, puts, posts });
    } catch (error) {
      // All or nothing.
      zone.records.clear();
      for (const [id, record] of before) zone.records.set(id, record);
      throw error;
    }
  });
};

const recordOf = (zone: Zone, id: string): DnsRecord =>
  zone.records.get(id) ?? refuse(404, 81044, "Record does not exist.");

function add(zone: Zone, world: World, given: RecordInput): DnsRecord {
  const record = newRecord(zone, world, given);
  checkQuota(zone);
  return kept(zone, record);
}

function replace(zone: Zone, world: World, id: string, given: RecordInput): DnsRecord {
  const before = recordOf(zone, id);
  checkEditable(before);
  return kept(zone, newRecord(zone, world, given, before));
}

function change(zone: Zone, world: World, id: string, given: Partial<RecordInput>): DnsRecord {
  const before = recordOf(zone, id);
  checkEditable(before);
  const { name, type, content, proxied, ttl, settings, comment, tags, priority, data } = before;
  const sameType = given.type === undefined || given.type === type;
  const merged = {
    ...{ name, type, content, proxied, ttl, settings, comment, tags: [...tags] },
    // A record of a structured type is its data; new content replaces it.
    ...(sameType && given.content === undefined ? { priority, data } : { priority }),
    ...given,
  };
  return kept(zone, newRecord(zone, world, merged, before));
}

function kept(zone: Zone, record: DnsRecord): DnsRecord {
  checkConflicts(record, zone);
  zone.records.set(record.id, record);
  return record;
}

function remove(zone: Zone, id: string): { id: string } {
  checkEditable(recordOf(zone, id));
  zone.records.delete(id);
  return { id };
}

type Field = "name" | "content" | "comment";

function list(zone: Zone, query: Query): readonly DnsRecord[] {
  const tests: ((record: DnsRecord) => boolean)[] = [];
  const lower = (value: string): string => value.toLowerCase();
  for (const field of ["name", "content", "comment"] satisfies Field[]) {
    const of = (record: DnsRecord): string => lower(record[field] ?? "");
    const on = (suffix: string, test: (value: string, wanted: string) => boolean): void => {
      const wanted = query[field + suffix];
      if (wanted !== undefined) tests.push((record) => test(of(record), lower(wanted)));
    };
    on("", (value, wanted) => value === wanted);
    on(".exact", (value, wanted) => value === wanted);
    on(".contains", (value, wanted) => value.includes(wanted));
    on(".startswith", (value, wanted) => value.startsWith(wanted));
    on(".endswith", (value, wanted) => value.endsWith(wanted));
  }
  if (query["comment.present"] !== undefined) tests.push(({ comment }) => Boolean(comment));
  if (query["comment.absent"] !== undefined) tests.push(({ comment }) => !comment);
  if (query["type"] !== undefined) tests.push(({ type }) => type === query["type"]!.toUpperCase());
  if (query["proxied"] !== undefined) tests.push(({ proxied }) => String(proxied) === query["proxied"]);
  if (query["tag"] !== undefined) tests.push(({ tags }) => tags.includes(query["tag"]!));
  const matches = (record: DnsRecord): boolean =>
    tests.length === 0 ||
    (query["match"] === "any" ? tests.some((test) => test(record)) : tests.every((test) => test(record)));
  const search = lower(query["search"] ?? "");
  const found = (record: DnsRecord): boolean =>
    [record.name, record.type, record.content, record.comment ?? "", ...record.tags].some((text) =>
      lower(text).includes(search),
    );
  return sorted(
    [...zone.records.values()].filter((record) => matches(record) && found(record)),
    query,
  );
}

function sorted(records: DnsRecord[], query: Query): readonly DnsRecord[] {
  const order = query["order"];
  if (order === undefined) return records;
  const key = z.enum(["type", "name", "content", "ttl", "proxied"]).safeParse(order);
  if (!key.success) return refuse(400, 1004, `order: ${order} is none of type, name, content, ttl, proxied`);
  const direction = query["direction"] === "desc" ? -1 : 1;
  const by = ({ [key.data]: value }: DnsRecord): string | number =>
    typeof value === "boolean" ? Number(value) : value;
  return records.sort((a, b) => direction * (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
}
