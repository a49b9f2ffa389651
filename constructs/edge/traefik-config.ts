/**
 * Traefik's configuration as plain data: static arguments, the file with what all services share, and the file with one
 * product's routing. Field names are Traefik's (v3 file provider).
 */
import type { Tls } from "../../model/environment";
import type { EdgeSettings } from "../../model/platform";
import { type Colour, COLOURS } from "../../model/release";
import {
  EDGE_HEALTH_EVERY,
  KEY_HEADER,
  LATENCY_BUCKETS,
  METRICS_PORT,
  PROBE_PORT,
  type ProductRouting,
  REVISION_HEADER,
  REVISION_PLACEHOLDER,
  type ServiceRoute,
  SET_HEADER,
  setService,
} from "../../model/routing";
import type { Duration } from "../../model/units";
import {
  CERTIFICATES,
  IPV6_NETWORK_BITS,
  originPattern,
  PRIVATE_ADDRESSES,
  privateProxies,
  ROUTING,
  stickyCookie,
} from "./edge";
import { PLUGIN_ARGUMENTS, VISITOR, visitorMiddleware } from "./traefik-visitor";

/** Traefik's name for an additional entry point. */
const portEntry = (port: number): string => `port-${port}`;

const PUBLIC_RESOLVERS = ["1.1.1.1:53", "8.8.8.8:53"];
/** Requests that were accepted may end before Traefik stops. */
const GRACE_SECONDS = 15;

/**
 * Between two changes that Traefik takes up, in place of its own 2 s: a way back that follows a canary at once waits for it.
 * Measured with Traefik 3.7.9, a file renamed to its revision served, two moves 0.3 s apart: 948 ms, and 148 ms so.
 */
const THROTTLE_MS = 100;

export interface StaticOptions {
  readonly tls: Tls;
  readonly zone: string;
  readonly trustedProxies: readonly string[];
  readonly developmentPorts: readonly number[];
}

/** Command-line arguments. What they say changes only with a restart of the edge; routing is not among it. */
export function staticArguments(options: StaticOptions): string[] {
  const { tls, trustedProxies } = options;
  const entry = (name: string, port: number): string[] => [
    `--entrypoints.${name}.address=:${port}`,
    `--entrypoints.${name}.transport.lifecycle.gracetimeout=${GRACE_SECONDS}s`,
  ];
  /** Every route of an entry that leads to services has it: none can be made without. */
  const visitorsOf = (name: string): string[] => [
    `--entrypoints.${name}.http.middlewares=${VISITOR}@file`,
    // Else Traefik throws away what that middleware finds the visitor by.
    ...(trustedProxies.length > 0
      ? [`--entrypoints.${name}.forwardedheaders.trustedips=${trustedProxies.join(",")}`]
      : []),
  ];
  return [
    `--providers.file.directory=${ROUTING}`,
    "--providers.file.watch=true",
    `--providers.providersthrottleduration=${THROTTLE_MS}ms`,
    ...entry("web", 80),
    ...(tls.kind === "none" ? visitorsOf("web") : secureEntry(tls, options)),
    ...options.developmentPorts.flatMap((port) => [...entry(portEntry(port), port), ...visitorsOf(portEntry(port))]),
    ...PLUGIN_ARGUMENTS,
    `--entrypoints.probe.address=:${PROBE_PORT}`,
    // Where it does not work no change of the routing counts as served.
    `--entrypoints.probe.http.middlewares=${VISITOR}@file`,
    `--entrypoints.metrics.address=:${METRICS_PORT}`,
    "--ping=true",
    "--ping.entrypoint=metrics",
    "--metrics.prometheus=true",
    "--metrics.prometheus.entrypoint=metrics",
    "--metrics.prometheus.addserviceslabels=true",
    // What the edge answers itself is in no service's numbers (release/verdict/unserved.ts).
    "--metrics.prometheus.addrouterslabels=true",
    `--metrics.prometheus.buckets=${LATENCY_BUCKETS.join(",")}`,
    "--accesslog=true",
    "--accesslog.format=json",
    "--log.format=json",
    "--log.level=INFO",
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
  ];

  function secureEntry(secure: Exclude<Tls, { kind: "none" }>, { zone }: StaticOptions): string[] {
    const acme = "--certificatesresolvers.letsencrypt.acme";
    return [
      "--entrypoints.web.http.redirections.entrypoint.to=websecure",
      "--entrypoints.web.http.redirections.entrypoint.scheme=https",
      "--entrypoints.web.http.redirections.entrypoint.permanent=true",
      ...entry("websecure", 443),
      ...visitorsOf("websecure"),
      "--entrypoints.websecure.http.tls=true",
      "--entrypoints.websecure.http.tls.certresolver=letsencrypt",
      // One certificate for all names: a single request to Let's Encrypt, and a new service needs none. Only the DNS
      // challenge proves a wildcard.
      ...(secure.challenge === "dns"
        ? [
            `--entrypoints.websecure.http.tls.domains[0].main=${zone}`,
            `--entrypoints.websecure.http.tls.domains[0].sans=*.${zone}`,
          ]
        : []),
      `${acme}.email=${secure.email}`,
      `${acme}.storage=${CERTIFICATES}/acme.json`,
      ...(secure.caServer ? [`${acme}.caserver=${secure.caServer}`] : []),
      ...(secure.challenge === "dns"
        ? [
            `${acme}.dnschallenge.provider=cloudflare`,
            `${acme}.dnschallenge.resolvers=${(secure.resolvers ?? PUBLIC_RESOLVERS).join(",")}`,
            // Private resolvers know a zone that the internet does not: its name servers cannot be asked.
            ...(secure.resolvers ? [`${acme}.dnschallenge.propagation.disableanschecks=true`] : []),
          ]
        : [`${acme}.httpchallenge.entrypoint=web`]),
    ];
  }
}

