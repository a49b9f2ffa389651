/** The settings of a zone: what each may be, and from which plan on it may be changed. */
import { z } from "zod";
import { now, ok, refuse } from "./envelope";
import { atLeast, type Part, type Plan, type Zone, zoneOf } from "./world";

interface Setting {
  readonly value: z.ZodType;
  readonly default: unknown;
  /** The first plan that may change it. */
  readonly plan: Plan | "none";
}

const onOff = z.enum(["on", "off"]);
const toggle = (value: "on" | "off", plan: Plan | "none" = "free"): Setting => ({
  value: onOff,
  default: value,
  plan,
});
const choice = (values: readonly [string, ...string[]], standard: string, plan: Plan = "free"): Setting => ({
  value: z.enum(values),
  default: standard,
  plan,
});

const HSTS = {
  strict_transport_security: {
    enabled: false,
    max_age: 0,
    include_subdomains: false,
    preload: false,
    nosniff: false,
  },
};

/** https://developers.cloudflare.com/api/resources/zones/subresources/settings/ */
const SETTINGS: Readonly<Record<string, Setting>> = {
  "0rtt": toggle("off"),
  advanced_ddos: toggle("on", "none"),
  always_online: toggle("off"),
  always_use_https: toggle("off"),
  automatic_https_rewrites: toggle("on"),
  brotli: toggle("on"),
  browser_cache_ttl: { value: z.int().min(0).max(31_536_000), default: 14_400, plan: "free" },
  browser_check: toggle("on"),
  cache_level: choice(["aggressive", "basic", "simplified"], "aggressive"),
  challenge_ttl: { value: z.int().min(300).max(31_536_000), default: 1800, plan: "free" },
  ciphers: { value: z.array(z.string()), default: [], plan: "enterprise" },
  cname_flattening: choice(["flatten_at_root", "flatten_all"], "flatten_at_root", "pro"),
  development_mode: toggle("off"),
  early_hints: toggle("off"),
  email_obfuscation: toggle("on"),
  h2_prioritization: choice(["on", "off", "custom"], "off", "pro"),
  hotlink_protection: toggle("off"),
  // On the free plan HTTP/2 and 3 are on and stay so.
  http2: toggle("on", "pro"),
  http3: toggle("on"),
  image_resizing: choice(["on", "off", "open"], "off", "pro"),
  ip_geolocation: toggle("on"),
  ipv6: toggle("on"),
  max_upload: { value: z.int().min(100).max(500), default: 100, plan: "enterprise" },
  min_tls_version: choice(["1.0", "1.1", "1.2", "1.3"], "1.0"),
  mirage: toggle("off", "pro"),
  opportunistic_encryption: toggle("on"),
  opportunistic_onion: toggle("on"),
  orange_to_orange: toggle("off", "enterprise"),
  origin_error_page_pass_thru: toggle("off", "enterprise"),
  polish: choice(["off", "lossless", "lossy"], "off", "pro"),
  prefetch_preload: toggle("off", "enterprise"),
  privacy_pass: toggle("on"),
  proxy_read_timeout: { value: z.int().min(1).max(6000), default: 100, plan: "enterprise" },
  pseudo_ipv4: choice(["off", "add_header", "overwrite_header"], "off"),
  replace_insecure_js: toggle("on"),
  response_buffering: toggle("off", "enterprise"),
  rocket_loader: toggle("off"),
  security_header: {
    value: z.object({
      strict_transport_security: z
        .object({
          enabled: z.boolean(),
          max_age: z.int().min(0),
          include_subdomains: z.boolean(),
          preload: z.boolean(),
          nosniff: z.boolean(),
        })
        .partial(),
    }),
    default: HSTS,
    plan: "free",
  },
  security_level: choice(["off", "essentially_off", "low", "medium", "high", "under_attack"], "medium"),
  server_side_exclude: toggle("on"),
  sort_query_string_for_cache: toggle("off", "enterprise"),
  ssl: choice(["off", "flexible", "full", "strict", "origin_pull"], "full"),
  tls_1_2_only: toggle("off"),
  tls_1_3: choice(["on", "off", "zrt"], "on"),
  tls_client_auth: toggle("off"),
  true_client_ip_header: toggle("off", "enterprise"),
  waf: toggle("off", "pro"),
  webp: toggle("off", "pro"),
  websockets: toggle("on"),
};

export const zoneSettings: Part = (app, world) => {
  type Params = { zone: string; setting: string };

  app.get<{ Params: Params }>("/zones/:zone/settings", async ({ params, url }) =>
    ok(settingsOf(zoneOf(world, params.zone, url))),
  );

  app.get<{ Params: Params }>("/zones/:zone/settings/:setting", async ({ params, url }) =>
    ok(shape(zoneOf(world, params.zone, url), params.setting)),
  );

  app.patch<{ Params: Params }>("/zones/:zone/settings/:setting", async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    const id = params.setting;
    const setting = known(id);
    if (!editable(setting, zone.plan)) refuse(400, 1015, `Not allowed to edit setting for ${id}`);
    const given = setting.value.safeParse((body as { value?: unknown } | undefined)?.value);
    if (!given.success) refuse(400, 1007, `Invalid value for zone setting ${id}`);
    const value = id === "security_header" ? merged(zone, given.data) : given.data;
    zone.settings.set(id, { value, modified: now() });
    return ok(shape(zone, id));
  });
};

const known = (id: string): Setting =>
  Object.hasOwn(SETTINGS, id) ? SETTINGS[id]! : refuse(400, 1006, `Unrecognized zone setting name: ${id}`);

const editable = (setting: Setting, plan: Plan): boolean => setting.plan !== "none" && atLeast(plan, setting.plan);

/** What is left out of the header stays as it is. */
function merged(zone: Zone, given: unknown): unknown {
  const before = (zone.settings.get("security_header")?.value ?? HSTS) as typeof HSTS;
  const { strict_transport_security: change } = given as { strict_transport_security: object };
  return { strict_transport_security: { ...before.strict_transport_security, ...change } };
}

interface ShownSetting {
  readonly id: string;
  readonly value: unknown;
  readonly editable: boolean;
  readonly modified_on: string | null;
  readonly time_remaining?: number;
}

function shape(zone: Zone, id: string): ShownSetting {
  const setting = known(id);
  const stored = zone.settings.get(id);
  const value = stored?.value ?? setting.default;
  return {
    id,
    value,
    editable: editable(setting, zone.plan),
    modified_on: stored?.modified ?? null,
    // It ends by itself after three hours.
    ...(id === "development_mode" ? { time_remaining: value === "on" ? 10_800 : 0 } : {}),
  };
}

/** Every setting of a zone, whether it was ever set or not. */
export const settingsOf = (zone: Zone): readonly ShownSetting[] => Object.keys(SETTINGS).map((id) => shape(zone, id));
