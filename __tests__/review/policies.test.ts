import { describe, expect, test } from "@jest/globals";
import type { Waiver } from "../../config/waivers";
import type { Environment } from "../../model/environment";
import type { Platform } from "../../model/platform";
import { checkPolicies, POLICIES, type PolicyResult } from "../../review/policies";
import type { Plan, ResourceChange } from "../../terraform/plan";
import { container, MANACORE, plan, PRODUCTION, resource, type Values } from "../support/plan";

const NOW = new Date("2026-11-21T12:00:00Z");
/** The policies of the stack's text have tests of their own. */
const NO_TEXT = { blocks: new Map(), others: new Map(), providers: {} };
interface Given {
  readonly environment?: Environment;
  readonly platform?: Platform;
  readonly waivers?: readonly Waiver[];
  readonly now?: Date;
}

function result(name: string, of: Plan, given: Given = {}): PolicyResult {
  const { environment = PRODUCTION, platform = MANACORE, now = NOW, waivers = [] } = given;
  const all = checkPolicies({ plan: of, platform, environment, configuration: NO_TEXT }, { waivers, now });
  expect(all.map(({ policy }) => policy.name)).toEqual(POLICIES.map((policy) => policy.name));
  return all.find(({ policy }) => policy.name === name)!;
}
/** "address given" of each place that breaks the policy. */
const broken = (name: string, changes: readonly ResourceChange[], given?: Given): string[] =>
  result(name, plan(changes), given).broken.map(({ address, given: what }) => `${address} ${what}`);
const pointless = (name: string, given: Given): string | undefined => result(name, plan([]), given).pointless;

const { development, staging } = MANACORE.environments;

test("each has a name for waivers, a demand and a reason, and its findings say what to do", () => {
  expect(new Set(POLICIES.map(({ name }) => name)).size).toBe(POLICIES.length);
  for (const { name, demands, reason } of POLICIES) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(demands).not.toMatch(/^[A-Z][a-z]|\.$/);
    expect(reason).toMatch(/^[A-Z].*\.$/s);
  }
});

test("a plan without a change breaks none", () => {
  const context = { plan: plan([]), platform: MANACORE, environment: PRODUCTION, configuration: NO_TEXT };
  const all = checkPolicies(context, { now: NOW });
  expect(all.flatMap((each) => each.broken)).toEqual([]);
  expect(all.every((each) => each.pointless === undefined)).toBe(true);
});

describe("keep-data", () => {
  const PRECIOUS = [
    "docker_volume.redis_data",
    "hcloud_volume.host_data",
    "hcloud_server.host_server",
    "hcloud_primary_ip.host_ipv4",
    "cloudflare_r2_bucket.ota",
  ];
  test.each(PRECIOUS)("%s may stay, come and change in place", (address) => {
    expect(
      broken("keep-data", [resource(address, "stays"), resource(`${address}2`, "comes"), resource(address, "changes")]),
    ).toEqual([]);
  });
  test.each(PRECIOUS)("%s may neither go nor be replaced, in whichever order", (address) => {
    expect(broken("keep-data", [resource(address, "goes")])).toEqual([`${address} is destroyed`]);
    expect(broken("keep-data", [resource(address, "is replaced, old first")])).toEqual([`${address} is replaced`]);
    expect(broken("keep-data", [resource(address, "is replaced, new first")])).toEqual([`${address} is replaced`]);
  });
  test("one that a replacement left over is one, too", () => {
    const deposed = resource("docker_volume.redis_data", "goes", {}, {}, { deposed: "0a1b2c3d" });
    expect(broken("keep-data", [resource("docker_volume.redis_data", "stays"), deposed])).toHaveLength(1);
  });
  test("what nothing is lost with may go; so may what only leaves the state", () => {
    expect(broken("keep-data", [resource("docker_container.redis", "goes", container())])).toEqual([]);
    expect(broken("keep-data", [resource("docker_volume.redis_data", "is forgotten")])).toEqual([]);
  });
  test("is asked in production only", () => {
    expect(pointless("keep-data", { environment: staging })).toBe("only in production");
    expect(broken("keep-data", [resource("docker_volume.a", "goes")], { environment: staging })).toEqual([]);
  });
});

