/** What a DNS record may be: its name, its time to live, what it may stand beside. Errors are those of the real API. */
import { BlockList, isIP } from "node:net";
import { NOT_PUBLIC_IPV4 } from "../../model/addresses";
import { domainToASCII } from "node:url";
import { z } from "zod";
import { ApiError } from "../simulator";
import { contentOf, identityOf } from "./dns-content";
import { type ErrorEntry, failure, hexId, now, refuse } from "./envelope";
import type { DnsRecord, Plan, World, Zone } from "./world";

/** A record as clients send it. What is unknown is left aside, as the real API does. */
export const RECORD = z.object({
  type: z.string().transform((type) => type.toUpperCase()),
  name: z.string(),
  content: z.string().nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
  ttl: z.number().nullish(),
  proxied: z.boolean().nullish(),
  priority: z.int().min(0).max(65_535).nullish(),
  comment: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  settings: z
    .object({
      ipv4_only: z.boolean().nullish(),
      ipv6_only: z.boolean().nullish(),
      flatten_cname: z.boolean().nullish(),
    })
    .nullish(),
});
export type RecordInput = z.output<typeof RECORD>;

/** https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/ and …/troubleshooting/ */
const LIMITS: Readonly<Record<Plan, { records: number; comment: number; tags: number; ttl: number }>> = {
  free: { records: 200, comment: 100, tags: 0, ttl: 60 },
  pro: { records: 3500, comment: 500, tags: 20, ttl: 60 },
  business: { records: 3500, comment: 500, tags: 20, ttl: 60 },
  enterprise: { records: 3500, comment: 500, tags: 20, ttl: 30 },
};

const PROXIABLE = ["A", "AAAA", "CNAME"];
const PRIORITIES = ["MX", "SRV", "URI"];
const AUTOMATIC = 1;

/**
 * The record that a request asks for.
 *
 * @param before the record that it replaces, which keeps its id
 * @throws ApiError for what is wrong with it by itself; `checkConflicts` looks at the others
 */
export function newRecord(
  zone: Zone,
  world: World,
  given: RecordInput & { readonly meta?: DnsRecord["meta"] },
  before?: DnsRecord,
): DnsRecord {
  const { type } = given;
  const limits = LIMITS[zone.plan];
  const name = nameIn(zone, given.name);
  const { content, data } = contentOf(type, name, given);
  const priority = PRIORITIES.includes(type) ? (given.priority ?? priorityIn(data)) : undefined;
  if (type === "MX" && priority === undefined) refuse(400, 9202, "Priority is required for MX records.");
  const proxied = given.proxied ?? false;
  const proxiable = PROXIABLE.includes(type) && (world.allowPrivateTargets || !isPrivate(content));
  if (proxied && !PROXIABLE.includes(type)) refuse(400, 9004, "This record type cannot be proxied.");
  if (proxied && !proxiable) refuse(400, 9003, `Target ${content} is not allowed for a proxied record.`);
  const ttl = proxied ? AUTOMATIC : (given.ttl ?? AUTOMATIC);
  if (!Number.isInteger(ttl) || (ttl !== AUTOMATIC && (ttl < limits.ttl || ttl > 86_400))) {
    refuse(400, 9021, `Invalid TTL. Must be between ${limits.ttl} and 86400 seconds, or 1 for Automatic.`);
  }
  const comment = given.comment || null;
  if (comment && comment.length > limits.comment) {
    refuse(400, 9303, `DNS record comment has ${comment.length} characters, exceeding the quota of ${limits.comment}.`);
  }
  const tags = [...new Set(given.tags ?? [])].sort();
  if (tags.length > limits.tags) {
    refuse(400, 9301, `DNS record has ${tags.length} tags, exceeding the quota of ${limits.tags}.`);
  }
  const settings = settingsOf(type, proxied, given.settings);
  const at = now();
  const since = <T>(value: T, old: T | undefined, then: string | undefined): string | undefined =>
    JSON.stringify(value) === JSON.stringify(old) ? then : at;
  const commentedOn = comment === null ? undefined : since(comment, before?.comment, before?.comment_modified_on);
  const taggedOn = tags.length === 0 ? undefined : since(tags, before && [...before.tags], before?.tags_modified_on);
  return {
    id: before?.id ?? hexId(),
    name,
    type,
    content,
    ...(priority === undefined ? {} : { priority }),
    proxiable,
    proxied,
    ttl,
    ...(data ? { data } : {}),
    ...(settings ? { settings } : {}),
    meta: given.meta ?? before?.meta ?? {},
    comment,
    tags,
    created_on: before?.created_on ?? at,
    modified_on: at,
    ...(commentedOn === undefined ? {} : { comment_modified_on: commentedOn }),
    ...(taggedOn === undefined ? {} : { tags_modified_on: taggedOn }),
  };
}

