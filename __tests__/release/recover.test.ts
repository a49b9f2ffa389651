import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type CloudflareSimulator, startCloudflare } from "../../simulators/cloudflare";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { type CloudAccess, findAdoptions, inThePlansWay, unknownTo } from "../../release/recover";
import type { ContainerFacts } from "../../clients/docker";
import type { ResourceChange } from "../../terraform/plan";
import type { StateResource } from "../../terraform/state";

const ZONE = "7e".repeat(16);
const ACCOUNT = "ac".repeat(16);
const TOKENS = { hetzner: "h".repeat(64), cloudflare: "c".repeat(40) };
let hetzner: HetznerSimulator;
let cloudflare: CloudflareSimulator;
let access: CloudAccess;

beforeAll(async () => {
  hetzner = await startHetzner({ actionSeconds: 0 });
  cloudflare = await startCloudflare({
    token: TOKENS.cloudflare,
    zones: [{ id: ZONE, name: "example.org", plan: "pro" }],
    accountId: ACCOUNT,
  });
  access = {
    hetzner: { endpoint: hetzner.baseUrl, token: TOKENS.hetzner },
    cloudflare: { baseUrl: cloudflare.baseUrl, token: TOKENS.cloudflare },
  };
});
afterAll(async () => {
  await hetzner.stop();
  await cloudflare.stop();
});

async function make(url: string, token: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
  return (await response.json()) as Record<string, unknown>;
}

const creates = (address: string, after: Record<string, unknown>, actions = ["create"]): ResourceChange => {
  const [type = "", name = ""] = address.split(".");
  return { address, mode: "managed", type, name, change: { actions, before: null, after } };
};

