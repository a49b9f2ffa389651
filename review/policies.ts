/**
 * What no plan may do, as data: each policy has its reason, and looks at the resources as they would be after the apply,
 * or at what is done to them. A waiver lets one address break one policy until a day.
 */
import type { Waiver } from "../config/waivers";
import { namesOf, servicesOf } from "../model/platform";
import { isPrecious } from "../release/guard";
import { effective, type Plan, type ResourceChange } from "../terraform/plan";
import { hasMark } from "./attributes";
import { besideChanges } from "./beside";
import { IMAGE_POLICY } from "./image-policy";
import { nameOf } from "./losses";
import { actionOf, goes, isService, managed, partOf } from "./parts";
import type { Finding, Policy, PolicyContext } from "./policy";
import { STACK_POLICIES } from "./stack-policies";
import { storeObstacles } from "./stores";

/** The policy that the guard of an apply stands for everywhere else. */
export const KEEP_DATA = "keep-data";

const onlyProduction = ({ environment }: PolicyContext): string | undefined =>
  environment.name === "production" ? undefined : "only in production";
const onServers = ({ environment }: PolicyContext): string | undefined =>
  environment.host.kind === "local" ? "this computer only" : undefined;

export const POLICIES: readonly Policy[] = [
  {
    name: KEEP_DATA,
    demands: "no volume, server, public address or bucket is destroyed or replaced",
    reason: "Nothing here could bring back what is on it, or where its names lead.",
    pointless: onlyProduction,
    findings: ({ plan }) =>
      effective(plan)
        .filter((change) => isPrecious(change) && goes(actionOf(change.change)))
        .map((resource) => ({
          address: resource.address,
          given: `${named(resource)}${actionOf(resource.change) === "delete" ? "is destroyed" : "is replaced"}`,
          fix: "leave it in the stack; if it has to go, back up what is on it first",
        })),
  },
  {
    name: "readable-data",
    demands: "no store gets data that its new image cannot read",
    reason:
      "A database that does not start takes everything that needs it along, and there may be no way back to the old one.",
    findings: ({ plan, platform }) =>
      storeObstacles(plan, platform).map(({ address, what, fix }) => ({
        address,
        given: `is not to be: ${what}`,
        fix,
      })),
  },
  {
    name: "checks-hold",
    demands: "every check and condition of the stack holds",
    reason: "Somebody wrote it so that nothing goes on without it.",
    findings: ({ plan }) =>
      besideChanges(plan).checks.map(({ address, status, what }) => ({
        address,
        given: what,
        fix:
          status === "fails"
            ? "mend what it looks at, and plan again"
            : "apply what it waits for first (terraform apply -target), and plan again",
      })),
  },
  {
    name: "no-actions",
    demands: "no action of a provider is run",
    reason: "A plan says that it is run and not what it does, so nothing here knows what becomes of traffic and data.",
    findings: ({ plan }) =>
      besideChanges(plan).actions.map(({ address, when }) => ({
        address,
        given: `is run ${when}`,
        fix: "take its trigger out of the stack",
      })),
  },
  {
    name: "no-published-database",
    demands: "no database's port is published",
    reason: "A store trusts its network; whoever reaches its port can try every password.",
    findings: ({ plan, platform }) =>
      staying(plan, "docker_container").flatMap(({ resource, values }) =>
        blocks(values["ports"])
          .filter(({ ip }) => !isLoopback(ip))
          .filter(({ internal }) => partOf(resource, platform).kind === "store" || DATABASE_PORTS.has(Number(internal)))
          .map(({ external, internal, ip }) => ({
            address: resource.address,
            given: `port ${internal} is published as ${external ?? "a free port"} on ${ip || "every address"}`,
            fix: "let services reach it through its network; publish at most on 127.0.0.1",
          })),
      ),
  },
  {
    name: "limits-and-health",
    demands: "every container that stays has limits of memory and processor, and a health check",
    reason: "One without limits can take the others with it; one without a health check is never known to be ill.",
    findings: ({ plan }) =>
      staying(plan, "docker_container")
        .filter(({ resource }) => isService(resource))
        .flatMap(({ resource, values }) => {
          const [check] = blocks(values["healthcheck"]);
          const test = check?.["test"];
          const missing = [
            ...(Number(values["memory"] ?? 0) > 0 ? [] : ["limit of memory"]),
            // The provider has it as a text: "0" is none.
            ...(Number(values["cpus"] ?? 0) > 0 || Number(values["cpu_quota"] ?? 0) > 0 ? [] : ["limit of processor"]),
            ...(Array.isArray(test) && test.length > 0 && test[0] !== "NONE" ? [] : ["health check"]),
          ];
          return missing.map((what) => ({
            address: resource.address,
            given: `no ${what}`,
            fix: "say it in the catalog",
          }));
        }),
  },
  IMAGE_POLICY,
  {
    name: "ssh-closed",
    demands: "SSH is open to listed addresses only",
    reason: "Whoever gets in by SSH has the engine, and with it every secret.",
    pointless: onServers,
    findings: ({ plan }) =>
      staying(plan, "hcloud_firewall").flatMap(({ resource, values }) =>
        hasMark(markOf(resource, "rule"))
          ? [
              {
                address: resource.address,
                given: "rules that only the apply will tell",
                fix: "give the addresses as values",
              },
            ]
          : blocks(values["rule"])
              .filter(({ direction, protocol, port }) => direction !== "out" && protocol === "tcp" && isSsh(port))
              .flatMap(({ source_ips: sources }) => (Array.isArray(sources) ? sources : []).map(String))
              .filter(isWide)
              .map((source) => ({
                address: resource.address,
                given: `port 22 is open to ${source}`,
                fix: "list single addresses in TF_VAR_ssh_allowed_cidrs",
              })),
      ),
  },
  {
    name: "proxied-webs",
    demands: "names of webs lead to Cloudflare's proxies",
    reason:
      "A web that is reached directly has no cache and no protection in front of it, and shows where the server is.",
    pointless: ({ platform, environment }) =>
      environment.dns.kind === "none"
        ? "no names here"
        : platform.zone.caching
          ? undefined
          : "the platform's zone caches nothing, so its webs are reached directly",
    findings: ({ plan, platform, environment }) => {
      const webs = new Set(
        servicesOf(platform)
          .filter(({ access }) => !access.api)
          .flatMap((service) => namesOf(service, environment)),
      );
      return staying(plan, "cloudflare_dns_record")
        .filter(({ values }) => webs.has(String(values["name"])) && values["proxied"] !== true)
        .map(({ resource, values }) => ({
          address: resource.address,
          given: `${String(values["name"])} leads to the server itself`,
          fix: "proxied: true in the service's access",
        }));
    },
  },
  {
    name: "remote-state",
    demands: "the state is in a store that everybody shares",
    reason: "A state on one computer is lost with it, and two people change production without knowing of each other.",
    pointless: onlyProduction,
    findings: ({ environment }) =>
      environment.state.kind === "local"
        ? [
            {
              address: "environment",
              given: "the state is a file on this computer",
              fix: 'state: { kind: "s3", bucket }',
            },
          ]
        : [],
  },
  ...STACK_POLICIES,
];

