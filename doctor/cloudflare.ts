/** Cloudflare: which zone the tokens reach, and what they may do there. */
import { z } from "zod";
import { type Cloudflare, resultIn, saidBy } from "../clients/cloudflare";
import { NoAnswer, type Reply } from "../clients/http";
import { planOf, ZONE_PLANS, type ZonePlan } from "../model/platform";
import type { Input } from "../model/values";
import { type Context, LOOK_AT_NETWORK } from "./context";
import { type Finding, Findings } from "./finding";

const findings = new Findings("Cloudflare");

const zoneSchema = z.object({
  name: z.string(),
  status: z.string(),
  paused: z.boolean().default(false),
  name_servers: z.array(z.string()).default([]),
  account: z.object({ id: z.string() }).optional(),
  plan: z.object({ legacy_id: z.string() }).optional(),
});
type Zone = z.infer<typeof zoneSchema>;

const tokenSchema = z.object({ status: z.string(), expires_on: z.string().nullish() });

/** The zone as the API shows it to Terraform's token. @returns undefined: it is not shown */
export function zoneOf(context: Context): Promise<Zone | undefined> {
  return context.once("zone", async () => {
    const { cloudflareApiToken, cloudflareZoneId } = context.platform.inputs;
    const [token, id] = [context.input(cloudflareApiToken), context.input(cloudflareZoneId)];
    if (token === undefined || id === undefined) return undefined;
    return resultIn(await context.cloudflare(token).ask(`/zones/${id}`), zoneSchema);
  });
}

/** Terraform's token. */
export async function cloudflareToken(context: Context): Promise<Finding[]> {
  const { dns, otaHost } = context.environment;
  if (dns.kind !== "cloudflare") return [];
  const { cloudflareApiToken, cloudflareZoneId, cloudflareAccountId } = context.platform.inputs;
  const [token, zoneId] = [context.input(cloudflareApiToken), context.input(cloudflareZoneId)];
  const missing = [cloudflareApiToken, cloudflareZoneId].filter((input) => context.input(input) === undefined);
  if (token === undefined || zoneId === undefined) {
    return [findings.skipped("token and zone", `needs ${missing.map(({ name }) => `TF_VAR_${name}`).join(", ")}`)];
  }
  const api = context.cloudflare(token);
  try {
    const zone = await zoneOf(context);
    const valid = await verified(context, api, "token", cloudflareApiToken, zone);
    if (valid.status === "failure") return [valid];
    const account = context.input(cloudflareAccountId);
    const rights = zone
      ? [
          mayWrite(api, zoneId, cloudflareApiToken, DNS),
          ...(dns.ownsZone
            ? [PAGE_RULES, SETTINGS].map((right) => mayWrite(api, zoneId, cloudflareApiToken, right))
            : []),
          ...(otaHost && account !== undefined ? [buckets(api, account, cloudflareApiToken)] : []),
        ]
      : [];
    return [valid, ...aboutZone(context, zone), ...(await Promise.all(rights))];
  } catch (reason) {
    if (reason instanceof NoAnswer) return [findings.failure("token", reason.message, LOOK_AT_NETWORK)];
    throw reason;
  }
}

