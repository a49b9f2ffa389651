/** What sentineliq-architecture.md says, line by line; what holds for every platform is in every-platform.test.ts. */
import { describe, expect, test } from "@jest/globals";
import { type Body, containers, longRunning, map, pick, waitsFor } from "../support/cases";
import { synthAll, synthStack } from "../support/synth";
import { SENTINELIQ, variant } from "../support/platforms";

const { development, staging, production } = synthAll(SENTINELIQ);
const MINIO = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z";
const STORES = ["postgres", "redis", "minio", "elasticsearch", "logstash", "kibana"];
const SERVER = "saas_blue_server-0";
const CLIENT = "saas_blue_client-0";

const env = (name: string, stack = production): string[] => stack.container(name)["env"] as string[];
const imageOf = (name: string): unknown => {
  const [, image] = /docker_image\.([\w-]+)\./.exec(String(production.container(name)["image"]))!;
  return production.resource("docker_image", image!)["name"];
};
const networksOf = (name: string, stack = production): string[] =>
  (stack.container(name)["networks_advanced"] as Body[]).map((each) =>
    String(each["name"]).replace(/^\$\{docker_network\.networks_(.*)\.name\}$/, "$1"),
  );

describe("container services", () => {
  test("are eight, and the edge before them with Prometheus and its keeper beside it", () => {
    expect(Object.keys(longRunning(production)).sort()).toEqual(
      [...STORES, SERVER, CLIENT, "edge", "edge-keeper", "prometheus"].sort(),
    );
  });
  test.each([
    ["postgres", "postgres:16-alpine"],
    ["redis", "redis:7-alpine"],
    ["minio", MINIO],
    ["elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch:8.11.0"],
    ["logstash", "docker.elastic.co/logstash/logstash:8.11.0"],
    ["kibana", "docker.elastic.co/kibana/kibana:8.11.0"],
    [SERVER, "ghcr.io/killsearch/saas-server:1.2.0"],
    [CLIENT, "ghcr.io/killsearch/saas-client:1.2.0"],
  ])("%s is %s", (name, image) => {
    expect(imageOf(name)).toBe(image);
  });
  test.each([
    ["postgres", 5432],
    ["redis", 6379],
    ["minio", 9000],
    ["elasticsearch", 9200],
    ["logstash", 5000],
    ["kibana", 5601],
  ])("%s answers on %i", (name, port) => {
    expect(SENTINELIQ.platform.stores.find((store) => store.name === name)!.port).toBe(port);
  });
  test("server answers on 3001, client on 3000", () => {
    const routing = production.routing("saas_switch_job");
    expect(routing).toContain(`"url" = "http://\${docker_container.${SERVER}.name}:3001"`);
    expect(routing).toContain(`"url" = "http://\${docker_container.${CLIENT}.name}:3000"`);
  });
  test("Logstash takes lines of JSON on 5000 and sends them to Elasticsearch, one index a day", () => {
    const [upload] = production.container("logstash")["upload"] as Body[];
    expect(upload!["file"]).toBe("/usr/share/logstash/pipeline/logstash.conf");
    expect(upload!["content"]).toContain("tcp { port => 5000 codec => json_lines }");
    // Doubled, as Terraform would take %{ for a directive of its own.
    expect(upload!["content"]).toContain(
      'hosts => ["http://elasticsearch:9200"] index => "sentineliq-%%{+YYYY.MM.dd}"',
    );
  });
});

describe("health checks", () => {
  test.each([
    ["postgres", "pg_isready -h 127.0.0.1"],
    ["redis", "redis-cli --user administrator ping | grep -q PONG"],
    ["minio", "curl -fsS -o /dev/null http://127.0.0.1:9000/minio/health/cluster"],
    ["elasticsearch", "curl -fsS -o /dev/null http://127.0.0.1:9200/_cluster/health?wait_for_status=yellow"],
    ["logstash", "curl -fsS -o /dev/null http://127.0.0.1:9600/_node/pipelines/main"],
    ["kibana", "curl -fsS -o /dev/null http://127.0.0.1:5601/api/status"],
    [SERVER, 'node -e fetch("http://127.0.0.1:3001/health")'],
    [CLIENT, "wget --spider -q http://127.0.0.1:3000/"],
  ])("%s: %s", (name, command) => {
    expect((production.container(name) as Body)["healthcheck"].test.join(" ")).toContain(command);
  });
});

