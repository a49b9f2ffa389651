import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { HcloudProvider } from "@cdktf/provider-hcloud/lib/provider";
import { type ITerraformDependable, TerraformOutput } from "cdktf";
import { Construct } from "constructs";
import { BundleHost } from "../constructs/cloudflare/bundle-host";
import { CacheRules } from "../constructs/cloudflare/cache-rules";
import { type DnsEntry, DnsRecords } from "../constructs/cloudflare/dns-records";
import { ZoneSettings } from "../constructs/cloudflare/zone-settings";
import { Custom } from "../constructs/data/custom";
import { Postgres } from "../constructs/data/postgres";
import { Redis, type RedisUser } from "../constructs/data/redis";
import { ContainerSet } from "../constructs/docker/container-set";
import type { Engine } from "../constructs/docker/engine";
import { Networks } from "../constructs/docker/networks";
import type { Edge } from "../constructs/edge/edge";
import { EdgeKeeper } from "../constructs/edge/edge-keeper";
import { NginxEdge } from "../constructs/edge/nginx";
import { RoutingJob } from "../constructs/edge/routing-job";
import { Switch } from "../constructs/edge/switch";
import { TraefikEdge } from "../constructs/edge/traefik";
import { Host } from "../constructs/hetzner/host";
import { SSH_OPTIONS } from "../constructs/hetzner/readiness-gate";
import { Prometheus } from "../constructs/monitoring/prometheus";
import { pinProvider } from "../constructs/provider-versions";
import { Variables } from "../constructs/variables";
import type { Environment, HetznerHost } from "../model/environment";
import { isInPostgres, roleConnections } from "../model/database";
import { canaryRules } from "../model/canary";
import { corsOrigins } from "../model/cors";
import { monitoringOf } from "../model/monitoring";
import { environmentPrefix } from "../model/names";
import { hostsOf, imageRepository, namesOf, type Platform, replicasOf, servicesOf, sized } from "../model/platform";
import { databasePassword, redisPassword } from "../model/inputs";
import { redisRights } from "../model/redis";
import { COLOURS, formatWeights, otherColour, type ProductRelease, type Release, tagOf } from "../model/release";
import type { ServiceRoute } from "../model/routing";
import type { Product, Service, Store } from "../model/service";
import { NamedStack } from "./named-stack";
import { ValueResolver } from "./resolve-values";

export interface EnvironmentStackProps {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly release: Release;
}

/**
 * One environment of one platform, whole: host, names, stores, edge, and each released product's container sets and
 * switch. It maps the catalog to constructs and holds no facts of its own.
 */
