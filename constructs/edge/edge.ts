import type { ITerraformDependable } from "cdktf";
import { overlap } from "../../model/addresses";
import type { Tls } from "../../model/environment";
import type { EdgeSettings } from "../../model/platform";
import type { ProductRouting } from "../../model/routing";
import type { Duration } from "../../model/units";
import type { Engine } from "../docker/engine";
import type { JobProps } from "../docker/job";
import type { Networks } from "../docker/networks";
import type { Image } from "../ghcr/image";

export interface EdgeProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly settings: EdgeSettings;
  readonly tls: Tls;
  /** Certificates are for this name and everything right below it. */
  readonly zone: string;
  /** Token for the DNS challenge; a Terraform token. */
  readonly dnsToken?: string;
  readonly hstsMaxAge: Duration;
  /** Origins that browsers may call an API from that has no list of its own; `*` stands for any run of characters but `/`. */
  readonly corsOrigins: readonly string[];
  /** Value of the key header; a Terraform token. */
  readonly smokeKey: string;
  /** The host's address that ports are published on, with TLS. @default 0.0.0.0 */
  readonly publishOn?: string;
  /** Ports on which single services answer, and the service's name, under which containers may reach it: development. */
  readonly developmentPorts: readonly { readonly service: string; readonly port: number }[];
}

/** A file of the edge's own configuration, and how a job beside the edge brings it into effect. */
export interface RoutingFile {
  /** "settings.yml". */
  readonly file: string;
  /** May contain Terraform tokens, and REVISION_PLACEHOLDER. */
  readonly content: string;
}

/**
 * The reverse proxy in front of everything. What differs between Traefik and nginx is behind this: how a product's
 * routing is written, and what a job does so that the edge serves it. Names, ports and headers are the same.
 */
export interface Edge {
  readonly image: Image;
  /** The running edge; jobs wait for it. */
  readonly container: ITerraformDependable;
  /** What every service shares (headers, limits, TLS), as a file of its own. */
  settingsFile(): RoutingFile;
  /** The content of a product's file; may contain Terraform tokens, REVISION_PLACEHOLDER, and placeholders of weights. */
  productFile(routing: ProductRouting): string;
  /** Of the files that it reads: ".yml". */
  readonly extension: string;
  /** Shell commands that make the edge look at the directory again; none if it watches. */
  readonly reload: readonly string[];
  /** What a job beside the edge needs to write the directory and to reload. */
  readonly job: Pick<JobProps, "volumes" | "env" | "pidMode">;
}

/** Where the routing files are, in the edge and in a job beside it. */
export const ROUTING = "/routing";
/** Where the certificates are. */
export const CERTIFICATES = "/certificates";
/** The edge's name for containers beside it. */
export const EDGE_ALIAS = "edge";
/** Volumes belong to root, and so both edges run as root without any capability but binding low ports. */
export const EDGE_USER = "0:0";

/** Addresses that only this host and its containers have (RFC 1918). */
export const PRIVATE_ADDRESSES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Proxies that are trusted and have such an address: whoever comes by one of them is a visitor. */
export const privateProxies = (trustedProxies: readonly string[]): string[] =>
  trustedProxies.filter((proxy) => PRIVATE_ADDRESSES.some((range) => overlap(proxy, range)));

/** Visitors by IPv6 are counted by this much of the address: a household or a server has at least so many of its own. */
export const IPV6_NETWORK_BITS = 64;

/** "https://*.manacore.app" as an anchored regular expression. */
export const originPattern = (origin: string): string =>
  `^${origin
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^/]*")}$`;

/** The cookie that keeps a visitor on one set while both have traffic. */
export const stickyCookie = (product: string): string => `twinset_${product.replaceAll("-", "_")}`;
