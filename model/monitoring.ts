/** Prometheus beside the edge, as those who make it and those who ask it both know it. */
import type { MonitoringSettings, Platform } from "./platform";
import { type Duration, seconds } from "./units";

/** Its container's name, after the environment's prefix. */
export const prometheusName = (prefix: string): string => `${prefix}-prometheus`;
/** It listens inside its container only: whoever asks is let in by Docker, not by a port. */
export const PROMETHEUS_ADDRESS = "127.0.0.1:9090";
/** What its numbers about the edge are labelled with. */
export const EDGE_JOB = "edge";
/**
 * How often it reads the edge's numbers. With the verdict's own interval and the switch this is what lies between a
 * first bad request and the way back, for which there is a minute. A version that fails must be told from one that only
 * starts cold, by what fails after its first 15 s: at 5 s that took 25 s in all, at 2 s it takes 20 s (ADR 0011).
 */
export const SCRAPE_EVERY: Duration = seconds(2);

/** What keeps the edge's numbers; undefined where there are none to keep: nginx counts nothing per service and set. */
export const monitoringOf = (platform: Platform): MonitoringSettings | undefined =>
  platform.edge.kind === "traefik" ? platform.monitoring : undefined;
