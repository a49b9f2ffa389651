/**
 * Reads how both sets of a product do from the environment's Prometheus.
 *
 * Not with `increase()`: it begins with a series' second sample, so the first errors of a new version, whose series begins
 * with them, would not count; and it extrapolates, so that counts are no whole numbers. What is asked for instead are
 * the sums themselves as they were every few seconds (a subquery), and the differences are made here.
 */
import { EDGE_JOB, monitoringOf, SCRAPE_EVERY } from "../../model/monitoring";
import type { Platform } from "../../model/platform";
import { type Colour, COLOURS, otherColour } from "../../model/release";
import { EDGE_HEALTH_EVERY, setService } from "../../model/routing";
import type { Product } from "../../model/service";
import type { Docker } from "../../clients/docker";
import { askPrometheus, type Point, type Series } from "../../clients/prometheus";
import type { Reading, SetMetrics, Sets } from "./reading";
import { type Read, RECENT_MINUTES, spans } from "./spans";
import { type Unserved, unserved } from "./unserved";

/** What the last minutes are seen in at every read. */
const RECENT_SECONDS = 60 * Math.max(...RECENT_MINUTES);
/** The newest so many seconds are asked for at each second: a read is known when it is made, not at the next step. */
const NEWEST_SECONDS = 10;
/** Older than this, the newest numbers say nothing about now. */
const STALE_SECONDS = 30;
/** So many points per series at most, for what is older than the last minutes: an answer has some 200 kB then. */
const POINTS = 120;

export interface MetricsOptions {
  readonly docker: Pick<Docker, "attempt">;
  /** The environment's: "manacore-production". */
  readonly prefix: string;
  readonly platform: Platform;
  readonly product: Product;
  /** The set that is judged; the other one is the live one. */
  readonly canary: Colour;
  /** How long ago that set got its share of the traffic. */
  readonly elapsedSeconds: number;
}

/** What both sets have done since then and in the last minutes. Never throws: without numbers it says why. */
export async function readMetrics(options: MetricsOptions): Promise<Reading> {
  const { docker, prefix, platform, product, elapsedSeconds } = options;
  if (!monitoringOf(platform)) {
    return { missing: `the environment has no Prometheus (its edge is ${platform.edge.kind})` };
  }
  const services = product.services.map(({ name }) => name);
  const series = await askPrometheus(docker, prefix, queries(services, elapsedSeconds));
  return "missing" in series ? series : reading(series, services, options.canary, elapsedSeconds);
}

/**
 * What is asked for, of the sets of these services: the last minutes at every scrape, what is older at every so many, if it
 * is long ago, and the newest at every second. The service's label in Traefik ends in the provider that it is from.
 */
export function queries(services: readonly string[], elapsedSeconds: number): string[] {
  const every = SCRAPE_EVERY.seconds;
  const named = `(${services.join("|")})`;
  const colours = `(${COLOURS.join("|")})`;
  const these = `job="${EDGE_JOB}",service=~"${named}-${colours}@file"`;
  const routers = `job="${EDGE_JOB}",service=~"${named}(-${colours})?@file"`;
  const as = (of: string, expression: string): string => `label_replace(${expression}, "of", "${of}", "", "")`;
  const requests = `traefik_service_requests_total{${these}`;
  const durations = `traefik_service_request_duration_seconds_bucket{${these},protocol="http"}`;
  const up = `max by (service) (traefik_service_server_up{${these}})`;
  const setOf = `label_replace(${durations}, "set", "$1", "service", ".*-(.*)@file")`;
  const sums = (step: number): string =>
    [
      as("requests", `sum by (service) (${requests}})`),
      as("errors", `sum by (service) (${requests},code=~"5.."})`),
      // A WebSocket or an event stream takes as long as somebody looks at it.
      as("durations", `sum by (set, le) (${setOf})`),
      // Only of services with a health path, and only after the edge has asked it once. Between two steps it may have been
      // down, and up again.
      as("up", step > every ? `(min_over_time((${up})[${step}s:${every}s]) and ${up})` : up),
      // What the edge answers itself is what its routers count more than the sets do (unserved.ts).
      as("router503", `sum by (service) (traefik_router_requests_total{${routers},code="503"})`),
      as("set503", `sum by (service) (${requests},code="503"})`),
      // When the edge was read, 0 for when it could not be: what is not there then was not there at the edge either.
      as("read", `timestamp(up{job="${EDGE_JOB}"}) * up`),
    ].join(" or ");
  const coarse = every * Math.max(1, Math.ceil(elapsedSeconds / every / POINTS));
  // Two steps more: what came before the time is what its first point is compared with, and a range has no left bound.
  const over = (seconds: number, step: number): string => `(${sums(step)})[${Math.ceil(seconds) + 2 * step}s:${step}s]`;
  return [
    over(elapsedSeconds, coarse),
    ...(coarse === every ? [] : [over(RECENT_SECONDS, every)]),
    over(NEWEST_SECONDS, 1),
  ];
}

