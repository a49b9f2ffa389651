/** Rulesets: one entry point per phase, rules that keep their id as long as they keep their `ref`. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { hexId, now, ok, parse, refuse } from "./envelope";
import { mustBeId, type Part, type Plan, type Rule, type Ruleset, type Zone, zoneOf } from "./world";

/** The phases of a zone, with the actions that rules may have there. */
const PHASES: Readonly<Record<string, readonly string[]>> = {
  http_config_settings: ["set_config"],
  http_ratelimit: ["block", "challenge", "js_challenge", "managed_challenge", "log", "execute"],
  http_request_cache_settings: ["set_cache_settings"],
  http_request_dynamic_redirect: ["redirect"],
  http_request_firewall_custom: ["block", "challenge", "js_challenge", "managed_challenge", "log", "skip", "execute"],
  http_request_firewall_managed: ["execute", "skip"],
  http_request_late_transform: ["rewrite"],
  http_request_origin: ["route"],
  http_request_transform: ["rewrite"],
  http_response_compression: ["compress_response"],
  http_response_headers_transform: ["rewrite"],
};

/** Rules per phase: https://developers.cloudflare.com/cache/how-to/cache-rules/ */
const MOST_RULES: Readonly<Record<Plan, number>> = { free: 10, pro: 25, business: 50, enterprise: 300 };

const RULE = z.looseObject({
  action: z.string().min(1),
  expression: z.string().min(1).max(4096),
  ref: z.string().min(1).nullish(),
  description: z.string().nullish(),
  enabled: z.boolean().nullish(),
  action_parameters: z.record(z.string(), z.unknown()).nullish(),
});
const UPDATE = z.object({
  name: z.string().optional(),
  description: z.string().nullish(),
  rules: z.array(RULE).nullish(),
});
const CREATE = UPDATE.extend({
  name: z.string().min(1),
  kind: z.enum(["custom", "managed", "root", "zone"]),
  phase: z.string(),
});
type GivenRule = z.output<typeof RULE>;

export const rulesets: Part = (app, world) => {
  type Params = { zone: string; ruleset: string; rule: string; phase: string };
  const existing = (params: Params, url: string): { zone: Zone; ruleset: Ruleset } => {
    const zone = zoneOf(world, params.zone, url);
    mustBeId(params.ruleset, url);
    return { zone, ruleset: zone.rulesets.get(params.ruleset) ?? refuse(404, 10003, "could not find ruleset") };
  };
  const entryPoint = (params: Params, url: string): { zone: Zone; ruleset: Ruleset | undefined } => {
    const zone = zoneOf(world, params.zone, url);
    return { zone, ruleset: [...zone.rulesets.values()].find(({ phase }) => phase === params.phase) };
  };

  app.get<{ Params: Params }>("/zones/:zone/rulesets", async ({ params, url }) => {
    const all = [...zoneOf(world, params.zone, url).rulesets.values()];
    return ok(
      all.map((ruleset) => ({ ...ruleset, rules: undefined })),
      { result_info: { cursors: {} } },
    );
  });

  app.post<{ Params: Params }>("/zones/:zone/rulesets", async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    const given = parse(CREATE, body, 400, 20217);
    if (!(given.phase in PHASES)) notValid(given.phase, "phase", "there is no such phase", "/phase");
    if (given.kind !== "zone") notValid(given.kind, "kind", "only zone is possible at zone level", "/kind");
    if ([...zone.rulesets.values()].some(({ phase }) => phase === given.phase)) {
      notValid("zone", "kind", `exceeded maximum number of zone rulesets for phase ${given.phase}`, "/kind");
    }
    return ok(store(zone, undefined, given.phase, given));
  });

  app.get<{ Params: Params }>("/zones/:zone/rulesets/:ruleset", async ({ params, url }) =>
    ok(existing(params, url).ruleset),
  );

  app.put<{ Params: Params }>("/zones/:zone/rulesets/:ruleset", async ({ params, body, url }) => {
    const { zone, ruleset } = existing(params, url);
    return ok(store(zone, ruleset, ruleset.phase, parse(UPDATE, body, 400, 20217)));
  });

  app.delete<{ Params: Params }>("/zones/:zone/rulesets/:ruleset", async ({ params, url }, reply) => {
    const { zone, ruleset } = existing(params, url);
    zone.rulesets.delete(ruleset.id);
    return reply.status(204).send();
  });

  const point = "/zones/:zone/rulesets/phases/:phase/entrypoint";
  app.get<{ Params: Params }>(point, async ({ params, url }) => {
    const { ruleset } = entryPoint(params, url);
    return ok(ruleset ?? refuse(404, 10003, `could not find entrypoint ruleset in the ${params.phase} phase`));
  });

  app.put<{ Params: Params }>(point, async ({ params, body, url }) => {
    const { zone, ruleset } = entryPoint(params, url);
    if (!(params.phase in PHASES)) notValid(params.phase, "phase", "there is no such phase", "/phase");
    return ok(store(zone, ruleset, params.phase, parse(UPDATE, body, 400, 20217)));
  });

  app.post<{ Params: Params }>("/zones/:zone/rulesets/:ruleset/rules", async ({ params, body, url }) => {
    const { zone, ruleset } = existing(params, url);
    return ok(store(zone, ruleset, ruleset.phase, { rules: [...ruleset.rules, parse(RULE, body, 400, 20217)] }));
  });

  app.patch<{ Params: Params }>("/zones/:zone/rulesets/:ruleset/rules/:rule", async ({ params, body, url }) => {
    const { zone, ruleset } = existing(params, url);
    const rule = ruleOf(ruleset, params.rule);
    const change = parse(RULE.partial(), body, 400, 20217);
    const rules = ruleset.rules.map((other) => (other === rule ? { ...rule, ...change } : other));
    return ok(store(zone, ruleset, ruleset.phase, { rules }));
  });

  app.delete<{ Params: Params }>("/zones/:zone/rulesets/:ruleset/rules/:rule", async ({ params, url }) => {
    const { zone, ruleset } = existing(params, url);
    const rule = ruleOf(ruleset, params.rule);
    return ok(store(zone, ruleset, ruleset.phase, { rules: ruleset.rules.filter((other) => other !== rule) }));
  });
};

