import { PageRule } from "@cdktf/provider-cloudflare/lib/page-rule";
import { Ruleset } from "@cdktf/provider-cloudflare/lib/ruleset";
import { Construct } from "constructs";
import type { CacheRule, Zone } from "../../model/platform";

export interface CacheRulesProps {
  readonly zoneId: string;
  readonly zone: Zone;
}

/**
 * What Cloudflare caches and what it does not, from one list in which the first rule that fits decides: as page rules,
 * or as the cache and configuration rules that succeed them. A zone has each only once, so its owner makes them.
 */
export class CacheRules extends Construct {
  constructor(scope: Construct, id: string, { zoneId, zone }: CacheRulesProps) {
    super(scope, id);
    if (zone.rulesAs === "page-rules") this.pageRules(zoneId, zone);
    else this.rulesets(zoneId, zone);
  }

  private pageRules(zoneId: string, zone: Zone): void {
    zone.rules.forEach((rule, index) => {
      new PageRule(this, rule.id, {
        zoneId,
        target: rule.pattern,
        // Cloudflare asks the highest priority first.
        priority: zone.rules.length - index,
        status: "active",
        actions:
          rule.cache === "bypass"
            ? { cacheLevel: "bypass" }
            : {
                cacheLevel: "cache_everything",
                edgeCacheTtl: zone.edgeTtl.seconds,
                browserCacheTtl: zone.browserTtl.seconds,
                ...(rule.polish ? { polish: rule.polish } : {}),
              },
      });
    });
  }

  private rulesets(zoneId: string, zone: Zone): void {
    // The last rule that fits wins within a phase, unlike page rules.
    const lastWins = [...zone.rules].reverse();
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
                edgeTtl: { mode: "override_origin", default: zone.edgeTtl.seconds },
                browserTtl: { mode: "override_origin", default: zone.browserTtl.seconds },
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
