import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { type HetznerOptions, type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { Hetzner, publicKey, SMALL } from "./hetzner-client";

let simulator: HetznerSimulator | undefined;

async function start(options: HetznerOptions = {}): Promise<Hetzner> {
  simulator = await startHetzner({ actionSeconds: 0.01, ...options });
  return new Hetzner(simulator.baseUrl);
}

afterEach(async () => {
  await simulator?.stop();
  simulator = undefined;
});

describe("actions", () => {
  test("what an action does happens when it finishes", async () => {
    const hetzner = await start({ actionSeconds: 0.5 });
    const { body } = await hetzner.post("/servers", { name: "web", ...SMALL });
    expect(body.server.status).toBe("initializing");
    expect(body.action).toMatchObject({ status: "running", finished: null });
    expect(body.next_actions.map((action) => action.command)).toEqual(["start_server"]);
    expect((await hetzner.get(`/servers/${body.server.id}`)).body.server.locked).toBe(true);
    await hetzner.finished(body.action.id);
    const start_server = await hetzner.finished(body.next_actions[0]!.id);
    expect(start_server).toMatchObject({ status: "success", progress: 100, error: null });
    expect((await hetzner.get(`/servers/${body.server.id}`)).body.server).toMatchObject({
      status: "running",
      locked: false,
    });
  });

  test("a volume is attached, and a server gone, only when the action is done", async () => {
    const hetzner = await start();
    const server = await hetzner.server();
    const volume = await hetzner.volume();
    for (const method of ["POST", "DELETE"]) simulator!.faults.inject({ fault: { kind: "slow", seconds: 1 }, method });
    const attached = await hetzner.post(`/volumes/${volume.id}/actions/attach`, { server: server.id });
    expect(simulator!.state.volumes[0]!.server).toBeNull();
    await hetzner.settle(attached);
    expect((await hetzner.get(`/servers/${server.id}`)).body.server.volumes).toEqual([volume.id]);
    const deleted = await hetzner.delete(`/servers/${server.id}`);
    expect((await hetzner.get(`/servers/${server.id}`)).body.server.status).toBe("deleting");
    await hetzner.settle(deleted);
    expect((await hetzner.get(`/servers/${server.id}`)).status).toBe(404);
    expect(simulator!.state.volumes[0]!.server).toBeNull();
  });

  test("actions are found by ids, by kind, by resource, also of one that is gone", async () => {
    const hetzner = await start();
    const server = await hetzner.server();
    const { action } = await hetzner.settle(hetzner.delete(`/servers/${server.id}`));
    const [creation] = (await hetzner.get(`/servers/${server.id}/actions?sort=id`)).body.actions;
    const ids = `id=${creation!.id}&id=${action.id}&id=5`;
    expect((await hetzner.get(`/actions?${ids}&sort=id:desc`)).body.actions.map((a) => a.command)).toEqual([
      "delete_server",
      "create_server",
    ]);
    expect((await hetzner.get("/servers/actions?status=success")).body.actions).toHaveLength(3);
    expect((await hetzner.get("/volumes/actions")).body.actions).toHaveLength(0);
    expect((await hetzner.get(`/servers/${server.id}/actions/${action.id}`)).body.action.id).toBe(action.id);
  });

  test("a shutdown is done when the signal is sent; the server is off a little later", async () => {
    const hetzner = await start();
    const server = await hetzner.server();
    await hetzner.settle(hetzner.post(`/servers/${server.id}/actions/shutdown`));
    while ((await hetzner.get(`/servers/${server.id}`)).body.server.status !== "off");
  });

  test("a rebuild gives another image and keeps the address", async () => {
    const hetzner = await start();
    const server = await hetzner.server();
    await hetzner.settle(hetzner.post(`/servers/${server.id}/actions/rebuild`, { image: "debian-13" }));
    const { server: after } = (await hetzner.get(`/servers/${server.id}`)).body;
    expect(after.image.name).toBe("debian-13");
    expect(after.public_net).toEqual(server.public_net);
  });

  test("stop ends what is under way", async () => {
    const started = jest.fn<() => void>();
    const hetzner = await start({ actionSeconds: 600, machines: { started } });
    await hetzner.post("/servers", { name: "web", ...SMALL });
    await simulator!.stop();
    expect(started).not.toHaveBeenCalled();
  });
});

describe("machines", () => {
  test("are told what happens, with what they need", async () => {
    const told: string[] = [];
    const hetzner = await start({
      nextIpv4: () => "127.0.0.9",
      machines: {
        started: (server) =>
          void told.push(`started ${server.ipv4} ${server.userData} ${server.sshKeys.length} ${server.volumes.length}`),
        stopped: (_server, deleted) => void told.push(`stopped ${deleted}`),
        attached: (server) => void told.push(`attached ${server.volumes.length}`),
        detached: (server) => void told.push(`detached ${server.volumes.length}`),
      },
    });
    await hetzner.post("/ssh_keys", { name: "laptop", public_key: publicKey(1) });
    const volume = await hetzner.volume();
    const wish = { user_data: "#cloud-config", ssh_keys: ["laptop"], volumes: [volume.id] };
    const server = await hetzner.server(wish);
    await hetzner.settle(hetzner.post(`/servers/${server.id}/actions/poweroff`));
    await hetzner.settle(hetzner.post(`/servers/${server.id}/actions/poweron`));
    await hetzner.settle(hetzner.post(`/servers/${server.id}/actions/rebuild`, { image: "debian-12" }));
    await hetzner.settle(hetzner.delete(`/servers/${server.id}`));
    const start_ = "started 127.0.0.9 #cloud-config 1 1";
    const rebuilt = ["stopped true", start_];
    expect(told).toEqual(["attached 1", start_, "stopped false", start_, ...rebuilt, "stopped true", "detached 0"]);
  });

  test("an action waits for its machine, and fails with it", async () => {
    let boots: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (boots = resolve));
    const hetzner = await start({
      machines: {
        started: () => waits,
        stopped: () => {
          throw new Error("no power plug");
        },
      },
    });
    const { body } = await hetzner.post("/servers", { name: "web", ...SMALL });
    await hetzner.finished(body.action.id);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect((await hetzner.get(`/actions/${body.next_actions[0]!.id}`)).body.action.status).toBe("running");
    boots();
    await hetzner.settle({ status: 200, headers: new Headers(), body });
    const { action } = await hetzner.settle(hetzner.post(`/servers/${body.server.id}/actions/poweroff`));
    expect(await hetzner.finished(action.id)).toMatchObject({
      status: "error",
      error: { code: "action_failed", message: "no power plug" },
    });
    expect((await hetzner.get(`/servers/${body.server.id}`)).body.server.status).toBe("running");
  });

  test("what follows a failed action fails too", async () => {
    const hetzner = await start({
      machines: {
        attached: () => {
          throw new Error("no such disk");
        },
      },
    });
    const volume = await hetzner.volume();
    const { body } = await hetzner.post("/servers", { name: "web", ...SMALL, volumes: [volume.id] });
    const [attach, power] = body.next_actions;
    expect((await hetzner.finished(attach!.id)).error?.message).toBe("no such disk");
    expect((await hetzner.finished(power!.id)).status).toBe("error");
    expect(simulator!.state).toMatchObject({ servers: [{ status: "off" }], volumes: [{ server: null }] });
  });
});