/** The edge's own token, with which it proves to Let's Encrypt that the zone is ours. */
export async function edgeToken(context: Context): Promise<Finding[]> {
  const { tls } = context.environment;
  if (tls.kind !== "letsencrypt" || tls.challenge !== "dns") return [];
  const { edgeDnsToken, cloudflareZoneId } = context.platform.inputs;
  const token = context.input(edgeDnsToken);
  const zoneId = context.input(cloudflareZoneId);
  // The zone's line says that its id is missing.
  if (token === undefined || zoneId === undefined) {
    return token === undefined ? [findings.skipped("edge's token", `needs TF_VAR_${edgeDnsToken.name}`)] : [];
  }
  const api = context.cloudflare(token);
  try {
    const zone = await zoneOf(context);
    const valid = await verified(context, api, "edge's token", edgeDnsToken, zone);
    if (valid.status === "failure") return [valid];
    const seen = await api.ask(`/zones?name=${encodeURIComponent(context.platform.zone.name)}`);
    const zones = resultIn(seen, z.array(z.object({ id: z.string() })));
    // The ACME client looks the zone up by its name.
    const finds = zones?.some(({ id }) => id === zoneId) === true;
    const rights = await Promise.all([
      mayWrite(api, zoneId, edgeDnsToken, DNS, "edge: "),
      mayWrite(api, zoneId, edgeDnsToken, SETTINGS, ""),
    ]);
    const [dns, more] = rights as [Finding, Finding];
    return [
      finds
        ? valid
        : findings.failure(
            "edge's token",
            `does not find the zone ${context.platform.zone.name}`,
            `give it Zone Read and DNS Edit for that zone (${edgeDnsToken.where})`,
          ),
      dns,
      // It lies in the edge's container: whoever gets in there should get no further than DNS.
      ...(more.status === "ok"
        ? [
            findings.warning(
              "edge's token",
              "may also edit the zone's settings",
              `make one that may edit the zone's DNS and nothing else (${edgeDnsToken.where})`,
            ),
          ]
        : []),
    ];
  } catch (reason) {
    if (reason instanceof NoAnswer) return [findings.failure("edge's token", reason.message, LOOK_AT_NETWORK)];
    throw reason;
  }
}

const DAY = 24 * 60 * 60 * 1000;
/** Time to make another one and to bring it everywhere. */
const EXPIRES_SOON_DAYS = 14;

/** Is the token active? A user's token and an account's own are known in different places. */
async function verified(
  context: Context,
  api: Cloudflare,
  what: string,
  input: Input,
  zone: Zone | undefined,
): Promise<Finding> {
  const fix = `make a token (${input.where}), and set it as TF_VAR_${input.name}`;
  const account = zone?.account?.id ?? context.input(context.platform.inputs.cloudflareAccountId);
  const places = ["/user/tokens/verify", ...(account === undefined ? [] : [`/accounts/${account}/tokens/verify`])];
  const replies = await Promise.all(places.map((path) => api.ask(path)));
  const known = replies.map((reply) => resultIn(reply, tokenSchema)).find((token) => token !== undefined);
  if (!known) {
    // An account's token whose account nobody knows shows itself by what it may do.
    return zone && what === "token"
      ? findings.ok(what, "shows the zone; whether it expires could not be told")
      : findings.failure(what, `Cloudflare does not know it (${replies.map(saidBy).join("; ")})`, fix);
  }
  const { status, expires_on: expires } = known;
  if (status !== "active") return findings.failure(what, `it is ${status}`, fix);
  const days = expires ? (Date.parse(expires) - context.now()) / DAY : Infinity;
  if (days < EXPIRES_SOON_DAYS) {
    return findings.warning(what, `active, but only until ${expires} (${Math.floor(days)} days)`, fix);
  }
  return findings.ok(what, expires ? `active until ${expires.slice(0, 10)}` : "active");
}

