import { PageRule, type PageRuleActions } from "@cdktf/provider-cloudflare/lib/page-rule";
import { Ruleset, type RulesetRulesActionParameters } from "@cdktf/provider-cloudflare/lib/ruleset";
import { Construct } from "constructs";
import { partsOf } from "../../model/cache-patterns";
import type { CacheRule, ZoneCaching } from "../../model/platform";

export interface CacheRulesProps {
  readonly zoneId: string;
  readonly caching: ZoneCaching;
}

/**
 * What Cloudflare caches and what it does not, from one list in which the first rule that fits decides: as page rules,
 * or as the cache and configuration rules that succeed them. A zone has each only once, so its owner makes them.
 */
export class CacheRules extends Construct {
  constructor(scope: Construct, id: string, { zoneId, caching }: CacheRulesProps) {
    super(scope, id);
    if (caching.rulesAs === "page-rules") this.pageRules(zoneId, caching);
    else this.rulesets(zoneId, caching);
  }

  private pageRules(zoneId: string, caching: ZoneCaching): void {
    caching.rules.forEach((rule, index) => {
      new PageRule(this, rule.id, {
        zoneId,
        target: rule.pattern,
        // Cloudflare asks the highest priority first.
        priority: caching.rules.length - index,
        status: "active",
        actions: { ...pageActions(rule, caching), ...(rule.polish ? { polish: rule.polish } : {}) },
      });
    });
  }

  private rulesets(zoneId: string, caching: ZoneCaching): void {
    // The last rule that fits wins within a phase, unlike page rules.
    const lastWins = caching.rules.map((rule, index) => ({ rule, expression: expression(caching.rules, index) }));
    lastWins.reverse();
    new Ruleset(this, "cache", {
      zoneId,
      name: "twinset cache rules",
      kind: "zone",
      phase: "http_request_cache_settings",
      rules: lastWins.map(({ rule, expression }) => ({
        ref: rule.id,
        enabled: true,
        expression,
        action: "set_cache_settings",
        actionParameters: cacheSettings(rule, caching),
      })),
    });
    const polished = lastWins.filter(({ rule }) => rule.polish);
    if (polished.length === 0) return;
    new Ruleset(this, "configuration", {
      zoneId,
      name: "twinset configuration rules",
      kind: "zone",
      phase: "http_config_settings",
      rules: polished.map(({ rule, expression }) => ({
        ref: rule.id,
        enabled: true,
        expression,
        action: "set_config",
        actionParameters: { polish: rule.polish! },
      })),
    });
  }
}

function pageActions({ cache }: CacheRule, caching: ZoneCaching): PageRuleActions {
  switch (cache) {
    case "bypass":
      return { cacheLevel: "bypass" };
    case "assets":
      // Cloudflare's own list of files, by their names' ends, and each only if it is what its name says.
      return { cacheLevel: "aggressive", cacheDeceptionArmor: "on" };
    case "everything":
      return {
        cacheLevel: "cache_everything",
        edgeCacheTtl: caching.edgeTtl.seconds,
        browserCacheTtl: caching.browserTtl.seconds,
      };
  }
}

function cacheSettings({ cache }: CacheRule, caching: ZoneCaching): RulesetRulesActionParameters {
  switch (cache) {
    case "bypass":
      return { cache: false };
    case "assets":
      return {
        cache: true,
        edgeTtl: { mode: "respect_origin" },
        browserTtl: { mode: "respect_origin" },
        cacheKey: { cacheDeceptionArmor: true },
      };
    case "everything":
      return {
        cache: true,
        edgeTtl: { mode: "override_origin", default: caching.edgeTtl.seconds },
        browserTtl: { mode: "override_origin", default: caching.browserTtl.seconds },
      };
  }
}

/** What "assets" are as a cache rule, which has no level of Cloudflare's own list: no documents, as they may be somebody's. */
const EXTENSIONS = "avif bmp css eot gif ico jpeg jpg js mjs otf png svg ttf webp woff woff2".split(" ");

/**
 * When a rule decides. Of all cache rules that fit, each setting is taken from the last that has it, so a page that is not
 * kept would still get the browsers' time of a rule beneath: a rule that keeps something leaves out what earlier ones decide.
 */
function expression(rules: readonly CacheRule[], index: number): string {
  const rule = rules[index]!;
  if (rule.cache === "bypass") return fits(rule);
  const files = rule.cache === "assets" ? [extensionIn(EXTENSIONS)] : [];
  return [fits(rule), ...files, ...rules.slice(0, index).map((earlier) => `not ${fits(earlier)}`)].join(" and ");
}

/**
 * What is not to be kept is looked for in the whole address, which may catch more. What is kept must have it in host and
 * path: else a visitor could be led to `/account?.example.org/images/`, and his page be kept for all.
 */
function fits({ cache, pattern }: CacheRule): string {
  if (cache === "bypass") return `(http.request.full_uri wildcard r"http*://${pattern}")`;
  const { host, path } = partsOf(pattern);
  return `(http.host wildcard r"${host}" and http.request.uri.path strict wildcard r"${path}")`;
}

const extensionIn = (names: readonly string[]): string =>
  `(http.request.uri.path.extension in {${names.map((name) => `"${name}"`).join(" ")}})`;
