/**
 * What an apply that was killed, or whose answers got lost, leaves behind: things that are there, but not in Terraform's
 * state. The next apply would fail on them ("name is already used"), or they would stay for ever.
 */
import type { ResourceChange } from "../terraform/plan";
import type { StateResource } from "../terraform/state";
import type { WorkingDirectory } from "../terraform/working-directory";
import type { ContainerFacts, Docker } from "../clients/docker";

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
  readonly hetzner?: { readonly endpoint: string; readonly token: string };
  readonly cloudflare?: { readonly baseUrl: string; readonly token: string };
}

type Values = Readonly<Record<string, unknown>>;

/** Kinds whose names are unique in a Hetzner project, and where they are listed. */
const HETZNER_BY_NAME: Readonly<Record<string, string>> = {
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
    const domain = await hostNameOfBucket(type, change.after, access);
    const id = domain ?? (await idOf(type, change.after, access));
    if (id !== undefined) found.push({ address, id, ...(domain === undefined ? {} : { deleteAt: domain }) });
  }
  return found;
}

async function idOf(type: string, wanted: Values, { hetzner, cloudflare }: CloudAccess): Promise<string | undefined> {
  const text = (key: string): string | undefined => {
    const value = wanted[key];
    return value === undefined || value === null ? undefined : String(value);
  };
  const kind = HETZNER_BY_NAME[type];
  if (kind && hetzner) {
    const name = text("name");
    if (name === undefined) return undefined;
    const answer = await ask(`${hetzner.endpoint}/${kind}?name=${encodeURIComponent(name)}`, hetzner.token);
    const [first] = (answer?.[kind] ?? []) as readonly { readonly id: number }[];
    return first && String(first.id);
  }
  if (type === "hcloud_network_subnet" && hetzner) {
    const network = text("network_id");
    const range = text("ip_range");
    if (network === undefined || range === undefined) return undefined;
    const answer = await ask(`${hetzner.endpoint}/networks/${network}`, hetzner.token);
    const { subnets = [] } = (answer?.["network"] ?? {}) as { subnets?: readonly { ip_range: string }[] };
    return subnets.some((subnet) => subnet.ip_range === range) ? `${network}-${range}` : undefined;
  }
  if (type === "hcloud_volume_attachment" && hetzner) {
    const volume = text("volume_id");
    const server = text("server_id");
    if (volume === undefined || server === undefined) return undefined;
    const answer = await ask(`${hetzner.endpoint}/volumes/${volume}`, hetzner.token);
    const attached = (answer?.["volume"] as { server?: number | null } | undefined)?.server;
    return attached !== undefined && attached !== null && String(attached) === server ? volume : undefined;
  }
  if (!cloudflare) return undefined;
  const zone = text("zone_id");
  const account = text("account_id");
  if (type === "cloudflare_dns_record" && zone !== undefined) {
    const query = new URLSearchParams({ "name.exact": text("name") ?? "", type: text("type") ?? "" });
    const answer = await ask(`${cloudflare.baseUrl}/zones/${zone}/dns_records?${query}`, cloudflare.token);
    const records = (answer?.["result"] ?? []) as readonly { id: string; content: string }[];
    // An address that is not known yet cannot be compared; the name alone is not enough to call a record ours.
    const record = records.find(({ content }) => content === text("content"));
    return record && `${zone}/${record.id}`;
  }
  if (type === "cloudflare_page_rule" && zone !== undefined) {
    const answer = await ask(`${cloudflare.baseUrl}/zones/${zone}/pagerules`, cloudflare.token);
    const rules = (answer?.["result"] ?? []) as readonly {
      id: string;
      targets: readonly { constraint: { value: string } }[];
    }[];
    const rule = rules.find(({ targets }) => targets[0]?.constraint.value === text("target"));
    return rule && `${zone}/${rule.id}`;
  }
  if (type === "cloudflare_r2_bucket" && account !== undefined) {
    const name = text("name") ?? "";
    const answer = await ask(`${cloudflare.baseUrl}/accounts/${account}/r2/buckets/${name}`, cloudflare.token);
    return answer ? `${account}/${name}/default` : undefined;
  }
  return undefined;
}

/** R2's host name for a bucket, by its address in the API: the provider (5.22.0) has no import for it. */
async function hostNameOfBucket(
  type: string,
  wanted: Values,
  { cloudflare }: CloudAccess,
): Promise<string | undefined> {
  const { account_id: account, bucket_name: bucket, domain } = wanted;
  if (type !== "cloudflare_r2_custom_domain" || !cloudflare || !account || !bucket || !domain) return undefined;
  const url = `${cloudflare.baseUrl}/accounts/${String(account)}/r2/buckets/${String(bucket)}/domains/custom/${String(domain)}`;
  return (await ask(url, cloudflare.token)) && url;
}

/** @returns undefined when there is no such thing @throws Error for every other refusal */
async function ask(url: string, token: string): Promise<Record<string, unknown> | undefined> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`GET ${new URL(url).pathname}: ${response.status}`);
  return (await response.json()) as Record<string, unknown>;
}

async function remove(url: string, { cloudflare }: CloudAccess): Promise<void> {
  const response = await fetch(url, { method: "DELETE", headers: { authorization: `Bearer ${cloudflare?.token}` } });
  if (!response.ok) throw new Error(`DELETE ${new URL(url).pathname}: ${response.status}`);
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
  readonly docker?: Docker | undefined;
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