describe("service startup order", () => {
  const both = synthStack(
    variant({
      of: SENTINELIQ,
      releases: { saas: { live: "blue", canary: 10, blue: { version: "1.2.0" }, green: { version: "1.3.0" } } },
    }),
  );
  test("postgres, redis, minio and elasticsearch wait for nothing", () => {
    for (const name of ["postgres", "redis", "minio", "elasticsearch"]) expect(waitsFor(production, name)).toEqual([]);
  });
  test.each(["logstash", "kibana"])("%s starts when elasticsearch answers", (name) => {
    expect(waitsFor(production, name)).toEqual(["elasticsearch_ready"]);
  });
  test("server starts when postgres, redis, elasticsearch and logstash answer", () => {
    expect(waitsFor(production, SERVER)).toEqual(
      expect.arrayContaining(["postgres_ready", "redis_ready", "elasticsearch_ready", "logstash_ready"]),
    );
  });
  test.each(["blue", "green"])("client starts when the server of its own set is healthy: %s", (colour) => {
    expect(both.container(`saas_${colour}_client-0`)["depends_on"]).toContain(
      `docker_container.saas_${colour}_server-0`,
    );
    expect(both.container(`saas_${colour}_server-0`)["wait"]).toBe(true);
  });
  test("Prisma's migrations run with the server's image before server and client", () => {
    expect(production.container("saas_blue_migration")).toMatchObject({
      image: "${docker_image.saas_blue_server-image.image_id}",
      entrypoint: ["npx"],
      command: ["prisma", "migrate", "deploy"],
    });
    expect(waitsFor(production, "saas_blue_migration")).toContain("postgres_saas");
    for (const name of [SERVER, CLIENT]) expect(waitsFor(production, name)).toContain("saas_blue_migration");
  });
});

test.each([
  ["postgres", "/var/lib/postgresql/data"],
  ["redis", "/data"],
  ["minio", "/data"],
  ["elasticsearch", "/usr/share/elasticsearch/data"],
])("%s keeps its data in a volume", (name, path) => {
  expect(production.container(name)["volumes"]).toEqual([
    { volume_name: `\${docker_volume.${name}_data.name}`, container_path: path },
  ]);
  expect(production.resource("docker_volume", `${name}_data`)["name"]).toBe(`sentineliq-production-${name}`);
});

test("nothing else of the eight has a volume", () => {
  const names = Object.keys(production.all("docker_volume")).filter((name) => !/^(edge|prometheus)_/.test(name));
  expect(names.sort()).toEqual(["elasticsearch_data", "minio_data", "postgres_data", "redis_data"]);
});

describe("resource allocation", () => {
  const limits = map(
    pick(production, (_, name) => [...STORES, SERVER, CLIENT].includes(name)),
    ({ cpus, memory }) => [Number(cpus), memory],
  );
  test("server and postgres 2 cores and 4 GB, elasticsearch 2 and 2, redis 1 and 1, others half a core and 512 MB", () => {
    expect(limits).toMatchObject({
      [SERVER]: [2, 4096],
      postgres: [2, 4096],
      elasticsearch: [2, 2048],
      redis: [1, 1024],
      minio: [0.5, 512],
      [CLIENT]: [0.5, 512],
    });
  });
  test("but Logstash and Kibana have the memory that they need to start: 768 MiB and 1 GiB", () => {
    expect(limits).toMatchObject({ logstash: [0.5, 768], kibana: [0.5, 1024] });
  });
  test("JVMs and Node stay below their limits, and Redis' data too", () => {
    expect(env("elasticsearch")).toContain("ES_JAVA_OPTS=-Xms1024m -Xmx1024m");
    expect(env("logstash")).toContain("LS_JAVA_OPTS=-Xms256m -Xmx256m");
    expect(env("kibana")).toContain("NODE_OPTIONS=--max-old-space-size=716");
    expect(JSON.stringify(production.container("redis")["command"])).toContain("--maxmemory 768mb");
  });
  test("staging is smaller: server and postgres half, on half the server", () => {
    for (const name of [SERVER, "postgres"])
      expect(staging.container(name)).toMatchObject({ cpus: "1.0", memory: 2048 });
    expect(staging.resource("hcloud_server", "host_server")["server_type"]).toBe("ccx23");
    expect(production.resource("hcloud_server", "host_server")["server_type"]).toBe("ccx33");
  });
});

