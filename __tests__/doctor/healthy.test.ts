/** An environment in good health, with every cloud simulated, and then with one thing wrong at a time. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Resolver } from "node:dns/promises";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeDiagnosis, doctorOptions } from "../../cli/environment/doctor";
import { VOLUMES_PATH } from "../../model/server";
import { Context, type Diagnosis, examine } from "../../doctor";
import { namesOf, servicesOf } from "../../model/platform";
import { inputUses } from "../../model/inputs";
import { demandsOf } from "../../model/made-up";
import { long } from "../../model/pipeline";
import type { Release } from "../../model/release";
import { withRegistry } from "../../rehearsal/adapt";
import { startCloudflare } from "../../simulators/cloudflare";
import { startDnsServer } from "../../simulators/dns-server";
import { startHetzner } from "../../simulators/hetzner";
import { startObjectStore } from "../../simulators/object-store";
import { startRegistry } from "../../simulators/registry";
import { stateFiles } from "../../clients/state-store/state-store";
import { Hetzner } from "../simulators/hetzner-client";
import { Client, PUSHER } from "../simulators/registry-client";
import { Authority } from "../support/certificate";
import { ACCOUNT, ADDRESS, ENV, KEY_ID, ops, SMALL, told, TOKENS, ZONE_ID } from "../support/patient";
import { WebServer } from "../support/web-server";
import { madeUpLock } from "../support/made-up-lock";
import { LOCK_VARIABLE } from "../../terraform/project-lock";

const production = SMALL.platform.environments.production;
const BUCKET = "manacore-terraform-state";
const LABELS = { platform: "manacore", environment: "production", "managed-by": "twinset" };
const RULE = { direction: "in", protocol: "tcp", port: "22", source_ips: [`${ADDRESS}/32`] };

let stop: (() => unknown)[] = [];
let run: (env?: NodeJS.ProcessEnv) => Promise<{ readonly diagnosis: Diagnosis; readonly text: string }>;

/** Programs as they would answer; each is asked for more in the test of its own. */
function programs(): string {
  const folder = mkdtempSync(join(tmpdir(), "twinset-doctor-"));
  stop.push(() => rmSync(folder, { recursive: true }));
  const scripts = {
    terraform: "echo Terraform v1.11.4",
    docker: "echo Docker version 28.2.2, build 1",
    git: "echo git version 2.39.5",
    "ssh-add": `echo '${ops.public} ops'`,
    ssh: [
      'case "$1" in',
      "-V) echo OpenSSH_9.2p1 >&2;;",
      "-G) ;;",
      `*) echo "time=$(date +%s)"; echo ready=yes; echo docker=28.2.2; echo "disk=1000 600 ${VOLUMES_PATH}"`,
      "  echo maxstartups=100:30:200; echo maxsessions=100; echo end=yes;;",
      "esac",
    ].join("\n"),
  };
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return `${folder}:/bin:/usr/bin`;
}

