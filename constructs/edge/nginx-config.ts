/**
 * nginx's configuration as text: the main file, the file that all services share, and the file with one product's routing.
 * What Traefik does by itself (choosing by weight, staying on one set) is maps and split_clients here.
 */
import type { Tls } from "../../model/environment";
import type { EdgeSettings } from "../../model/platform";
import { type Colour, COLOURS } from "../../model/release";
import {
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
import { emptiedHeaders, type Known, SET_BY_EDGE } from "../../model/visitor-headers";
import {
  CERTIFICATES,
  IPV6_NETWORK_BITS,
  originPattern,
  PRIVATE_ADDRESSES,
  privateProxies,
  ROUTING,
  stickyCookie,
} from "./edge";

const indent = (lines: readonly string[]): string[] => lines.map((line) => (line === "" ? "" : `  ${line}`));
const block = (head: string, lines: readonly string[]): string[] => [`${head} {`, ...indent(lines), "}"];
const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
/** What the edge alone says: a service that echoes any origin would open itself to each. */
const CORS_ANSWERS = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"];
/** nginx variables have no dashes. */
const variable = (name: string): string => `$${name.replaceAll("-", "_")}`;

/** The main file: what cannot change without a restart, and the includes. */
export function mainConfig(): string {
  return [
    "worker_processes auto;",
    "pid /tmp/nginx.pid;",
    "error_log /dev/stderr warn;",
    ...block("events", ["worker_connections 4096;"]),
    ...block("http", [
      ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path /tmp/${kind};`),
      "server_tokens off;",
      // Connections that wait are kept for a moment when a reload ends the worker, so that none is cut in a request.
      "keepalive_timeout 65;",
      "keepalive_min_timeout 10s;",
      "server_names_hash_bucket_size 128;",
      "variables_hash_max_size 4096;",
      "map_hash_bucket_size 128;",
      "client_max_body_size 0;",
      ...block("server", [
        `listen ${METRICS_PORT};`,
        "access_log off;",
        ...block("location = /ping", ["return 200;"]),
        ...block("location = /metrics", ["stub_status;"]),
      ]),
      `include ${ROUTING}/*.conf;`,
    ]),
    "",
  ].join("\n");
}

export interface SharedNginxOptions {
  readonly settings: EdgeSettings;
  readonly tls: Tls;
  readonly zone: string;
  readonly corsOrigins: readonly string[];
}

/** The file that all services share. */
export function sharedNginxConfig({ settings, tls, zone, corsOrigins }: SharedNginxOptions): string {
  const { rateLimit } = settings;
  return [
    // Fields of the access log as JSON, so that both edges' logs are read alike.
    `log_format json escape=json '{"time":"$time_iso8601","ClientHost":"$remote_addr","RequestMethod":"$request_method",'`,
    `  '"RequestHost":"$host","RequestPath":"$request_uri","DownstreamStatus":$status,"Duration":$request_time,'`,
    `  '"ServiceName":"$upstream_addr"}';`,
    "access_log /dev/stdout json;",
    ...settings.trustedProxies.map((cidr) => `set_real_ip_from ${cidr};`),
    "real_ip_header X-Forwarded-For;",
    "real_ip_recursive on;",
    // For all locations: one that has a line of its own would inherit none of these.
    "underscores_in_headers off;",
    "proxy_headers_hash_max_size 2048;",
    "proxy_headers_hash_bucket_size 128;",
    ...headersForServices(settings),
    ...limitKey(settings),
    `limit_req_zone $limit_key zone=api:10m rate=${rateLimit.perSecond}r/s;`,
    "limit_req_status 429;",
    "gzip on;",
    "gzip_types text/plain text/css application/json application/javascript text/xml application/xml;",
    ...block("map $http_upgrade $connection_upgrade", ["default upgrade;", "'' '';"]),
    ...corsMaps("$cors", corsOrigins),
    ...(tls.kind === "none"
      ? []
      : [
          `ssl_certificate ${CERTIFICATES}/live/${zone}/fullchain.pem;`,
          `ssl_certificate_key ${CERTIFICATES}/live/${zone}/privkey.pem;`,
          "ssl_protocols TLSv1.2 TLSv1.3;",
          "ssl_session_cache shared:tls:10m;",
          ...block("server", ["listen 80 default_server;", "return 308 https://$host$request_uri;"]),
          ...block("server", ["listen 443 ssl default_server;", "ssl_reject_handshake on;"]),
        ]),
    ...probe("settings"),
    "",
  ].join("\n");
}

/** Whom the rate limit counts: the visitor's address, of IPv6 its network; an empty key is not limited. */
const limitKey = ({ trustedProxies }: EdgeSettings): string[] => [
  // The address as its bytes: 4 or 16, whatever they are; IPv4 written as IPv6 is no network.
  ...block("map $binary_remote_addr $visitor", [
    "default $binary_remote_addr;",
    `"~(?s)^(?!\\x00{10}\\xff\\xff)(?<visitor_network>.{${IPV6_NETWORK_BITS / 8}}).{${16 - IPV6_NETWORK_BITS / 8}}\\z" $visitor_network;`,
  ]),
  // Containers of this host come by its own address. Who comes by a trusted proxy is none of them.
  ...block("geo $realip_remote_addr $limited", ["default 1;", ...PRIVATE_ADDRESSES.map((cidr) => `${cidr} 0;`)]),
  ...block("geo $realip_remote_addr $proxied", [
    "default 0;",
    ...privateProxies(trustedProxies).map((cidr) => `${cidr} 1;`),
  ]),
  ...block('map "$limited$proxied" $limit_key', ["default $visitor;", "00 '';"]),
];

/** nginx's variables for what it knows of a request. */
const KNOWN: Readonly<Record<Known, string>> = {
  client: "$remote_addr",
  scheme: "$scheme",
  host: "$host",
  port: "$server_port",
};

/** What services get in place of what visitors said; an empty header is not sent. */
const headersForServices = ({ letThrough }: EdgeSettings): string[] => [
  "proxy_set_header Host $host;",
  "proxy_set_header Upgrade $http_upgrade;",
  "proxy_set_header Connection $connection_upgrade;",
  ...Object.entries(SET_BY_EDGE).map(([name, known]) => `proxy_set_header ${name} ${KNOWN[known]};`),
  ...emptiedHeaders(letThrough).map((name) => `proxy_set_header ${name} "";`),
];

/** What an answer says of CORS: nothing but for an origin on the list. */
const corsMaps = (prefix: string, origins: readonly string[]): string[] => [
  ...block(`map $http_origin ${prefix}_origin`, [
    "default '';",
    ...origins.map((origin) => `${quoted(`~${originPattern(origin)}`)} $http_origin;`),
  ]),
  ...block(`map ${prefix}_origin ${prefix}_credentials`, ["default true;", "'' '';"]),
];

export interface ProductNginxOptions {
  readonly settings: EdgeSettings;
  readonly tls: Tls;
  readonly hstsMaxAge: Duration;
  /** May be a Terraform token. */
  readonly smokeKey: string;
}

/** The file with one product's routing. Server names and the key may be Terraform tokens. */
export function productNginxConfig(routing: ProductRouting, options: ProductNginxOptions): string {
  return [
    ...routing.routes.flatMap((route) => routeConfig(routing, route, options)),
    ...probe(routing.product),
    "",
  ].join("\n");
}

const probe = (name: string): string[] =>
  block("server", [
    `listen ${PROBE_PORT};`,
    `server_name ${name};`,
    "access_log off;",
    `add_header ${REVISION_HEADER} ${REVISION_PLACEHOLDER} always;`,
    "return 200;",
  ]);

function routeConfig(routing: ProductRouting, route: ServiceRoute, options: ProductNginxOptions): string[] {
  const { settings, tls, hstsMaxAge, smokeKey } = options;
  const running = COLOURS.filter((colour) => route.servers[colour]);
  const weighted = running.filter((colour) => routing.weights[colour] !== undefined && routing.weights[colour] !== 0);
  const upstream = (colour: Colour): string => setService(route.service, colour);
  const split = variable(`${route.service}-split`);
  const sticky = variable(`${route.service}-sticky`);
  const pool = variable(`${route.service}-pool`);
  const chosen = variable(`${route.service}-chosen`);
  const cookie = stickyCookie(routing.product);
  const sharing = weighted.length > 1;
  const listen = tls.kind === "none" ? "80" : "443 ssl";

  const headers = [
    ...Object.entries(settings.securityHeaders).map(([name, value]) => `add_header ${name} ${quoted(value)} always;`),
    ...(tls.kind === "none"
      ? []
      : [`add_header Strict-Transport-Security "max-age=${hstsMaxAge.seconds}; includeSubDomains; preload" always;`]),
    ...(sharing
      ? [
          `add_header Set-Cookie "${cookie}=${variable(`${route.service}-colour`)}; Path=/; HttpOnly; SameSite=Lax${tls.kind === "none" ? "" : "; Secure"}";`,
        ]
      : []),
  ];
  const corsPrefix = route.cors ? variable(`${route.service}-cors`) : "$cors";
  // Neither is added where it is empty.
  const cors = [
    `add_header Access-Control-Allow-Origin ${corsPrefix}_origin always;`,
    `add_header Access-Control-Allow-Credentials ${corsPrefix}_credentials always;`,
    "add_header Vary Origin always;",
  ];
  const preflight = block("if ($request_method = OPTIONS)", [
    ...headers,
    ...cors,
    `add_header Access-Control-Allow-Methods ${quoted(settings.cors.methods.join(", "))};`,
    `add_header Access-Control-Allow-Headers ${quoted(settings.cors.headers.join(", "))};`,
    `add_header Access-Control-Max-Age ${settings.cors.maxAge.seconds};`,
    "return 204;",
  ]);
  const proxy = [`proxy_pass http://${pool};`, "proxy_http_version 1.1;", `proxy_hide_header ${SET_HEADER};`];
  const server = (listen: string, names: readonly string[], api = route.api): string[] =>
    block("server", [
      `listen ${listen};`,
      `server_name ${names.join(" ")};`,
      ...headers,
      // Not added where it is empty.
      `add_header ${SET_HEADER} ${chosen} always;`,
      ...(api ? cors : []),
      ...block("location /", [
        ...(api ? [`limit_req zone=api burst=${settings.rateLimit.burst} nodelay;`, ...preflight] : []),
        ...proxy,
        ...(api ? CORS_ANSWERS.map((name) => `proxy_hide_header ${name};`) : []),
      ]),
    ]);

  return [
    ...(route.api && route.cors ? corsMaps(corsPrefix, route.cors.origins) : []),
    ...running.flatMap((colour) =>
      block(`upstream ${upstream(colour)}`, [
        ...route.servers[colour]!.map((name) => `server ${name}:${route.port};`),
        "keepalive 32;",
      ]),
    ),
    // split_clients refuses 0 %, and the last part must be a star.
    ...block(`split_clients $request_id ${split}`, [
      ...weighted.slice(0, -1).map((colour) => `${routing.weights[colour]}% ${colour};`),
      `* ${weighted[weighted.length - 1]};`,
    ]),
    ...block(`map $cookie_${cookie} ${sticky}`, [
      `default ${split};`,
      ...(sharing ? weighted.map((colour) => `${colour} ${colour};`) : []),
    ]),
    ...block(`map "$http_x_twinset_key:$http_x_twinset_set" ${chosen}`, [
      "default '';",
      ...running.map((colour) => `"${smokeKey}:${colour}" ${colour};`),
    ]),
    ...block(`map ${chosen} ${variable(`${route.service}-colour`)}`, [`default ${chosen};`, `'' ${sticky};`]),
    ...block(
      `map ${variable(`${route.service}-colour`)} ${pool}`,
      running.map((colour) => `${colour} ${upstream(colour)};`),
    ),
    ...server(listen, route.hosts),
    ...(route.webhookHosts?.length ? server(listen, route.webhookHosts, false) : []),
    ...(route.developmentPort === undefined ? [] : server(`${route.developmentPort} default_server`, ["_"])),
  ];
}