describe("faults", () => {
  test("429 comes with its headers, and the work is not done", async () => {
    const hetzner = await start();
    simulator!.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 30 }, method: "POST" });
    const key = { name: "laptop", public_key: publicKey(1) };
    const { status, headers, body } = await hetzner.post("/ssh_keys", key);
    expect([status, body.error.code]).toEqual([429, "rate_limit_exceeded"]);
    expect(headers.get("RateLimit-Remaining")).toBe("0");
    expect(Number(headers.get("RateLimit-Reset")) - Date.now() / 1000).toBeGreaterThan(28);
    expect(simulator!.state.sshKeys).toEqual([]);
    expect((await hetzner.post("/ssh_keys", key)).status).toBe(201);
  });

  test.each([
    [500, "server_error"],
    [409, "conflict"],
    [412, "resource_unavailable"],
    [423, "locked"],
    [502, "bad_gateway"],
    [503, "unavailable"],
    [504, "timeout"],
  ])("a failure with %d has the code %s, which tells a client whether to try again", async (status, code) => {
    const hetzner = await start();
    simulator!.faults.inject({ fault: { kind: "error", status }, path: /\/servers/ });
    expect(await hetzner.get("/servers")).toMatchObject({ status, body: { error: { code } } });
    expect((await hetzner.get("/servers")).status).toBe(200);
  });

  test("a slow action takes longer; its answer does not, and others do not", async () => {
    const hetzner = await start();
    simulator!.faults.inject({ fault: { kind: "slow", seconds: 2 }, method: "POST", path: /\/volumes$/ });
    const before = Date.now();
    const { body } = await hetzner.post("/volumes", { name: "slow", size: 10, location: "fsn1" });
    await hetzner.volume({ name: "quick" });
    expect(Date.now() - before).toBeLessThan(1990);
    expect((await hetzner.get(`/actions/${body.action.id}`)).body.action.status).toBe("running");
    await hetzner.finished(body.action.id);
    expect(Date.now() - before).toBeGreaterThanOrEqual(1990);
  });

  test("where there is no action the answer is slow", async () => {
    const hetzner = await start();
    simulator!.faults.inject({ fault: { kind: "slow", seconds: 0.2 } });
    const before = Date.now();
    await hetzner.get("/servers");
    expect(Date.now() - before).toBeGreaterThanOrEqual(190);
  });

  test("a lost answer leaves the work done, and the same request meets what it made", async () => {
    const hetzner = await start();
    simulator!.faults.inject({ fault: { kind: "lost-answer" }, method: "POST" });
    await expect(hetzner.post("/servers", { name: "web", ...SMALL })).rejects.toThrow();
    expect(simulator!.state.servers).toMatchObject([{ name: "web" }]);
    expect((await hetzner.post("/servers", { name: "web", ...SMALL })).body.error.code).toBe("uniqueness_error");
  });

  test("the budget of requests runs out and comes back", async () => {
    const hetzner = await start({ rateLimit: { requests: 3, perSecond: 4 } });
    const once = () => hetzner.get("/locations");
    const answers = await Promise.all(Array.from({ length: 30 }, once));
    expect(answers.map(({ status }) => status)).toContain(429);
    let last = await once();
    while (last.status !== 200) last = await once();
    const { headers } = last;
    expect(headers.get("RateLimit-Limit")).toBe("3");
  });
});