describe("internal network", () => {
  test("is sentineliq-production-network, a bridge without a way out", () => {
    expect(production.resource("docker_network", "networks_network")).toMatchObject({
      name: "sentineliq-production-network",
      driver: "bridge",
      internal: true,
    });
  });
  test("is all that logstash, elasticsearch, redis and postgres are in", () => {
    for (const name of ["postgres", "redis", "elasticsearch", "logstash"]) {
      expect(networksOf(name)).toEqual(["network"]);
    }
  });
  test("has all eight, as the document says, but not the edge: that meets server and client in another", () => {
    expect(map(longRunning(production), (_, name) => networksOf(name))).toMatchObject({
      [SERVER]: ["public", "network"],
      [CLIENT]: ["public", "network"],
      edge: ["public"],
    });
  });
  test.each([
    [
      SERVER,
      'DATABASE_URL=postgresql://sentineliq:${urlencode("${var.saas_database_password}")}@postgres:5432/sentineliq',
    ],
    [SERVER, "LOGSTASH_HOST=logstash:5000"],
    [SERVER, "S3_ENDPOINT=http://minio:9000"],
    ["kibana", "ELASTICSEARCH_HOSTS=http://elasticsearch:9200"],
    [CLIENT, "LOGSTASH_HOST=logstash:5000"],
    [CLIENT, "REACT_APP_API_BASE_URL=https://api.sentineliq.com"],
  ])("%s finds what it needs: %s", (name, variable) => {
    expect(env(name)).toContain(variable);
  });
  test("Redis asks for a password, whatever characters that has", () => {
    expect(env(SERVER)).toContain('REDIS_URL=redis://saas:${urlencode("${var.saas_redis_password}")}@redis:6379');
    expect(env("redis")).toEqual(["PASSWORD_saas=${var.saas_redis_password}", "REDIS_PASSWORD=${var.redis_password}"]);
    expect(JSON.stringify(production.container("redis")["command"])).toContain("user saas reset on #");
  });
});

describe("external access", () => {
  const routing = production.routing("saas_switch_job");
  test.each([
    ["app.sentineliq.com", "saas-client"],
    ["api.sentineliq.com", "saas-server"],
  ])("https://%s is %s", (host, service) => {
    expect(routing).toMatch(
      new RegExp(`"${service}" = \\{"entryPoints" = \\["websecure"\\][^}]*"rule" = "Host\\(\`${host}\`\\)"`),
    );
  });
  test("HTTP leads there too: it is redirected", () => {
    expect(production.container("edge")["command"]).toContain(
      "--entrypoints.web.http.redirections.entrypoint.to=websecure",
    );
  });
  test("certificates for the zone by Cloudflare's DNS", () => {
    expect(production.container("edge")["command"]).toEqual(
      expect.arrayContaining([
        "--certificatesresolvers.letsencrypt.acme.email=devops@sentineliq.com",
        "--entrypoints.websecure.http.tls.domains[0].sans=*.sentineliq.com",
      ]),
    );
  });
  describe.each([
    ["Kibana", "kibana", 5601],
    ["MinIO's console", "minio", 9001],
  ])("%s", (_, name, port) => {
    test.each([
      ["staging", staging],
      ["production", production],
    ])("is on the host's own address only: %s", (_, stack) => {
      expect(stack.container(name)["ports"]).toEqual([{ internal: port, external: port, ip: "127.0.0.1" }]);
    });
    test("is in no routing file, has no name, and the edge shares no network with it", () => {
      for (const stack of [development, staging, production]) {
        for (const job of ["saas_switch_job", "edge-settings"]) {
          expect(stack.routing(job)).not.toMatch(new RegExp(`${name}|\\b${port}\\b`));
        }
        expect(JSON.stringify(stack.all("cloudflare_dns_record"))).not.toContain(name);
        expect(networksOf(name, stack).filter((network) => networksOf("edge", stack).includes(network))).toEqual([]);
      }
    });
  });
  test("MinIO serves its console on 9001", () => {
    expect(production.container("minio")["command"]).toEqual(["server", "/data", "--console-address", ":9001"]);
  });
  test("nothing but the edge and the two consoles has a port on the host", () => {
    expect(Object.keys(pick(production, (body) => (body["ports"] ?? []).length > 0)).sort()).toEqual([
      "edge",
      "kibana",
      "minio",
    ]);
  });
});

