import type { Colour } from "./release";

/** Longest DNS label, and so the longest name under which one container can reach another (RFC 1035). */
export const MAX_NAME = 63;
/** Hex digits of the settings' hash at the end of a release container's name. */
export const HASH_LENGTH = 8;

/** Names that a stack and its edge have of their own; no product and no store may have one. A test keeps the list whole. */
export const RESERVED_NAMES: readonly string[] = [
  ...["backend", "bundles", "cache", "cloudflare", "dns", "docker", "edge", "edge-keeper", "edge-settings"],
  ...["hcloud", "host", "live", "networks", "prometheus", "settings", "variables", "zone"],
];

/** Lower-case letters, digits and single dashes; begins with a letter. */
export const isDnsLabel = (name: string): boolean =>
  /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) && name.length <= MAX_NAME;

/** A full host name, each part a DNS label (a leading digit is fine there). */
export const isHostName = (name: string): boolean =>
  name.length <= 253 && name.split(".").every((part) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(part));

export const inZone = (host: string, zone: string): boolean => host === zone || host.endsWith(`.${zone}`);

/** "manacore-production": begins the name of everything that an environment has. */
export const environmentPrefix = (platform: string, environment: string): string => `${platform}-${environment}`;

/** Name of a release container up to the hash of its settings. */
export const containerName = (prefix: string, service: string, colour: Colour, replica: number): string =>
  `${prefix}-${service}-${colour}-${replica}`;

/** "chat-backend" → "chat_backend": as Terraform's variables and PostgreSQL's roles are written. */
export const snake = (name: string): string => name.replaceAll("-", "_");
