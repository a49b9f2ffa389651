/** The content of a DNS record, by type: as text, and for some types as `data` with named fields. */
import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { refuse } from "./envelope";
import type { DnsRecord } from "./world";

interface Given {
  readonly content?: string | null | undefined;
  readonly data?: Readonly<Record<string, unknown>> | null | undefined;
  readonly priority?: number | null | undefined;
}

interface Content {
  readonly content: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

const u16 = z.int().min(0).max(65_535);
const u8 = z.int().min(0).max(255);
/** Some clients send a CAA record's flags as text. */
const flags = z.union([
  u8,
  z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number),
]);

/** Types that are sent as data; their content is made of it. */
const STRUCTURED: Readonly<
  Record<string, { readonly schema: z.ZodObject; readonly text: (data: Record<string, unknown>) => string }>
> = {
  CAA: {
    schema: z.object({ flags, tag: z.enum(["issue", "issuewild", "iodef", "issuemail"]), value: z.string().min(1) }),
    text: ({ flags: bits, tag, value }) => `${bits} ${tag} "${value}"`,
  },
  SRV: {
    schema: z.object({ priority: u16, weight: u16, port: u16, target: z.string().min(1) }),
    // Its priority stands beside the content, as that of MX does.
    text: ({ weight, port, target }) => `${weight} ${port} ${target}`,
  },
  HTTPS: {
    schema: z.object({ priority: u16, target: z.string().min(1), value: z.string() }),
    text: ({ priority, target, value }) => `${priority} ${target} ${value}`,
  },
  SVCB: {
    schema: z.object({ priority: u16, target: z.string().min(1), value: z.string() }),
    text: ({ priority, target, value }) => `${priority} ${target} ${value}`,
  },
  TLSA: {
    schema: z.object({ usage: u8, selector: u8, matching_type: u8, certificate: z.string().min(1) }),
    text: ({ usage, selector, matching_type, certificate }) => `${usage} ${selector} ${matching_type} ${certificate}`,
  },
  SSHFP: {
    schema: z.object({ algorithm: u8, type: u8, fingerprint: z.string().min(1) }),
    text: ({ algorithm, type, fingerprint }) => `${algorithm} ${type} ${fingerprint}`,
  },
  DS: {
    schema: z.object({ key_tag: u16, algorithm: u8, digest_type: u8, digest: z.string().min(1) }),
    text: ({ key_tag, algorithm, digest_type, digest }) => `${key_tag} ${algorithm} ${digest_type} ${digest}`,
  },
  URI: {
    schema: z.object({ weight: u16, target: z.string().min(1) }),
    text: ({ weight, target }) => `${weight} "${target}"`,
  },
};

/** @throws ApiError if a record of that type and name cannot have it */
export function contentOf(type: string, name: string, given: Given): Content {
  const structured = STRUCTURED[type];
  if (structured) return structuredContent(type, structured, given);
  const text = (given.content ?? "").trim();
  switch (type) {
    case "A":
      return isIPv4(text) ? { content: text } : refuse(400, 9005, "Content for A record must be a valid IPv4 address.");
    case "AAAA":
      return isIPv6(text)
        ? { content: text.toLowerCase() }
        : refuse(400, 9006, "Content for AAAA record must be a valid IPv6 address.");
    case "CNAME": {
      const content = hostname(text) ?? refuse(400, 9007, "Content for CNAME record is invalid.");
      if (content.toLowerCase() === name) refuse(400, 9039, "CNAME content cannot reference itself.");
      return { content };
    }
    case "MX":
      return { content: hostname(text) ?? refuse(400, 9009, "Content for MX record must be a hostname.") };
    case "NS":
    case "PTR":
      return {
        content: hostname(text) ?? refuse(400, 1004, `DNS Validation Error: Content for ${type} record is invalid.`),
      };
    case "TXT":
    case "OPENPGPKEY":
      if (text === "" || text.length > 2048) {
        refuse(400, 1004, `DNS Validation Error: Content for ${type} record must have 1 to 2048 characters.`);
      }
      return { content: text };
    default:
      return refuse(400, 1004, `DNS Validation Error: the simulator has no records of type ${type}.`);
  }
}

function structuredContent(type: string, { schema, text }: (typeof STRUCTURED)[string], given: Given): Content {
  const data = given.data ?? fieldsOf(type, given);
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse(400, 1004, `DNS Validation Error: data.${issue!.path.join(".")}: ${issue!.message}`);
  }
  return { content: text(parsed.data), data: parsed.data };
}

/** CAA and SRV are also taken as text. */
function fieldsOf(type: string, { content: given, priority }: Given): Readonly<Record<string, unknown>> | undefined {
  const content = given ?? "";
  if (type === "CAA") {
    const [, bits, tag, value] = /^(\d+)\s+(\w+)\s+"?([^"]*)"?$/.exec(content) ?? [];
    return { flags: Number(bits), tag, value };
  }
  if (type === "SRV") {
    const [weight, port, target] = content.split(/\s+/);
    return { priority, weight: Number(weight), port: Number(port), target };
  }
  return undefined;
}

/** Without the dot at its end; undefined if it is no host name. */
function hostname(text: string): string | undefined {
  const bare = text.replace(/\.$/, "");
  const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;
  const labels = bare.split(".");
  return labels.length > 1 && bare.length <= 253 && !isIPv4(bare) && labels.every((part) => label.test(part))
    ? bare
    : undefined;
}

/** TXT content without its quotes: `"a" "b"` → "ab". */
export function unquoted(content: string): string {
  const parts = [...content.matchAll(/"((?:\\.|[^"\\])*)"/g)];
  if (!content.startsWith('"') || parts.length === 0) return content;
  return parts.map(([, text]) => text!.replace(/\\(.)/g, "$1")).join("");
}

/** Records of one name with the same identity would be the same to a resolver. */
export function identityOf({ type, content, priority }: Pick<DnsRecord, "type" | "content" | "priority">): string {
  const same =
    type === "TXT"
      ? unquoted(content)
      : type === "AAAA"
        ? new URL(`http://[${content}]`).hostname
        : content.toLowerCase();
  return `${type} ${priority ?? ""} ${same}`;
}
