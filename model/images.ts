/**
 * Images that no release file names: those of stores, edge, certificates and monitoring. What holds each of them is a
 * digest in the reviewed file of digests (config/image-digests.ts).
 */
import { DIGEST, type Digests, type ImageName, parseImage, parseVersion } from "./image-version";
import type { EdgeSettings, Platform } from "./platform";
import { monitoringOf } from "./monitoring";

/** The certbot companion with the plugin for Cloudflare's DNS, where the settings name no other. */
const CERTBOT_IMAGE = "certbot/dns-cloudflare:v5.1.0";

export const certbotImage = (settings: EdgeSettings): string => settings.certbotImage ?? CERTBOT_IMAGE;

export interface NamedImage {
  /** As the catalog has it: "postgres:16-alpine". */
  readonly name: string;
  /** Where it stands there, as problems name it: "postgres/image". */
  readonly path: string;
}

/** Every image that a platform's environments run and that is no service's. */
export function ownImages(platform: Platform): NamedImage[] {
  const { edge, stores } = platform;
  const monitoring = monitoringOf(platform);
  return [
    { name: edge.image, path: "edge/image" },
    ...(edge.kind === "nginx" ? [{ name: certbotImage(edge), path: "edge/certbotImage" }] : []),
    ...(monitoring ? [{ name: monitoring.image, path: "monitoring/image" }] : []),
    ...stores.map(({ name, image }) => ({ name: image, path: `${name}/image` })),
  ];
}

/** An image's name with the digest that is on file for it, and without where there is none. */
export function withDigest(name: string, digests: Digests): string {
  const digest = Object.hasOwn(digests, name) ? digests[name] : undefined;
  return digest === undefined ? name : `${name}@${digest}`;
}

/**
 * What keeps a name from leading to another image tomorrow. `version`: a tag that nobody moves by habit, and that whoever may
 * push can move all the same. `nothing`: it moves, or nobody can tell: "latest", "16-alpine", a branch.
 */
export type Hold = "digest" | "version" | "nothing";

/** A whole version, a commit, or MinIO's releases, which are times. */
const COMMIT = /(?:^|-)(?=[0-9a-f]*\d)[0-9a-f]{7,40}$/;
const TIME = /\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z/;

export function holdOf(name: string): Hold {
  const { tag, digest }: Partial<ImageName> = parseImage(name) ?? {};
  if (digest !== undefined && DIGEST.test(digest)) return "digest";
  if (tag === undefined) return "nothing";
  const numbers = parseVersion(tag)?.numbers.length ?? 0;
  return numbers >= 3 || COMMIT.test(tag) || TIME.test(tag) ? "version" : "nothing";
}
