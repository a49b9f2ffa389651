/** Every construct works on its own, in a stack that is not ours. */
import { describe, expect, test } from "@jest/globals";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { HcloudProvider } from "@cdktf/provider-hcloud/lib/provider";
import { ref, TerraformOutput, type TerraformStack, Token } from "cdktf";
import { postgres } from "../../config/stores/postgres";
import { redis } from "../../config/stores/redis";
import { BundleHost } from "../../constructs/cloudflare/bundle-host";
import { CacheRules } from "../../constructs/cloudflare/cache-rules";
import { DnsRecords, recordId } from "../../constructs/cloudflare/dns-records";
import { ZoneSettings } from "../../constructs/cloudflare/zone-settings";
import { Postgres } from "../../constructs/data/postgres";
import { Redis } from "../../constructs/data/redis";
import { decimal } from "../../constructs/docker/long-running-container";
import { DataVolume } from "../../constructs/docker/data-volume";
import { labels } from "../../constructs/docker/engine";
import { Job } from "../../constructs/docker/job";
import { Networks } from "../../constructs/docker/networks";
import { ServiceContainer } from "../../constructs/docker/service-container";
import { settingsHash } from "../../constructs/docker/settings-hash";
import { originPattern } from "../../constructs/edge/edge";
import { NginxEdge } from "../../constructs/edge/nginx";
import { Switch } from "../../constructs/edge/switch";
import { TraefikEdge } from "../../constructs/edge/traefik";
import { Image, imageReference } from "../../constructs/ghcr/image";
import { Firewall } from "../../constructs/hetzner/firewall";
import { Host } from "../../constructs/hetzner/host";
import { PROVIDER_VERSIONS, pinProvider, type ProviderName } from "../../constructs/provider-versions";
import { call, expression, nested, Raw } from "../../constructs/terraform-expression";
import { Variables } from "../../constructs/variables";
import type { HetznerHost } from "../../model/environment";
import { Health } from "../../model/health";
import { mebibytes, minutes } from "../../model/units";
import { type Input, secret, setting } from "../../model/values";
import { engineIn, synthChecked } from "../support/engine";
import { SCHEMAS, synthConstruct } from "../support/synth";
import { both, MANACORE } from "../support/platforms";

const { platform } = MANACORE;

const cloudflare = (stack: TerraformStack): void => {
  new CloudflareProvider(stack, "cloudflare", { apiToken: "x" });
  pinProvider(stack, "cloudflare");
};

test("cores as the Docker provider reads them back", () => {
  expect([1, 0.25, 2].map(decimal)).toEqual(["1.0", "0.25", "2.0"]);
});