const HEADERS = "security-headers";
const COMPRESS = "compress";
const RATE_LIMIT = "api-rate-limit";
const CORS = "api-cors";
/** Says which set was asked for and so answers; what a service itself says of it is overwritten. */
const chosenSet = (colour: Colour): string => `set-${colour}`;
const REVISION_SUFFIX = "revision";

export interface SharedOptions {
  readonly settings: EdgeSettings;
  readonly tls: Tls;
  readonly hstsMaxAge: Duration;
  readonly corsOrigins: readonly string[];
}

/** The file with everything that products share. */
export function sharedConfig({ settings, tls, hstsMaxAge, corsOrigins }: SharedOptions): object {
  const { routers, middlewares } = probe("settings");
  return {
    http: {
      routers,
      middlewares: {
        ...middlewares,
        [VISITOR]: visitorMiddleware(settings),
        [HEADERS]: {
          headers: {
            customResponseHeaders: settings.securityHeaders,
            ...(tls.kind === "none"
              ? {}
              : { stsSeconds: hstsMaxAge.seconds, stsIncludeSubdomains: true, stsPreload: true }),
          },
        },
        [COMPRESS]: { compress: {} },
        [RATE_LIMIT]: {
          rateLimit: {
            average: settings.rateLimit.perSecond,
            period: "1s",
            burst: settings.rateLimit.burst,
            // Of the connection; the middleware for visitors has made it the visitor's by then.
            sourceCriterion: { ipStrategy: { ipv6Subnet: IPV6_NETWORK_BITS } },
          },
        },
        [CORS]: corsFor(corsOrigins, settings.cors),
        ...Object.fromEntries(
          COLOURS.map((colour) => [
            chosenSet(colour),
            { headers: { customResponseHeaders: { [SET_HEADER]: colour } } },
          ]),
        ),
      },
    },
    ...(tls.kind === "none" ? {} : { tls: { options: { default: { minVersion: "VersionTLS12", sniStrict: true } } } }),
  };
}

/**
 * What a service itself says of origins is taken out first: Traefik says of every answer that cookies may come along, and a
 * service that echoes any origin would be open to each.
 */
const corsFor = (origins: readonly string[], cors: EdgeSettings["cors"]): object => ({
  headers: {
    customResponseHeaders: { "Access-Control-Allow-Origin": "" },
    accessControlAllowOriginListRegex: origins.map(originPattern),
    accessControlAllowMethods: cors.methods,
    accessControlAllowHeaders: cors.headers,
    accessControlAllowCredentials: true,
    accessControlMaxAge: cors.maxAge.seconds,
    addVaryHeader: true,
  },
});

/** The middleware of an API with a list of its own, which stands in its product's file; else that of all of them. */
const corsOf = ({ service, cors }: ServiceRoute): string => (cors ? `${service}-cors` : CORS);

/** The file with one product's routing. Server names and the key may be Terraform tokens. */
export function productConfig(
  routing: ProductRouting,
  tls: Tls,
  smokeKey: string,
  trustedProxies: readonly string[] = [],
): object {
  const { routers, middlewares } = probe(routing.product);
  const lists = routing.routes.flatMap((route) =>
    route.api && route.cors ? [[corsOf(route), corsFor(route.cors.origins, route.cors)] as const] : [],
  );
  return {
    http: {
      routers: Object.assign(
        {},
        routers,
        ...routing.routes.map((r) => routersOf(r, tls, smokeKey, trustedProxies)),
      ) as object,
      middlewares: { ...middlewares, ...Object.fromEntries(lists) },
      services: Object.assign({}, ...routing.routes.map((r) => servicesOf(routing, r, tls))) as object,
    },
  };
}

