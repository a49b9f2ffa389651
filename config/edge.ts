import type { EdgeSettings } from "../model/platform";
import { hours, mebibytes } from "../model/units";

/**
 * An edge as a platform has it when its documents say nothing else. The numbers are Manacore's
 * (manacore-deployment-architecture.md, 2025-11-27), whose documents alone name any; SentinelIQ's and korczewski.de's ask
 * for a rate limit, security headers and CORS without saying which.
 */
export const STANDARD_EDGE: EdgeSettings = {
  kind: "traefik",
  image: "traefik:v3.7.9",
  // No document gives the proxy a limit; measured at rest it takes under 100 MB.
  resources: { limits: { cpu: 1, memory: mebibytes(256) }, expected: { cpu: 0.25, memory: mebibytes(256) } },
  // "Nginx Rate Limiting": rate=10r/s, burst=20 nodelay.
  rateLimit: { perSecond: 10, burst: 20 },
  cors: {
    methods: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"],
    headers: ["Content-Type", "Authorization"],
    maxAge: hours(1),
  },
  // "HTTP Headers". The content security policy is the applications' own (helmet), as only they know their scripts.
  securityHeaders: {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
  },
  trustedProxies: [],
};