describe("lists", () => {
  test.each([
    ["env=prod", ["a"]],
    ["env==prod", ["a"]],
    ["env!=prod", ["b", "c"]],
    ["env", ["a", "b"]],
    ["!env", ["c"]],
    ["env in (prod,test)", ["a", "b"]],
    ["env notin (prod)", ["b", "c"]],
    ["env,tier=db", ["b"]],
    ["toString", []],
    ["", ["a", "b", "c"]],
  ])("label_selector %s", async (selector, names) => {
    const hetzner = await start();
    for (const [name, labels] of Object.entries({ a: { env: "prod" }, b: { env: "test", tier: "db" }, c: {} })) {
      await hetzner.volume({ name, labels });
    }
    const { body } = await hetzner.get(`/volumes?label_selector=${encodeURIComponent(selector)}`);
    expect(body.volumes.map((volume) => volume.name)).toEqual(names);
  });

  test("pages have links, and at most 50 entries", async () => {
    const hetzner = await start();
    for (let n = 1; n <= 5; n++) await hetzner.post("/ssh_keys", { name: `key-${n}`, public_key: publicKey(n) });
    const { body, headers } = await hetzner.get("/ssh_keys?page=2&per_page=2");
    expect(body.meta.pagination).toEqual({
      page: 2,
      per_page: 2,
      previous_page: 1,
      next_page: 3,
      last_page: 3,
      total_entries: 5,
    });
    expect(headers.get("Link")).toMatch(/page=1[^,]*rel="prev", .*page=3[^,]*rel="next", .*page=3[^,]*rel="last"/);
    expect((await hetzner.get("/ssh_keys?per_page=51")).body.error.code).toBe("invalid_input");
    expect((await hetzner.get("/ssh_keys?page=9")).body.ssh_keys).toEqual([]);
  });

  test("by name, by status, sorted; not by what the API does not sort by", async () => {
    const hetzner = await start();
    await hetzner.server({ name: "b" });
    await hetzner.server({ name: "a" });
    const names = async (query: string): Promise<string[]> =>
      (await hetzner.get(`/servers?${query}`)).body.servers.map((server) => server.name);
    expect(await names("sort=name")).toEqual(["a", "b"]);
    expect(await names("sort=created:desc&sort=id:desc")).toEqual(["a", "b"]);
    expect(await names("name=b")).toEqual(["b"]);
    expect(await names("status=off&status=running")).toHaveLength(2);
    expect(await names("status=off")).toEqual([]);
    expect((await hetzner.get("/servers?sort=status")).body.error.code).toBe("invalid_input");
  });

  test("images are for an architecture; deprecated ones are shown on demand", async () => {
    const hetzner = await start();
    const arm = (await hetzner.get("/images?architecture=arm&per_page=50")).body.images;
    expect(new Set(arm.map((image) => image.architecture))).toEqual(new Set(["arm"]));
    expect(arm.map((image) => image.name)).not.toContain("debian-11");
    const all = (await hetzner.get("/images?include_deprecated=true&per_page=50")).body.images;
    expect(all.map((image) => image.name)).toContain("debian-11");
  });
});

