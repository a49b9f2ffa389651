import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Resolver } from "node:dns/promises";
import { createServer, type Server } from "node:tls";
import type { AddressInfo } from "node:net";
import type { Finding } from "../../doctor";
import { certificates } from "../../doctor/certificates";
import { dns } from "../../doctor/dns";
import { namesOf, servicesOf } from "../../model/platform";
import { type DnsServer, startDnsServer } from "../../simulators/dns-server";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { Hetzner } from "../simulators/hetzner-client";
import { Authority, type CertificateFacts } from "../support/certificate";
import { about, type Changes, contextFor, SMALL, told, unhelpful } from "../support/patient";

const LABELS = { platform: "manacore", environment: "production", "managed-by": "twinset" };
const HERE = "127.0.0.1";
const CLOUDFLARES = "104.16.1.1";
const production = SMALL.platform.environments.production;
/** Name → whether Cloudflare stands before it. */
const NAMES = new Map(
  servicesOf(SMALL.platform).flatMap((service) =>
    namesOf(service, production).map((name) => [name, service.access.proxied] as const),
  ),
);
const OTA = production.otaHost!;
const [UNPROXIED] = [...NAMES].filter(([, proxied]) => !proxied).map(([name]) => name) as [string];
const [PROXIED] = [...NAMES].filter(([, proxied]) => proxied).map(([name]) => name) as [string];

let hetzner: HetznerSimulator;
let server: DnsServer;
/** "A name" → addresses. */
let records: Map<string, string[]>;
beforeAll(async () => {
  hetzner = await startHetzner({ actionSeconds: 0.01, nextIpv4: () => HERE });
  const client = new Hetzner(hetzner.baseUrl);
  const ip = await client.primaryIp({ name: "manacore-production-ipv4" });
  await client.server({
    name: "manacore-production",
    labels: LABELS,
    public_net: { ipv4: ip.id, enable_ipv4: true, enable_ipv6: false },
  });
  server = await startDnsServer({
    hosts: ["127.0.0.1"],
    zoneOf: (name) => (name === "manacore.app" || name.endsWith(".manacore.app") ? "manacore.app" : undefined),
    resolve: (name, type) => (records.get(`${type} ${name}`) ?? []).map((data) => ({ name, type, ttl: 60, data })),
  });
}, 30_000);
afterAll(async () => {
  await Promise.all([hetzner.stop(), server.stop()]);
});

function healthy(): Map<string, string[]> {
  return new Map([
    ["NS manacore.app", ["ada.ns.cloudflare.com", "Rob.ns.cloudflare.com."]],
    [`A ${OTA}`, [CLOUDFLARES]],
    ...[...NAMES].map(([name, proxied]) => [`A ${name}`, [proxied ? CLOUDFLARES : HERE]] as [string, string[]]),
  ]);
}

async function examined(changes: Changes = {}, with_ = healthy()): Promise<Finding[]> {
  records = with_;
  const names = new Resolver({ timeout: 1000, tries: 1 });
  names.setServers([`127.0.0.1:${server.port}`]);
  const env = { HCLOUD_ENDPOINT: hetzner.baseUrl, ...changes.env };
  const findings = await dns(contextFor({ names, ...changes, env }));
  expect(unhelpful(findings)).toEqual([]);
  return findings;
}
const changed = (...entries: [string, string[]][]): Map<string, string[]> => new Map([...healthy(), ...entries]);

describe("names", () => {
  const all = NAMES.size + 1;
  const proxied = [...NAMES.values()].filter(Boolean).length + 1;

  test("lead where they should, by way of Cloudflare and without", async () => {
    expect(told(await examined())).toEqual([
      "ok name servers: manacore.app has Cloudflare's: ada.ns.cloudflare.com, rob.ns.cloudflare.com",
      `ok names: ${all} of ${all} lead here: ${all - proxied} to ${HERE}, ${proxied} by way of Cloudflare`,
    ]);
  });

  test("that lead elsewhere are told with where", async () => {
    const findings = await examined({}, changed([`A ${UNPROXIED}`, ["198.51.100.9"]]));
    expect(about(findings, "names")[0]).toBe(
      `failure names: lead elsewhere: ${UNPROXIED} to 198.51.100.9, not to ${HERE}`,
    );
  });

  test("that should lead to Cloudflare and lead to the server are told", async () => {
    expect(about(await examined({}, changed([`A ${PROXIED}`, [HERE]])), "names")[0]).toBe(
      `failure names: lead elsewhere: ${PROXIED} to ${HERE}, not to Cloudflare's proxies`,
    );
  });

  test("that lead to the server and elsewhere, too, are told", async () => {
    expect(about(await examined({}, changed([`A ${UNPROXIED}`, [HERE, "198.51.100.9"]])), "names")[0]).toMatch(
      /^failure names: lead elsewhere/,
    );
  });

  test("that lead elsewhere by IPv6 are told", async () => {
    const findings = await examined({}, changed([`AAAA ${UNPROXIED}`, ["2001:db8::1"]]));
    expect(about(findings, "names")[0]).toBe(
      `warning names: lead elsewhere by IPv6, which this project makes no records for: ${UNPROXIED}`,
    );
  });

  test("that are not there are told", async () => {
    const findings = await examined({}, changed([`A ${UNPROXIED}`, []]));
    expect(about(findings, "names")[0]).toBe(`warning names: 1 of ${all} are not there: ${UNPROXIED}`);
  });

  test("that nobody tells are not said to be wrong", async () => {
    const silent = new Resolver({ timeout: 100, tries: 1 });
    silent.setServers(["127.0.0.1:2"]);
    const findings = await examined({ names: silent });
    expect(findings.map(({ status }) => status)).toEqual(["warning", "warning"]);
  });
});