/** "(manacore-production-redis) ": the name by which it is known where it is. */
const named = (resource: ResourceChange): string => {
  const name = nameOf(resource);
  return name === undefined ? "" : `(${name}) `;
};

/** PostgreSQL, MySQL, Redis, MongoDB, Elasticsearch and MinIO. */
const DATABASE_PORTS = new Set([5432, 3306, 6379, 27017, 9200, 9000]);

/** Resources of a type that are there after the apply, with their values then. */
const staying = (
  plan: Plan,
  type: string,
): { readonly resource: ResourceChange; readonly values: Readonly<Record<string, unknown>> }[] =>
  managed(plan).flatMap((resource) => {
    const values = resource.change.after;
    return resource.type === type && values ? [{ resource, values }] : [];
  });

const blocks = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? (value as Record<string, unknown>[]) : [];

const isLoopback = (ip: unknown): boolean => typeof ip === "string" && (/^127\./.test(ip) || ip === "::1");

function isSsh(port: unknown): boolean {
  if (port === "any") return true;
  const [from, to = from] = String(port ?? "")
    .split("-")
    .map(Number);
  return from !== undefined && to !== undefined && from <= 22 && 22 <= to;
}

/** Half the world and a quarter of it are the world too: wider than what one provider has (/8, /16 for IPv6). */
function isWide(source: string): boolean {
  const bits = Number(source.split("/")[1] ?? 128);
  return bits < (source.includes(":") ? 16 : 8);
}

const markOf = ({ change }: ResourceChange, name: string): unknown =>
  typeof change.after_unknown === "object" && change.after_unknown !== null
    ? (change.after_unknown as Record<string, unknown>)[name]
    : change.after_unknown;

export interface PolicyResult {
  readonly policy: Policy;
  /** Why it demands nothing here. */
  readonly pointless?: string;
  /** Places that break it and that no waiver covers. */
  readonly broken: readonly (Finding & { readonly ended?: Waiver })[];
  readonly waived: readonly (Finding & { readonly waiver: Waiver })[];
  /** Places that are short of what it demands, and do not break it. */
  readonly said: readonly Finding[];
}

export interface PolicyOptions {
  readonly waivers?: readonly Waiver[];
  /** For waivers' ends. */
  readonly now: Date;
}

export function checkPolicies(context: PolicyContext, { waivers = [], now }: PolicyOptions): PolicyResult[] {
  const today = now.toISOString().slice(0, 10);
  return POLICIES.map((policy): PolicyResult => {
    const pointless = policy.pointless?.(context);
    if (pointless !== undefined) return { policy, pointless, broken: [], waived: [], said: [] };
    const broken: (Finding & { ended?: Waiver })[] = [];
    const waived: (Finding & { waiver: Waiver })[] = [];
    const said: Finding[] = [];
    for (const finding of policy.findings(context)) {
      const mine = waivers
        .filter((each) => each.policy === policy.name && each.environment === context.environment.name)
        .filter(({ address }) => address === finding.address)
        .sort((a, b) => (a.until < b.until ? 1 : -1));
      const [waiver] = mine;
      if (waiver && waiver.until >= today) waived.push({ ...finding, waiver });
      else if (finding.level === "said") said.push(finding);
      else broken.push({ ...finding, ...(waiver ? { ended: waiver } : {}) });
    }
    return { policy, broken, waived, said };
  });
}