describe("tags", () => {
  const stack = synthStack(
    variant({
      of: SENTINELIQ,
      releases: {
        saas: {
          live: "blue",
          canary: 0,
          blue: { version: "1.3.0", tags: { "saas-server": "sha-a1b2c3d", "saas-client": "sha-d4e5f6a" } },
          green: { version: "1.4.0", tags: { "saas-server": "sha-0123456" } },
        },
      },
    }),
  );
  const image = (name: string): unknown => stack.resource("docker_image", `saas_${name}-image`)["name"];
  test("server and client have their own, SERVER_TAG and CLIENT_TAG", () => {
    expect(image("blue_server")).toBe("ghcr.io/killsearch/saas-server:sha-a1b2c3d");
    expect(image("blue_client")).toBe("ghcr.io/killsearch/saas-client:sha-d4e5f6a");
  });
  test("without one the version is the tag", () => {
    expect(image("green_server")).toBe("ghcr.io/killsearch/saas-server:sha-0123456");
    expect(image("green_client")).toBe("ghcr.io/killsearch/saas-client:1.4.0");
  });
  test("are in the version label", () => {
    expect(stack.label("saas_blue_server-0", "version")).toBe("sha-a1b2c3d");
    expect(stack.label("saas_blue_migration", "version")).toBe("sha-a1b2c3d");
    expect(stack.label("saas_green_client-0", "version")).toBe("1.4.0");
  });
  test("are Sentry's release, also of the migrations that run with the image", () => {
    expect(env("saas_blue_server-0", stack)).toContain("SENTRY_RELEASE=sha-a1b2c3d");
    expect(env("saas_blue_client-0", stack)).toContain("SENTRY_RELEASE=sha-d4e5f6a");
    expect(env("saas_green_client-0", stack)).toContain("SENTRY_RELEASE=1.4.0");
    expect(env("saas_blue_migration", stack)).toContain("SENTRY_RELEASE=sha-a1b2c3d");
  });
});

describe("Sentry", () => {
  test.each([SERVER, CLIENT])("%s reports to it, and says where it runs", (name) => {
    expect(env(name)).toEqual(
      expect.arrayContaining(["SENTRY_DSN=${var.sentry_dsn}", "SENTRY_ENVIRONMENT=production"]),
    );
    expect(env(name, staging)).toContain("SENTRY_ENVIRONMENT=staging");
  });
  test("its address is a secret", () => {
    expect((production.json["variable"] as Body)["sentry_dsn"].sensitive).toBe(true);
  });
});

test("MinIO's name and password are what the server logs in with", () => {
  expect(env(SERVER)).toEqual(
    expect.arrayContaining([
      "S3_ACCESS_KEY_ID=${var.minio_root_user}",
      "S3_SECRET_ACCESS_KEY=${var.minio_root_password}",
    ]),
  );
  expect(env("minio")).toEqual(
    expect.arrayContaining([
      "MINIO_ROOT_USER=${var.minio_root_user}",
      "MINIO_ROOT_PASSWORD=${var.minio_root_password}",
    ]),
  );
});

test("ids are a contract: these stay", () => {
  expect(Object.keys(containers(production))).toEqual(
    expect.arrayContaining([
      "saas_switch_job",
      "saas_blue_migration",
      "postgres_saas",
      ...STORES.map((s) => `${s}_ready`),
    ]),
  );
});