describe("no-published-database", () => {
  const published = (ports: readonly Values[], name = "redis"): ResourceChange[] => [
    resource(`docker_container.${name}`, "comes", container({ ports })),
  ];
  test.each(["127.0.0.1", "127.0.1.1", "::1"])("a store may be published on this computer's own %s", (ip) => {
    expect(broken("no-published-database", published([{ internal: 6379, external: 6379, ip }]))).toEqual([]);
  });
  test.each(["", "0.0.0.0", "::", "10.20.1.2", "1.127.0.0", undefined, null])("and on no other address: %j", (ip) => {
    const found = broken("no-published-database", published([{ internal: 6379, external: 16379, ip }]));
    expect(found).toEqual([`docker_container.redis port 6379 is published as 16379 on ${ip || "every address"}`]);
  });
  test("each port by itself; one that Docker picks is one", () => {
    const ports = [{ internal: 5432, ip: "0.0.0.0" }, { internal: 5432, ip: "127.0.0.1" }, { internal: 8080 }];
    expect(broken("no-published-database", published(ports, "postgres"))).toEqual([
      "docker_container.postgres port 5432 is published as a free port on 0.0.0.0",
      "docker_container.postgres port 8080 is published as a free port on every address",
    ]);
  });
  test("whatever a container is called, the port of a database is one", () => {
    expect(broken("no-published-database", published([{ internal: 27017, external: 80 }], "notes"))).toHaveLength(1);
    expect(broken("no-published-database", published([{ internal: 443, external: 443 }], "edge"))).toEqual([]);
  });
  test("one that stays as it is breaks it as well; one that goes does not", () => {
    const ports = [{ internal: 6379, external: 6379 }];
    expect(broken("no-published-database", [resource("docker_container.redis", "stays", { ports })])).toHaveLength(1);
    expect(broken("no-published-database", [resource("docker_container.redis", "goes", { ports })])).toEqual([]);
  });
  test("is asked everywhere", () => {
    for (const environment of [development, staging]) {
      expect(pointless("no-published-database", { environment })).toBeUndefined();
    }
  });
});

describe("limits-and-health", () => {
  const found = (values: Values): string[] =>
    broken("limits-and-health", [resource("docker_container.redis", "comes", container(values))]).map((text) =>
      text.replace("docker_container.redis ", ""),
    );
  test("a container with both limits and a health check keeps it", () => {
    expect(found({})).toEqual([]);
    expect(found({ cpus: null, cpu_quota: 50_000 })).toEqual([]);
    expect(found({ healthcheck: [{ test: ["CMD-SHELL", "exit 0"] }] })).toEqual([]);
  });
  test.each<[string, Values, string]>([
    ["no memory", { memory: undefined }, "no limit of memory"],
    ["memory of 0, which is all of it", { memory: 0 }, "no limit of memory"],
    ["no processor", { cpus: undefined }, "no limit of processor"],
    ["an empty text", { cpus: "" }, "no limit of processor"],
    ["0 processors as a text, which is all of them", { cpus: "0" }, "no limit of processor"],
    ["a quota that is taken back", { cpus: "0.0", cpu_quota: -1 }, "no limit of processor"],
    ["no health check", { healthcheck: [] }, "no health check"],
    ["the image's own switched off", { healthcheck: [{ test: ["NONE"] }] }, "no health check"],
    ["one without a command", { healthcheck: [{ test: [] }] }, "no health check"],
    ["null", { healthcheck: null }, "no health check"],
  ])("%s", (_, values, given) => {
    expect(found(values)).toEqual([given]);
  });
  test("everything that is missing is said at once", () => {
    expect(found({ memory: null, cpus: null, healthcheck: null })).toHaveLength(3);
  });
  test("a job, which runs once and ends, needs neither", () => {
    expect(found({ must_run: false, memory: 0, cpus: null, healthcheck: null })).toEqual([]);
  });
});