/** Numbers of the time since so many seconds before the newest point. */
export function reading(
  series: readonly Series[],
  services: readonly string[],
  canary: Colour,
  elapsedSeconds: number,
): Reading {
  const reads = series.filter(({ labels }) => labels["of"] === "read").flatMap(({ points }) => points);
  const now = Math.max(...reads.map(({ at }) => at));
  const good = reads.filter(({ value }) => value > 0);
  const last = Math.max(...good.map(({ value }) => value));
  if (good.length === 0) return { missing: "Prometheus has not read the edge's numbers yet" };
  if (now - last > STALE_SECONDS) {
    return { missing: `Prometheus has not been able to read the edge's numbers for ${Math.round(now - last)} s` };
  }
  const firstRead = Math.min(...good.map(({ at }) => at));
  const begin = now - elapsedSeconds;
  const made = good.map(({ at, value }): Read => ({ at, made: value })).sort((a, b) => a.at - b.at);
  const byEdge = unserved(
    series,
    services,
    made.map(({ at }) => at),
    begin,
  );
  const since = (from: number): Sets => ({
    canary: setMetrics(series, services, canary, from, firstRead, byEdge),
    live: setMetrics(series, services, otherColour(canary), from, firstRead, byEdge),
  });
  const { settled, recent } = spans(begin, made);
  return {
    ...since(begin),
    settled: settled === undefined ? null : since(settled),
    recent: recent.map(({ minutes, from }) => ({ minutes, ...since(from) })),
    down: {
      // What the edge says of a server is older than the split until it has asked it once more.
      canary: last - begin >= EDGE_HEALTH_EVERY.seconds ? downOf(series, services, canary, now) : [],
      live: downOf(series, services, otherColour(canary), now),
    },
    watchedSeconds: Math.max(0, last - Math.max(begin, firstRead)),
  };
}

/** Services of a set of which no server is up. What the edge does not check, or has forgotten, is not known. */
const downOf = (series: readonly Series[], services: readonly string[], colour: Colour, now: number): string[] =>
  services.filter((service) => {
    const label = `${setService(service, colour)}@file`;
    const ups = series.filter(({ labels }) => labels["of"] === "up" && labels["service"] === label);
    return ups.some(({ points }) => points.at(-1)?.at === now && points.at(-1)?.value === 0);
  });

function setMetrics(
  series: readonly Series[],
  services: readonly string[],
  colour: Colour,
  from: number,
  firstRead: number,
  byEdge: Unserved,
): SetMetrics {
  const counts = (of: string): Series[] => series.filter(({ labels }) => labels["of"] === of);
  const increase = ({ points }: Series): number => increaseSince(points, from, firstRead);
  // The edge's own answers are requests to the set, and errors, but nothing was timed.
  const byService = (of: string): [string, number][] =>
    services.map((service) => {
      const label = `${setService(service, colour)}@file`;
      const counted = counts(of).filter(({ labels }) => labels["service"] === label);
      return [service, add(counted.map(increase)) + byEdge(service, colour, from)];
    });
  const errors = byService("errors");
  const ofEdge = add(services.map((service) => byEdge(service, colour, from)));
  return {
    requests: add(byService("requests").map(([, count]) => count)),
    errors: add(errors.map(([, count]) => count)),
    ...(ofEdge > 0 ? { byEdge: ofEdge } : {}),
    errorsOf: Object.fromEntries(errors),
    durations: counts("durations")
      .filter(({ labels }) => labels["set"] === colour)
      .map((each) => ({ le: upperBound(each.labels["le"]), count: increase(each) }))
      .sort((a, b) => a.le - b.le),
  };
}

const add = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
/** "1" of Prometheus 2 is "1.0" of Prometheus 3. */
const upperBound = (le = ""): number => (le === "+Inf" ? Infinity : Number(le));

/**
 * By how much a counter has grown since then. A series that appears while the edge is read begins at 0; one that was there
 * when reading began is not known before, and counts from its first point. A value below the one before it is of an edge
 * that was started anew, and counts from 0.
 */
export function increaseSince(points: readonly Point[], from: number, firstRead: number): number {
  const before = points.filter(({ at }) => at <= from).at(-1);
  const after = points.filter(({ at }) => at > from);
  let last = before?.value ?? (after[0] && after[0].at > firstRead ? 0 : after[0]?.value) ?? 0;
  let total = 0;
  for (const { value } of after) {
    total += value >= last ? value - last : value;
    last = value;
  }
  return total;
}