const priorityIn = (data: DnsRecord["data"]): number | undefined =>
  typeof data?.["priority"] === "number" ? data["priority"] : undefined;

/** "@" and "" are the zone itself; what does not end in the zone's name gets it appended. */
function nameIn(zone: Zone, given: string): string {
  const bare = given.trim().toLowerCase().replace(/\.$/, "");
  const name = bare === "@" || bare === "" ? zone.name : bare;
  const whole = name === zone.name || name.endsWith(`.${zone.name}`) ? name : `${name}.${zone.name}`;
  const ascii = [...whole].some((c) => c > "\x7f") ? domainToASCII(whole) : whole;
  const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
  const labels = ascii.split(".");
  if (ascii.length > 253 || !labels.every((part, i) => label.test(part) || (i === 0 && part === "*"))) {
    refuse(400, 9000, "DNS name is invalid.");
  }
  return ascii;
}

/** A CNAME that is not proxied and has no settings comes without them. */
function settingsOf(type: string, proxied: boolean, given: RecordInput["settings"]): DnsRecord["settings"] {
  const set = Object.fromEntries(
    Object.entries(given ?? {}).flatMap(([key, value]) => (typeof value === "boolean" ? [[key, value]] : [])),
  );
  if (type !== "CNAME") return set;
  return proxied || Object.keys(set).length > 0 ? { flatten_cname: false, ...set } : undefined;
}

const PRIVATE_IPV6 = new BlockList();
for (const [network, bits] of [
  ["::", 127],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE_IPV6.addSubnet(network, bits, "ipv6");
}

const isPrivate = (content: string): boolean => {
  const version = isIP(content);
  if (version === 4) return NOT_PUBLIC_IPV4.check(content, "ipv4");
  return version === 6 && PRIVATE_IPV6.check(content, "ipv6");
};

const MORE =
  "For more details, refer to <https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>.";

/**
 * Why a record cannot stand beside the others. A CNAME excludes addresses and other CNAMEs of its name, and so do name
 * servers of a subdomain; other types, TXT for one, may stand beside a CNAME here, against RFC 1034.
 */
export function conflictOf(record: DnsRecord, zone: Zone): ErrorEntry | undefined {
  const beside = [...zone.records.values()].filter(({ id, name }) => id !== record.id && name === record.name);
  const has = (...types: string[]): boolean => beside.some(({ type }) => types.includes(type));
  if (record.type === "CNAME" && has("A", "AAAA", "CNAME")) {
    return { code: 81053, message: `An A, AAAA, or CNAME record with that host already exists. ${MORE}` };
  }
  if ((record.type === "A" || record.type === "AAAA") && has("CNAME")) {
    return { code: 81054, message: `A CNAME record with that host already exists. ${MORE}` };
  }
  if (record.name !== zone.name && ["A", "AAAA", "CNAME"].includes(record.type) && has("NS")) {
    return { code: 81056, message: `NS records with that host already exist. ${MORE}` };
  }
  if (record.name !== zone.name && record.type === "NS" && has("A", "AAAA", "CNAME")) {
    return { code: 81053, message: `An A, AAAA, or CNAME record with that host already exists. ${MORE}` };
  }
  const identity = identityOf(record);
  return beside.some((other) => identityOf(other) === identity)
    ? { code: 81058, message: "An identical record already exists." }
    : undefined;
}

export function checkConflicts(record: DnsRecord, zone: Zone): void {
  const conflict = conflictOf(record, zone);
  if (conflict) throw new ApiError(failure(400, [conflict]));
}

export function checkQuota(zone: Zone): void {
  if (zone.records.size >= LIMITS[zone.plan].records) refuse(400, 81045, "The record quota has been exceeded.");
}

/** A record that Cloudflare made for a bucket's host name is the bucket's. */
export function checkEditable(record: DnsRecord): void {
  if (record.meta["read_only"] === true) {
    refuse(400, 1043, "This record is managed by Cloudflare R2 and cannot be changed here.");
  }
}