describe("what is there already", () => {
  test("is found by its name at Hetzner, and only if the plan would create it", async () => {
    const { volume } = (await make(`${hetzner.baseUrl}/volumes`, TOKENS.hetzner, {
      name: "shop-data",
      size: 10,
      location: "fsn1",
    })) as { volume: { id: number } };
    const wanted = creates("hcloud_volume.host_data", { name: "shop-data" });
    const found = [{ address: "hcloud_volume.host_data", id: String(volume.id) }];
    expect(await findAdoptions([wanted], access)).toEqual(found);
    expect(await findAdoptions([creates("hcloud_volume.other", { name: "other-data" })], access)).toEqual([]);
    const replaced = creates("hcloud_volume.host_data", { name: "shop-data" }, ["delete", "create"]);
    expect(await findAdoptions([replaced], access)).toEqual([]);
    expect(await findAdoptions([wanted], {})).toEqual([]);
  });

  test("a subnet is found in its network", async () => {
    const { network } = (await make(`${hetzner.baseUrl}/networks`, TOKENS.hetzner, {
      name: "shop",
      ip_range: "10.0.0.0/16",
      subnets: [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }],
    })) as { network: { id: number } };
    const subnet = (range: string): ResourceChange =>
      creates("hcloud_network_subnet.host_subnet", { network_id: network.id, ip_range: range });
    expect(await findAdoptions([subnet("10.0.1.0/24")], access)).toEqual([
      { address: "hcloud_network_subnet.host_subnet", id: `${network.id}-10.0.1.0/24` },
    ]);
    expect(await findAdoptions([subnet("10.0.2.0/24")], access)).toEqual([]);
    // Its network is not made yet, so its id is not known.
    expect(await findAdoptions([creates("hcloud_network_subnet.x", { ip_range: "10.0.1.0/24" })], access)).toEqual([]);
  });

  test("a record at Cloudflare must also lead to the same place", async () => {
    const records = `${cloudflare.baseUrl}/zones/${ZONE}/dns_records`;
    const { result } = (await make(records, TOKENS.cloudflare, {
      name: "shop.example.org",
      type: "A",
      content: "203.0.113.7",
      ttl: 1,
      proxied: true,
    })) as { result: { id: string } };
    const record = (content: string): ResourceChange =>
      creates("cloudflare_dns_record.dns_shop", { zone_id: ZONE, name: "shop.example.org", type: "A", content });
    expect(await findAdoptions([record("203.0.113.7")], access)).toEqual([
      { address: "cloudflare_dns_record.dns_shop", id: `${ZONE}/${result.id}` },
    ]);
    expect(await findAdoptions([record("203.0.113.8")], access)).toEqual([]);
  });

  test("a bucket and a page rule are found by name and target", async () => {
    await make(`${cloudflare.baseUrl}/accounts/${ACCOUNT}/r2/buckets`, TOKENS.cloudflare, { name: "shop-ota" });
    const { result } = (await make(`${cloudflare.baseUrl}/zones/${ZONE}/pagerules`, TOKENS.cloudflare, {
      targets: [{ target: "url", constraint: { operator: "matches", value: "*.example.org/*" } }],
      actions: [{ id: "cache_level", value: "bypass" }],
      status: "active",
    })) as { result: { id: string } };
    const changes = [
      creates("cloudflare_r2_bucket.bundles", { account_id: ACCOUNT, name: "shop-ota" }),
      creates("cloudflare_r2_bucket.none", { account_id: ACCOUNT, name: "no-such-bucket" }),
      creates("cloudflare_page_rule.cache", { zone_id: ZONE, target: "*.example.org/*" }),
    ];
    expect(await findAdoptions(changes, access)).toEqual([
      { address: "cloudflare_r2_bucket.bundles", id: `${ACCOUNT}/shop-ota/default` },
      { address: "cloudflare_page_rule.cache", id: `${ZONE}/${result.id}` },
    ]);
  });

  test("a bucket's host name, which the provider cannot import, is to be deleted", async () => {
    const domains = `${cloudflare.baseUrl}/accounts/${ACCOUNT}/r2/buckets/shop-ota/domains/custom`;
    const wanted = creates("cloudflare_r2_custom_domain.bundles", {
      account_id: ACCOUNT,
      bucket_name: "shop-ota",
      domain: "ota.example.org",
    });
    expect(await findAdoptions([wanted], access)).toEqual([]);
    await make(domains, TOKENS.cloudflare, { domain: "ota.example.org", zoneId: ZONE, enabled: true });
    const at = `${domains}/ota.example.org`;
    expect(await findAdoptions([wanted], access)).toEqual([{ address: wanted.address, id: at, deleteAt: at }]);
  });

  test("a cloud that refuses to say is an error, not a no", async () => {
    const refused = findAdoptions([creates("hcloud_server.host_server", { name: "shop" })], {
      hetzner: { endpoint: hetzner.baseUrl, token: "too-short" },
    });
    await expect(refused).rejects.toThrow("GET /v1/servers: 401");
  });
});

describe("containers beside the state", () => {
  const known: StateResource = {
    address: "docker_container.edge",
    type: "docker_container",
    name: "edge",
    values: { id: "1111" },
  };
  const facts = (id: string, name: string): ContainerFacts => ({
    id,
    name,
    image: "image",
    running: true,
    unwell: false,
  });

  test("those that the state does not know, by id", () => {
    const containers = [facts("1111", "shop-edge"), facts("2222", "shop-edge-old")];
    expect(unknownTo([known], containers).map(({ id }) => id)).toEqual(["2222"]);
  });

  test("of these only one whose very name is wanted stands in a plan's way", () => {
    const containers = [facts("1111", "shop-edge"), facts("2222", "shop-postgres"), facts("3333", "shop-web-1")];
    const changes = [
      creates("docker_container.postgres", { name: "shop-postgres" }),
      creates("docker_container.edge", { name: "shop-edge" }, ["delete", "create"]),
    ];
    expect(inThePlansWay(changes, [known], containers).map(({ name }) => name)).toEqual(["shop-postgres"]);
  });
});
