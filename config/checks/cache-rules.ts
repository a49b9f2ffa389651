import type { Environment } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import { effectiveRule, rulesOfHost } from "../../model/cache-patterns";
import {
  type CacheRule,
  namesOf,
  planOf,
  type Platform,
  ZONE_PLANS,
  type ZoneCaching,
  type ZonePlan,
} from "../../model/platform";
import { error, type Problem, warning } from "../../model/problem";
import type { Product, Service } from "../../model/service";
import { days, type Duration } from "../../model/units";
import { at } from "./catalog";

export { effectiveRule, matchesPattern } from "../../model/cache-patterns";

/** "The provider refuses edge_cache_ttl above 2,419,200 s" (measured, cloudflare 5.22.0). */
const MAX_EDGE_TTL: Duration = days(28);

/** What the zone's plan and the provider permit, and whether the rules do what the services want. */
export function checkCacheRules(platform: Platform): Problem[] {
  const { caching } = platform.zone;
  return [
    ...(caching ? checkCaching(caching, planOf(platform.zone)) : []),
    ...checkLogins(platform),
    ...ENVIRONMENTS.flatMap((name) => checkCached(platform, platform.environments[name], caching?.rules ?? [])),
  ];
}

function checkCaching(caching: ZoneCaching, planName: ZonePlan): Problem[] {
  const plan = ZONE_PLANS[planName];
  const problems: Problem[] = [];
  if (caching.rulesAs === "page-rules" && caching.rules.length > plan.pageRules) {
    problems.push(
      error(
        "zone/caching/rules",
        `${caching.rules.length} page rules`,
        `at most ${plan.pageRules}, as the plan "${planName}" permits`,
        'put names together with wildcards, or write rulesAs: "cache-rules"',
      ),
    );
  }
  if (caching.rulesAs === "cache-rules" && caching.rules.length > plan.cacheRules) {
    problems.push(
      error(
        "zone/caching/rules",
        `${caching.rules.length} cache rules`,
        `at most ${plan.cacheRules}, as the plan "${planName}" permits`,
        "put names together with wildcards, or take a larger plan",
      ),
    );
  }
  for (const rule of caching.rules) {
    if (rule.polish && !plan.polish) {
      problems.push(
        error(
          `zone/caching/rules/${rule.id}/polish`,
          `Polish on the plan "${planName}"`,
          "the plan pro or higher",
          'remove polish, or write plan: "pro"',
        ),
      );
    }
  }
  if (caching.edgeTtl.seconds > MAX_EDGE_TTL.seconds) {
    problems.push(
      error(
        "zone/caching/edgeTtl",
        `${caching.edgeTtl.seconds} s`,
        `at most ${MAX_EDGE_TTL.seconds} s (28 days)`,
        "shorten it",
      ),
    );
  }
  return problems;
}

/** Of the rules that decide for a name, how much each lets Cloudflare keep. */
const KEPT: Readonly<Record<CacheRule["cache"], number>> = { bypass: 0, assets: 1, everything: 2 };

/** Does each name get the treatment that its service asks for? */
function checkCached(platform: Platform, environment: Environment, rules: readonly CacheRule[]): Problem[] {
  if (environment.dns.kind === "none") return [];
  return platform.products.flatMap((product) =>
    product.services.flatMap((service) =>
      namesOf(service, environment).flatMap((host) =>
        service.access.cache === "everything"
          ? checkKept(product, service, host, rules)
          : checkNotKept(product, service, host, rules),
      ),
    ),
  );
}

/** Of a service that wants all kept, its pages are. */
function checkKept(product: Product, service: Service, host: string, rules: readonly CacheRule[]): Problem[] {
  const rule = effectiveRule(rules, `${host}/`);
  return rule?.cache === "everything" ? [] : [contradiction(product, service, host, rule)];
}

/**
 * Of any other, no address of the name is under a rule that keeps more, not only its first page: a rule for one path, or
 * one whose star is about another name as well, is asked before the one that was meant for it.
 */
function checkNotKept(product: Product, service: Service, host: string, rules: readonly CacheRule[]): Problem[] {
  const most = service.access.api ? KEPT.bypass : KEPT.assets;
  const [worst] = rulesOfHost(rules, host)
    .filter(({ cache }) => KEPT[cache] > most)
    .sort((a, b) => KEPT[b.cache] - KEPT[a.cache]);
  return worst ? [contradiction(product, service, host, worst)] : [];
}

function contradiction(product: Product, service: Service, host: string, rule: CacheRule | undefined): Problem {
  const wanted = service.access.cache ?? "bypass";
  return error(
    at(product, service, "access/cache"),
    `"${wanted}", but for ${host} ${rule ? `the rule "${rule.id}" says "${rule.cache}"` : "no rule fits"}`,
    "rules that do what the service says",
    "correct zone.caching.rules: the first rule that fits an address decides",
  );
}

/** Whoever has the answers of a service with logins kept is told what that means. */
function checkLogins({ products, zone }: Platform): Problem[] {
  return products.flatMap((product) =>
    product.services
      .filter(({ access }) => access.cache === "everything" && access.logins !== false)
      .map((service) =>
        warning(
          at(product, service, "access/cache"),
          `"everything", for answers that may be one visitor's alone: Cloudflare keeps one copy of each address${zone.caching ? ` for ${inWords(zone.caching.edgeTtl)}` : ""}, whatever the answer says and without its cookies, and shows it to everyone${zone.caching ? `; browsers keep it for ${inWords(zone.caching.browserTtl)}, signed out or not` : ""}`,
          '"bypass", or answers that are the same for everyone',
          "write logins: false if each address has the same answer for everyone; else remove cache",
        ),
      ),
  );
}

/** "28 days", "90 minutes", "30 s". */
function inWords({ seconds }: Duration): string {
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size} ${unit}${seconds === size ? "" : "s"}`;
  }
  return `${seconds} s`;
}
