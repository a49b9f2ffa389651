/** What every stack of every platform promises, as its catalog says it. A platform's own facts have a file each. */
import { describe, expect, test } from "@jest/globals";
import { PROVIDER_VERSIONS, type ProviderName } from "../../constructs/provider-versions";
import { canaryRules } from "../../model/canary";
import { KEEPER_RESOURCES } from "../../model/edge-keeper";
import { healthTest, waitTimeout } from "../../model/health";
import { hostsOf, imageRepository, namesOf, servicesOf, sized } from "../../model/platform";
import { inputUses } from "../../model/inputs";
import { demandsOf } from "../../model/made-up";
import { type Colour, COLOURS, formatWeights, tagOf } from "../../model/release";
import type { Resources, Sandbox } from "../../model/service";
import {
  type Body,
  type Case,
  containers,
  customStores,
  everyCase,
  jobs,
  longRunning,
  map,
  pick,
  placed,
  storeNames,
  waitsFor,
} from "../support/cases";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthStack } from "../support/synth";
import { both, EVERY_PLATFORM, variant } from "../support/platforms";

const CASES = everyCase();
const ON_COMPUTERS = CASES.filter(([, { environment }]) => environment.host.kind === "local");

const services = (given: Case): Record<string, Body> => map(placed(given), (_, name) => given.stack.container(name));

/** Limits of everything that stays, and how the catalog wants it locked in: nothing, where the construct decides. */
const catalog = (given: Case): Record<string, { resources: Resources; sandbox?: Sandbox | undefined }> => ({
  edge: { resources: given.platform.edge.resources, sandbox: { user: "0:0", capabilities: ["CAP_NET_BIND_SERVICE"] } },
  "edge-keeper": { resources: KEEPER_RESOURCES, sandbox: { user: "0:0" } },
  prometheus: { resources: given.platform.monitoring!.resources, sandbox: { user: "65534:65534" } },
  ...Object.fromEntries(
    given.platform.stores.map((store) => [
      store.name,
      {
        resources: sized(given.environment, store).resources,
        sandbox: store.kind === "custom" ? store.sandbox : undefined,
      },
    ]),
  ),
  ...map(placed(given), ({ service }) => ({ resources: service.resources, sandbox: service.sandbox ?? {} })),
});

