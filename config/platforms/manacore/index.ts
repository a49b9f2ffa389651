/**
 * Manacore: manacore-deployment-architecture.md, manacore-deployment-diagrams.md and
 * manacore-ci-cd-plan.md (all of 2025-11-27), in their union. Where they disagree it is said beside the fact.
 */
import type { Platform, Price } from "../../../model/platform";
import { days } from "../../../model/units";
import { CLOUDFLARE_PROXIES } from "../../cloudflare";
import { standardDelivery } from "../../github";
import { ROTATED_LOGS, SEGMENTED_NETWORKS } from "../../docker";
import { STANDARD_EDGE } from "../../edge";
import { SERVER_TYPES } from "../../hetzner";
import { PROVIDER_INPUTS } from "../../inputs";
import { ENVIRONMENTS } from "./environments";
import { ZONE } from "./hosts";
import { PRODUCTS } from "./products";
import { STORES } from "./stores";

/** The CI/CD plan's cost table. Its servers are the CCX32 and CCX42; their successors are priced like them. */
const price = (amount: number): Price => ({
  amount,
  currency: "USD",
  source: "manacore-ci-cd-plan.md, Cost Breakdown",
  date: "2025-11-27",
});

const DOMAINS = { item: "domains (6)", price: price(6) };

export const manacore: Platform = {
  name: "manacore",
  title: "Manacore: chat, stories, cards, memos, pictures and more, behind one sign-in",
  // The CI/CD plan's naming section says ghcr.io/wuesteon; the diagrams and the workflow sample say ghcr.io/manacore.
  // The naming section is the one that defines names.
  registry: { host: "ghcr.io", owner: "wuesteon" },
  labelPrefix: "com.manacore",
  networks: SEGMENTED_NETWORKS,
  products: PRODUCTS,
  stores: STORES,
  edge: {
    ...STANDARD_EDGE,
    cors: { ...STANDARD_EDGE.cors, headers: ["Content-Type", "Authorization", "X-App-ID"] },
    trustedProxies: CLOUDFLARE_PROXIES,
  },
  zone: {
    name: ZONE,
    // The cost table has Cloudflare's free plan, the page rules ask for Polish, which begins with Pro.
    plan: "pro",
    caching: {
      rulesAs: "page-rules",
      // "Cloudflare Page Rules", with wildcards so that six rules do for every product and both environments. Only the
      // first rule that fits an address applies, so the one for images says what is kept of them as well.
      rules: [
        { id: "api", pattern: `*api-*.${ZONE}/*`, cache: "bypass" },
        { id: "auth", pattern: `*auth*.${ZONE}/*`, cache: "bypass" },
        // What SvelteKit names after its content.
        { id: "hashed", pattern: `*${ZONE}/_app/immutable/*`, cache: "assets" },
        { id: "images", pattern: `*${ZONE}/images/*`, cache: "assets", polish: "lossless" },
        // The documents' "Cache Everything" names a landing page (chat.manacore.app) alone. A web has logins: kept for all,
        // one visitor would be shown another's page.
        { id: "webs", pattern: `*app*.${ZONE}/*`, cache: "bypass" },
        { id: "pages", pattern: `*${ZONE}/*`, cache: "everything" },
      ],
      // "Edge Cache TTL: 1 month": the provider accepts at most 28 days (2,419,200 s).
      edgeTtl: days(28),
      browserTtl: days(7),
    },
    records: [
      { name: `*.${ZONE}`, type: "CNAME", content: ZONE, proxied: true },
      // "https://status.manacore.app → Status page (UptimeRobot)".
      { name: `status.${ZONE}`, type: "CNAME", content: "stats.uptimerobot.com", proxied: false },
    ],
    hstsMaxAge: days(365),
    minTlsVersion: "1.2",
  },
  // The documents' Loki driver needs a plugin on the host and a Loki to send to.
  logs: ROTATED_LOGS,
  // "Connection Limits per Service": backend 10, migration script 1. The table's 5 for a web have no connection string to
  // stand in: webs reach Supabase by HTTP (PUBLIC_SUPABASE_URL).
  supabasePool: { service: 10, migration: 1 },
  serverTypes: {
    ccx33: { ...SERVER_TYPES.ccx33, price: price(50) },
    ccx43: { ...SERVER_TYPES.ccx43, price: price(100) },
  },
  otherCosts: {
    development: [],
    staging: [],
    production: [
      DOMAINS,
      {
        item: "Cloudflare Pro (for Polish)",
        price: { amount: 25, currency: "USD", source: "cloudflare.com/plans, monthly billing", date: "2025-11-27" },
      },
    ],
  },
  environments: ENVIRONMENTS,
  inputs: PROVIDER_INPUTS,
  delivery: standardDelivery("manacore-delivery-state"),
};