describe("docker", () => {
  test("networks, volume, image, job and service container", () => {
    const stack = synthChecked((scope) => {
      const engine = engineIn(scope);
      const networks = new Networks(scope, "networks", engine, platform.networks);
      const image = new Image(scope, "image", { engine, repository: "ghcr.io/acme/app", tag: "v1" });
      const volume = new DataVolume(scope, "volume", { engine, name: "files" });
      const job = new Job(scope, "job", {
        engine,
        networks,
        name: "import",
        image,
        command: ["import", "--all"],
        joins: ["backend"],
        volumes: { "/files": volume.name },
        files: { "/etc/import.json": "{}" },
        labels: { service: "import" },
      });
      new ServiceContainer(scope, "app", {
        engine,
        networks,
        baseName: "demo-test-app",
        image,
        env: { B: "2", A: "1" },
        port: 3000,
        health: Health.http("/health"),
        resources: { limits: { cpu: 0.5, memory: mebibytes(128) } },
        joins: ["frontend"],
        labels: { service: "app", unset: undefined },
        dependsOn: [job],
      });
    });
    const [app] = Object.entries(stack.all("docker_container")).filter(([name]) => name.startsWith("app"));
    expect(app![1]).toMatchObject({
      env: ["A=1", "B=2"],
      name: "demo-test-app-${substr(sha256(plantimestamp()), 0, 8)}",
    });
    expect(JSON.stringify(app![1]["labels"])).not.toContain("unset");
    expect(app![1]["depends_on"]).toEqual([expect.stringMatching(/^docker_container\.job/)]);
  });

  test("labels are sorted and prefixed", () => {
    let found: unknown;
    synthConstruct((scope) => (found = labels(engineIn(scope), { b: "2", a: "1" })));
    expect(found).toEqual([
      { label: "org.example.a", value: "1" },
      { label: "org.example.b", value: "2" },
      { label: "org.example.environment", value: "test" },
    ]);
  });

  test("the hash of settings: the same for the same, whatever the order of the environment; another for others", () => {
    expect(settingsHash({ a: 1 }, ["A=1"])).toBe(settingsHash({ a: 1 }, ["A=1"]));
    expect(settingsHash({ a: 1 }, ["A=1"])).not.toBe(settingsHash({ a: 1 }, ["A=2"]));
    expect(settingsHash({ a: 1 })).not.toBe(settingsHash({ a: 2 }));
  });

  test("the hash of settings: of a value that only Terraform knows it has the name alone", () => {
    const secret = (key: string, of: string): string => `${key}=before${Token.asString(ref(`var.${of}`))}`;
    expect(settingsHash({}, [secret("A", "a")])).toBe(settingsHash({}, [secret("A", "b")]));
    expect(settingsHash({}, [secret("A", "a")])).not.toBe(settingsHash({}, [secret("B", "a")]));
    expect(settingsHash({}, [secret("A", "a")])).not.toBe(settingsHash({}));
  });

  test("image references", () => {
    expect(imageReference({ repository: "redis", tag: "7" })).toBe("redis:7");
    expect(imageReference({ repository: "a/b", tag: "v1", digest: "sha256:00" })).toBe("a/b:v1@sha256:00");
  });
});

describe("data", () => {
  test.each([
    ["postgres:16-alpine", "/var/lib/postgresql/data"],
    ["postgres:18-alpine", "/var/lib/postgresql"],
    ["postgres:latest", "/var/lib/postgresql/data"],
  ])("the volume of %s is at %s", (image, path) => {
    const stack = synthChecked((scope) => {
      const engine = engineIn(scope);
      const networks = new Networks(scope, "networks", engine, platform.networks);
      new Postgres(scope, "postgres", { engine, networks, store: postgres({ image }), password: "x" });
    });
    expect(stack.text).toContain(`"container_path": "${path}"`);
  });
  test("PostgreSQL with a database, Redis", () => {
    const { user: _, ...withoutUser } = postgres();
    const { maxMemory: __, ...withoutBound } = redis();
    const stack = synthChecked((scope) => {
      const engine = engineIn(scope, { protectData: true });
      const networks = new Networks(scope, "networks", engine, platform.networks);
      const server = new Postgres(scope, "postgres", { engine, networks, store: withoutUser, password: "x" });
      const at = { development: "postgres", staging: "postgres", production: "postgres" } as const;
      server.database("shop", {
        database: { name: "shop", at, extensions: ["cube", "earthdistance"], timeouts: { statement: minutes(2) } },
        password: "y",
        connections: 5,
      });
      new Redis(scope, "redis", { engine, networks, store: withoutBound, password: "x" });
    });
    expect(Object.keys(stack.all("docker_volume"))).toHaveLength(2);
    expect(stack.text).toContain("POSTGRES_USER=postgres");
    for (const bound of [
      "EXTENSIONS=cube earthdistance",
      "ROLE_CONNECTIONS=5",
      "STATEMENT_TIMEOUT=120s",
      "IDLE_IN_TRANSACTION_TIMEOUT=300s",
    ]) {
      expect(stack.text).toContain(`"${bound}"`);
    }
    expect(stack.text).toContain("--maxmemory 512mb");
  });
});

