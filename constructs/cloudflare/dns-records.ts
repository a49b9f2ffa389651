import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";
import { Construct } from "constructs";

export interface DnsEntry {
  /** Fully qualified. */
  readonly name: string;
  readonly type: "A" | "CNAME";
  /** An address or a name; may be a token. */
  readonly content: string;
  readonly proxied: boolean;
}

export interface DnsRecordsProps {
  readonly zoneId: string;
  readonly entries: readonly DnsEntry[];
  /** Shown beside the record in Cloudflare's dashboard. */
  readonly comment: string;
}

/** Cloudflare's "automatic" time to live, the only one that a proxied record may have. */
const AUTOMATIC_TTL = 1;

/**
 * One record per host name. Only A records, as the documents have: by IPv6 Docker's port proxy would hide the clients'
 * addresses, and the APIs' rate limits count by address; proxied names answer on IPv6 at Cloudflare anyway.
 */
export class DnsRecords extends Construct {
  constructor(scope: Construct, id: string, { zoneId, entries, comment }: DnsRecordsProps) {
    super(scope, id);
    for (const { name, type, content, proxied } of entries) {
      // Every field that the provider would otherwise compute is set, and tags are left out: v5 shows both as changes.
      new DnsRecord(this, recordId(name), {
        zoneId,
        name,
        type,
        content,
        proxied,
        ttl: AUTOMATIC_TTL,
        comment,
      });
    }
  }
}

/** "*.manacore.app" → "any-manacore-app". */
export const recordId = (name: string): string => name.replaceAll("*", "any").replaceAll(".", "-");
