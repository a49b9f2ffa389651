import type { EdgeSettings } from "./platform";
import type { Colour } from "./release";
import { type Duration, seconds } from "./units";

/** Where one service of a product is reached, as an edge needs it. Names may be Terraform tokens. */
export interface ServiceRoute {
  readonly service: string;
  readonly hosts: readonly string[];
  /** More names, with neither CORS nor a rate limit. */
  readonly webhookHosts?: readonly string[];
  readonly api: boolean;
  /** Which origins may call this API, where they are not those of all of them, and with what. */
  readonly cors?: EdgeSettings["cors"] & { readonly origins: readonly string[] };
  readonly port: number;
  /** An additional port of the edge on which this service alone answers, on a developer's computer. */
  readonly developmentPort?: number;
  /** Path of an HTTP health check, for the edge's own checks between replicas. */
  readonly healthPath?: string;
  /** Container names per running colour. */
  readonly servers: Readonly<Partial<Record<Colour, readonly string[]>>>;
}

/** How one product's traffic is routed: the whole content of a file that the edge reads. */
export interface ProductRouting {
  readonly product: string;
  /** Per cent per running colour, or a placeholder for it. */
  readonly weights: Readonly<Partial<Record<Colour, number | string>>>;
  readonly routes: readonly ServiceRoute[];
}

/**
 * A request with these two headers reaches the set that the first one names, whatever the weights. The answer to it has
 * the first one too, from the edge itself: without it, the edge did not take the key, and any set may have answered.
 */
export const SET_HEADER = "X-Twinset-Set";
export const KEY_HEADER = "X-Twinset-Key";

/** The port on which the edge says, to containers beside it only, which revision of a product's routing it serves. */
export const PROBE_PORT = 8090;
/** The header in which it says so. */
export const REVISION_HEADER = "X-Twinset-Revision";
/** The edge's name for one set of a service: it counts requests and their durations under it. */
export const setService = (service: string, colour: Colour): string => `${service}-${colour}`;
/** Stands in a routing file where the switch writes the revision: the hash of the file itself. */
export const REVISION_PLACEHOLDER = "@REVISION@";
/** Stand in a routing file for the weights of two sets that share the traffic. In JSON they are strings, quotes and all. */
export const WEIGHT_PLACEHOLDERS: Readonly<Record<Colour, string>> = { blue: "@BLUE@", green: "@GREEN@" };
/** How often the edge asks each server's health path, and so how old what it says of one may be. */
export const EDGE_HEALTH_EVERY: Duration = seconds(10);
/** The port with the edge's metrics and its own health. */
export const METRICS_PORT = 8082;
/**
 * How long requests took is counted by these upper bounds, in seconds. 1 s is the documents' limit for p95, so it must be
 * one of them; a limit between two is held against what lies between, as if it were spread evenly.
 */
export const LATENCY_BUCKETS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