export class EnvironmentStack extends NamedStack {
  private readonly variables: Variables;
  private readonly values: ValueResolver;
  private readonly prefix: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EnvironmentStackProps,
  ) {
    super(scope, id);
    const { platform, environment } = props;
    this.prefix = environmentPrefix(platform.name, environment.name);
    this.variables = new Variables(this, "variables", environment.host.kind === "local");
    this.values = new ValueResolver(platform, environment, this.variables);

    this.keepState(platform.name, environment.name, environment.state);
    const host = environment.host.kind === "hetzner" ? this.host(environment.host) : undefined;
    const engine = this.engine(host);
    if (host && environment.dns.kind === "cloudflare") this.names(host.address, environment.dns.ownsZone);

    const networks = new Networks(this, "networks", engine, platform.networks);
    const stores = this.stores(engine, networks);
    const edge = this.edge(engine, networks);
    const monitoring = monitoringOf(platform);
    if (monitoring) new Prometheus(this, "prometheus", { engine, networks, settings: monitoring });
    new EdgeKeeper(this, "edge-keeper", { engine, networks, edge });
    const { file, content } = edge.settingsFile();
    const released = platform.products.filter(({ name }) => props.release[name]).map(({ name }) => name);
    const settings = new RoutingJob(this, "edge-settings", {
      engine,
      networks,
      edge,
      name: "settings-edge",
      operation: ["settings", file, ...released],
      contents: { all: content },
      labels: { service: "edge-settings", tier: "infrastructure" },
    });
    for (const product of platform.products) {
      const release = props.release[product.name];
      if (release) this.product(product, release, { engine, networks, edge, stores, settings });
    }
    new TerraformOutput(this, "live", {
      description: "Per product: the live set, its version, and each set's share of the traffic",
      value: Object.fromEntries(
        platform.products.flatMap(({ name }) => {
          const release = props.release[name];
          return release ? [[name, describe(release)]] : [];
        }),
      ),
    });
  }

  private host(host: HetznerHost): Host {
    const { platform, environment } = this.props;
    const { inputs } = platform;
    new HcloudProvider(this, "hcloud", { token: this.variables.text(inputs.hcloudToken) });
    pinProvider(this, "hcloud");
    return new Host(this, "host", {
      name: this.prefix,
      host,
      labels: { platform: platform.name, environment: environment.name, "managed-by": "twinset" },
      publicKeys: this.variables.variable(inputs.sshPublicKeys),
      sshFrom: this.variables.variable(inputs.sshAllowedCidrs).listValue,
    });
  }

  private engine(host: Host | undefined): Engine {
    const { platform, environment } = this.props;
    const { inputs } = platform;
    const provider = new DockerProvider(this, "docker", {
      ...(host ? { host: host.dockerHost, sshOpts: [...SSH_OPTIONS] } : {}),
      registryAuth: [
        {
          address: platform.registry.host,
          username: this.variables.text(inputs.registryUsername),
          password: this.variables.text(inputs.registryToken),
        },
      ],
    });
    pinProvider(this, "docker");
    return {
      provider,
      prefix: this.prefix,
      labelPrefix: platform.labelPrefix,
      environment: environment.name,
      ready: host ? [host.gate] : [],
      replacedWith: host ? [host.gate.address] : [],
      replaceOrder: environment.host.kind === "hetzner" && environment.host.maintenance ? "old-first" : "new-first",
      logs: platform.logs,
      digests: platform.digests,
      protectData: environment.protectData,
    };
  }

  private names(address: string, ownsZone: boolean): void {
    const { platform, environment } = this.props;
    const { inputs, zone } = platform;
    new CloudflareProvider(this, "cloudflare", { apiToken: this.variables.text(inputs.cloudflareApiToken) });
    pinProvider(this, "cloudflare");
    const zoneId = this.variables.text(inputs.cloudflareZoneId);
    const services = servicesOf(platform).flatMap((service): DnsEntry[] =>
      namesOf(service, environment).map((name) => ({
        name,
        type: "A",
        content: address,
        proxied: service.access.proxied,
      })),
    );
    new DnsRecords(this, "dns", {
      zoneId,
      entries: [...services, ...(ownsZone ? (zone.records ?? []) : [])],
      comment: `${this.prefix}, made by twinset`,
    });
    if (environment.otaHost) {
      new BundleHost(this, "bundles", {
        accountId: this.variables.text(inputs.cloudflareAccountId),
        zoneId,
        bucket: `${this.prefix}-ota`,
        host: environment.otaHost,
        protectData: environment.protectData,
      });
    }
    if (ownsZone) {
      new ZoneSettings(this, "zone", { zoneId, zone });
      if (zone.caching) new CacheRules(this, "cache", { zoneId, caching: zone.caching });
    }
  }

  private stores(engine: Engine, networks: Networks): Stores {
    const { platform, environment } = this.props;
    const ready = new Map<string, ITerraformDependable>();
    let postgres: Postgres | undefined;
    const make = (store: Store): ITerraformDependable => {
      const common = { engine, networks, publish: environment.developmentPorts };
      switch (store.kind) {
        case "postgres":
          postgres = new Postgres(this, store.name, {
            ...common,
            store,
            password: this.variables.text(store.password),
          });
          return postgres.ready;
        case "redis":
          return new Redis(this, store.name, {
            ...common,
            store,
            password: this.variables.text(store.password),
            users: this.redisUsers(),
          }).ready;
        case "custom": {
          const needed = (store.dependsOn ?? []).map(need);
          return new Custom(this, store.name, {
            ...common,
            store,
            env: this.values.env(store.env),
            dependsOn: needed,
          }).ready;
        }
      }
    };
    const need = (name: string): ITerraformDependable => {
      const known = ready.get(name);
      if (known) return known;
      const made = make(
        sized(
          environment,
          platform.stores.find((store) => store.name === name)!,
        ),
      );
      ready.set(name, made);
      return made;
    };
    for (const { name } of platform.stores) need(name);
    return { ready, postgres };
  }

  private redisUsers(): RedisUser[] {
    return this.props.platform.products.flatMap((product) => {
      const rights = redisRights(product);
      return rights ? [{ rights, password: this.variables.text(redisPassword(product.name)) }] : [];
    });
  }

  private edge(engine: Engine, networks: Networks): Edge {
    const { platform, environment } = this.props;
    const { tls, host } = environment;
    const Kind = platform.edge.kind === "traefik" ? TraefikEdge : NginxEdge;
    return new Kind(this, "edge", {
      engine,
      networks,
      settings: platform.edge,
      tls,
      ...(host.kind === "hetzner" && host.publishOn ? { publishOn: host.publishOn } : {}),
      zone: platform.zone.name,
      ...(tls.kind === "letsencrypt" && tls.challenge === "dns"
        ? { dnsToken: this.variables.text(platform.inputs.edgeDnsToken) }
        : {}),
      hstsMaxAge: platform.zone.hstsMaxAge,
      corsOrigins: corsOrigins(platform, environment),
      smokeKey: this.variables.text(platform.inputs.smokeKey),
      developmentPorts: environment.developmentPorts
        ? servicesOf(platform).map((s) => ({ service: s.name, port: s.developmentPort }))
        : [],
    });
  }

  private product(product: Product, release: ProductRelease, shared: Shared): void {
    const { platform, environment } = this.props;
    const { engine, networks, edge, stores, settings } = shared;
    const scope = new Construct(this, product.name);
    const before = this.before(product, stores);
    const sets = COLOURS.flatMap((colour) => {
      const set = release[colour];
      if (!set) return [];
      const migrationEnv = this.values.migrationEnv(product, set);
      return [
        new ContainerSet(scope, colour, {
          engine,
          networks,
          product: { ...product, services: product.services.map((service) => sized(environment, service)) },
          colour,
          release: set,
          repositoryOf: (service) => imageRepository(platform, service),
          envOf: (service) => this.values.env(service.env, { product, version: tagOf(set, service.name) }),
          ...(migrationEnv ? { migrationEnv } : {}),
          replicasOf: (service) => replicasOf(environment, service),
          domainOf: (service) => hostsOf(service, environment)[0],
          dependsOn: before,
        }),
      ];
    });
    new Switch(scope, "switch", {
      engine,
      networks,
      edge,
      product: product.name,
      release,
      routes: product.services.map((service) => this.route(service, sets)),
      lease: canaryRules(product.canary).lease,
      dependsOn: [settings],
    });
  }

  /** What must have happened before a product's containers start: its database is made, the stores it uses answer. */
  private before(product: Product, { ready, postgres }: Stores): ITerraformDependable[] {
    const { environment } = this.props;
    const stores = new Set(product.services.flatMap((s) => s.dependsOn ?? []).filter((name) => ready.has(name)));
    const waits = [...stores].map((name) => ready.get(name)!);
    if (!product.database || !isInPostgres(product, environment) || !postgres) return waits;
    const database = postgres.database(product.name, {
      database: product.database,
      password: this.variables.text(databasePassword(product.name)),
      connections: roleConnections(product, product.database, environment),
    });
    return [...waits, database];
  }

  private route(service: Service, sets: readonly ContainerSet[]): ServiceRoute {
    const { platform, environment } = this.props;
    const { corsFrom } = service.access;
    return {
      service: service.name,
      hosts: hostsOf(service, environment),
      webhookHosts: service.access.webhooks?.[environment.name] ?? [],
      api: service.access.api,
      ...(corsFrom ? { cors: { ...platform.edge.cors, origins: corsOrigins(platform, environment, corsFrom) } } : {}),
      port: service.port,
      ...(environment.developmentPorts ? { developmentPort: service.developmentPort } : {}),
      ...(service.health.kind === "http" ? { healthPath: service.health.path } : {}),
      servers: Object.fromEntries(sets.map((set) => [set.colour, set.servers[service.name]!])),
    };
  }
}

/** "blue v1.5.2, green v1.6.0 (blue=90,green=10)". */
function describe(release: ProductRelease): string {
  const set = (colour: "blue" | "green"): string => `${colour} ${release[colour]?.version ?? "-"}`;
  const idle = otherColour(release.live);
  return release[idle] === null ? set(release.live) : `${set(release.live)}, ${set(idle)} (${formatWeights(release)})`;
}

interface Stores {
  readonly ready: ReadonlyMap<string, ITerraformDependable>;
  readonly postgres: Postgres | undefined;
}

interface Shared {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly edge: Edge;
  readonly stores: Stores;
  readonly settings: ITerraformDependable;
}