describe("nothing-moves", () => {
  const found = (name: unknown, given: Given = {}, type = "docker_image"): Record<"broken" | "said", string[]> => {
    const attribute = type === "docker_image" ? "name" : "image";
    const { broken: hard, said } = result(
      "nothing-moves",
      plan([resource(`${type}.a`, "comes", { [attribute]: name })]),
      given,
    );
    return { broken: hard.map(({ given: text }) => text), said: said.map(({ given: text }) => text) };
  };
  const DIGEST = `sha256:${"0".repeat(64)}`;
  test.each([
    `chat@${DIGEST}`,
    `chat:latest@${DIGEST}`,
    `registry.example:5000/chat@${DIGEST}`,
    `postgres:16-alpine@${DIGEST}`,
  ])("%s has a digest", (name) => expect(found(name)).toEqual({ broken: [], said: [] }));
  test.each([
    ...["redis:7.4.1", "ghcr.io/acme/chat:v1.6.0", "traefik:v3.7.9", "chat:main-abc1234", "chat:sha-a1b2c3d"],
    ...["quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z", "chat:v2.2.0-rc1", "registry.example:5000/chat:1.2.3"],
  ])("%s is held by its tag alone: said, and not refused", (name) => {
    expect(found(name)).toEqual({ broken: [], said: [`${name}, by its tag alone`] });
  });
  test.each([
    ...["postgres:16-alpine", "redis:7-alpine", "chat:main", "chat:v1", "chat:1.2", "chat:stable", "chat:latest-2026"],
    ...["chat:pr-12", "chat:branch-fix", "chat@sha256:12ab", "chat:feedface"],
  ])("%s is refused where versions are pinned, and said in staging", (name) => {
    expect(found(name).broken).toHaveLength(1);
    const { broken: hard, said } = found(name, { environment: staging });
    expect(name.includes("@") ? hard : said).toHaveLength(1);
  });
  test.each(["redis:latest", "registry.example:5000/chat:latest"])("%s is refused on every server", (name) => {
    const given = [`${name}, whose tag moves or is no whole version`];
    expect([found(name), found(name, { environment: staging })]).toEqual([
      { broken: given, said: [] },
      { broken: given, said: [] },
    ]);
  });
  test.each(["redis", "acme/chat", "registry.example:5000/chat", "[::1]:5000/chat"])("%s has no tag at all", (name) => {
    expect(found(name, { environment: staging }).broken).toEqual([`${name}, without a tag`]);
  });
  test("a name that only the apply will tell, or none, is refused", () => {
    const unknown = resource("docker_image.a", "comes", {});
    expect(broken("nothing-moves", [unknown])).toEqual(["docker_image.a no name"]);
    const late = { ...unknown, change: { ...unknown.change, after_unknown: { name: true } } };
    expect(broken("nothing-moves", [late])).toEqual(["docker_image.a a name that only the apply will tell"]);
  });
  test("a container's own image is looked at as well, unless it is an id", () => {
    expect(found("redis:latest", {}, "docker_container").broken).toHaveLength(1);
    expect(found(`redis:latest@${DIGEST}`, {}, "docker_container").broken).toEqual([]);
    expect(found(DIGEST, {}, "docker_container").broken).toEqual([]);
    expect(found("c".repeat(64), {}, "docker_container").broken).toEqual([]);
    expect(found(undefined, {}, "docker_container").broken).toEqual([]);
  });
  test("what goes is nobody's concern", () => {
    expect(broken("nothing-moves", [resource("docker_image.a", "goes", { name: "a:latest" })])).toEqual([]);
  });
  test("a digest that stays under another tag is said: the new version would not run", () => {
    const moved = resource("docker_image.a", "changes", { name: `chat:v1.7.0@${DIGEST}` });
    const of = (before: string): string[] => {
      const change = { ...moved.change, before: { name: before } };
      return result("nothing-moves", plan([{ ...moved, change }])).said.map(({ given }) => given);
    };
    expect(of(`chat:v1.6.0@${DIGEST}`)).toEqual(["chat:v1.7.0 by its name, and by its digest still what v1.6.0 was"]);
    expect(of(`chat:v1.7.0@${DIGEST}`)).toEqual([]);
    expect(of(`chat:v1.6.0@sha256:${"1".repeat(64)}`)).toEqual([]);
  });
  test("says the command that records a digest, a store's and a service's", () => {
    const fix = (address: string): string => {
      const [first] = result("nothing-moves", plan([resource(address, "comes", { name: "a:main" })])).broken;
      return first!.fix;
    };
    expect(fix("docker_image.postgres_image")).toBe("have its digest recorded: npx twinset images --update");
    expect(fix("docker_image.chat_blue_web-image")).toBe(
      "have its digest recorded: npx twinset images --release production --update",
    );
  });
  test("is asked where there is a server, or where versions are pinned", () => {
    expect(pointless("nothing-moves", { environment: development })).toBe("this computer only");
    expect(pointless("nothing-moves", { environment: { ...development, pinnedVersions: true } })).toBeUndefined();
    expect(pointless("nothing-moves", { environment: staging })).toBeUndefined();
  });
});

