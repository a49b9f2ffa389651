/** Page rules: how many a plan has, which actions there are and which of them go together. */
import { z } from "zod";
import { ApiError } from "../simulator";
import { failure, hexId, now, ok, parse, type Query, refuse } from "./envelope";
import { atLeast, mustBeId, type PageRule, type Part, type Plan, type Zone, zoneOf } from "./world";

/** Rules per zone: https://developers.cloudflare.com/rules/page-rules/ */
export const QUOTA: Readonly<Record<Plan, number>> = { free: 3, pro: 20, business: 50, enterprise: 125 };

const onOff = z.enum(["on", "off"]);
const nothing = z.undefined();
const seconds = z.int().min(0).max(31_536_000);

interface Action {
  readonly value: z.ZodType;
  /** @default "free" */
  readonly plan?: Plan;
}

const ACTIONS: Readonly<Record<string, Action>> = {
  always_use_https: { value: nothing },
  automatic_https_rewrites: { value: onOff },
  browser_cache_ttl: { value: seconds },
  browser_check: { value: onOff },
  bypass_cache_on_cookie: { value: z.string().min(1), plan: "business" },
  cache_by_device_type: { value: onOff, plan: "enterprise" },
  cache_deception_armor: { value: onOff },
  cache_key_fields: { value: z.record(z.string(), z.unknown()), plan: "enterprise" },
  cache_level: { value: z.enum(["bypass", "basic", "simplified", "aggressive", "cache_everything"]) },
  cache_on_cookie: { value: z.string().min(1), plan: "business" },
  cache_ttl_by_status: { value: z.record(z.string(), z.union([z.string(), z.int()])), plan: "enterprise" },
  disable_apps: { value: z.unknown() },
  disable_performance: { value: nothing },
  disable_security: { value: nothing },
  disable_zaraz: { value: nothing },
  edge_cache_ttl: { value: seconds.min(1) },
  email_obfuscation: { value: onOff },
  explicit_cache_control: { value: onOff },
  forwarding_url: {
    value: z.object({ url: z.string().min(1), status_code: z.union([z.literal(301), z.literal(302)]) }),
  },
  host_header_override: { value: z.string().min(1), plan: "enterprise" },
  ip_geolocation: { value: onOff },
  mirage: { value: onOff, plan: "pro" },
  opportunistic_encryption: { value: onOff },
  origin_error_page_pass_thru: { value: onOff, plan: "enterprise" },
  polish: { value: z.enum(["off", "lossless", "lossy"]), plan: "pro" },
  resolve_override: { value: z.string().min(1), plan: "enterprise" },
  respect_strong_etag: { value: onOff },
  response_buffering: { value: onOff, plan: "enterprise" },
  rocket_loader: { value: onOff },
  security_level: { value: z.enum(["off", "essentially_off", "low", "medium", "high", "under_attack"]) },
  sort_query_string_for_cache: { value: onOff, plan: "enterprise" },
  ssl: { value: z.enum(["off", "flexible", "full", "strict", "origin_pull"]) },
  true_client_ip_header: { value: onOff, plan: "enterprise" },
  waf: { value: onOff, plan: "pro" },
};

/** These stand alone: nothing else could happen to a request that they answer. */
const ALONE = ["forwarding_url", "always_use_https"];

/** https://developers.cloudflare.com/cache/how-to/edge-browser-cache-ttl/ */
const LEAST_EDGE_TTL: Readonly<Record<Plan, number>> = { free: 7200, pro: 3600, business: 1, enterprise: 1 };

const TARGETS = z
  .array(
    z.object({
      target: z.literal("url"),
      constraint: z.object({ operator: z.literal("matches"), value: z.string().min(1) }),
    }),
  )
  .length(1);
const BODY = z.object({
  targets: TARGETS,
  actions: z.array(z.object({ id: z.string(), value: z.unknown().optional() })).min(1),
  priority: z.int().min(1).optional(),
  status: z.enum(["active", "disabled"]).optional(),
});