describe("edge and switch", () => {
  test.each<["traefik" | "nginx", typeof TraefikEdge | typeof NginxEdge, string]>([
    ["traefik", TraefikEdge, "traefik:v3.7.9"],
    ["nginx", NginxEdge, "nginx:1.29-alpine"],
  ])("%s", (kind, Kind, image) => {
    const stack = synthChecked((scope) => {
      const engine = engineIn(scope);
      const networks = new Networks(scope, "networks", engine, platform.networks);
      const edge = new Kind(scope, "edge", {
        engine,
        networks,
        settings: { ...platform.edge, kind, image },
        tls: {
          kind: "letsencrypt",
          challenge: "dns",
          email: "ops@example.org",
          caServer: "https://localhost:14000/dir",
        },
        zone: "example.org",
        dnsToken: "token",
        hstsMaxAge: platform.zone.hstsMaxAge,
        corsOrigins: ["https://*.example.org"],
        smokeKey: "key",
        developmentPorts: [],
      });
      new Switch(scope, "switch", {
        engine,
        networks,
        edge,
        product: "shop",
        release: both(25),
        lease: minutes(2),
        routes: [
          {
            service: "shop-web",
            hosts: ["shop.example.org", "www.example.org"],
            api: false,
            port: 3000,
            servers: { blue: ["blue-1", "blue-2"], green: ["green-1"] },
          },
        ],
      });
    });
    const jobs = Object.values(stack.all("docker_container")).filter((c) => c["must_run"] === false);
    expect(jobs).toHaveLength(1);
    for (const name of ["blue-1", "blue-2", "green-1"]) expect(JSON.stringify(jobs[0]!["upload"])).toContain(name);
    expect(stack.text).toContain("https://localhost:14000/dir");
  });
  test("origins are whole strings in which only the star is special", () => {
    expect(originPattern("https://*.example.org")).toBe("^https://[^/]*\\.example\\.org$");
  });
});

describe("hetzner", () => {
  test("host and firewall", () => {
    const stack = synthChecked((scope) => {
      new HcloudProvider(scope, "hcloud", { token: "x" });
      pinProvider(scope, "hcloud");
      const variables = new Variables(scope, "variables", false);
      const cidrs = variables.variable(platform.inputs.sshAllowedCidrs).listValue;
      const host = new Host(scope, "host", {
        name: "demo",
        host: platform.environments.staging.host as HetznerHost,
        labels: {},
        publicKeys: variables.variable(platform.inputs.sshPublicKeys),
        sshFrom: cidrs,
      });
      new Firewall(scope, "other", { name: "other", sshFrom: cidrs, labels: {} });
      new TerraformOutput(scope, "docker", { value: host.dockerHost });
    });
    expect(JSON.stringify(stack.json["output"])).toContain("ssh://deploy@");
    expect(Object.keys(stack.all("hcloud_firewall"))).toHaveLength(2);
  });
});

describe("cloudflare", () => {
  test("records, zone settings, rules, bundles", () => {
    const stack = synthChecked((scope) => {
      cloudflare(scope);
      const zoneId = "0123456789abcdef0123456789abcdef";
      new DnsRecords(scope, "dns", {
        zoneId,
        comment: "demo",
        entries: [{ name: "*.example.org", type: "CNAME", content: "example.org", proxied: true }],
      });
      new ZoneSettings(scope, "zone", { zoneId, zone: platform.zone });
      const caching = platform.zone.caching!;
      new CacheRules(scope, "page-rules", { zoneId, caching });
      new CacheRules(scope, "rulesets", { zoneId, caching: { ...caching, rulesAs: "cache-rules", rules: [] } });
      new BundleHost(scope, "bundles", {
        accountId: "x",
        zoneId,
        bucket: "demo",
        host: "ota.example.org",
        protectData: true,
      });
    });
    expect(Object.values(stack.all("cloudflare_dns_record"))).toMatchObject([{ name: "*.example.org", ttl: 1 }]);
    expect(Object.keys(stack.all("cloudflare_page_rule"))).toHaveLength(platform.zone.caching!.rules.length);
    // Without a rule that polishes there is no configuration ruleset.
    expect(Object.keys(stack.all("cloudflare_ruleset"))).toHaveLength(1);
  });
  test("record ids", () => {
    expect(recordId("*.example.org")).toBe("any-example-org");
  });
});