describe("ssh-closed", () => {
  const ADDRESS = "hcloud_firewall.host_firewall";
  const firewall = (rule: Values, more: Parameters<typeof resource>[4] = {}): ResourceChange[] => [
    resource(
      ADDRESS,
      "comes",
      { rule: [{ direction: "in", protocol: "tcp", port: "22", source_ips: [], ...rule }] },
      undefined,
      more,
    ),
  ];
  const found = (rule: Values): string[] =>
    broken("ssh-closed", firewall(rule)).map((text) => text.replace(`${ADDRESS} `, ""));

  test.each([
    "203.0.113.7/32",
    "203.0.113.0/24",
    "203.0.113.7",
    "10.0.0.0/8",
    "2001:db8::1/128",
    "2001::/16",
    "2001:db8::1",
  ])("SSH may be open to %s", (source) => {
    expect(found({ source_ips: [source] })).toEqual([]);
  });
  test.each(["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/7", "2000::/3", "::/15"])(
    "but not to %s",
    (source) => {
      expect(found({ source_ips: ["203.0.113.7/32", source] })).toEqual([`port 22 is open to ${source}`]);
    },
  );
  test.each(["22", "any", "1-65535", "20-25", "22-22", "22-80", "1-22"])("ports %s have SSH's among them", (port) => {
    expect(found({ port, source_ips: ["0.0.0.0/0"] })).toEqual(["port 22 is open to 0.0.0.0/0"]);
  });
  test.each(["80", "443", "23-65535", "1-21", "2222", "220", null])("ports %s do not", (port) => {
    expect(found({ port, source_ips: ["0.0.0.0/0"] })).toEqual([]);
  });
  test("both halves of the world are each said", () => {
    expect(found({ source_ips: ["0.0.0.0/1", "128.0.0.0/1", "::/0"] })).toHaveLength(3);
  });
  test("what goes out, and what is no TCP, is no SSH", () => {
    expect(found({ direction: "out", destination_ips: ["0.0.0.0/0"], source_ips: [] })).toEqual([]);
    expect(found({ protocol: "icmp", port: null, source_ips: ["0.0.0.0/0"] })).toEqual([]);
    expect(found({ protocol: "udp", port: "22", source_ips: ["0.0.0.0/0"] })).toEqual([]);
  });
  test.each<[string, unknown]>([
    ["all of them", { rule: true }],
    ["one address in one of them", { rule: [{ source_ips: [true] }] }],
    ["the whole firewall", true],
  ])("rules that are not known yet may be anything: %s", (_, after_unknown) => {
    expect(broken("ssh-closed", firewall({ source_ips: ["10.0.0.1/32"] }, { change: { after_unknown } }))).toEqual([
      `${ADDRESS} rules that only the apply will tell`,
    ]);
  });
  test("an id that is not known yet says nothing about the rules", () => {
    expect(
      broken("ssh-closed", firewall({}, { change: { after_unknown: { id: true, rule: [{ source_ips: [false] }] } } })),
    ).toEqual([]);
  });
  test("is asked where there is a server", () => {
    expect(pointless("ssh-closed", { environment: development })).toBe("this computer only");
  });
});

