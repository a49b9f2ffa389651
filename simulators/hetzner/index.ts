/**
 * A stateful simulator of the Hetzner Cloud API, as its documentation of autumn 2026 has it
 * (https://docs.hetzner.cloud/reference/cloud) and as the Terraform provider hetznercloud/hcloud 1.68.0 needs it.
 * docs/simulators/hetzner.md says what it does and does not do.
 */
import type { FastifyRequest } from "fastify";
import { serve, type Simulator } from "../simulator";
import { actionJson } from "./actions";
import { catalogRoutes } from "./catalog-routes";
import { failure, refusal } from "./errors";
import { firewallJson, firewallRoutes } from "./firewalls";
import { imageRoutes } from "./images";
import { actionRoutes } from "./lists";
import type { Machines } from "./machines";
import { networkJson, networkRoutes } from "./networks";
import { placementGroupJson, placementGroupRoutes } from "./placement-groups";
import { primaryIpJson, primaryIpRoutes } from "./primary-ips";
import { privateNetRoutes } from "./private-net";
import { Budget, type RateLimit, rateLimitHeaders } from "./rate-limit";
import { jsonError, readJson, Routes } from "./routes";
import { serverCreateRoutes } from "./server-create";
import { serverJson } from "./server-json";
import { serverPowerRoutes } from "./server-power";
import { serverRoutes } from "./servers";
import { sshKeyJson, sshKeyRoutes } from "./ssh-keys";
import { Cloud } from "./state";
import { volumeJson, volumeRoutes } from "./volumes";

export type { Machines, MachineServer } from "./machines";
export type { RateLimit } from "./rate-limit";

export interface HetznerOptions {
  /** @default a free one */
  readonly port?: number;
  /** Seconds that an action takes. @default 0.2 */
  readonly actionSeconds?: number;
  /** Gives primary IPv4 addresses. @default the documentation's 203.0.113.0/24 */
  readonly nextIpv4?: () => string;
  /** Told what happens to machines. @default nobody is */
  readonly machines?: Machines;
  /** @default 3600 requests, one more each second */
  readonly rateLimit?: RateLimit;
  /**
   * Whether servers and Primary IPs still have the `datacenter` that the API dropped on 1 July 2026, and /datacenters
   * what it dropped on 1 October: older clients (hcloud-js 1.4.1) cannot read a server without. @default false
   */
  readonly legacyDatacenters?: boolean;
  /** Tokens of the right "Read": they may only GET. @default none */
  readonly readOnlyTokens?: readonly string[];
}

export interface HetznerSimulator extends Simulator {
  /** Everything there is at this moment, as the API shows it. For assertions. */
  readonly state: Snapshot;
}

export type Snapshot = ReturnType<typeof snapshot>;

/** Every token of the API has so many characters. */
const TOKEN_LENGTH = 64;

/** Starts the simulator on the loopback address. Its `baseUrl` ends in /v1. */
export async function startHetzner(options: HetznerOptions = {}): Promise<HetznerSimulator> {
  const cloud = new Cloud({
    actionSeconds: options.actionSeconds ?? 0.2,
    nextIpv4: options.nextIpv4,
    machines: options.machines,
    legacyDatacenters: options.legacyDatacenters ?? false,
  });
  const budget = new Budget(options.rateLimit);
  const overdrawn = new WeakSet<FastifyRequest>();
  let routes: Routes | undefined;

  const simulator = await serve({
    prefix: "/v1",
    port: options.port,
    routes: (app) => {
      readJson(app);
      routes = new Routes(app, cloud);
      actionRoutes(routes);
      catalogRoutes(routes);
      sshKeyRoutes(routes);
      placementGroupRoutes(routes);
      imageRoutes(routes);
      networkRoutes(routes);
      firewallRoutes(routes);
      primaryIpRoutes(routes);
      volumeRoutes(routes);
      serverRoutes(routes);
      serverCreateRoutes(routes);
      serverPowerRoutes(routes);
      privateNetRoutes(routes);
    },
    // The budget comes first: the API counts a request before it looks at the token.
    headers: (request) => {
      if (!budget.spend()) overdrawn.add(request);
      return budget.headers();
    },
    refuse: (request) => {
      if (overdrawn.has(request)) return refusal(429, "rate_limit_exceeded", TOO_MANY);
      const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
      if (token?.length !== TOKEN_LENGTH) return refusal(401, "unauthorized", "unable to authenticate");
      return request.method !== "GET" && options.readOnlyTokens?.includes(token)
        ? refusal(403, "token_readonly", "the token is only allowed to perform GET requests")
        : undefined;
    },
    rateLimited: (seconds) => ({
      ...refusal(429, "rate_limit_exceeded", TOO_MANY),
      headers: rateLimitHeaders(budget.limit, 0, seconds),
    }),
    failed: failure,
    notFound: () => refusal(404, "not_found", "page not found"),
    unreadable: jsonError,
    slow: (seconds, request) => routes?.slowDown(request, seconds),
  });

  return {
    ...simulator,
    get state() {
      return snapshot(cloud);
    },
    stop: async () => {
      await Promise.all([cloud.actions.stop(), simulator.stop()]);
    },
  };
}

const TOO_MANY = "limit of requests reached";

function snapshot(cloud: Cloud) {
  return {
    servers: [...cloud.servers.values()].map((server) => serverJson(cloud, server)),
    volumes: [...cloud.volumes.values()].map(volumeJson),
    primaryIps: [...cloud.primaryIps.values()].map((ip) => primaryIpJson(ip)),
    networks: [...cloud.networks.values()].map((network) => networkJson(cloud, network)),
    firewalls: [...cloud.firewalls.values()].map((firewall) => firewallJson(cloud, firewall)),
    sshKeys: [...cloud.sshKeys.values()].map(sshKeyJson),
    placementGroups: [...cloud.placementGroups.values()].map((group) => placementGroupJson(cloud, group)),
    actions: [...cloud.actions.all.values()].map(actionJson),
  };
}
