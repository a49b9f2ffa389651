/**
 * What a service may believe of a request's headers about who asked, how and for what. A visitor can write any header, and
 * software believes many: for each of these there is a framework, a proxy or a library that does. So the edge sets a few to
 * what it knows itself and empties all others, on every route. Both edges and docs/edge.md have it from here.
 */
import { KEY_HEADER, REVISION_HEADER, SET_HEADER } from "./routing";

/** What the edge knows of a request. */
export type Known = "client" | "scheme" | "host" | "port";

/** Set by the edge on every request that a service gets, whatever a visitor or a proxy in front says. */
export const SET_BY_EDGE: Readonly<Record<string, Known>> = {
  "X-Real-IP": "client",
  "X-Forwarded-For": "client",
  "X-Forwarded-Proto": "scheme",
  "X-Forwarded-Host": "host",
  "X-Forwarded-Port": "port",
};

/** Emptied on every route unless a platform lets it through (`edge.letThrough`): by what they claim. */
export const EMPTIED_BY_EDGE: Readonly<Record<string, readonly string[]>> = {
  "where the visitor is": [
    ...["Forwarded", "Forwarded-For", "X-Forwarded", "X-Forwarded-By", "X-Original-For", "X-Original-Forwarded-For"],
    ...["CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Pseudo-IPv4", "CF-IPCountry", "True-Client-IP"],
    ...["Client-IP", "X-Client-IP", "X-Cluster-Client-IP", "X-Remote-IP", "X-Remote-Addr", "X-Originating-IP"],
    ...["X-ProxyUser-IP", "Proxy-Client-IP", "WL-Proxy-Client-IP", "Fastly-Client-IP", "Fly-Client-IP"],
    ...["Do-Connecting-IP", "X-Appengine-User-IP", "X-Azure-ClientIP", "X-Azure-SocketIP"],
    ...["X-Envoy-External-Address", "X-NF-Client-Connection-IP", "X-Vercel-Forwarded-For", "X-Vercel-Proxied-For"],
  ],
  "how and for what the visitor asked": [
    ...["X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Forwarded-Uri", "X-Forwarded-Method"],
    ...["X-Forwarded-Protocol", "X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Scheme", "X-Url-Scheme", "Front-End-Https"],
    ...["CF-Visitor", "X-Host", "X-HTTP-Host-Override", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix"],
    ...["X-Original-URL", "X-Original-URI", "X-Original-Method", "X-Rewrite-URL", "X-Replaced-Path"],
    ...["X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "X-Script-Name", "Via", "Proxy"],
    ...[
      "X-Forwarded-Context",
      "X-Forwarded-Https",
      "X-HTTPS",
      "X-ARR-SSL",
      "X-Real-Host",
      "X-Real-Port",
      "X-Real-Proto",
    ],
  ],
  "that somebody has looked who the visitor is": [
    ...["X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info", "X-Forwarded-Client-Cert"],
    ...["Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Client-Verify", "X-Client-DN", "X-ARR-ClientCert"],
    ...["SSL-Client-Cert", "SSL-Client-Verify", "SSL-Client-Subject-DN", "SSL-Client-Issuer-DN"],
    ...["X-SSL-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-S-DN", "X-SSL-Client-I-DN", "X-SSL-Cert"],
    ...["X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Roles"],
    ...["X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token", "X-Forwarded-Id-Token"],
    ...["X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Access-Token"],
    ...["X-Auth-Request-Preferred-Username", "X-Authenticated-User", "X-Remote-User", "X-Webauth-User", "X-Proxy-User"],
    ...["Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Cf-Access-Authenticated-User-Email"],
    ...["X-Forwarded-Username", "X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Data", "X-Goog-Authenticated-User-Email"],
    ...[
      "X-Goog-Authenticated-User-ID",
      "X-MS-Client-Principal",
      "X-MS-Client-Principal-ID",
      "X-MS-Client-Principal-Name",
    ],
    ...["Tailscale-User-Login", "Tailscale-User-Name"],
  ],
};

/** Between Twinset and its edge. The key above all: a service that is given it can look at every version of every other. */
const EDGES_OWN = [KEY_HEADER, SET_HEADER, REVISION_HEADER];

/** What a platform may let through. */
export const mayBeLetThrough = (): string[] => Object.values(EMPTIED_BY_EDGE).flat();

/** Names of headers are one name in whatever case. */
export const sameHeader = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** All headers that reach no service as a visitor says them and that the edge does not set. */
export const emptiedHeaders = (letThrough: readonly string[] = []): string[] => [
  ...mayBeLetThrough().filter((name) => !letThrough.some((other) => sameHeader(name, other))),
  ...EDGES_OWN,
];