describe("proxied-webs", () => {
  const record = (name: string, proxied: unknown): ResourceChange[] => [
    resource("cloudflare_dns_record.a", "comes", { name, proxied }),
  ];
  test("a web's name leads to the proxies, an API's need not", () => {
    expect(broken("proxied-webs", record("app-chat.manacore.app", true))).toEqual([]);
    expect(broken("proxied-webs", record("api-chat.manacore.app", false))).toEqual([]);
    expect(broken("proxied-webs", record("mail.manacore.app", false))).toEqual([]);
  });
  test.each([false, null, undefined, "true"])("a web's name with proxied: %j does not", (proxied) => {
    expect(broken("proxied-webs", record("app-chat.manacore.app", proxied))).toEqual([
      "cloudflare_dns_record.a app-chat.manacore.app leads to the server itself",
    ]);
  });
  test("is not asked where there are no names, or nothing that caches", () => {
    const { caching: _, ...zone } = MANACORE.zone;
    expect(pointless("proxied-webs", { environment: development })).toBe("no names here");
    expect(pointless("proxied-webs", { platform: { ...MANACORE, zone } })).toMatch(/caches nothing/);
    expect(pointless("proxied-webs", { environment: staging })).toBeUndefined();
  });
});

describe("remote-state", () => {
  const local: Environment = { ...PRODUCTION, state: { kind: "local" } };
  test("production's is in a bucket", () => {
    expect(broken("remote-state", [])).toEqual([]);
    expect(broken("remote-state", [], { environment: local })).toEqual([
      "environment the state is a file on this computer",
    ]);
  });
  test("is asked in production only", () => {
    expect(pointless("remote-state", { environment: development })).toBe("only in production");
  });
});

describe("a waiver", () => {
  const ADDRESS = "docker_image.a";
  const waiver = (change: Partial<Waiver> = {}): Waiver => ({
    policy: "nothing-moves",
    environment: "production",
    address: ADDRESS,
    reason: "the vendor names no version",
    until: "2026-11-21",
    ...change,
  });
  const PLAN = plan([resource(ADDRESS, "comes", { name: "a:latest" })]);
  const withWaivers = (waivers: readonly Waiver[], now = NOW): PolicyResult =>
    result("nothing-moves", PLAN, { waivers, now });

  test("lets one address break one policy, and is shown with it", () => {
    const { broken, waived } = withWaivers([waiver()]);
    expect(broken).toEqual([]);
    expect(waived).toEqual([
      expect.objectContaining({ address: ADDRESS, given: expect.stringContaining("a:latest"), waiver: waiver() }),
    ]);
  });
  test("holds until the end of its last day in UTC, and no longer", () => {
    expect(withWaivers([waiver()], new Date("2026-11-21T23:59:59.999Z")).broken).toEqual([]);
    const { broken, waived } = withWaivers([waiver()], new Date("2026-11-22T00:00:00Z"));
    expect(waived).toEqual([]);
    expect(broken).toEqual([expect.objectContaining({ address: ADDRESS, ended: waiver() })]);
  });
  test.each<[string, Partial<Waiver>]>([
    ["another address", { address: "docker_image.b" }],
    ["a part of the address", { address: "docker_image" }],
    ["another environment", { environment: "staging" }],
    ["another policy", { policy: "keep-data" }],
  ])("for %s does not help, and is not said to have ended", (_, change) => {
    const { broken, waived } = withWaivers([waiver({ until: "2030-01-01", ...change })]);
    expect(waived).toEqual([]);
    expect(broken[0]).not.toHaveProperty("ended");
  });
  test("of several the one that holds longest counts, wherever it stands", () => {
    const [ended, holds] = [waiver({ until: "2026-01-01" }), waiver({ until: "2027-01-01" })];
    for (const waivers of [
      [ended, holds],
      [holds, ended],
    ]) {
      expect(withWaivers(waivers).waived).toEqual([expect.objectContaining({ waiver: holds })]);
    }
  });
  test("does not let the other places through", () => {
    const two = plan([
      resource(ADDRESS, "comes", { name: "a:latest" }),
      resource("docker_image.b", "comes", { name: "b:latest" }),
    ]);
    const found = result("nothing-moves", two, { waivers: [waiver()] });
    expect(found.broken.map(({ address }) => address)).toEqual(["docker_image.b"]);
    expect(found.waived).toHaveLength(1);
  });
});
