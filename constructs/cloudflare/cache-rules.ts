import { PageRule } from "@cdktf/provider-cloudflare/lib/page-rule";
import { Ruleset } from "@cdktf/provider-cloudflare/lib/ruleset";
import { Construct } from "constructs";
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
        actions:
          rule.cache === "bypass"
            ? { cacheLevel: "bypass" }
            : {
                cacheLevel: "cache_everything",
                edgeCacheTtl: caching.edgeTtl.seconds,
                browserCacheTtl: caching.browserTtl.seconds,
                ...(rule.polish ? { polish: rule.polish } : {}),
              },
      });
    });
  }

  private rulesets(zoneId: string, caching: ZoneCaching): void {
    // The last rule that fits wins within a phase, unlike page rules.
    const lastWins = [...caching.rules].reverse();
    new Ruleset(this, "cache", {
      zoneId,
      name: "twinset cache rules",
      kind: "zone",
      phase: "http_request_cache_settings",
      rules: lastWins.map((rule) => ({
        ref: rule.id,
        enabled: true,
        expression: expression(rule),
        action: "set_cache_settings",
        actionParameters:
          rule.cache === "bypass"
            ? { cache: false }
            : {
                cache: true,
                edgeTtl: { mode: "override_origin", default: caching.edgeTtl.seconds },
                browserTtl: { mode: "override_origin", default: caching.browserTtl.seconds },
              },
      })),
    });
    const polished = lastWins.filter((rule) => rule.polish);
    if (polished.length === 0) return;
    new Ruleset(this, "configuration", {
      zoneId,
      name: "twinset configuration rules",
      kind: "zone",
      phase: "http_config_settings",
      rules: polished.map((rule) => ({
        ref: rule.id,
        enabled: true,
        expression: expression(rule),
        action: "set_config",
        actionParameters: { polish: rule.polish! },
      })),
    });
  }
}

/** The same wildcard over host and path, for either scheme. */
const expression = (rule: CacheRule): string => `(http.request.full_uri wildcard r"http*://${rule.pattern}")`;