export const pageRules: Part = (app, world) => {
  type Params = { zone: string; rule: string };
  const all = "/zones/:zone/pagerules";
  const one = "/zones/:zone/pagerules/:rule";

  const existing = (params: Params, url: string): { zone: Zone; rule: PageRule } => {
    const zone = zoneOf(world, params.zone, url);
    mustBeId(params.rule, url);
    return { zone, rule: zone.pageRules.get(params.rule) ?? refuse(404, 1002, "Invalid Page Rule identifier") };
  };

  app.get<{ Params: Params; Querystring: Query }>(all, async ({ params, query, url }) => {
    const zone = zoneOf(world, params.zone, url);
    const rules = [...zone.pageRules.values()].filter(
      ({ status }) => query["status"] === undefined || status === query["status"],
    );
    const key = query["order"] === "status" ? "status" : "priority";
    const direction = query["direction"] === "asc" ? 1 : -1;
    rules.sort((a, b) => direction * (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0));
    return ok(rules);
  });

  app.get<{ Params: Params }>(one, async ({ params, url }) => ok(existing(params, url).rule));

  app.post<{ Params: Params }>(all, async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    const given = parse(BODY, body, 400, 1004);
    if (zone.pageRules.size >= QUOTA[zone.plan]) {
      invalid(`.quota: Your zone has reached its limit of ${QUOTA[zone.plan]} page rules.`);
    }
    const rule = checked(zone, { id: hexId(), priority: 1, status: "disabled", ...given, created_on: now() });
    zone.pageRules.set(rule.id, rule);
    return ok(rule);
  });

  app.put<{ Params: Params }>(one, async ({ params, body, url }) => {
    const { zone, rule } = existing(params, url);
    const given = parse(BODY, body, 400, 1004);
    const changed = checked(zone, {
      id: rule.id,
      priority: 1,
      status: "disabled",
      ...given,
      created_on: rule.created_on,
    });
    zone.pageRules.set(rule.id, changed);
    return ok(changed);
  });

  app.patch<{ Params: Params }>(one, async ({ params, body, url }) => {
    const { zone, rule } = existing(params, url);
    const changed = checked(zone, { ...rule, ...parse(BODY.partial(), body, 400, 1004) });
    zone.pageRules.set(rule.id, changed);
    return ok(changed);
  });

  app.delete<{ Params: Params }>(one, async ({ params, url }) => {
    const { zone, rule } = existing(params, url);
    zone.pageRules.delete(rule.id);
    return ok({ id: rule.id });
  });
};

/** The error is always the same; what is wrong stands in `messages`. */
function invalid(...reasons: readonly string[]): never {
  throw new ApiError(
    failure(
      400,
      [{ code: 1004, message: "Page Rule validation failed: See messages for details." }],
      reasons.map((message) => ({ code: 1, message, type: null })),
    ),
  );
}

function checked(zone: Zone, draft: Omit<PageRule, "modified_on">): PageRule {
  const value = withPath(draft.targets[0]!.constraint.value);
  const reasons: string[] = [];
  const host = value.replace(/^https?:\/\//, "").split("/")[0]!;
  if (!host.replace(/:\d+$/, "").endsWith(zone.name)) {
    reasons.push(`.targets: The target URL must be one of the zone ${zone.name}.`);
  }
  const taken = [...zone.pageRules.values()].some(
    ({ id, targets }) => id !== draft.id && targets[0]!.constraint.value === value,
  );
  if (taken) {
    reasons.push(
      ".distinctTargetUrl: Your zone already has an existing page rule with that URL. If you are modifying only page " +
        "rule settings use the Edit Page Rule option instead",
    );
  }
  const ids = draft.actions.map(({ id }) => id);
  if (new Set(ids).size < ids.length) reasons.push(".actions: An action may be there only once.");
  const alone = ids.find((id) => ALONE.includes(id));
  if (alone !== undefined && ids.length > 1) reasons.push(`.actions: ${alone} cannot be combined with other actions.`);
  for (const action of draft.actions) {
    const reason = actionProblem(action, zone.plan);
    if (reason !== undefined) reasons.push(`.actions.${action.id}: ${reason}`);
  }
  if (reasons.length > 0) invalid(...reasons);
  const [target] = draft.targets;
  return {
    ...draft,
    targets: [{ ...target!, constraint: { ...target!.constraint, value } }],
    modified_on: now(),
  };
}

function actionProblem({ id, value }: { id: string; value?: unknown }, plan: Plan): string | undefined {
  const action = ACTIONS[id];
  if (!action) return "There is no such action.";
  if (!atLeast(plan, action.plan ?? "free")) return `Your plan (${plan}) does not have this action.`;
  if (!action.value.safeParse(value).success) return "The value is not valid.";
  if (id === "edge_cache_ttl" && Number(value) < LEAST_EDGE_TTL[plan]) {
    return `On your plan (${plan}) the value must be at least ${LEAST_EDGE_TTL[plan]}.`;
  }
  return undefined;
}

/** A target without a path gets one. */
const withPath = (value: string): string => (value.replace(/^https?:\/\//, "").includes("/") ? value : `${value}/`);