describe.each(CASES)("%s", (_, given) => {
  const { platform, environment, release, stack } = given;

  describe("containers", () => {
    test("are the edge, its keeper, Prometheus, the stores and every service of the catalog in as many copies as it says", () => {
      expect(Object.keys(longRunning(stack)).sort()).toEqual(Object.keys(catalog(given)).sort());
    });
    test("run the registry's images at the release's tags", () => {
      expect(
        map(placed(given), ({ product, service, colour }) => {
          return stack.resource("docker_image", `${product.name}_${colour}_${service.role}-image`)["name"];
        }),
      ).toEqual(
        map(placed(given), ({ product, service, colour }) => {
          return `${imageRepository(platform, service)}:${tagOf(release[product.name]![colour]!, service.name)}`;
        }),
      );
    });
    test("leave their images on the host", () => {
      expect(map(stack.all("docker_image"), (image) => image["keep_locally"])).toEqual(
        map(stack.all("docker_image"), () => true),
      );
    });
    test("have the catalog's limits, and no swap", () => {
      expect(
        map(longRunning(stack), ({ cpus, memory, memory_swap }) => ({ cpus: Number(cpus), memory, memory_swap })),
      ).toEqual(
        map(catalog(given), ({ resources: { limits } }) => ({
          cpus: limits.cpu,
          memory: limits.memory.mebibytes,
          memory_swap: limits.memory.mebibytes,
        })),
      );
    });
    test("have a health check that Terraform waits for", () => {
      for (const body of Object.values(longRunning(stack))) {
        expect(body).toMatchObject({
          healthcheck: { test: expect.any(Array), retries: expect.any(Number) },
          wait: true,
          wait_timeout: expect.any(Number),
        });
      }
    });
    test("have the catalog's health check, and Terraform waits as long as it may take", () => {
      const expected = {
        ...map(placed(given), ({ service: { health, port } }) => [
          healthTest(health, port),
          waitTimeout(health).seconds,
        ]),
        ...Object.fromEntries(
          customStores(given).map((s) => [s.name, [healthTest(s.health, s.port), waitTimeout(s.health).seconds]]),
        ),
      };
      expect(
        map(expected, (_, name) => {
          const { healthcheck, wait_timeout } = stack.container(name) as Body;
          return [healthcheck.test, wait_timeout];
        }),
      ).toEqual(expected);
    });
    test("rotate their logs, come back by themselves and have time to end", () => {
      for (const [name, body] of Object.entries(longRunning(stack))) {
        expect(body).toMatchObject({
          restart: "unless-stopped",
          log_driver: "json-file",
          log_opts: { "max-size": "10m", "max-file": "3" },
        });
        // The keeper serves no requests, and ends at once.
        expect(body["destroy_grace_seconds"]).toBeGreaterThanOrEqual(name === "edge-keeper" ? 5 : 10);
      }
    });
    test("have no capability but the edge's one, and get no new privileges", () => {
      expect(map(longRunning(stack), ({ capabilities, security_opts }) => [capabilities, security_opts])).toEqual(
        map(catalog(given), ({ sandbox }) => [
          { drop: ["ALL"], ...(sandbox?.capabilities ? { add: sandbox.capabilities } : {}) },
          ["no-new-privileges:true"],
        ]),
      );
    });
    test("have a read-only file system, but where the catalog says otherwise", () => {
      expect(map(longRunning(stack), (body) => body["read_only"])).toEqual(
        map(catalog(given), ({ sandbox }) => sandbox?.readOnly ?? true),
      );
    });
    test("write to memory only where the catalog says, run nothing from there, and find it theirs after a restart", () => {
      for (const [name, { sandbox }] of Object.entries(catalog(given))) {
        const { tmpfs, user } = stack.container(name) as Body;
        // The constructs of PostgreSQL and Redis add places of their own.
        if (sandbox) expect(Object.keys(tmpfs).sort()).toEqual(Object.keys(sandbox.tmpfs ?? { "/tmp": "" }).sort());
        else expect(Object.keys(tmpfs)).toContain("/tmp");
        const [uid, gid] = String(user).split(":");
        for (const options of Object.values(tmpfs)) {
          expect(options).toMatch(new RegExp(`noexec,nosuid,.*,uid=${uid},gid=${gid}$`));
        }
      }
    });
    test("run as the catalog's user, else as one without rights", () => {
      expect(map(longRunning(stack), (body) => body["user"])).toEqual(
        map(
          catalog(given),
          ({ sandbox }) => sandbox?.user ?? (sandbox ? "1001:1001" : expect.stringMatching(/^[1-9]/)),
        ),
      );
    });
    test("have labels that say whose they are, in which set and at which version", () => {
      for (const [name, { product, service, colour, replica }] of Object.entries(placed(given))) {
        for (const [label, value] of Object.entries({
          project: product.name,
          service: service.role,
          port: String(service.port),
          domain: hostsOf(service, environment)[0],
          environment: environment.name,
          replica: String(replica),
          set: colour,
          version: tagOf(release[product.name]![colour]!, service.name),
        })) {
          expect([name, label, stack.label(name, `${platform.labelPrefix}.${label}`)]).toEqual([name, label, value]);
        }
      }
    });
    test("have a label with a hash of their settings, known at synth: nothing that Terraform knows alone is in it", () => {
      for (const name of Object.keys(longRunning(stack))) {
        expect(stack.label(name, "settings")).toMatch(/^[0-9a-f]{8}$/);
      }
    });
  });

  test("nothing that is made of a secret is public: no hash, no part, no length", () => {
    expect(stack.text).not.toContain("nonsensitive(");
  });

  describe("new first", () => {
    test("release containers are made before the old ones go, under a name that none has had", () => {
      for (const body of Object.values(services(given))) {
        expect(body["lifecycle"]).toMatchObject({ create_before_destroy: true, ignore_changes: ["name"] });
        expect(body["name"]).toMatch(/-\d-\$\{substr\(sha256\(plantimestamp\(\)\), 0, 8\)\}$/);
      }
    });
    test("stores, edge, keeper and Prometheus are never two at a time, as both would use one volume or port", () => {
      for (const name of ["edge", "edge-keeper", "prometheus", ...storeNames(given)]) {
        expect(stack.container(name)["lifecycle"] ?? {}).not.toHaveProperty("create_before_destroy");
      }
    });
    test("nothing that release containers depend on is a store, Prometheus, the keeper, or a container of another product", () => {
      for (const [name, { product }] of Object.entries(placed(given))) {
        const upstream = waitsFor(stack, name);
        const never = [...storeNames(given), "prometheus", "edge-keeper"];
        expect(upstream.filter((other) => never.includes(other))).toEqual([]);
        expect(upstream.filter((a) => /_(blue|green)_/.test(a) && !a.startsWith(`${product.name}_`))).toEqual([]);
      }
    });
    test("jobs that release containers depend on have a fresh name, as two may be there for a moment", () => {
      const upstream = new Set(Object.keys(placed(given)).flatMap((name) => waitsFor(stack, name)));
      const found = Object.entries(jobs(stack)).filter(([name]) => upstream.has(name));
      expect(found.length).toBeGreaterThan(1);
      for (const [, body] of found) {
        expect(body["name"]).toContain("plantimestamp()");
        expect(body["lifecycle"].ignore_changes).toEqual(["name"]);
      }
    });
  });

  test("jobs must exit 0, and are run again by the next apply if they did not", () => {
    for (const body of Object.values(jobs(stack))) {
      expect(body).toMatchObject({
        attach: true,
        logs: true,
        restart: "no",
        provisioner: [{ "local-exec": { command: "exit ${self.exit_code}" } }],
      });
      expect(body["lifecycle"]?.postcondition).toBeUndefined();
    }
  });

  describe("order", () => {
    test("a service waits until the stores that it needs answer", () => {
      for (const [name, { service }] of Object.entries(placed(given))) {
        const needed = (service.dependsOn ?? []).filter((other) => storeNames(given).includes(other));
        expect(waitsFor(stack, name)).toEqual(expect.arrayContaining(needed.map((store) => `${store}_ready`)));
      }
    });
    test("a service waits until the services of its own set that it needs are healthy", () => {
      for (const [name, { product, service, colour }] of Object.entries(placed(given))) {
        const needed = Object.entries(placed(given)).filter(
          ([, other]) =>
            other.product === product && other.colour === colour && service.dependsOn?.includes(other.service.name),
        );
        expect(waitsFor(stack, name)).toEqual(expect.arrayContaining(needed.map(([other]) => other)));
      }
    });
    test("a store waits until the stores that it needs answer, and so does who asks whether it answers itself", () => {
      for (const { name, dependsOn = [] } of customStores(given)) {
        for (const waiting of [name, `${name}_ready`]) {
          expect(waitsFor(stack, waiting).sort()).toEqual(dependsOn.map((store) => `${store}_ready`).sort());
        }
      }
    });
    test("a migration runs with its service's image before any container of its set", () => {
      for (const [name, { product, colour }] of Object.entries(placed(given))) {
        const migration = `${product.name}_${colour}_migration`;
        expect(waitsFor(stack, name).includes(migration)).toBe(product.migration !== undefined);
        if (!product.migration) continue;
        const { role } = product.services.find((service) => service.name === product.migration?.service)!;
        expect(stack.container(migration)).toMatchObject({
          image: `\${docker_image.${product.name}_${colour}_${role}-image.image_id}`,
          entrypoint: product.migration.command.slice(0, 1),
          command: product.migration.command.slice(1),
        });
      }
    });
  });

  describe("switch", () => {
    const switches = Object.keys(release).map((product) => [product, `${product}_switch_job`] as const);
    test("there is one per product", () => {
      expect(
        Object.keys(containers(stack))
          .filter((name) => name.endsWith("_switch_job"))
          .sort(),
      ).toEqual(platform.products.map(({ name }) => `${name}_switch_job`).sort());
    });
    test("its labels say in words who is live and how traffic is split", () => {
      for (const [product, name] of switches) {
        expect(stack.label(name, "release.live")).toBe(release[product]!.live);
        expect(stack.label(name, "release.weights")).toBe(formatWeights(release[product]!));
      }
    });
    test("its arguments say how traffic is split, what the sets run, and how long a canary stays that nobody watches", () => {
      for (const [product, name] of switches) {
        const { canary } = platform.products.find((each) => each.name === product)!;
        expect(stack.operation(name)).toEqual([
          ...["switch", product, formatWeights(release[product]!), release[product]!.live],
          ...COLOURS.map((colour) => release[product]![colour]?.version ?? "-"),
          String(canaryRules(canary).lease.seconds),
        ]);
      }
    });
    test("no argument of any container is empty: the Docker provider refuses to make it", () => {
      for (const body of Object.values(stack.all("docker_container"))) {
        for (const argument of [body["entrypoint"] ?? [], body["command"] ?? []].flat()) expect(argument).not.toBe("");
      }
    });
    test("it waits for every container of its product, and for none of another", () => {
      for (const [product, name] of switches) {
        const waits = waitsFor(stack, name).filter((other) => /_(blue|green)_.*-\d+$/.test(other));
        expect(waits.sort()).toEqual(
          Object.entries(placed(given))
            .flatMap(([other, each]) => (each.product.name === product ? [other] : []))
            .sort(),
        );
      }
    });
    test("it leads every name of the catalog to release containers of its own product, and nothing else anywhere", () => {
      for (const product of platform.products) {
        const names = product.services.flatMap((service) => namesOf(service, environment));
        for (const routing of Object.values(stack.contents(`${product.name}_switch_job`))) {
          const named = [...routing.matchAll(/Host\(`([^`]+)`\)/g)].map(([, host]) => host!);
          // The probe's router has the product's own name, and answers beside containers only.
          expect(new Set(named)).toEqual(new Set([...names, product.name]));
          expect([...routing.matchAll(/"url" = "([^"]+)"/g)].map(([, url]) => url!).sort()).toEqual(
            Object.entries(placed(given))
              .filter(([, each]) => each.product === product)
              .map(([name, { service }]) => `http://\${docker_container.${name}.name}:${service.port}`)
              .sort(),
          );
        }
      }
    });
    test("APIs have a rate limit and CORS, webs have neither", () => {
      const entry = environment.tls.kind === "none" ? "web" : "websecure";
      for (const product of platform.products) {
        for (const { name, access } of product.services) {
          const more = access.api ? ', "api-rate-limit", "api-cors"' : "";
          expect(stack.routing(`${product.name}_switch_job`)).toContain(
            `"${name}" = {"entryPoints" = ["${entry}"], "middlewares" = ["security-headers", "compress"${more}]`,
          );
        }
      }
    });
    test("webs may call APIs from every name that they have", () => {
      const { middlewares } = JSON.parse(stack.routing("edge-settings")).http;
      const origins = middlewares["api-cors"].headers.accessControlAllowOriginListRegex as string[];
      const scheme = environment.tls.kind === "none" ? "http" : "https";
      const webs = servicesOf(platform).filter(({ access }) => !access.api);
      for (const origin of webs.flatMap((web) => hostsOf(web, environment).map((host) => `${scheme}://${host}`))) {
        expect(origins.filter((pattern) => new RegExp(pattern).test(origin))).not.toEqual([]);
      }
    });
  });

  describe("networks", () => {
    const network = (name: string): string => `\${docker_network.networks_${name}.name}`;
    const joined = (name: string): string[] =>
      (stack.container(name)["networks_advanced"] as Body[]).map((each) => each["name"]);
    const publishes = (name: string): boolean => ((stack.container(name)["ports"] as Body[]) ?? []).length > 0;
    test("are those of the catalog, with a way out of the host where it says so", () => {
      expect(map(stack.all("docker_network"), ({ name, internal }) => [name, internal])).toEqual(
        Object.fromEntries(
          Object.entries(platform.networks).map(([name, { open }]) => [
            `networks_${name}`,
            [`${platform.name}-${environment.name}-${name}`, !open],
          ]),
        ),
      );
    });
    test("of services and of the edge are the catalog's", () => {
      expect(map(placed(given), (_, name) => joined(name))).toEqual(
        map(placed(given), ({ service }) => service.networks.map(network)),
      );
      expect(joined("edge")).toEqual(
        Object.keys(platform.networks)
          .filter((name) => platform.networks[name]!.edge)
          .map(network),
      );
    });
    test("of stores are closed ones, and an open one only to publish a port on the host itself", () => {
      const open = Object.keys(platform.networks).filter((name) => platform.networks[name]!.open);
      for (const store of platform.stores) {
        const own = store.networks.map(network);
        expect(store.networks.filter((name) => platform.networks[name]!.open)).toEqual([]);
        expect(joined(store.name)).toEqual(publishes(store.name) ? [...own, expect.any(String)] : own);
        expect([...own, ...open.map(network)]).toEqual(expect.arrayContaining(joined(store.name)));
      }
    });
    test("only the edge publishes ports to the world; stores do on the host's own address", () => {
      const development = environment.developmentPorts;
      const edge = [
        80,
        ...(environment.tls.kind === "none" ? [] : [443]),
        ...(development ? servicesOf(platform).map((service) => service.developmentPort) : []),
      ].map((port) => [port, port, development ? "127.0.0.1" : "0.0.0.0"]);
      const stores = platform.stores.map((store) => {
        const inside = (store.insidePorts ?? []).map((port) => [port, port, "127.0.0.1"]);
        const own = [store.port, store.developmentPort, "127.0.0.1"];
        const apart = store.developmentPort !== undefined && !store.insidePorts?.includes(store.developmentPort);
        return [store.name, development && apart ? [own, ...inside] : inside];
      });
      expect(
        map(containers(stack), (body) =>
          ((body["ports"] as Body[]) ?? []).map(({ internal, external, ip }) => [internal, external, ip]),
        ),
      ).toEqual({ ...map(containers(stack), () => []), ...Object.fromEntries(stores), edge });
    });
  });

  test("volumes are the edge's and those of stores with data, and refuse to be destroyed on a server; Prometheus' goes", () => {
    expect(environment.protectData).toBe(environment.host.kind === "hetzner");
    const withData = platform.stores.filter((store) => store.kind !== "custom" || store.dataPath !== undefined);
    const certificates = environment.tls.kind === "none" ? [] : ["edge_certificates"];
    const expected = ["edge_routing", ...certificates, ...withData.map(({ name }) => `${name}_data`)];
    expect(map(stack.all("docker_volume"), ({ lifecycle }) => lifecycle)).toEqual(
      Object.fromEntries([
        ...expected.map((name) => [name, { prevent_destroy: environment.protectData }]),
        ["prometheus_data", { prevent_destroy: false }],
      ]),
    );
    for (const { name } of withData) {
      expect(stack.container(name)["volumes"]).toMatchObject([
        { volume_name: `\${docker_volume.${name}_data.name}`, container_path: expect.stringMatching(/^\//) },
      ]);
    }
  });

  describe("the keeper beside the edge", () => {
    const keeper = stack.container("edge-keeper") as Body;
    test("has the edge's image and a name by which whoever moves traffic finds it", () => {
      expect(keeper["name"]).toBe(`${platform.name}-${environment.name}-edge-keeper`);
      expect(keeper["image"]).toBe(stack.container("edge")["image"]);
    });
    test("runs the very program that every switch runs, from a variable", () => {
      expect([keeper["entrypoint"], keeper["command"]]).toEqual([
        ["sh"],
        ["-c", 'exec sh -c "$EDGE_PROGRAM" edge keep'],
      ]);
      for (const [name, body] of Object.entries(jobs(stack))) {
        if (!name.endsWith("_switch_job") && name !== "edge-settings") continue;
        expect(keeper["env"]).toEqual([`EDGE_PROGRAM=${body["command"][1]}`]);
      }
    });
    test("may write the routing volume, and has nothing else of the host: no port, no other's processes", () => {
      expect(keeper["volumes"]).toEqual([
        { container_path: "/routing", volume_name: "${docker_volume.edge_routing.name}" },
      ]);
      for (const more of ["ports", "privileged", "pid_mode", "network_mode", "mounts", "devices", "upload"]) {
        expect(keeper).not.toHaveProperty(more);
      }
    });
    test("is in the edge's first network, and in no other", () => {
      const [first] = stack.container("edge")["networks_advanced"] as Body[];
      expect(keeper["networks_advanced"]).toEqual([{ name: first!["name"] }]);
    });
    test("starts after the edge, and nothing waits for it", () => {
      expect(waitsFor(stack, "edge-keeper")).toEqual(["edge"]);
      for (const name of Object.keys(containers(stack))) expect(waitsFor(stack, name)).not.toContain("edge-keeper");
    });
    test("is infrastructure", () => expect(stack.label("edge-keeper", "tier")).toBe("infrastructure"));
  });

  describe("monitoring", () => {
    const { env, command, networks_advanced: joined, volumes } = stack.container("prometheus") as Body;
    test("reads the edge every 2 s, where the edge and nobody else says its numbers, and is beside it", () => {
      const [, config] = /^PROMETHEUS_CONFIG=(.*)$/s.exec(env[0])!;
      expect(JSON.parse(config!)).toEqual({
        global: { scrape_interval: "2s", scrape_timeout: "2s" },
        scrape_configs: [
          {
            job_name: "edge",
            static_configs: [{ targets: ["edge:8082"] }],
            metric_relabel_configs: expect.any(Array),
          },
        ],
      });
      const edge = stack.container("edge") as Body;
      expect(joined).toEqual([{ name: edge["networks_advanced"][0].name }]);
      expect(edge["networks_advanced"][0].aliases).toContain("edge");
      expect(edge["command"]).toContain("--entrypoints.metrics.address=:8082");
    });
    test("keeps them for a week at most, in a volume of its own, and answers inside its container only", () => {
      expect(command[1]).toContain("--storage.tsdb.path=/prometheus --storage.tsdb.retention.time=604800s");
      expect(command[1]).toContain("--storage.tsdb.retention.size=512MB");
      expect(volumes).toEqual([
        { container_path: "/prometheus", volume_name: "${docker_volume.prometheus_data.name}" },
      ]);
      expect(command[1]).toContain("--web.listen-address=127.0.0.1:9090");
    });
    test("nothing waits for it", () => {
      for (const name of Object.keys(containers(stack))) expect(waitsFor(stack, name)).not.toContain("prometheus");
    });
    test("is infrastructure", () => expect(stack.label("prometheus", "tier")).toBe("infrastructure"));
  });

  describe("state, providers, secrets", () => {
    test("the tested provider versions, not the bindings', of the providers that are used", () => {
      const pinned: ProviderName[] = ["docker"];
      if (environment.host.kind === "hetzner") pinned.push("hcloud");
      if (environment.dns.kind === "cloudflare") pinned.push("cloudflare");
      expect((stack.json["terraform"] as Body)["required_providers"]).toEqual(
        Object.fromEntries(pinned.map((name) => [name, PROVIDER_VERSIONS[name]])),
      );
    });
    test("no data source, so that a plan from nothing needs no network", () => {
      expect(stack.json["data"]).toBeUndefined();
    });
    test("every input is a variable with a description and a condition, and every secret a sensitive one", () => {
      const uses = inputUses(platform, environment);
      expect(
        map(stack.json["variable"] as Record<string, Body>, ({ sensitive, description }) => [sensitive, description]),
      ).toEqual(Object.fromEntries(uses.map(({ input }) => [input.name, [input.secret, input.description]])));
      for (const { input } of uses) {
        const [{ condition }] = (stack.json["variable"] as Body)[input.name].validation;
        const { minLength, different } = demandsOf(input, environment.host.kind !== "local");
        expect(condition).toContain(`var.${input.name}`);
        if (minLength > 1) expect(condition).toContain(`length(var.${input.name}) >= ${minLength}`);
        if (different > 1) expect(condition).toContain(`split("", var.${input.name}))) >= ${different}`);
      }
    });
  });
});

describe.each(ON_COMPUTERS)("%s, on a computer", (_, { platform, environment, stack }) => {
  test("no server, no names, no TLS, no remote state", () => {
    expect(Object.keys(stack.json["provider"] as Body)).toEqual(["docker"]);
    expect(stack.text).not.toContain("websecure");
    expect((stack.json["terraform"] as Body)["backend"]).toEqual({
      local: { path: `../../../terraform.${platform.name}.${environment.name}.tfstate` },
    });
  });
  test("every service on its development port, by way of the edge", () => {
    for (const product of platform.products) {
      for (const { name, developmentPort } of product.services) {
        expect(stack.routing(`${product.name}_switch_job`)).toContain(
          `"${name}-port" = {"entryPoints" = ["port-${developmentPort}"]`,
        );
      }
    }
  });
  test("passwords have the catalog's defaults", () => {
    for (const { input } of inputUses(platform, environment)) {
      expect((stack.json["variable"] as Body)[input.name].default).toBe(input.developmentDefault);
    }
  });
});

describe.each(EVERY_PLATFORM)("%s, with a second set of its first product", (_, loaded) => {
  const { platform } = loaded;
  const before = synthStack(loaded);
  const [first] = platform.products;
  const canary = synthStack(variant({ of: loaded, releases: { [first!.name]: both(10) } }));
  test("fits the schemas", () => {
    expect(checkTerraform(canary.json, SCHEMAS)).toEqual([]);
  });
  test("changes no container of another product, no store, and neither the edge nor its keeper", () => {
    const others = pick(before, (_, name) => !name.startsWith(`${first!.name}_`));
    expect(pick(canary, (_, name) => name in others)).toEqual(others);
  });
  test("the containers of both colours stand side by side", () => {
    const names = (colour: Colour): string[] =>
      Object.keys(containers(canary)).filter((name) => name.startsWith(`${first!.name}_${colour}_`));
    expect(names("blue")).not.toEqual([]);
    expect(names("green")).toEqual(names("blue").map((name) => name.replace("_blue_", "_green_")));
  });
  test("neither set's containers wait for the other's, and the switch waits for both", () => {
    const waits = waitsFor(canary, `${first!.name}_switch_job`);
    for (const colour of COLOURS) {
      const own = `${first!.name}_${colour}_`;
      const names = Object.keys(containers(canary)).filter((name) => name.startsWith(own) && /-\d+$/.test(name));
      expect(waits).toEqual(expect.arrayContaining(names));
      for (const name of names) {
        const upstream = waitsFor(canary, name).filter((other) => /_(blue|green)_/.test(other));
        expect(upstream.filter((other) => !other.startsWith(own))).toEqual([]);
      }
    }
  });
  test("its switch's labels say so", () => {
    expect(canary.label(`${first!.name}_switch_job`, "release.weights")).toBe("blue=90,green=10");
    expect(canary.label(`${first!.name}_switch_job`, "release.green")).toBe("v1.6.0");
  });
});
