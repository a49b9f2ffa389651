/** What a DNS server would answer from the records of all zones. */
import { unquoted } from "./dns-content";
import type { DnsRecord, World, Zone } from "./world";

export type QueryType = "A" | "AAAA" | "CNAME" | "TXT" | "NS" | "SOA" | "CAA" | "MX";

/** A resource record. */
export interface Answered {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  /** As a zone file has it, but a text without quotes: "10 mail.example.com", `0 issue "letsencrypt.org"`. */
  readonly data: string;
}

/** What "automatic" comes to. */
const AUTOMATIC_TTL = 300;
const SOA_TTL = 1800;
const NS_TTL = 86_400;
const LONGEST_CHAIN = 16;

export class Names {
  constructor(private readonly world: World) {}

  zoneOf(name: string): Zone | undefined {
    const bare = normal(name);
    return [...this.world.zones.values()]
      .filter((zone) => bare === zone.name || bare.endsWith(`.${zone.name}`))
      .sort((a, b) => b.name.length - a.name.length)[0];
  }

  exists(name: string): boolean {
    const zone = this.zoneOf(name);
    return zone !== undefined && (present(zone, normal(name)) || this.owner(zone, normal(name)) !== undefined);
  }

  resolve(name: string, type: QueryType): readonly Answered[] {
    return this.follow(normal(name), type, 0);
  }

  private follow(name: string, type: QueryType, depth: number): readonly Answered[] {
    const zone = this.zoneOf(name);
    if (!zone || depth > LONGEST_CHAIN) return [];
    if (name === zone.name && type === "SOA") return [soa(zone, this.world)];
    if (name === zone.name && type === "NS") {
      return this.world.nameServers.map((data) => ({ name, type: "NS", ttl: NS_TTL, data }));
    }
    const owner = this.owner(zone, name);
    if (owner === undefined) return [];
    const records = [...zone.records.values()].filter((record) => record.name === owner);
    const direct = records.filter((record) => record.type === type);
    if (direct.length > 0 && !(type === "CNAME" && name === zone.name)) {
      return direct.map((record) => ({ name, type, ttl: ttlOf(record), data: dataOf(record) }));
    }
    const alias = records.find((record) => record.type === "CNAME");
    if (!alias) return [];
    const target = alias.content.toLowerCase();
    const rest = this.follow(target, type, depth + 1);
    // A zone's own name cannot be an alias in DNS: Cloudflare answers with what the alias leads to.
    if (name === zone.name) {
      return type === "A" || type === "AAAA"
        ? rest.filter((record) => record.type === type).map((record) => ({ ...record, name }))
        : [];
    }
    return [{ name, type: "CNAME", ttl: ttlOf(alias), data: target }, ...rest];
  }

  /** The name whose records answer: itself, or the wildcard beside its next longer ancestor (RFC 4592). */
  private owner(zone: Zone, name: string): string | undefined {
    if (present(zone, name)) return name;
    let encloser = name;
    while (encloser !== zone.name && !present(zone, encloser)) encloser = encloser.slice(encloser.indexOf(".") + 1);
    const wildcard = `*.${encloser}`;
    return [...zone.records.values()].some((record) => record.name === wildcard) ? wildcard : undefined;
  }
}

const normal = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** A name is there if it has records or if a longer one has. */
const present = (zone: Zone, name: string): boolean =>
  name === zone.name ||
  [...zone.records.values()].some((record) => record.name === name || record.name.endsWith(`.${name}`));

const ttlOf = ({ ttl }: DnsRecord): number => (ttl === 1 ? AUTOMATIC_TTL : ttl);

function dataOf({ type, content, priority }: DnsRecord): string {
  if (type === "TXT") return unquoted(content);
  return type === "MX" ? `${priority} ${content}` : content;
}

function soa(zone: Zone, { nameServers }: World): Answered {
  // Serial, refresh, retry, expire, minimum, as Cloudflare has them; the serial grows with the last change.
  const changed = Math.max(
    Date.parse(zone.created),
    ...[...zone.records.values()].map((r) => Date.parse(r.modified_on)),
  );
  const serial = Math.trunc(changed / 1000);
  const data = `${nameServers[0]} dns.cloudflare.com ${serial} 10000 2400 604800 1800`;
  return { name: zone.name, type: "SOA", ttl: SOA_TTL, data };
}
