/** Inputs as they stand in the environment: are they what they have to be? Nothing here repeats a value. */
import { BlockList, isIP, isIPv4 } from "node:net";
import type { Platform } from "../model/platform";

/** A text in quotes, as JSON and Terraform's language both have it. */
const TEXT = '"(?:[^"\\\\]|\\\\.)*"';

/** A list of texts, in Terraform's language or in JSON. @returns undefined: it is none */
export function listIn(value: string): string[] | undefined {
  if (!new RegExp(`^\\s*\\[\\s*(?:${TEXT}\\s*(?:,\\s*${TEXT}\\s*)*,?)?\\s*\\]\\s*$`).test(value)) return undefined;
  return texts(value);
}

/** A map from texts to texts; Terraform's language takes `=` and `:`, and names without quotes. @returns undefined: it is none */
export function mapIn(value: string): Map<string, string> | undefined {
  const entry = `(?:${TEXT}|[A-Za-z_][\\w-]*)\\s*[=:]\\s*${TEXT}`;
  if (!new RegExp(`^\\s*\\{\\s*(?:${entry}(?:\\s*[,\\n]\\s*${entry})*\\s*,?)?\\s*\\}\\s*$`).test(value))
    return undefined;
  const entries = [...value.matchAll(new RegExp(`(${TEXT}|[A-Za-z_][\\w-]*)\\s*[=:]\\s*(${TEXT})`, "g"))];
  return new Map(
    entries.map(([, key, text]) => [key!.startsWith('"') ? texts(key!)[0]! : key!, texts(text!)[0]!] as const),
  );
}

const texts = (value: string): string[] =>
  [...value.matchAll(new RegExp(TEXT, "g"))].map(([text]) => {
    try {
      return JSON.parse(text) as string;
    } catch {
      return text.slice(1, -1);
    }
  });

/** "203.0.113.0/24": an address and how many of its bits count. */
export function isCidr(text: string): boolean {
  const [, address = "", bits] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const kind = isIP(address);
  return kind !== 0 && Number(bits) <= (kind === 4 ? 32 : 128);
}

/** Is the address in the range? What is no range has none in it. */
export function inRange(address: string, cidr: string): boolean {
  if (!isCidr(cidr) || isIP(address) === 0) return false;
  const [network, bits] = cidr.split("/") as [string, string];
  if (isIPv4(network) !== isIPv4(address)) return false;
  const kind = isIPv4(network) ? "ipv4" : "ipv6";
  const range = new BlockList();
  range.addSubnet(network, Number(bits), kind);
  return range.check(address, kind);
}

/** The part of a public key that says which one it is: "ssh-ed25519 AAAA…", without a comment. */
export function publicKeyIn(line: string): string | undefined {
  return /^\s*((?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[\w.@-]+) [A-Za-z0-9+/]{40,}={0,3})(?:\s|$)/.exec(
    line,
  )?.[1];
}

/** Something that is wrong with an input's form. */
export interface Malformed {
  readonly name: string;
  /** What it has to be, with a form to copy. */
  readonly expected: string;
}

/** Forms that Terraform or a provider would refuse, or that would lock everybody out. Only what is set is looked at. */
export function malformedInputs(platform: Platform, env: NodeJS.ProcessEnv): Malformed[] {
  const { inputs } = platform;
  const fortyToSixty = "an API token of Cloudflare: 40 to 60 letters, digits, dashes and underscores";
  const rules: readonly (readonly [name: string, isRight: (value: string) => boolean, expected: string])[] = [
    // The provider wants 64 characters.
    [inputs.hcloudToken.name, (v) => /^[A-Za-z0-9]{64}$/.test(v), "a token of Hetzner Cloud: 64 letters and digits"],
    // The provider's own rule.
    [inputs.cloudflareApiToken.name, isCloudflareToken, fortyToSixty],
    [inputs.edgeDnsToken.name, isCloudflareToken, fortyToSixty],
    [inputs.cloudflareZoneId.name, isId, "32 digits of 0-9 and a-f"],
    [inputs.cloudflareAccountId.name, isId, "32 digits of 0-9 and a-f"],
    [
      inputs.sshAllowedCidrs.name,
      (v) => {
        const list = listIn(v);
        return list !== undefined && list.length > 0 && list.every((cidr) => isCidr(cidr) && !cidr.endsWith("/0"));
      },
      `a list of at least one CIDR, none of which ends in /0: '${inputs.sshAllowedCidrs.example}'`,
    ],
    [
      inputs.sshPublicKeys.name,
      (v) => {
        const keys = mapIn(v);
        return keys !== undefined && keys.size > 0 && [...keys.values()].every((key) => publicKeyIn(key) !== undefined);
      },
      `a map from names to public keys, in single quotes in the file: '{"ops"="ssh-ed25519 AAAA… ops"}'`,
    ],
    [
      inputs.smokeKey.name,
      (v) => /^[A-Za-z0-9_-]{8,}$/.test(v),
      "at least 8 letters, digits, dashes or underscores, e.g. of openssl rand -hex 24",
    ],
  ];
  return rules.flatMap(([name, isRight, expected]) => {
    const value = env[`TF_VAR_${name}`];
    return value && !isRight(value) ? [{ name: `TF_VAR_${name}`, expected }] : [];
  });
}

const isCloudflareToken = (value: string): boolean => /^[A-Za-z0-9_-]{40,60}$/.test(value);
const isId = (value: string): boolean => /^[0-9a-f]{32}$/.test(value);