beforeAll(async () => {
  const hetzner = await startHetzner({ actionSeconds: 0.01, nextIpv4: () => "127.0.0.1" });
  const project = new Hetzner(hetzner.baseUrl);
  const ip = await project.primaryIp({ name: "manacore-production-ipv4" });
  const { firewall } = await project.settle(
    project.post("/firewalls", { name: "manacore-production", labels: LABELS, rules: [RULE] }),
  );
  const { id } = await project.server({
    name: "manacore-production",
    labels: LABELS,
    firewalls: [{ firewall: firewall.id }],
    public_net: { ipv4: ip.id, enable_ipv4: true, enable_ipv6: false },
  });
  const cloudflare = await startCloudflare({
    token: TOKENS.cloudflare,
    tokens: [{ value: TOKENS.edge, permission: "dns-only" }],
    accountId: ACCOUNT,
    zones: [{ id: ZONE_ID, name: "manacore.app", plan: "pro" }],
    buckets: [BUCKET],
  });
  const store = await startObjectStore({ buckets: [BUCKET], accessKeyId: KEY_ID });
  const server = { type: "hcloud_server", name: "host_server", instances: [{ attributes: { id: String(id) } }] };
  await stateFiles("manacore", production, {
    env: { ...ENV, AWS_ENDPOINT_URL_S3: store.baseUrl },
    directory: "/",
  }).write("terraform.tfstate", JSON.stringify({ serial: 1, terraform_version: "1.11.4", resources: [server] }), {
    ifVersion: "absent",
  });
  const services = SMALL.platform.products.flatMap((product) => product.services);
  const repositories = services.map(({ name, image }) => `${SMALL.platform.registry.owner}/${image ?? name}`);
  const puller = { username: "puller", password: TOKENS.registry, permission: "pull" as const };
  const registry = await startRegistry({ accounts: [PUSHER, puller] });
  const pusher = new Client(registry, [...repositories, "acme/own"]);
  const digest = await pusher.push("acme/own", "v1");
  const image = `${registry.host}/acme/own:v1`;
  for (const repository of repositories) await pusher.push(repository, "v1.0.0");
  const names = new Map(
    servicesOf(SMALL.platform).flatMap((service) =>
      namesOf(service, production).map((name) => [name, service.access.proxied] as const),
    ),
  );
  names.set(production.otaHost!, true);
  const resolver = await startDnsServer({
    hosts: ["127.0.0.1"],
    zoneOf: () => "manacore.app",
    resolve: (name, type) => {
      const data = type === "NS" ? "ada.ns.cloudflare.com" : names.get(name) ? "104.16.1.1" : "127.0.0.1";
      return type === "NS" || (type === "A" && names.has(name)) ? [{ name, type, ttl: 60, data }] : [];
    },
  });
  const address = await WebServer.start((_, response) => response.end(`ip=${ADDRESS}\n`));
  const authority = new Authority();
  const issued = authority.issue({ names: ["manacore.app", "*.manacore.app"], until: 60.5 });
  const edge: Server = createServer(issued, (socket) => void socket.on("error", () => undefined).resume());
  await new Promise<void>((done) => edge.listen(0, "127.0.0.1", done));
  const path = programs();
  stop.push(...[hetzner, cloudflare, store, registry, resolver, address].map((each) => () => each.stop()));
  stop.push(() => edge.close());

  const set = { version: "v1.0.0" };
  const release: Release = Object.fromEntries(
    SMALL.platform.products.map(({ name }) => [name, { live: "blue", canary: 0, blue: set, green: null } as const]),
  );
  const own = inputUses(SMALL.platform, production).map(({ input }, i) => [
    `TF_VAR_${input.name}`,
    long(`a-value-of-its-own-${i}`, demandsOf(input, true)),
  ]);
  run = async (env = {}) => {
    const whole = {
      ...Object.fromEntries(own),
      ...ENV,
      PATH: path,
      HCLOUD_ENDPOINT: hetzner.baseUrl,
      CLOUDFLARE_BASE_URL: cloudflare.baseUrl,
      AWS_ENDPOINT_URL_S3: store.baseUrl,
      [LOCK_VARIABLE]: madeUpLock(path.split(":")[0]!),
      ...env,
    } as NodeJS.ProcessEnv;
    const asked = new Resolver({ timeout: 1000, tries: 2 });
    asked.setServers([`127.0.0.1:${resolver.port}`]);
    const context = new Context({
      ...doctorOptions(SMALL, "production", whole),
      edge: () => Promise.resolve({ differences: [] }),
      platform: {
        ...withRegistry(SMALL.platform, registry.host),
        edge: { ...SMALL.platform.edge, image },
        monitoring: { ...SMALL.platform.monitoring!, image },
        stores: SMALL.platform.stores.map((each) => ({ ...each, image })),
        digests: { [image]: digest },
      },
      release,
      // Terraform's registry is not there, and whether plugins are differs from computer to computer.
      providers: {},
      names: asked,
      addressService: `http://127.0.0.1:${address.port}`,
      sshPort: address.port,
      httpsPort: (edge.address() as AddressInfo).port,
      ca: authority.certificate,
    });
    const diagnosis = await examine(context);
    return { diagnosis, text: describeDiagnosis(context, diagnosis) };
  };
}, 60_000);
afterAll(async () => {
  await Promise.all(stop.map((end) => end()));
  stop = [];
});

test("everything fine: nothing but ok, soon, and the one thing that was not asked is named", async () => {
  const { diagnosis, text } = await run();
  const { findings, seconds } = diagnosis;
  expect(told(findings.filter(({ status }) => status !== "ok"))).toEqual([
    expect.stringMatching(/^skipped token: no GITHUB_TOKEN/),
  ]);
  expect(text).toMatch(/\nNothing failed: \d+ ok, 1 skipped, in [\d.]+ s\.$/);
  // As long as a check may take, all of them together; 1 s on cores that have nothing else to do.
  expect(seconds).toBeLessThan(25);
  for (const [name, value] of Object.entries(ENV)) {
    if (/token|SECRET|smoke/.test(name)) expect(text).not.toContain(value);
  }
}, 30_000);

test("one thing wrong is one failure, and all else is as it was", async () => {
  const { diagnosis, text } = await run({ TF_VAR_ssh_allowed_cidrs: '["198.51.100.0/24"]' });
  expect(told(diagnosis.findings.filter(({ status }) => status === "failure"))).toEqual([
    `failure this address: ${ADDRESS} is not in TF_VAR_ssh_allowed_cidrs, which has 198.51.100.0/24`,
  ]);
  // The firewall has the old list still.
  expect(diagnosis.findings.filter(({ status }) => status === "warning")).toHaveLength(1);
  expect(text).toContain("Begin with host (this address), then run this again.");
}, 30_000);
