/**
 * What an apply that was killed, or whose answers got lost, leaves behind: things that are there, but not in Terraform's
 * state. The next apply would fail on them ("name is already used"), or they would stay for ever.
 */
import { z } from "zod";
import { Cloudflare, type CloudflareAccess } from "../clients/cloudflare";
import type { ContainerFacts, Docker } from "../clients/docker";
import {
  Hetzner,
  type HetznerAccess,
  HetznerRefusal,
  HetznerSilence,
  type NamedKind,
} from "../clients/hetzner/hetzner";
import type { ResourceChange } from "../terraform/plan";
import type { StateResource } from "../terraform/state";
import type { WorkingDirectory } from "../terraform/working-directory";

/** Something that exists already and that a plan wants to make. */
export interface Adoption {
  readonly address: string;
  /** As `terraform import` takes it. */
  readonly id: string;
  /** The provider cannot import it: it is deleted here, at Cloudflare, and the next apply makes it again. */
  readonly deleteAt?: string;
}

/** Where the clouds' APIs are, and with which token they are asked. */
export interface CloudAccess {
  readonly hetzner?: HetznerAccess;
  readonly cloudflare?: CloudflareAccess;
}

type Values = Readonly<Record<string, unknown>>;

/** Kinds whose names are unique in a Hetzner project, and where they are listed. */
const HETZNER_BY_NAME: Readonly<Record<string, NamedKind>> = {
  hcloud_firewall: "firewalls",
  hcloud_network: "networks",
  hcloud_placement_group: "placement_groups",
  hcloud_primary_ip: "primary_ips",
  hcloud_server: "servers",
  hcloud_ssh_key: "ssh_keys",
  hcloud_volume: "volumes",
};

/**
 * Looks for what a plan would create and what is there all the same. Only what the plan knows already can be found:
 * adopt, plan again, and look again until there is nothing more.
 */
export async function findAdoptions(
  changes: readonly ResourceChange[],
  access: CloudAccess,
): Promise<readonly Adoption[]> {
  const found: Adoption[] = [];
  for (const { address, type, change } of changes) {
    if (change.actions.join() !== "create" || !change.after) continue;
    const text = textsOf(change.after);
    const { hetzner, cloudflare } = access;
    const id =
      (hetzner && (await idAtHetzner(type, text, hetzner))) ??
      (cloudflare && (await idAtCloudflare(type, text, new Cloudflare(cloudflare))));
    if (id !== undefined) found.push({ address, id });
    const domain = cloudflare && (await hostNameOfBucket(type, text, cloudflare));
    if (domain !== undefined) found.push({ address, id: domain, deleteAt: domain });
  }
  return found;
}

/** A value as text; undefined where it is none, or not known yet. */
type Texts = (key: string) => string | undefined;

const textsOf =
  (wanted: Values): Texts =>
  (key) => {
    const value = wanted[key];
    return value === undefined || value === null ? undefined : String(value);
  };

async function idAtHetzner(type: string, text: Texts, access: HetznerAccess): Promise<string | undefined> {
  const hetzner = new Hetzner(access, { attempts: 1 });
  const kind = HETZNER_BY_NAME[type];
  try {
    if (kind) {
      const name = text("name");
      const id = name === undefined ? undefined : await hetzner.idOf(kind, name);
      return id === undefined ? undefined : String(id);
    }
    if (type === "hcloud_network_subnet") {
      const network = text("network_id");
      const range = text("ip_range");
      if (network === undefined || range === undefined) return undefined;
      return (await hetzner.subnetRanges(network)).includes(range) ? `${network}-${range}` : undefined;
    }
    if (type === "hcloud_volume_attachment") {
      const volume = text("volume_id");
      const server = text("server_id");
      if (volume === undefined || server === undefined) return undefined;
      return String(await hetzner.serverOfVolume(volume)) === server ? volume : undefined;
    }
    return undefined;
  } catch (reason) {
    // Whoever recovers has not made a mistake: these are no problems of what was given.
    if (reason instanceof HetznerSilence) throw reason.noAnswer;
    if (!(reason instanceof HetznerRefusal)) throw reason;
    const { pathname } = new URL(access.endpoint);
    throw new Error(`${reason.request.replace(" ", ` ${pathname}`)}: ${reason.status}`);
  }
}

const recordsSchema = z.array(z.object({ id: z.string(), content: z.string().optional() }));
const rulesSchema = z.array(
  z.object({ id: z.string(), targets: z.array(z.object({ constraint: z.object({ value: z.string() }) })) }),
);

