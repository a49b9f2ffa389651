/** A way in and Terraform: the real provider, at the simulated Hetzner (ADR 0008). */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { Hetzner } from "../../clients/hetzner/hetzner";
import { closeWaysIn, firewallProblem, openWayIn } from "../../delivery/way-in";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { childEnvironment } from "../../terraform/program";
import { WorkingDirectory } from "../../terraform/working-directory";
import { Hetzner as RawHetzner, TOKEN } from "../simulators/hetzner-client";
import { missingForReal, TERRAFORM } from "../support/real-terraform";
import { synthAll } from "../support/synth";
import { EVERY_PLATFORM } from "../support/platforms";

const PLACE = { platform: "manacore", environment: "staging" };
const missing = missingForReal("hcloud");
if (missing) process.stderr.write(`A way in was not tried with Hetzner's real provider: ${missing}.\n`);

const { staging } = missing
  ? { staging: undefined }
  : synthAll(EVERY_PLATFORM.find(([name]) => name === "manacore")![1]);

/** Staging's server and firewall as the stack has them, without what belongs to others. */
function stack(label: string, ignoreOthers: boolean): object {
  const server = staging!.resource("hcloud_server", "host_server") as Record<string, unknown>;
  expect(server["ignore_remote_firewall_ids"]).toBe(true);
  const { name, server_type, image, location, firewall_ids } = server;
  return {
    terraform: { required_providers: { hcloud: PROVIDER_VERSIONS.hcloud } },
    provider: { hcloud: { poll_interval: "50ms" } },
    resource: {
      hcloud_firewall: { host_firewall: { name: "manacore-staging", rule: [] } },
      hcloud_server: {
        host_server: {
          ...{ name, server_type, image, location, firewall_ids, labels: { label } },
          ...(ignoreOthers ? { ignore_remote_firewall_ids: true } : {}),
        },
      },
    },
  };
}

(missing ? describe.skip : describe)("a way in beside the environment's own firewall", () => {
  const folder = mkdtempSync(join(tmpdir(), "twinset-way-in-"));
  let simulator: HetznerSimulator;
  let hetzner: Hetzner;
  let terraform: WorkingDirectory;
  const write = (label: string, ignoreOthers = true): void => terraform.write(stack(label, ignoreOthers), "");
  const open = () =>
    openWayIn(hetzner, { ...PLACE, from: "192.0.2.7", seconds: 60, run: "1-1", now: Date.now() / 1000 });
  const planned = async () => (await terraform.plan()).map(({ address, change }) => [address, change.actions.join()]);
  const inFront = () => simulator.state.servers[0]!.public_net.firewalls.length;

  beforeAll(async () => {
    simulator = await startHetzner({ actionSeconds: 0.01 });
    hetzner = new Hetzner({ endpoint: simulator.baseUrl, token: TOKEN });
    const env = { ...childEnvironment(process.env), HCLOUD_ENDPOINT: simulator.baseUrl, HCLOUD_TOKEN: TOKEN };
    terraform = new WorkingDirectory(TERRAFORM, folder, env);
    write("one");
    await terraform.init();
    expect((await terraform.apply()).errors).toEqual([]);
  }, 60_000);
  afterAll(async () => {
    await simulator.stop();
    rmSync(folder, { recursive: true });
  });

  test("is no difference, and an apply of something else leaves it alone", async () => {
    await open();
    expect(await planned()).toEqual([]);
    write("two");
    expect((await terraform.apply()).errors).toEqual([]);
    expect(inFront()).toBe(2);
  }, 60_000);

  test("without the setting it would be one, and would be removed", async () => {
    write("two", false);
    expect(await planned()).toEqual([["hcloud_server.host_server", "update"]]);
  }, 60_000);

  test("the own firewall, detached, is seen by Terraform all the same, and by firewallProblem", async () => {
    write("two");
    const own = simulator.state.firewalls.find(({ name }) => name === "manacore-staging")!.id;
    const server = simulator.state.servers[0]!.id;
    const raw = new RawHetzner(simulator.baseUrl);
    const body = { remove_from: [{ type: "server", server: { id: server } }] };
    await raw.settle(raw.post(`/firewalls/${own}/actions/remove_from_resources`, body));
    expect(await firewallProblem(hetzner, PLACE)).toBeDefined();
    expect(await planned()).toEqual([["hcloud_server.host_server", "update"]]);
    // What brings it back takes the way in away: whoever does that in a job does it twice.
    expect((await terraform.apply()).errors).toEqual([]);
    expect(await firewallProblem(hetzner, PLACE)).toBeUndefined();
    expect(inFront()).toBe(1);
  }, 60_000);

  test("after it is closed nothing differs", async () => {
    await open();
    await closeWaysIn(hetzner, PLACE, "1-1");
    expect(simulator.state.firewalls.map(({ name }) => name)).toEqual(["manacore-staging"]);
    expect(await planned()).toEqual([]);
  }, 60_000);
});
