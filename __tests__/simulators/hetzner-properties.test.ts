import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { type Snapshot, startHetzner } from "../../simulators/hetzner";
import { Hetzner, publicKey, SMALL } from "./hetzner-client";

type Step = readonly [kind: number, first: number, second: number];

/** What a step asks for; a number picks one of what there is. Many steps are refused, which is as good. */
async function take(hetzner: Hetzner, state: Snapshot, [kind, first, second]: Step, number: number): Promise<void> {
  const pick = <T extends { readonly id: number }>(items: readonly T[], index: number): number =>
    items[index % Math.max(1, items.length)]?.id ?? 1;
  const server = pick(state.servers, first);
  const volume = pick(state.volumes, second);
  const ip = pick(state.primaryIps, second);
  const network = pick(state.networks, second);
  const location = second % 2 === 0 ? "fsn1" : "nbg1";
  const steps: readonly (() => Promise<unknown>)[] = [
    () =>
      hetzner.post("/servers", {
        name: `s${number}`,
        ...SMALL,
        location,
        volumes: first % 2 === 0 ? [volume] : [],
        networks: first % 3 === 0 && state.networks.length > 0 ? [network] : [],
        public_net: first % 2 === 0 ? { ipv4: ip } : undefined,
      }),
    () => hetzner.post("/volumes", { name: `v${number}`, size: 10, location }),
    () => hetzner.post("/volumes", { name: `v${number}`, size: 10, server }),
    () => hetzner.post("/primary_ips", { name: `i${number}`, type: "ipv4", location, auto_delete: first % 2 === 0 }),
    () =>
      hetzner.post("/networks", {
        name: `n${number}`,
        ip_range: "10.0.0.0/16",
        subnets: [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }],
      }),
    () => hetzner.post(`/volumes/${volume}/actions/attach`, { server }),
    () => hetzner.post(`/volumes/${volume}/actions/detach`),
    () => hetzner.post(`/primary_ips/${ip}/actions/assign`, { assignee_id: server, assignee_type: "server" }),
    () => hetzner.post(`/primary_ips/${ip}/actions/unassign`),
    () => hetzner.post(`/servers/${server}/actions/attach_to_network`, { network }),
    () => hetzner.post(`/servers/${server}/actions/poweroff`),
    () => hetzner.post(`/servers/${server}/actions/poweron`),
    () => hetzner.delete(`/servers/${server}`),
    () => hetzner.delete(`/volumes/${volume}`),
    () => hetzner.delete(`/primary_ips/${ip}`),
    () => hetzner.delete(`/networks/${network}`),
  ];
  // The other numbers let time go by: what was begun comes to its end.
  await (steps[kind] ?? (() => new Promise((resolve) => setTimeout(resolve, 25))))();
}

function mustBeConsistent(state: Snapshot): void {
  const servers = new Map(state.servers.map((server) => [server.id, server]));
  for (const volume of state.volumes) {
    if (volume.server === null) continue;
    expect(servers.get(volume.server)?.volumes).toContain(volume.id);
    expect(servers.get(volume.server)?.location).toEqual(volume.location);
  }
  for (const ip of state.primaryIps) {
    if (ip.assignee_id !== null) expect(servers.get(ip.assignee_id)?.public_net[ip.type]?.id).toBe(ip.id);
  }
  const networks = new Map(state.networks.map((network) => [network.id, network]));
  for (const server of state.servers) {
    for (const net of server.private_net) expect(networks.get(net.network)?.servers).toContain(server.id);
    for (const id of server.volumes) expect(state.volumes.find((volume) => volume.id === id)?.server).toBe(server.id);
  }
  for (const network of state.networks) {
    const ips = state.servers.flatMap((server) => server.private_net.filter((net) => net.network === network.id));
    expect(new Set(ips.map((net) => net.ip)).size).toBe(ips.length);
    for (const id of network.servers) expect(servers.has(id)).toBe(true);
  }
  for (const items of [state.servers, state.volumes, state.primaryIps, state.networks]) {
    expect(new Set(items.map((item) => item.name)).size).toBe(items.length);
  }
}

/** A server with all that it can hold, and a volume and an address besides: most steps find something to work on. */
async function furnish(hetzner: Hetzner): Promise<void> {
  const network = await hetzner.network();
  const [ipv4, volume] = [await hetzner.primaryIp(), await hetzner.volume()];
  await hetzner.server({ networks: [network.id], volumes: [volume.id], public_net: { ipv4: ipv4.id } });
  await Promise.all([hetzner.primaryIp(), hetzner.volume()]);
}

test("after any steps no reference leads to what is gone, and no action fails", async () => {
  const step = fc.tuple(fc.nat({ max: 19 }), fc.nat({ max: 20 }), fc.nat({ max: 20 }));
  // Three at a time: what one begins, another one can come in between.
  const round = fc.tuple(step, step, step);
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 10, maxLength: 25 }), async (rounds) => {
      const simulator = await startHetzner({ actionSeconds: 0.01 });
      try {
        const hetzner = new Hetzner(simulator.baseUrl);
        await furnish(hetzner);
        for (const [number, taken] of rounds.entries()) {
          const { state } = simulator;
          await Promise.all(taken.map((entry, index) => take(hetzner, state, entry, 3 * number + index)));
          mustBeConsistent(simulator.state);
        }
        for (const action of simulator.state.actions) await hetzner.finished(action.id);
        mustBeConsistent(simulator.state);
        expect(simulator.state.actions.filter((action) => action.status === "error")).toEqual([]);
        expect(simulator.state.servers.filter((server) => server.locked)).toEqual([]);
      } finally {
        await simulator.stop();
      }
    }),
    { numRuns: 20 },
  );
}, 120_000);

test("pages return each entry once, in whatever size", async () => {
  const simulator = await startHetzner();
  try {
    const hetzner = new Hetzner(simulator.baseUrl);
    for (let n = 0; n < 23; n++) await hetzner.post("/ssh_keys", { name: `key-${n}`, public_key: publicKey(n) });
    const all = simulator.state.sshKeys.map((key) => key.id);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.constantFrom("id", "name:desc"), async (size, sort) => {
        const seen: number[] = [];
        for (let page: number | null = 1; page !== null;) {
          const { body } = await hetzner.get(`/ssh_keys?per_page=${size}&page=${page}&sort=${sort}`);
          seen.push(...body.ssh_keys.map((key) => key.id));
          page = body.meta.pagination.next_page ?? null;
        }
        expect([...seen].sort((a, b) => a - b)).toEqual(all);
      }),
      { numRuns: 15 },
    );
  } finally {
    await simulator.stop();
  }
}, 30_000);