describe("variables", () => {
  test("one per input, secret ones sensitive, development defaults in development only", () => {
    const password = secret("password", { description: "x", where: "x", developmentDefault: "dev" });
    const build = (development: boolean) =>
      synthConstruct((scope) => {
        const variables = new Variables(scope, "variables", development);
        new TerraformOutput(scope, "a", {
          value: variables.text(password) + variables.text(password),
          sensitive: true,
        });
        new TerraformOutput(scope, "b", { value: variables.text(setting("url", { description: "x", where: "x" })) });
      }).json["variable"];
    expect(build(true)).toMatchObject({ password: { default: "dev", sensitive: true }, url: { sensitive: false } });
    expect(build(false)).not.toHaveProperty("password.default");
  });
  const OWN = { condition: "var.key != 1", message: "x" };
  test.each<[string, Partial<Input>, ...string[]]>([
    ["none: not empty", {}, "${length(var.key) > 0}"],
    ["a length", { minLength: 32 }, "${length(var.key) >= 32}"],
    ["made up by people", { madeUp: true }, '${length(var.key) >= 20 && length(distinct(split("", var.key))) >= 8}'],
    ["one of its own", { validation: OWN }, "${var.key != 1}"],
    ["one of its own and a length", { minLength: 9, validation: OWN }, "${length(var.key) >= 9}", "${var.key != 1}"],
  ])("their conditions are the input's: %s", (_, change, ...conditions) => {
    const { json } = synthConstruct((scope) => {
      const value = new Variables(scope, "variables", false).text({
        ...secret("key", { description: "x", where: "x" }),
        ...change,
      });
      new TerraformOutput(scope, "out", { value, sensitive: true });
    });
    expect(json["variable"]).toMatchObject({ key: { validation: conditions.map((condition) => ({ condition })) } });
  });
});

describe("provider versions", () => {
  test.each(Object.keys(PROVIDER_VERSIONS) as ProviderName[])("%s has a schema in schemas/", (name) => {
    const { source, version } = PROVIDER_VERSIONS[name];
    expect([...SCHEMAS.keys()]).toContain(`${source}@${version}`);
  });
});

describe("expressions", () => {
  const resolved = (value: unknown): string => {
    const stack = synthConstruct((scope) => {
      new Variables(scope, "variables", false).variable(setting("x", { description: "x", where: "x" }));
      new TerraformOutput(scope, "out", { value });
    });
    return ((stack.json["output"] as Record<string, { value: string }>)["out"] as { value: string }).value;
  };
  test("text is quoted and what looks like an expression in it is escaped", () => {
    expect(expression('a"b\\c\n${x}%{y}')).toBe('"a\\"b\\\\c\\n$${x}%%{y}"');
  });
  test("lists, objects without what is undefined, numbers, raw expressions", () => {
    expect(expression({ a: [1, true], b: undefined, "c-d": new Raw("values(var.x)") })).toBe(
      '{"a" = [1, true], "c-d" = values(var.x)}',
    );
  });
  test("a call stands in braces once, wherever it is", () => {
    expect(resolved(call("upper", "a"))).toBe('${upper("a")}');
    expect(resolved(`name-${call("substr", nested("sha256", "a"), 0, 8)}`)).toBe('name-${substr(sha256("a"), 0, 8)}');
    expect(resolved(call("upper", `x${call("lower", "Y")}`))).toBe('${upper("x${lower("Y")}")}');
  });
  test("a call is text for whoever prints it", () => {
    expect(`${call("upper", "a")}`).toContain("TfToken");
  });
});