function aboutZone(context: Context, zone: Zone | undefined): Finding[] {
  const what = "zone";
  const { platform } = context;
  const { cloudflareZoneId, cloudflareApiToken } = platform.inputs;
  const wanted = platform.zone.name;
  if (!zone) {
    return [
      findings.failure(
        what,
        `the token does not show the zone of TF_VAR_${cloudflareZoneId.name}`,
        `take the id from ${wanted}'s overview page, and give the token of TF_VAR_${cloudflareApiToken.name} that zone`,
      ),
    ];
  }
  if (zone.name !== wanted) {
    return [
      findings.failure(
        what,
        `TF_VAR_${cloudflareZoneId.name} is ${zone.name}'s, where the catalog has ${wanted}`,
        `take the id from ${wanted}'s overview page (${cloudflareZoneId.where})`,
      ),
    ];
  }
  const found: Finding[] = [];
  if (zone.status !== "active") {
    found.push(
      findings.failure(
        what,
        `${wanted} is ${zone.status} at Cloudflare`,
        zone.name_servers.length > 0
          ? `enter ${zone.name_servers.join(" and ")} as its name servers where the domain was bought`
          : "look at the zone's overview page at Cloudflare",
      ),
    );
  }
  if (zone.paused) {
    found.push(
      findings.warning(what, `${wanted} is paused: nothing is proxied`, "resume it on its overview page at Cloudflare"),
    );
  }
  const has = zone.plan?.legacy_id;
  const needs = planOf(platform.zone);
  if (has !== undefined && Object.hasOwn(ZONE_PLANS, has) && rank(has as ZonePlan) < rank(needs)) {
    found.push(
      findings.failure(what, `${wanted} has the plan ${has}, and the catalog needs ${needs}`, `book the plan ${needs}`),
    );
  }
  return found.length > 0 ? found : [findings.ok(what, `${wanted}, active${has ? `, plan ${has}` : ""}`)];
}

const rank = (plan: ZonePlan): number => Object.keys(ZONE_PLANS).indexOf(plan);

/** A right, and an order that nobody can fill: it changes nothing, whoever sends it. */
interface Right {
  readonly what: string;
  /** In Cloudflare's words. */
  readonly permission: string;
  readonly path: string;
  readonly method: string;
  readonly body: unknown;
}

const DNS: Right = {
  what: "may edit DNS",
  permission: "DNS Edit",
  path: "dns_records",
  method: "POST",
  body: { type: "TWINSET-DOCTOR" },
};
const PAGE_RULES: Right = {
  what: "may edit page rules",
  permission: "Page Rules Edit",
  path: "pagerules",
  method: "POST",
  body: {},
};
const SETTINGS: Right = {
  what: "may edit settings",
  permission: "Zone Settings Edit",
  path: "settings/min_tls_version",
  method: "PATCH",
  body: { value: "twinset-doctor" },
};

/** An id that no zone is likely to have. */
const NO_ZONE = "0".repeat(32);

/**
 * A token that lacks the right is refused for that (403). Whether that is looked at before the order itself is in no
 * document of Cloudflare's. So the same order goes to a zone that is not ours, too: if that is refused for its rights,
 * an order that was refused for its content had them. If not, it is not known, and that is what is said.
 */
async function mayWrite(api: Cloudflare, zoneId: string, input: Input, right: Right, prefix = ""): Promise<Finding> {
  const { path, method, body, permission } = right;
  const what = `${prefix}${right.what}`;
  const fix = `give the token of TF_VAR_${input.name} the permission ${permission} for the zone (${input.where})`;
  const [own, other] = await Promise.all([
    api.ask(`/zones/${zoneId}/${path}`, { method, body }),
    api.ask(`/zones/${NO_ZONE}/${path}`, { method, body }),
  ]);
  if (isRefusedForRights(own)) return findings.failure(what, `no (${saidBy(own)})`, fix);
  const forContent = own.status === 400 || own.status === 422;
  if (forContent && isRefusedForRights(other)) {
    return findings.ok(what, `yes: an order that cannot be filled was refused for that only (${saidBy(own)})`);
  }
  return findings.warning(what, `could not be told (${saidBy(own)}; elsewhere ${saidBy(other)})`, `make sure: ${fix}`);
}

const isRefusedForRights = ({ status }: Reply): boolean => status === 401 || status === 403;

async function buckets(api: Cloudflare, account: string, input: Input): Promise<Finding> {
  const what = "sees R2 buckets";
  const reply = await api.ask(`/accounts/${account}/r2/buckets?per_page=1`);
  return reply.status === 200
    ? findings.ok(what, "yes; whether it may make one shows at the deploy only")
    : findings.failure(
        what,
        `no (${saidBy(reply)})`,
        `give the token of TF_VAR_${input.name} the permission Workers R2 Storage Edit for the account`,
      );
}
