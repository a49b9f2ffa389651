/** The simulated clouds that a world is deployed to, with the services of the internet that they need: DNS and ACME. */
import { mkdirSync } from "node:fs";
import type { CloudflareSimulator } from "../simulators/cloudflare";
import { type DnsServer, startDnsServer } from "../simulators/dns-server";
import { type HetznerSimulator, startHetzner } from "../simulators/hetzner";
import { type ObjectStore, startObjectStore } from "../simulators/object-store";
import { type Acme, startAcme } from "./acme";
import type { Endings } from "./endings";
import type { Machine } from "./machine";
import type { Means } from "./preflight";
import { startCloudflareFor, TOKENS, type WorkbenchOptions } from "./workbench";

/** The loopback address of the simulated server; the whole of 127.0.0.0/8 is this computer. */
export const SERVER_ADDRESS = "127.77.0.1";

export interface Clouds {
  readonly machine: Machine;
  readonly hetzner: HetznerSimulator;
  readonly cloudflare: CloudflareSimulator;
  readonly store: ObjectStore;
  readonly dns: DnsServer;
  readonly acme: Acme;
}

export interface CloudsOptions extends Pick<WorkbenchOptions, "platform" | "environment"> {
  readonly means: Pick<Means, "gateway" | "pebble" | "openssl">;
  /** Takes how everything that is started here ends. */
  readonly endings: Endings;
}

export async function startClouds(
  { means, platform, environment, endings }: CloudsOptions,
  machine: Machine,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<Clouds> {
  mkdirSync(directory, { recursive: true });
  const hetzner = await startHetzner({ machines: machine, nextIpv4: () => SERVER_ADDRESS });
  endings.stops(() => hetzner.stop());
  const cloudflare = await startCloudflareFor(platform);
  endings.stops(() => cloudflare.stop());
  const store = await startObjectStore({
    buckets: environment.state.kind === "s3" ? [environment.state.bucket] : [],
    accessKeyId: TOKENS.accessKey,
  });
  endings.stops(() => store.stop());
  const dns = await startDnsServer({
    hosts: ["127.0.0.1", means.gateway],
    resolve: (name, type) => cloudflare.resolve(name, type),
    zoneOf: (name) => cloudflare.zoneOf(name),
  });
  endings.stops(() => dns.stop());
  const acme = await startAcme({
    pebble: means.pebble,
    openssl: means.openssl,
    directory,
    dnsServer: `127.0.0.1:${dns.port}`,
    address: means.gateway,
    env,
  });
  endings.stops(() => acme.stop());
  return { machine, hetzner, cloudflare, store, dns, acme };
}
