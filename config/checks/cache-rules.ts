import type { Environment } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import {
  type CacheRule,
  namesOf,
  planOf,
  type Platform,
  ZONE_PLANS,
  type ZoneCaching,
  type ZonePlan,
} from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { days, type Duration } from "../../model/units";
import { at } from "./catalog";

/** Does Cloudflare's wildcard pattern fit the address (host and path)? */
export const matchesPattern = (pattern: string, address: string): boolean =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  ).test(address);

/** The rule that Cloudflare applies: the first that fits. */
export const effectiveRule = (rules: readonly CacheRule[], address: string): CacheRule | undefined =>
  rules.find((rule) => matchesPattern(rule.pattern, address));

/** "The provider refuses edge_cache_ttl above 2,419,200 s" (measured, cloudflare 5.22.0). */
const MAX_EDGE_TTL: Duration = days(28);

/** What the zone's plan and the provider permit, and whether the rules do what the services want. */
export function checkCacheRules(platform: Platform): Problem[] {
  const { caching } = platform.zone;
  return [
    ...(caching ? checkCaching(caching, planOf(platform.zone)) : []),
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

/** Does each name get the treatment that its service asks for? */
function checkCached(platform: Platform, environment: Environment, rules: readonly CacheRule[]): Problem[] {
  if (environment.dns.kind === "none") return [];
  return platform.products.flatMap((product) =>
    product.services.flatMap((service) =>
      namesOf(service, environment).flatMap((host) => {
        const rule = effectiveRule(rules, `${host}/`);
        const effect = rule?.cache ?? "bypass";
        return effect === service.access.cache
          ? []
          : [
              error(
                at(product, service, "access/cache"),
                `"${service.access.cache}", but for ${host} ${rule ? `the rule "${rule.id}" says "${effect}"` : "no rule fits"}`,
                "rules that do what the service says",
                "correct zone.caching.rules: the first rule that fits an address decides",
              ),
            ];
      }),
    ),
  );
}
