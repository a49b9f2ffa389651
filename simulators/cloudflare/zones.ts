/** Zones, the cache's purge, and the check of a token. */
import { z } from "zod";
import { ok, page, parse, type Query, refuse } from "./envelope";
import { QUOTA } from "./page-rules";
import { mustBeId, type Part, type World, type Zone, zoneOf } from "./world";

const PLAN_NAMES = {
  free: "Free Website",
  pro: "Pro Website",
  business: "Business Website",
  enterprise: "Enterprise Website",
};

const PURGE = z.object({
  purge_everything: z.literal(true).optional(),
  files: z.array(z.unknown()).min(1).max(30).optional(),
  tags: z.array(z.string()).min(1).max(30).optional(),
  hosts: z.array(z.string()).min(1).max(30).optional(),
  prefixes: z.array(z.string()).min(1).max(30).optional(),
});

export const zones: Part = (app, world) => {
  app.get<{ Querystring: Query }>("/zones", async ({ query }) => {
    const account = query["account.id"];
    const found = [...world.zones.values()].filter(
      ({ name }) =>
        (query["name"] === undefined || name === query["name"].toLowerCase()) &&
        (account === undefined || account === world.accountId) &&
        (query["status"] === undefined || query["status"] === "active"),
    );
    const direction = query["direction"] === "desc" ? -1 : 1;
    found.sort((a, b) => direction * a.name.localeCompare(b.name));
    return page(
      found.map((zone) => shape(zone, world)),
      query,
      { default: 20, max: 50 },
    );
  });

  app.get<{ Params: { zone: string } }>("/zones/:zone", async ({ params, url }) => {
    mustBeId(params.zone, url);
    const zone = world.zones.get(params.zone) ?? refuse(403, 9109, "Unauthorized to access requested resource");
    return ok(shape(zone, world));
  });

  app.post<{ Params: { zone: string } }>("/zones/:zone/purge_cache", async ({ params, body, url }) => {
    const zone = zoneOf(world, params.zone, url);
    const what = parse(PURGE, body, 400, 1012);
    if (Object.keys(what).length !== 1) {
      refuse(400, 1012, 'Request must contain one of "purge_everything" or "files", "tags", "hosts" or "prefixes"');
    }
    zone.purges.push(what);
    return ok({ id: zone.id });
  });

  const verify =
    (owner: "user" | "account") =>
    async ({ headers }: { headers: { authorization?: string } }): Promise<unknown> => {
      const token = world.tokenOf(headers.authorization);
      if (!token || (token.owner ?? "user") !== owner) return refuse(401, 1000, "Invalid API Token");
      const { expiresOn } = token;
      const status = expiresOn !== undefined && Date.parse(expiresOn) < Date.now() ? "expired" : "active";
      return ok(
        { id: world.accountId, status, ...(expiresOn === undefined ? {} : { expires_on: expiresOn }) },
        { messages: [{ code: 10000, message: `This API Token is valid and ${status}`, type: null }] },
      );
    };
  app.get("/user/tokens/verify", verify("user"));
  app.get("/accounts/:account/tokens/verify", verify("account"));
};

function shape(zone: Zone, world: World): unknown {
  const { id, name, plan, created } = zone;
  return {
    id,
    name,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: world.nameServers,
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    modified_on: created,
    created_on: created,
    activated_on: created,
    meta: { step: 4, custom_certificate_quota: 0, page_rule_quota: QUOTA[plan], phishing_detected: false },
    owner: { id: null, type: "user", email: null },
    account: { id: world.accountId, name: "Simulated account" },
    permissions: ["#dns_records:edit", "#dns_records:read", "#zone:read", "#zone_settings:edit", "#zone_settings:read"],
    plan: {
      id: PLAN_NAMES[plan].toLowerCase().replace(" ", "-"),
      name: PLAN_NAMES[plan],
      price: 0,
      currency: "USD",
      frequency: "",
      is_subscribed: plan !== "free",
      can_subscribe: false,
      legacy_id: plan,
      legacy_discount: false,
      externally_managed: false,
    },
  };
}
