/** One simulator for all: each test makes what it needs under names of its own. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { Hetzner, publicKey, type Reply, SMALL } from "./hetzner-client";

const READER = "r".repeat(64);

let simulator: HetznerSimulator;
let hetzner: Hetzner;

beforeAll(async () => {
  let last = 0;
  // Documentation's addresses would run out: tests clean nothing up.
  const nextIpv4 = (): string => `198.18.${(last += 1) >> 8}.${last & 255}`;
  simulator = await startHetzner({ actionSeconds: 0.01, nextIpv4, readOnlyTokens: [READER] });
  hetzner = new Hetzner(simulator.baseUrl);
});
afterAll(() => simulator.stop());

async function refused(reply: Promise<Reply> | Reply, status: number, code: string, field?: string): Promise<void> {
  const answer = await reply;
  expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
  if (field !== undefined) {
    expect(answer.body.error.details).toMatchObject({ fields: [expect.objectContaining({ name: field })] });
  }
}

let number = 0;
const name = (): string => `thing-${(number += 1)}`;
const off = async (wish: Readonly<Record<string, unknown>> = {}) =>
  hetzner.server({ start_after_create: false, ...wish });

describe("requests", () => {
  test("without a token", () => refused(new Hetzner(simulator.baseUrl, "").get("/servers"), 401, "unauthorized"));
  test("with a token that is too short", () =>
    refused(new Hetzner(simulator.baseUrl, "short").get("/servers"), 401, "unauthorized"));
  test("a change with a token that may only read, whatever is in it", async () => {
    const reader = new Hetzner(simulator.baseUrl, READER);
    await refused(reader.post("/ssh_keys", {}), 403, "token_readonly");
    expect((await reader.get("/servers")).status).toBe(200);
  });
  test("a path that does not exist", () => refused(hetzner.get("/cows"), 404, "not_found"));
  test("what is no JSON", () => refused(hetzner.post("/servers", "{"), 400, "json_error"));
  test("an id that nothing has", () => refused(hetzner.get("/servers/7"), 404, "not_found"));
  test("an id that is no number", () => refused(hetzner.get("/servers/web"), 404, "not_found"));
  test("a wrong type, with the field", () =>
    refused(hetzner.post("/volumes", { name: name(), size: "10", location: "fsn1" }), 422, "invalid_input", "size"));
  test("a missing field", async () => {
    const reply = await hetzner.post("/placement_groups", { type: "spread" });
    await refused(reply, 422, "invalid_input", "name");
    expect(reply.body.error.message).toBe("invalid input in field 'name': is required");
  });
  test("a label that cannot be", () =>
    refused(hetzner.post("/volumes", { name: name(), size: 10, labels: { "-": "" } }), 422, "invalid_input"));
  test("a label of Hetzner's own", () =>
    refused(
      hetzner.post("/placement_groups", { name: name(), type: "spread", labels: { "hetzner.cloud/a": "" } }),
      422,
      "invalid_input",
      "labels",
    ));
  test("a label_selector that is none", () =>
    refused(hetzner.get("/servers?label_selector=a=b=c"), 422, "invalid_input", "label_selector"));
  test("a page that is none", () => refused(hetzner.get("/servers?page=0"), 422, "invalid_input", "page"));
  test("all actions at once, which the API has dropped", () =>
    refused(hetzner.get("/actions"), 410, "deprecated_api_endpoint"));
  test("data centers, which the API has dropped", () =>
    refused(hetzner.get("/datacenters"), 410, "deprecated_api_endpoint"));
});

describe("names are unique", () => {
  const order: Readonly<Record<string, () => readonly [string, Readonly<Record<string, unknown>>]>> = {
    servers: () => ["/servers", SMALL],
    volumes: () => ["/volumes", { size: 10, location: "fsn1" }],
    networks: () => ["/networks", { ip_range: "10.0.0.0/16" }],
    firewalls: () => ["/firewalls", {}],
    "placement groups": () => ["/placement_groups", { type: "spread" }],
    "primary IPs": () => ["/primary_ips", { type: "ipv6", location: "fsn1" }],
    "SSH keys": () => ["/ssh_keys", { public_key: publicKey((number += 1)) }],
  };
  test.each(Object.keys(order))("of %s", async (kind) => {
    const same = name();
    const [path, rest] = order[kind]!();
    expect((await hetzner.post(path, { ...rest, name: same })).status).toBe(201);
    await refused(hetzner.post(path, { ...rest, name: same }), 409, "uniqueness_error", "name");
  });
  test("also after a new name was given", async () => {
    const [one, other] = [await hetzner.volume(), await hetzner.volume()];
    await refused(hetzner.put(`/volumes/${one.id}`, { name: other.name }), 409, "uniqueness_error", "name");
    expect((await hetzner.put(`/volumes/${one.id}`, { name: one.name })).status).toBe(200);
  });
  test("and so are SSH keys", async () => {
    await hetzner.post("/ssh_keys", { name: name(), public_key: publicKey(200) });
    const again = hetzner.post("/ssh_keys", { name: name(), public_key: publicKey(200) });
    await refused(again, 409, "uniqueness_error", "public_key");
  });
  test("what is no SSH key", () =>
    refused(hetzner.post("/ssh_keys", { name: name(), public_key: "ssh-ed25519 AAAA" }), 422, "invalid_input"));
});

describe("a server cannot be made", () => {
  const make = (wish: Readonly<Record<string, unknown>>): Promise<Reply> =>
    hetzner.post("/servers", { name: name(), ...SMALL, ...wish });

  test.each([
    ["with an unknown image", { image: "beos-5" }, "image"],
    ["with an unknown server type", { server_type: "cx9000" }, "server_type"],
    ["with an unknown SSH key", { ssh_keys: [5] }, "ssh_keys"],
    ["with an unknown network", { networks: [5] }, "networks"],
    ["with an unknown firewall", { firewalls: [{ firewall: 5 }] }, "firewalls"],
    ["with an unknown placement group", { placement_group: 5 }, "placement_group"],
    ["with an unknown volume", { volumes: [5] }, "volumes"],
    ["with an unknown Primary IP", { public_net: { ipv4: 5 } }, "public_net.ipv4"],
    ["with a name that is no hostname", { name: "a_b" }, "name"],
    ["with too much user data", { user_data: "x".repeat(32 * 1024 + 1) }, "user_data"],
    ["running, without any network", { public_net: { enable_ipv4: false, enable_ipv6: false } }, "public_net"],
  ])("%s", (_title, wish, field) => refused(make(wish), 422, "invalid_input", field));

  test("in an unknown location", async () => {
    const reply = await make({ location: "mars1" });
    await refused(reply, 422, "invalid_input");
    expect(reply.body.error.message).toBe("location 'mars1' not found");
  });
  test("where its type is not sold", async () => {
    const reply = await make({ location: "ash" });
    await refused(reply, 422, "invalid_input");
    expect(reply.body.error.message).toBe("unsupported location for server type");
  });
  test("with a Primary IP that a server has", async () => {
    const ip = await hetzner.primaryIp();
    await hetzner.server({ public_net: { ipv4: ip.id } });
    await refused(make({ public_net: { ipv4: ip.id } }), 422, "primary_ip_assigned");
  });
  test("with a Primary IP of another location", async () => {
    const ip = await hetzner.primaryIp({ location: "nbg1" });
    await refused(make({ public_net: { ipv4: ip.id } }), 422, "primary_ip_datacenter_mismatch");
  });
  test("with a Primary IP of the other version", async () => {
    const ip = await hetzner.primaryIp({ type: "ipv6" });
    await refused(make({ public_net: { ipv4: ip.id } }), 412, "primary_ip_version_mismatch");
  });
  test("with a volume of another location", async () => {
    const volume = await hetzner.volume({ location: "nbg1" });
    await refused(make({ volumes: [volume.id] }), 422, "invalid_input");
  });
  test("in a network without a subnet; and nothing is left of it", async () => {
    const network = await hetzner.network({ subnets: [] });
    const before = simulator.state.primaryIps.length;
    await refused(make({ networks: [network.id] }), 422, "no_subnet_available");
    expect(simulator.state.primaryIps).toHaveLength(before);
  });
  test("in a group that is full", async () => {
    const { body } = await hetzner.post("/placement_groups", { name: name(), type: "spread" });
    const wish = { placement_group: body.placement_group.id };
    for (let n = 0; n < 10; n++) expect((await make(wish)).status).toBe(201);
    await refused(make(wish), 422, "placement_error");
  });
});

describe("what is in use stays", () => {
  test("a Primary IP", async () => {
    const server = await hetzner.server();
    const ip = server.public_net.ipv4!;
    await refused(hetzner.delete(`/primary_ips/${ip.id}`), 422, "must_be_unassigned");
  });
  test("a volume", async () => {
    const server = await hetzner.server();
    const volume = await hetzner.volume({ server: server.id, location: undefined });
    const reply = await hetzner.delete(`/volumes/${volume.id}`);
    await refused(reply, 422, "service_error");
    expect(reply.body.error.message).toContain("still attached");
  });
  test("a firewall", async () => {
    const { firewall } = (await hetzner.post("/firewalls", { name: name() })).body;
    await hetzner.server({ firewalls: [{ firewall: firewall.id }] });
    await refused(hetzner.delete(`/firewalls/${firewall.id}`), 422, "resource_in_use");
  });
  test("a placement group", async () => {
    const { placement_group } = (await hetzner.post("/placement_groups", { name: name(), type: "spread" })).body;
    await hetzner.server({ placement_group: placement_group.id });
    await refused(hetzner.delete(`/placement_groups/${placement_group.id}`), 422, "resource_in_use");
  });
  test("a subnet", async () => {
    const network = await hetzner.network();
    await hetzner.server({ networks: [network.id] });
    const path = `/networks/${network.id}/actions/delete_subnet`;
    await refused(hetzner.post(path, { ip_range: "10.0.1.0/24" }), 422, "service_error");
  });
  test("but a network goes, and its servers are detached", async () => {
    const network = await hetzner.network();
    const server = await hetzner.server({ networks: [network.id] });
    expect(server.private_net).toHaveLength(1);
    expect((await hetzner.delete(`/networks/${network.id}`)).status).toBe(204);
    expect((await hetzner.get(`/servers/${server.id}`)).body.server.private_net).toEqual([]);
  });
});

describe("what is protected stays", () => {
  test("a server, from deletion and from a rebuild", async () => {
    const { id } = await hetzner.server();
    const protection = { delete: true, rebuild: true };
    await hetzner.settle(hetzner.post(`/servers/${id}/actions/change_protection`, protection));
    await refused(hetzner.delete(`/servers/${id}`), 423, "protected");
    await refused(hetzner.post(`/servers/${id}/actions/rebuild`, { image: "debian-12" }), 423, "protected");
  });
  test("a server's two protections are one", async () => {
    const { id } = await hetzner.server();
    await refused(hetzner.post(`/servers/${id}/actions/change_protection`, { delete: true }), 422, "invalid_input");
  });
  test.each([
    ["a volume", "volumes", async () => (await hetzner.volume()).id],
    ["a network", "networks", async () => (await hetzner.network()).id],
    ["a Primary IP", "primary_ips", async () => (await hetzner.primaryIp()).id],
  ])("%s", async (_title, path, make) => {
    const id = await make();
    await hetzner.settle(hetzner.post(`/${path}/${id}/actions/change_protection`, { delete: true }));
    await refused(hetzner.delete(`/${path}/${id}`), 423, "protected");
    await hetzner.settle(hetzner.post(`/${path}/${id}/actions/change_protection`, { delete: false }));
    expect((await hetzner.delete(`/${path}/${id}`)).status).toBe(204);
  });
  test("but no Primary IP that goes with its server", async () => {
    const { id } = await hetzner.primaryIp({ auto_delete: true });
    const path = `/primary_ips/${id}/actions/change_protection`;
    await refused(hetzner.post(path, { delete: true }), 422, "invalid_input", "delete");
  });
});

describe("while an action runs", () => {
  // Long enough for some requests on a slow computer.
  const long = { seconds: 1.5, kind: "slow" } as const;

  test("a server is locked", async () => {
    const server = await hetzner.server();
    simulator.faults.inject({ fault: long, path: /poweroff/ });
    const { body } = await hetzner.post(`/servers/${server.id}/actions/poweroff`);
    await refused(hetzner.post(`/servers/${server.id}/actions/poweron`), 423, "locked");
    await refused(hetzner.delete(`/servers/${server.id}`), 423, "locked");
    const volume = await hetzner.volume();
    await refused(hetzner.post(`/volumes/${volume.id}/actions/attach`, { server: server.id }), 423, "locked");
    expect((await hetzner.put(`/servers/${server.id}`, { labels: { a: "b" } })).status).toBe(200);
    await hetzner.finished(body.action.id);
    await hetzner.settle(hetzner.post(`/servers/${server.id}/actions/poweron`));
  });
  test("a volume is locked", async () => {
    simulator.faults.inject({ fault: long, path: /volumes$/ });
    const { body } = await hetzner.post("/volumes", { name: name(), size: 10, location: "fsn1" });
    await refused(hetzner.delete(`/volumes/${body.volume.id}`), 423, "locked");
  });
  test("a network is in conflict", async () => {
    const network = await hetzner.network();
    const path = `/networks/${network.id}/actions/add_subnet`;
    simulator.faults.inject({ fault: long, path: /add_subnet/ });
    await hetzner.post(path, { type: "cloud", network_zone: "eu-central" });
    await refused(hetzner.post(path, { type: "cloud", network_zone: "eu-central" }), 409, "conflict");
    await refused(hetzner.delete(`/networks/${network.id}`), 409, "conflict");
    const server = await hetzner.server();
    const attach = `/servers/${server.id}/actions/attach_to_network`;
    await refused(hetzner.post(attach, { network: network.id }), 409, "conflict");
  });
  test("a firewall is in conflict", async () => {
    const { firewall } = (await hetzner.post("/firewalls", { name: name() })).body;
    simulator.faults.inject({ fault: long, path: /set_rules/ });
    await hetzner.post(`/firewalls/${firewall.id}/actions/set_rules`, { rules: [] });
    await refused(hetzner.put(`/firewalls/${firewall.id}`, { name: name() }), 409, "conflict");
  });
});

describe("networks", () => {
  test.each([
    ["a range that is not private", "8.8.8.0/24"],
    ["a range that is too small", "10.0.0.0/25"],
    ["what is no range", "10.0.0.1/16"],
  ])("%s", (_title, ip_range) =>
    refused(hetzner.post("/networks", { name: name(), ip_range }), 422, "invalid_input", "ip_range"),
  );

  test.each([
    ["a subnet outside of the network", { ip_range: "10.1.0.0/24" }, "ip_range"],
    ["a subnet that overlaps with another", { ip_range: "10.0.1.128/25" }, "ip_range"],
    ["a subnet in an unknown zone", { network_zone: "mars" }, "network_zone"],
    ["a vSwitch of a cloud subnet", { vswitch_id: 5 }, "vswitch_id"],
  ])("%s", async (_title, wish, field) => {
    const { id } = await hetzner.network();
    const subnet = { type: "cloud", network_zone: "eu-central", ...wish };
    await refused(hetzner.post(`/networks/${id}/actions/add_subnet`, subnet), 422, "invalid_input", field);
  });
  test("a subnet without a range gets the first that is free", async () => {
    const { id } = await hetzner.network();
    const subnet = { type: "cloud", network_zone: "eu-central" };
    await hetzner.settle(hetzner.post(`/networks/${id}/actions/add_subnet`, subnet));
    await hetzner.settle(hetzner.post(`/networks/${id}/actions/add_subnet`, subnet));
    const ranges = (await hetzner.get(`/networks/${id}`)).body.network.subnets.map((entry) => entry.ip_range);
    expect(ranges).toEqual(["10.0.1.0/24", "10.0.0.0/24", "10.0.2.0/24"]);
  });
  test.each([
    ["a route into the open", { destination: "8.8.8.0/24" }, "destination"],
    ["a route into a subnet", { destination: "10.0.1.0/25" }, "destination"],
    ["a route over the network's own gateway", { gateway: "10.0.0.1" }, "gateway"],
    ["a route over what is elsewhere", { gateway: "10.9.0.1" }, "gateway"],
  ])("%s", async (_title, wish, field) => {
    const { id } = await hetzner.network();
    const route = { destination: "10.100.0.0/24", gateway: "10.0.1.2", ...wish };
    await refused(hetzner.post(`/networks/${id}/actions/add_route`, route), 422, "invalid_input", field);
  });
  test("a range that does not extend the present one", async () => {
    const { id } = await hetzner.network();
    const path = `/networks/${id}/actions/change_ip_range`;
    await refused(hetzner.post(path, { ip_range: "10.0.0.0/17" }), 422, "invalid_input", "ip_range");
    await hetzner.settle(hetzner.post(path, { ip_range: "10.0.0.0/15" }));
  });
});

describe("a server in a network", () => {
  const attach = async (network: number, wish: object = {}): Promise<Reply> => {
    const server = await hetzner.server();
    return hetzner.post(`/servers/${server.id}/actions/attach_to_network`, { network, ...wish });
  };

  test("an address outside of the subnets", async () => {
    await refused(attach((await hetzner.network()).id, { ip: "10.0.9.5" }), 422, "invalid_input", "ip");
  });
  test("an alias outside of the subnets", async () => {
    await refused(attach((await hetzner.network()).id, { alias_ips: ["10.0.9.5"] }), 422, "invalid_input", "alias_ips");
  });
  test("an address that another one has", async () => {
    const { id } = await hetzner.network();
    expect((await attach(id, { ip: "10.0.1.5" })).status).toBe(201);
    await refused(attach(id, { ip: "10.0.1.5" }), 422, "ip_not_available");
    await refused(attach(id, { alias_ips: ["10.0.1.5"] }), 422, "ip_not_available");
  });
  test("two at once get two addresses", async () => {
    const { id } = await hetzner.network();
    await Promise.all([attach(id), attach(id)]);
    const ips = simulator.state.servers.flatMap((server) => server.private_net.filter((net) => net.network === id));
    expect(new Set(ips.map((net) => net.ip)).size).toBe(ips.length);
  });
  test("no subnet in its zone", async () => {
    const subnets = [{ type: "cloud", network_zone: "us-east", ip_range: "10.0.1.0/24" }];
    await refused(attach((await hetzner.network({ subnets })).id), 422, "no_subnet_available");
  });
  test("twice, or with a network that overlaps", async () => {
    const [one, other] = [await hetzner.network(), await hetzner.network()];
    const server = await hetzner.server({ networks: [one.id] });
    const path = `/servers/${server.id}/actions/attach_to_network`;
    await refused(hetzner.post(path, { network: one.id }), 422, "server_already_attached");
    await refused(hetzner.post(path, { network: other.id }), 422, "networks_overlap");
  });
  test("not in it", async () => {
    const server = await hetzner.server();
    const network = (await hetzner.network()).id;
    await refused(hetzner.post(`/servers/${server.id}/actions/detach_from_network`, { network }), 422, "invalid_input");
  });
});

describe("volumes", () => {
  test("to a server of another location", async () => {
    const server = await hetzner.server({ location: "nbg1" });
    const volume = await hetzner.volume();
    const path = `/volumes/${volume.id}/actions/attach`;
    await refused(hetzner.post(path, { server: server.id }), 422, "invalid_input", "server");
  });
  test("to a server that does not exist", async () => {
    const volume = await hetzner.volume();
    await refused(hetzner.post(`/volumes/${volume.id}/actions/attach`, { server: 5 }), 404, "not_found");
  });
  test("to two servers", async () => {
    const [one, other] = [await hetzner.server(), await hetzner.server()];
    const volume = await hetzner.volume({ server: one.id, location: undefined });
    const path = `/volumes/${volume.id}/actions/attach`;
    await refused(hetzner.post(path, { server: other.id }), 422, "volume_already_attached");
  });
  test("from no server", async () => {
    const volume = await hetzner.volume();
    await refused(hetzner.post(`/volumes/${volume.id}/actions/detach`), 422, "service_error");
  });
  test("too small, without a place, smaller than it is", async () => {
    await refused(hetzner.post("/volumes", { name: name(), size: 9, location: "fsn1" }), 422, "invalid_input", "size");
    await refused(hetzner.post("/volumes", { name: name(), size: 10 }), 422, "invalid_input", "location");
    const volume = await hetzner.volume({ size: 20 });
    const path = `/volumes/${volume.id}/actions/resize`;
    await refused(hetzner.post(path, { size: 15 }), 422, "invalid_input", "size");
  });
});

describe("Primary IPs", () => {
  test("for a server that runs", async () => {
    const server = await hetzner.server();
    const ip = await hetzner.primaryIp();
    const assignee = { assignee_id: server.id, assignee_type: "server" };
    await refused(hetzner.post(`/primary_ips/${ip.id}/actions/assign`, assignee), 422, "server_not_stopped");
    const its = server.public_net.ipv4!.id;
    await refused(hetzner.post(`/primary_ips/${its}/actions/unassign`), 422, "server_not_stopped");
  });
  test("for a server that has one of this version", async () => {
    const server = await off();
    const ip = await hetzner.primaryIp();
    const assignee = { assignee_id: server.id, assignee_type: "server" };
    await refused(hetzner.post(`/primary_ips/${ip.id}/actions/assign`, assignee), 422, "server_has_ipv4");
    const order = { name: name(), type: "ipv6", ...assignee };
    await refused(hetzner.post("/primary_ips", order), 422, "server_has_ipv6");
  });
  test("for a second server, or one elsewhere", async () => {
    const publicNet = { enable_ipv4: false, enable_ipv6: true };
    const [one, other] = [await off({ public_net: publicNet }), await off({ public_net: publicNet })];
    const far = await off({ public_net: publicNet, location: "nbg1" });
    const ip = await hetzner.primaryIp();
    const assign = (server: number): Promise<Reply> =>
      hetzner.post(`/primary_ips/${ip.id}/actions/assign`, { assignee_id: server, assignee_type: "server" });
    await refused(assign(far.id), 422, "primary_ip_datacenter_mismatch");
    await hetzner.settle(assign(one.id));
    await refused(assign(other.id), 422, "primary_ip_already_assigned");
  });
  test("a name for another's address", async () => {
    const ip = await hetzner.primaryIp();
    const path = `/primary_ips/${ip.id}/actions/change_dns_ptr`;
    await refused(hetzner.post(path, { ip: "192.0.2.1", dns_ptr: "a.example.com" }), 422, "invalid_input", "ip");
    const server = await hetzner.server();
    const its = `/servers/${server.id}/actions/change_dns_ptr`;
    await refused(hetzner.post(its, { ip: "2001:db8:ffff::1", dns_ptr: "a.example.com" }), 422, "invalid_input", "ip");
  });
  test("nowhere", () =>
    refused(hetzner.post("/primary_ips", { name: name(), type: "ipv4" }), 422, "invalid_input", "location"));
});

describe("firewalls", () => {
  test.each([
    ["a rule for tcp without a port", { protocol: "tcp" }, "rules.0.port"],
    ["a rule for icmp with a port", { protocol: "icmp", port: "80" }, "rules.0.port"],
    ["a range of ports that is none", { protocol: "tcp", port: "90-80" }, "rules.0.port"],
    ["a source that is no network", { protocol: "icmp", source_ips: ["10.0.0.1"] }, "rules.0.source_ips.0"],
    ["no source", { protocol: "icmp", source_ips: [] }, "rules.0.source_ips"],
  ])("%s", (_title, rule, field) => {
    const rules = [{ direction: "in", source_ips: ["0.0.0.0/0"], ...rule }];
    return refused(hetzner.post("/firewalls", { name: name(), rules }), 422, "invalid_input", field);
  });

  const target = (id: number) => ({ type: "server", server: { id } });
  const make = async (): Promise<number> => (await hetzner.post("/firewalls", { name: name() })).body.firewall.id;

  test("twice in front of a server, in front of none, of one without an address", async () => {
    const firewall = await make();
    const apply = (id: number): Promise<Reply> =>
      hetzner.post(`/firewalls/${firewall}/actions/apply_to_resources`, { apply_to: [target(id)] });
    const server = await hetzner.server();
    await hetzner.settle(apply(server.id));
    await refused(apply(server.id), 422, "firewall_already_applied");
    await refused(apply(5), 404, "firewall_resource_not_found");
    const hidden = await off({ public_net: { enable_ipv4: false, enable_ipv6: false } });
    await refused(apply(hidden.id), 422, "private_net_only_server");
  });
  test("away from what a label put it in front of", async () => {
    const firewall = await make();
    const apply_to = [{ type: "label_selector", label_selector: { selector: "only=here" } }];
    await hetzner.settle(hetzner.post(`/firewalls/${firewall}/actions/apply_to_resources`, { apply_to }));
    const server = await hetzner.server({ labels: { only: "here" } });
    const path = `/firewalls/${firewall}/actions/remove_from_resources`;
    const remove_from = [target(server.id)];
    await refused(hetzner.post(path, { remove_from }), 422, "firewall_managed_by_label_selector");
    await refused(hetzner.post(path, { remove_from: [target(5)] }), 404, "firewall_resource_not_found");
  });
});

describe("another server type", () => {
  const change = (id: number, server_type: string, upgrade_disk = true): Promise<Reply> =>
    hetzner.post(`/servers/${id}/actions/change_type`, { server_type, upgrade_disk });

  test("while it runs", async () => refused(change((await hetzner.server()).id, "cx33"), 422, "server_not_stopped"));
  test.each([
    ["an unknown one", "cx9000", "invalid_input"],
    ["the same one", "cx23", "invalid_server_type"],
    ["of another architecture", "cax21", "invalid_server_type"],
    ["that is not sold there", "cpx31", "invalid_server_type"],
  ])("%s", async (_title, type, code) => refused(change((await off()).id, type), 422, code));
  test("with a smaller disk, unless the disk was kept", async () => {
    const { id } = await off();
    await hetzner.settle(change(id, "cx43", false));
    await hetzner.settle(hetzner.post(`/servers/${id}/actions/poweroff`));
    await hetzner.settle(change(id, "cx33", true));
    await hetzner.settle(hetzner.post(`/servers/${id}/actions/poweroff`));
    await refused(change(id, "cx23"), 422, "invalid_server_type");
  });
});

describe("placement groups", () => {
  test("for a server that runs, or has one", async () => {
    const { placement_group } = (await hetzner.post("/placement_groups", { name: name(), type: "spread" })).body;
    const add = (id: number): Promise<Reply> =>
      hetzner.post(`/servers/${id}/actions/add_to_placement_group`, { placement_group: placement_group.id });
    await refused(add((await hetzner.server()).id), 422, "server_not_stopped");
    const { id } = await off();
    await hetzner.settle(add(id));
    await refused(add(id), 422, "already_in_placement_group");
  });
});

describe("images", () => {
  test("the catalog's own stay as they are; a snapshot is made, protected, deleted", async () => {
    const [system] = (await hetzner.get("/images?name=debian-12")).body.images;
    await refused(hetzner.delete(`/images/${system!.id}`), 403, "forbidden");
    const server = await hetzner.server();
    const path = `/servers/${server.id}/actions/create_image`;
    await refused(hetzner.post(path, { type: "backup" }), 422, "service_error");
    const { image } = await hetzner.settle(hetzner.post(path));
    expect(image.status).toBe("creating");
    await hetzner.settle(hetzner.post(`/images/${image.id}/actions/change_protection`, { delete: true }));
    await refused(hetzner.delete(`/images/${image.id}`), 423, "protected");
    expect((await hetzner.server({ image: image.id })).image.id).toBe(image.id);
  });
});