describe("names before the first deploy", () => {
  test("are not looked for, in words", async () => {
    const findings = await examined(
      { environment: "staging" },
      new Map([["NS manacore.app", ["a.ns.cloudflare.com"]]]),
    );
    expect(about(findings, "names")).toEqual(["skipped names: not deployed yet: the first deploy makes them"]);
  });

  test("that are there already are in the way", async () => {
    const name = namesOf(servicesOf(SMALL.platform)[0]!, SMALL.platform.environments.staging)[0]!;
    const findings = await examined({ environment: "staging" }, changed([`A ${name}`, ["198.51.100.9"]]));
    expect(about(findings, "names")).toEqual([`warning names: not deployed yet, but there already: ${name}`]);
  });

  test("cannot be told without the project", async () => {
    expect(about(await examined({ env: { TF_VAR_hcloud_token: undefined } }), "names")).toEqual([
      "skipped names: where they should lead: needs TF_VAR_hcloud_token",
    ]);
  });
});

describe("the zone's name servers", () => {
  test("are somebody else's", async () => {
    const findings = await examined({}, changed(["NS manacore.app", ["ns1.example.net", "ada.ns.cloudflare.com"]]));
    expect(about(findings, "name servers")).toEqual(["failure name servers: manacore.app has ns1.example.net"]);
  });

  test("are not there", async () => {
    expect(about(await examined({}, changed(["NS manacore.app", []])), "name servers")).toEqual([
      "failure name servers: manacore.app has none",
    ]);
  });
});

describe("certificates", () => {
  const authority = new Authority();
  const edges: Server[] = [];
  afterEach(() => edges.splice(0).forEach((edge) => edge.close()));
  const hosts = servicesOf(SMALL.platform).flatMap((service) => namesOf(service, production));

  async function shown(facts: CertificateFacts, by = authority, changes: Changes = {}) {
    // What is not read never ends.
    const edge = createServer(by.issue(facts), (socket) => void socket.on("error", () => undefined).resume());
    edges.push(edge);
    await new Promise<void>((done) => edge.listen(0, HERE, done));
    const httpsPort = (edge.address() as AddressInfo).port;
    const env = { HCLOUD_ENDPOINT: hetzner.baseUrl, ...changes.env };
    const findings = await certificates(contextFor({ httpsPort, ca: authority.certificate, ...changes, env }));
    expect(unhelpful(findings)).toEqual([]);
    return told(findings);
  }

  test("are good for every name, with their days", async () => {
    expect(await shown({ names: ["manacore.app", "*.manacore.app"], until: 60.5 })).toEqual([
      `ok edge: good for ${hosts.length} names, at least 60 days left`,
    ]);
  });

  test("end soon", async () => {
    expect(await shown({ names: ["manacore.app", "*.manacore.app"], until: 13.5 })).toEqual([
      expect.stringMatching(/^warning edge: 13 days left, and not renewed: /),
    ]);
  });

  test("have ended", async () => {
    expect(await shown({ names: ["manacore.app", "*.manacore.app"], until: -1 })).toEqual([
      expect.stringMatching(/^failure edge: ended .* GMT: /),
    ]);
  });

  test("are for other names", async () => {
    const [first, ...others] = hosts;
    const found = await shown({ names: [first!], until: 60 });
    expect(found[0]).toMatch(new RegExp(`^failure edge: for other names \\(${first}\\): ${others[0]}`));
    expect(found[1]).toMatch(/^ok edge: good for 1 name,/);
  });

  test("are nobody's whom this computer trusts", async () => {
    expect(
      (await shown({ names: ["*.manacore.app", "manacore.app"], until: 60 }, new Authority("another")))[0],
    ).toMatch(/^failure edge: not trusted \(UNABLE_TO_\w+\): /);
  });

  test("are not shown at all", async () => {
    expect(await shown({ names: [], until: 60 }, authority, { httpsPort: 2 })).toEqual([
      `failure edge: ${HERE} shows no certificate (ECONNREFUSED)`,
    ]);
  });

  test("are no matter before the first deploy, nor in development", async () => {
    expect(await shown({ names: [], until: 60 }, authority, { environment: "staging" })).toEqual([
      "skipped edge: not deployed yet",
    ]);
    expect(await shown({ names: [], until: 60 }, authority, { environment: "development" })).toEqual([]);
  });
});