/** A router that answers beside containers only and names the revision of the file that it stands in. */
function probe(name: string): { routers: object; middlewares: object } {
  return {
    routers: {
      [`${name}-probe`]: {
        entryPoints: ["probe"],
        rule: `Host(\`${name}\`)`,
        service: "ping@internal",
        middlewares: [`${name}-${REVISION_SUFFIX}`],
      },
    },
    middlewares: {
      [`${name}-${REVISION_SUFFIX}`]: {
        headers: { customResponseHeaders: { [REVISION_HEADER]: REVISION_PLACEHOLDER } },
      },
    },
  };
}

function routersOf(route: ServiceRoute, tls: Tls, smokeKey: string, trustedProxies: readonly string[]): object {
  const middlewares = [HEADERS, COMPRESS, ...(route.api ? [RATE_LIMIT, corsOf(route)] : [])];
  const anyOf = (names: readonly string[]): string => names.map((host) => `Host(\`${host}\`)`).join(" || ");
  const hosts = anyOf(route.hosts);
  const from = (ranges: readonly string[]): string => ranges.map((range) => `ClientIP(\`${range}\`)`).join(" || ");
  const proxies = privateProxies(trustedProxies);
  const webhookHosts = route.webhookHosts ?? [];
  const common = { entryPoints: [tls.kind === "none" ? "web" : "websecure"], middlewares };
  // Containers of this host come by its own address. One limit for all of them would refuse what they ask each other.
  const unlimited = route.api
    ? {
        [`${route.service}-from-here`]: {
          ...common,
          middlewares: middlewares.filter((name) => name !== RATE_LIMIT),
          rule: `(${hosts}) && (${from(PRIVATE_ADDRESSES)})${proxies.length > 0 ? ` && !(${from(proxies)})` : ""}`,
          priority: 500,
          service: route.service,
        },
      }
    : {};
  const chosen = COLOURS.filter((colour) => route.servers[colour]).map((colour) => [
    setService(route.service, colour),
    {
      ...common,
      middlewares: [...middlewares, chosenSet(colour)],
      rule: `(${anyOf([...route.hosts, ...webhookHosts])}) && Header(\`${SET_HEADER}\`, \`${colour}\`) && Header(\`${KEY_HEADER}\`, \`${smokeKey}\`)`,
      priority: 1000,
      service: setService(route.service, colour),
    },
  ]);
  return {
    [route.service]: { ...common, rule: hosts, priority: 100, service: route.service },
    ...unlimited,
    ...(webhookHosts.length > 0
      ? {
          [`${route.service}-webhooks`]: {
            ...common,
            middlewares: [HEADERS, COMPRESS],
            rule: anyOf(webhookHosts),
            priority: 100,
            service: route.service,
          },
        }
      : {}),
    ...Object.fromEntries(chosen),
    ...(route.developmentPort === undefined
      ? {}
      : {
          [`${route.service}-port`]: {
            entryPoints: [portEntry(route.developmentPort)],
            middlewares,
            rule: "PathPrefix(`/`)",
            service: route.service,
          },
        }),
  };
}

function servicesOf(routing: ProductRouting, route: ServiceRoute, tls: Tls): object {
  const running = COLOURS.filter((colour) => route.servers[colour]);
  const weighted = running.filter((colour) => routing.weights[colour] !== undefined && routing.weights[colour] !== 0);
  return {
    [route.service]: {
      weighted: {
        services: weighted.map((colour) => ({
          name: setService(route.service, colour),
          weight: routing.weights[colour],
        })),
        ...(weighted.length > 1
          ? {
              sticky: {
                cookie: {
                  name: stickyCookie(routing.product),
                  httpOnly: true,
                  sameSite: "lax",
                  secure: tls.kind !== "none",
                },
              },
            }
          : {}),
      },
    },
    ...Object.fromEntries(
      running.map((colour) => [
        setService(route.service, colour),
        {
          loadBalancer: {
            servers: route.servers[colour]!.map((name) => ({ url: `http://${name}:${route.port}` })),
            ...(route.healthPath
              ? { healthCheck: { path: route.healthPath, interval: EDGE_HEALTH_EVERY.toGo(), timeout: "5s" } }
              : {}),
          },
        },
      ]),
    ),
  };
}