test("a firewall is in front of what a label selects", async () => {
  const hetzner = await start();
  const rule = { direction: "in", protocol: "tcp", port: "22", source_ips: ["0.0.0.0/0"] };
  const apply_to = [{ type: "label_selector", label_selector: { selector: "role=web" } }];
  const { firewall } = await hetzner.settle(hetzner.post("/firewalls", { name: "fw", rules: [rule], apply_to }));
  const server = await hetzner.server({ labels: { role: "web" } });
  expect(server.public_net.firewalls).toEqual([{ id: firewall.id, status: "applied" }]);
  await hetzner.put(`/servers/${server.id}`, { labels: {} });
  expect((await hetzner.get(`/servers/${server.id}`)).body.server.public_net.firewalls).toEqual([]);
});

test("addresses have names: version 4 goes back to its default, version 6 has none", async () => {
  const hetzner = await start();
  const server = await hetzner.server();
  const { id, ip } = server.public_net.ipv6!;
  expect(server.public_net.ipv4!.dns_ptr).toBe(
    `static.${server.public_net.ipv4!.ip.split(".").reverse().join(".")}.clients.your-server.de`,
  );
  const path = `/primary_ips/${id}/actions/change_dns_ptr`;
  const first = ip.replace("::/64", ":0::1");
  await hetzner.settle(hetzner.post(path, { ip: first, dns_ptr: "web.example.com" }));
  expect((await hetzner.get(`/servers/${server.id}`)).body.server.public_net.ipv6!.dns_ptr).toEqual([
    { ip: ip.replace("/64", "1"), dns_ptr: "web.example.com" },
  ]);
  await hetzner.settle(hetzner.post(path, { ip: first, dns_ptr: null }));
  expect((await hetzner.get(`/primary_ips/${id}`)).body.primary_ip.dns_ptr).toEqual([]);
});

test("a Primary IP outlives its server, unless it is deleted with it", async () => {
  const hetzner = await start();
  const kept = await hetzner.primaryIp();
  const server = await hetzner.server({ public_net: { ipv4: kept.id, enable_ipv6: true } });
  expect(simulator!.state.primaryIps).toHaveLength(2);
  await hetzner.settle(hetzner.delete(`/servers/${server.id}`));
  expect(simulator!.state.primaryIps).toMatchObject([
    { id: kept.id, assignee_id: null, assignee_type: "unassigned", ip: kept.ip },
  ]);
});

test("fields that the API does not know are passed over", async () => {
  const hetzner = await start();
  const order = { name: "pg", type: "spread", colour: "blue" };
  expect((await hetzner.post("/placement_groups", order)).status).toBe(201);
});
