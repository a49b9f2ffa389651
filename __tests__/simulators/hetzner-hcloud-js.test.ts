import { afterEach, describe, expect, test } from "@jest/globals";
import { Client } from "hcloud-js";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { publicKey, TOKEN } from "./hetzner-client";

let simulator: HetznerSimulator | undefined;

afterEach(async () => {
  await simulator?.stop();
  simulator = undefined;
});

describe("with hcloud-js", () => {
  async function client(): Promise<{ hcloud: Client; done: (action: { id: number }) => Promise<void> }> {
    simulator = await startHetzner({ actionSeconds: 0.01, legacyDatacenters: true });
    const hcloud = new Client({ token: TOKEN, baseURL: simulator.baseUrl });
    const done = async ({ id }: { id: number }): Promise<void> => {
      while ((await hcloud.actions.get(id)).status === "running") await new Promise((r) => setTimeout(r, 5));
      expect((await hcloud.actions.get(id)).status).toBe("success");
    };
    return { hcloud, done };
  }

  test("a server is made, renamed, stopped, resized, deleted", async () => {
    const { hcloud, done } = await client();
    const key = await hcloud.sshKeys.create("laptop", publicKey(7));
    // As `ssh-keygen -l -E md5` has it.
    expect(key.fingerprint).toBe("be:86:90:2b:33:7b:1a:cd:8a:9e:55:64:d7:04:f3:29");
    const builder = hcloud.servers.build("web").serverType("cx23").location("fsn1").image("ubuntu-24.04");
    const { server, action } = await builder.sshKey("laptop").labels({ role: "web" }).create();
    expect(server.status).toBe("initializing");
    expect(action.command).toBe("create_server");
    for (const started of (await hcloud.servers.get(server.id).then((s) => s.getActions())).actions)
      await done(started);
    const running = await hcloud.servers.get(server.id);
    expect(running).toMatchObject({ status: "running", labels: { role: "web" } });
    expect(running.datacenter.location.name).toBe("fsn1");
    expect((await hcloud.servers.changeName(server.id, "web2")).name).toBe("web2");
    await done(await running.powerOff());
    await done(await running.changeType("cx33", true));
    expect(await hcloud.servers.get(server.id)).toMatchObject({ status: "running", serverType: { name: "cx33" } });
    await done(await running.delete());
    await expect(hcloud.servers.get(server.id)).rejects.toMatchObject({ code: "not_found" });
  });

  test("a network, a route, a server in it, a name for its address", async () => {
    const { hcloud, done } = await client();
    const subnet = { type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" };
    const network = await hcloud.networks.create("net", "10.0.0.0/16", [subnet]);
    await done(await hcloud.networks.actions.addRoute(network.id, "10.100.1.0/24", "10.0.1.1"));
    const { server } = await hcloud.servers
      .build("web")
      .serverType("cx23")
      .location("fsn1")
      .image("debian-12")
      .create();
    const made = await hcloud.servers.get(server.id);
    for (const action of (await made.getActions()).actions) await done(action);
    await done(await made.attachToNetwork(network.id, "10.0.1.7", ["10.0.1.8"]));
    await done(await made.publicNet.ipv4.setPointer("web.example.com"));
    expect((await hcloud.servers.get(server.id)).privateNet[0]?.ip).toBe("10.0.1.7");
    expect((await hcloud.networks.get(network.id)).servers).toEqual([server.id]);
    await hcloud.networks.delete(network.id);
    expect((await hcloud.servers.get(server.id)).privateNet).toEqual([]);
  });

  test("protection, lists with pages, what can be ordered, the rate limit", async () => {
    const { hcloud, done } = await client();
    for (let n = 1; n <= 5; n++) await hcloud.sshKeys.create(`key-${n}`, publicKey(n));
    const first = await hcloud.sshKeys.list({ perPage: 3, sort: "name:desc" });
    expect(first.sshKeys.map((key) => key.name)).toEqual(["key-5", "key-4", "key-3"]);
    expect((await first.next()).sshKeys.map((key) => key.name)).toEqual(["key-2", "key-1"]);
    expect((await hcloud.images.list({ name: "ubuntu-24.04" })).images).toHaveLength(2);
    expect((await hcloud.locations.list()).locations.map((location) => location.name)).toContain("fsn1");
    expect((await hcloud.serverTypes.list()).serverTypes.map((type) => type.name)).toContain("ccx43");
    expect((await hcloud.isos.list()).isos.length).toBeGreaterThan(0);
    const { server, action } = await hcloud.servers.build("a").serverType("cax11").image("debian-13").create();
    await done(action);
    for (const other of (await (await hcloud.servers.get(server.id)).getActions()).actions) await done(other);
    await done(await (await hcloud.servers.get(server.id)).changeProtection({ delete: true, rebuild: true }));
    await expect((await hcloud.servers.get(server.id)).delete()).rejects.toMatchObject({ code: "protected" });
    expect(hcloud.ratelimit.limit).toBe(3600);
    expect(hcloud.ratelimit.remaining).toBeLessThan(3600);
  });
});