const ruleOf = (ruleset: Ruleset, id: string): Rule =>
  ruleset.rules.find((rule) => rule.id === id) ?? refuse(404, 10003, "could not find rule");

function notValid(value: string, field: string, because: string, pointer: string): never {
  return refuse(400, 20217, `'${value}' is not a valid value for ${field} because ${because}`, pointer);
}

/** A ruleset's next version, or its first one. */
function store(zone: Zone, before: Ruleset | undefined, phase: string, given: z.output<typeof UPDATE>): Ruleset {
  const rules = given.rules ?? before?.rules ?? [];
  if (rules.length > MOST_RULES[zone.plan]) {
    const count = `${rules.length} out of ${MOST_RULES[zone.plan]}`;
    refuse(400, 20217, `exceeded the maximum number of rules in the phase ${phase}: ${count}`, "/rules");
  }
  rules.forEach((rule, index) => check(rule, phase, zone.plan, `/rules/${index}`));
  const refs = rules.flatMap(({ ref }) => (ref ? [ref] : []));
  const twice = refs.findIndex((ref, index) => refs.indexOf(ref) < index);
  if (twice >= 0) notValid(refs[twice]!, "ref", "another rule has it", `/rules/${twice}/ref`);
  const at = now();
  const ruleset: Ruleset = {
    id: before?.id ?? hexId(),
    name: given.name ?? before?.name ?? "default",
    description: given.description ?? before?.description ?? "",
    kind: "zone",
    phase,
    version: String(Number(before?.version ?? 0) + 1),
    last_updated: at,
    rules: rules.map((rule) => stored(rule, before, at)),
  };
  zone.rulesets.set(ruleset.id, ruleset);
  return ruleset;
}

function stored(given: GivenRule, before: Ruleset | undefined, at: string): Rule {
  const old = before?.rules.find(({ id, ref }) => id === given["id"] || ref === given.ref);
  const id = old?.id ?? hexId();
  const rule = {
    ...(withoutNulls({ ...given, version: null, last_updated: null }) as GivenRule),
    id,
    ref: given.ref ?? old?.ref ?? id,
    description: given.description ?? "",
    enabled: given.enabled ?? true,
  };
  const { version = "0", last_updated: _, ...content } = old ?? {};
  return old && isDeepStrictEqual(content, rule)
    ? old
    : { ...rule, version: String(Number(version) + 1), last_updated: at };
}

/** Clients send null for what they do not set; the API leaves it out. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== "object") return value;
  const set = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(set.map(([key, each]) => [key, withoutNulls(each)]));
}

function check(rule: GivenRule, phase: string, plan: Plan, pointer: string): void {
  if (!PHASES[phase]!.includes(rule.action)) {
    notValid(rule.action, "action", `the phase ${phase} does not have it`, `${pointer}/action`);
  }
  const problem = expressionProblem(rule.expression);
  if (problem !== undefined) {
    refuse(400, 20127, `the expression is invalid: Filter parsing error: ${problem}`, `${pointer}/expression`);
  }
  if (rule.action_parameters?.["polish"] !== undefined && plan === "free") {
    refuse(400, 20127, "not entitled: polish", `${pointer}/action_parameters/polish`);
  }
  if (/\bmatches\b/.test(rule.expression) && (plan === "free" || plan === "pro")) {
    refuse(400, 20127, "not entitled: the use of operator Matches", `${pointer}/expression`);
  }
}

/** Not a parser: only what a slip of the pen leaves behind. */
function expressionProblem(expression: string): string | undefined {
  const bare = expression
    .replace(/r#"[^]*?"#/g, "x")
    .replace(/r"[^"]*"/g, "x")
    .replace(/"(?:\\.|[^"\\])*"/g, "x");
  if (bare.includes('"')) return "unterminated string";
  let depth = 0;
  for (const c of bare) {
    if (c === "(") depth += 1;
    if (c === ")") depth -= 1;
    if (depth < 0) return "unexpected ')'";
  }
  return depth > 0 ? "expected ')'" : undefined;
}