async function idAtCloudflare(type: string, text: Texts, cloudflare: Cloudflare): Promise<string | undefined> {
  const zone = text("zone_id");
  const account = text("account_id");
  if (type === "cloudflare_dns_record" && zone !== undefined) {
    const query = new URLSearchParams({ "name.exact": text("name") ?? "", type: text("type") ?? "" });
    const records = await cloudflare.get(`/zones/${zone}/dns_records?${query}`, recordsSchema);
    // An address that is not known yet cannot be compared; the name alone is not enough to call a record ours.
    const record = records?.find(({ content }) => content !== undefined && content === text("content"));
    return record && `${zone}/${record.id}`;
  }
  if (type === "cloudflare_page_rule" && zone !== undefined) {
    const rules = await cloudflare.get(`/zones/${zone}/pagerules`, rulesSchema);
    const rule = rules?.find(({ targets }) => targets[0]?.constraint.value === text("target"));
    return rule && `${zone}/${rule.id}`;
  }
  if (type === "cloudflare_r2_bucket" && account !== undefined) {
    const name = text("name") ?? "";
    const bucket = await cloudflare.get(`/accounts/${account}/r2/buckets/${name}`, z.unknown());
    return bucket === undefined ? undefined : `${account}/${name}/default`;
  }
  return undefined;
}

/** R2's host name for a bucket, by its address in the API: the provider (5.22.0) has no import for it. */
async function hostNameOfBucket(type: string, text: Texts, access: CloudflareAccess): Promise<string | undefined> {
  const [account, bucket, domain] = [text("account_id"), text("bucket_name"), text("domain")];
  if (type !== "cloudflare_r2_custom_domain" || !account || !bucket || !domain) return undefined;
  const path = `/accounts/${account}/r2/buckets/${bucket}/domains/custom/${domain}`;
  const found = await new Cloudflare(access).get(path, z.unknown());
  return found === undefined ? undefined : `${access.baseUrl}${path}`;
}

async function remove(address: string, { cloudflare }: CloudAccess): Promise<void> {
  if (cloudflare) await new Cloudflare(cloudflare).delete(address.slice(cloudflare.baseUrl.length));
}

/** Containers on the engine that stand in a plan's way: it would make others of the same name. */
export function inThePlansWay(
  changes: readonly ResourceChange[],
  state: readonly StateResource[],
  containers: readonly ContainerFacts[],
): readonly ContainerFacts[] {
  const wanted = new Set(
    changes
      .filter(({ type, change }) => type === "docker_container" && change.actions.includes("create"))
      .map(({ change }) => change.after?.["name"]),
  );
  return unknownTo(state, containers).filter(({ name }) => wanted.has(name));
}

/**
 * Containers on the engine that the state does not know. Safe to remove only when a plan is empty: then all traffic goes
 * to containers that the state knows. Before that one of these may be what serves.
 */
export function unknownTo(
  state: readonly StateResource[],
  containers: readonly ContainerFacts[],
): readonly ContainerFacts[] {
  const known = new Set(state.filter(({ type }) => type === "docker_container").map(({ values }) => values["id"]));
  return containers.filter(({ id }) => !known.has(id));
}

export interface Recovery {
  /** Addresses that were taken into the state. */
  readonly adopted: readonly Adoption[];
  /** Names of containers that were removed. */
  readonly removed: readonly string[];
  /** Addresses that an apply would still change. Containers that the state does not know stay until there are none. */
  readonly pending: readonly string[];
}

export interface RecoverOptions {
  readonly terraform: WorkingDirectory;
  /** The environment's engine; none while there is no server. */
  readonly docker?: Pick<Docker, "containers" | "run"> | undefined;
  readonly access: CloudAccess;
  /** Begins the names of the environment's containers. */
  readonly prefix: string;
  /** Only say what would be done. @default false */
  readonly dryRun?: boolean;
}

/** Adopts what is there already, removes what stands in the way, and, when nothing is pending, what is left over. */
export async function recover({ terraform, docker, access, prefix, dryRun }: RecoverOptions): Promise<Recovery> {
  const adopted: Adoption[] = [];
  let changes = await terraform.plan();
  for (;;) {
    // What was adopted and is still to be created would be found for ever.
    const known = new Set(adopted.map(({ address }) => address));
    const found = (await findAdoptions(changes, access)).filter(({ address }) => !known.has(address));
    adopted.push(...found);
    if (found.length === 0 || dryRun) break;
    for (const { address, id, deleteAt } of found) {
      if (deleteAt === undefined) await terraform.import(address, id);
      else await remove(deleteAt, access);
    }
    changes = await terraform.plan();
  }
  const pending = changes.map(({ address }) => address);
  if (!docker) return { adopted, removed: [], pending };
  const state = await terraform.state();
  const containers = await docker.containers(prefix);
  const surplus = pending.length > 0 ? inThePlansWay(changes, state, containers) : unknownTo(state, containers);
  if (!dryRun) for (const { id } of surplus) await docker.run("rm", "--force", id);
  return { adopted, removed: surplus.map(({ name }) => name), pending };
}
