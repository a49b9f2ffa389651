/**
 * Checks across a whole platform, before anything is synthesized. Each function looks at one subject and returns every
 * problem that it finds; `checkPlatform` puts them together, so that a person sees all of them at once.
 */
import { MEMORY_WARNING, peakNeed, serverTypeOf } from "../model/capacity";
import { type Environment } from "../model/environment";
import { ENVIRONMENTS, type EnvironmentName } from "../model/environment-name";
import {
  containerName,
  environmentPrefix,
  HASH_LENGTH,
  inZone,
  isDnsLabel,
  isHostName,
  MAX_NAME,
  RESERVED_NAMES,
} from "../model/names";
import {
  type CacheRule,
  hostsOf,
  namesOf,
  planOf,
  type Platform,
  replicasOf,
  servicesOf,
  ZONE_PLANS,
  type ZoneCaching,
  type ZonePlan,
} from "../model/platform";
import { inputUses } from "../model/inputs";
import { error, list, type Problem, warning } from "../model/problem";
import type { Release } from "../model/release";
import { COLOURS } from "../model/release";
import { METRICS_PORT, PROBE_PORT } from "../model/routing";
import type { CustomStore, Product, Service, Store } from "../model/service";
import { days, type Duration } from "../model/units";
import { inputsOf, leavesOf, type Value } from "../model/values";
import { checkCanary } from "./canary-rules";
import { checkDelivery } from "./delivery-rules";
import { checkRelease } from "./release-file";

/** Each environment's release, and how problems name its file. */
export type Releases = Readonly<Record<EnvironmentName, { readonly release: Release; readonly path: string }>>;

export function checkPlatform(platform: Platform, releases: Releases): Problem[] {
  return [
    ...checkNames(platform),
    ...checkNetworks(platform),
    ...checkPorts(platform),
    ...checkDependencies(platform),
    ...checkReferences(platform),
    ...platform.products.flatMap((p) => checkDatabase(platform, p)),
    ...checkEdge(platform),
    ...platform.products.flatMap(checkCanary),
    ...platform.products.flatMap((p) => p.services.flatMap((s) => checkHealth(p, s))),
    ...checkSecrets(platform),
    ...checkInputs(platform),
    ...platform.stores.flatMap((store) => checkStore(platform, store)),
    ...checkHosts(platform),
    ...checkCacheRules(platform),
    ...checkZoneOwner(platform),
    ...checkDelivery(platform),
    ...ENVIRONMENTS.flatMap((name) => {
      const environment = platform.environments[name];
      const { release, path } = releases[name];
      return [
        ...checkHost(platform, environment),
        ...checkReplicas(platform, environment),
        ...checkLimits(platform, environment),
        ...checkMemory(platform, environment),
        ...checkRelease(release, path, platform.products, environment.pinnedVersions),
      ];
    }),
  ];
}

const at = (product: Product, service: Service, rest: string): string => `${product.name}/${service.name}/${rest}`;

/** Items that share a key, by key. */
function duplicates<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups].filter(([, group]) => group.length > 1);
}

function checkNames(platform: Platform): Problem[] {
  const problems: Problem[] = [];
  const reserved = [...RESERVED_NAMES, ...platform.stores.map((s) => s.name)];
  for (const { name } of platform.products.filter((p) => reserved.includes(p.name))) {
    problems.push(
      error(name, `the product name ${name}`, `a name other than ${list([...reserved].sort())}`, "rename the product"),
    );
  }
  for (const { name } of platform.stores.filter((s) => RESERVED_NAMES.includes(s.name))) {
    const others = `a name other than ${list([...RESERVED_NAMES].sort())}`;
    problems.push(error(name, `the store name ${name}`, others, "rename the store"));
  }
  const named = [
    ...servicesOf(platform).map((s) => ({ name: s.name, what: "service" })),
    ...platform.stores.map((s) => ({ name: s.name, what: "store" })),
  ];
  for (const [name, group] of duplicates(platform.products, (p) => p.name)) {
    problems.push(error(name, `${group.length} products "${name}"`, "one product of a name", "rename one of them"));
  }
  for (const [name, group] of duplicates(named, (n) => n.name)) {
    const what = list(group.map((g) => g.what));
    problems.push(error(name, `${what} with the name "${name}"`, "names that are unique", "rename one of them"));
  }
  for (const { name, what } of [...named, ...platform.products.map((p) => ({ name: p.name, what: "product" }))]) {
    if (!isDnsLabel(name)) {
      problems.push(
        error(
          name,
          `the ${what} name "${name}"`,
          `lower-case letters, digits and dashes, beginning with a letter, at most ${MAX_NAME}`,
          "rename it; containers reach each other by this name",
        ),
      );
    }
  }
  for (const product of platform.products) {
    for (const [role] of duplicates(product.services, (s) => s.role)) {
      problems.push(
        error(product.name, `two services in the role "${role}"`, "one service a role", "give one another role"),
      );
    }
    for (const service of product.services) {
      if (service.name !== product.name && !service.name.startsWith(`${product.name}-`)) {
        problems.push(
          error(
            at(product, service, "name"),
            service.name,
            `a name that begins with "${product.name}-"`,
            `rename it to ${product.name}-${service.role}`,
          ),
        );
      }
      problems.push(...checkContainerName(platform, product, service));
    }
  }
  return problems;
}

function checkContainerName(platform: Platform, product: Product, service: Service): Problem[] {
  const longest = ENVIRONMENTS.flatMap((environment) =>
    COLOURS.map((colour) => {
      const last = replicasOf(platform.environments[environment], service) - 1;
      return `${containerName(environmentPrefix(platform.name, environment), service.name, colour, last)}-${"0".repeat(HASH_LENGTH)}`;
    }),
  ).reduce((a, b) => (b.length > a.length ? b : a));
  return longest.length <= MAX_NAME
    ? []
    : [
        error(
          at(product, service, "name"),
          `${service.name}, which makes the container name ${longest} (${longest.length} characters)`,
          `container names of at most ${MAX_NAME} characters`,
          `shorten the name by ${longest.length - MAX_NAME}`,
        ),
      ];
}

function checkPorts(platform: Platform): Problem[] {
  const edge = [80, 443, PROBE_PORT, METRICS_PORT].map((port) => ({ path: "the edge", port }));
  const users = [
    ...edge,
    ...platform.products.flatMap((p) =>
      p.services.map((s) => ({ path: `${p.name}/${s.name}`, port: s.developmentPort })),
    ),
    ...platform.stores.flatMap((s) => portsOf(s).map((port) => ({ path: s.name, port }))),
  ];
  const taken = new Set(users.map((u) => u.port));
  const nextFree = (port: number): number => (taken.has(port) ? nextFree(port + 1) : port);
  return duplicates(users, (u) => String(u.port)).flatMap(([port, [first, ...others]]) =>
    others.map((user) =>
      error(
        `${user.path}/developmentPort`,
        `${port}, which ${first!.path} has`,
        "a port of its own",
        `take the next free port, ${nextFree(Number(port))}`,
      ),
    ),
  );
}

/** The ports that a store may have on a computer. */
const portsOf = (store: Store): number[] => [
  ...new Set([...(store.developmentPort ? [store.developmentPort] : []), ...(store.insidePorts ?? [])]),
];

function checkDependencies(platform: Platform): Problem[] {
  const services = new Map(servicesOf(platform).map((s) => [s.name, s]));
  const known = new Set([...services.keys(), ...platform.stores.map((s) => s.name)]);
  const problems: Problem[] = [];
  for (const product of platform.products) {
    for (const service of product.services) {
      for (const dependency of service.dependsOn ?? []) {
        if (!known.has(dependency)) {
          problems.push(
            error(
              at(product, service, "dependsOn"),
              dependency,
              `a service or store of the catalog: ${list([...known].sort())}`,
              "correct the name or add what is missing",
            ),
          );
        }
      }
    }
  }
  const stores = new Map(platform.stores.map((s) => [s.name, s.kind === "custom" ? s : { dependsOn: [] }]));
  for (const [name, { dependsOn = [] }] of stores) {
    for (const dependency of dependsOn.filter((other) => !stores.has(other))) {
      problems.push(
        error(
          `${name}/dependsOn`,
          dependency,
          `a store of the catalog: ${list([...stores.keys()].sort())}`,
          "correct the name or add what is missing",
        ),
      );
    }
  }
  for (const cycle of [findCycle(services), findCycle(stores)]) {
    if (!cycle) continue;
    problems.push(
      error(
        `${cycle[0]}/dependsOn`,
        cycle.join(" → "),
        "dependencies without a circle",
        "remove one of these dependencies; services that need each other only while serving need none",
      ),
    );
  }
  return problems;
}

/** The first circle in dependencies, closed: ["a", "b", "a"]. */
function findCycle(items: ReadonlyMap<string, { readonly dependsOn?: readonly string[] }>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, trail: string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of items.get(name)?.dependsOn ?? []) {
      const cycle = visit(next, [...trail, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of items.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Every environment variable of the catalog: the services' and the custom stores'. */
const variablesOf = (platform: Platform): { readonly path: string; readonly key: string; readonly value: Value }[] => [
  ...platform.products.flatMap((product) =>
    product.services.flatMap((service) =>
      Object.entries(service.env).map(([key, value]) => ({ path: at(product, service, `env/${key}`), key, value })),
    ),
  ),
  ...platform.stores.flatMap((store) =>
    store.kind === "custom"
      ? Object.entries(store.env).map(([key, value]) => ({ path: `${store.name}/env/${key}`, key, value }))
      : [],
  ),
];

/** Services that values and migrations name. */
function checkReferences(platform: Platform): Problem[] {
  const names = servicesOf(platform).map((s) => s.name);
  const known = new Set(names);
  return [
    ...variablesOf(platform).flatMap(({ path, value }) =>
      urlsIn(value)
        .filter((name) => !known.has(name))
        .map((name) => error(path, `the address of ${name}`, `one of ${list(names)}`, "correct the name")),
    ),
    ...platform.products.flatMap((product) =>
      product.migration && !product.services.some((s) => s.name === product.migration?.service)
        ? [
            error(
              `${product.name}/migration/service`,
              product.migration.service,
              `one of the product's services: ${list(product.services.map((s) => s.name))}`,
              "name the service whose image has the migrations",
            ),
          ]
        : [],
    ),
  ];
}

/** Who asks for a database must have one, and a store that it is in. */
function checkDatabase(platform: Platform, product: Product): Problem[] {
  const asks = product.services.filter((s) => Object.values(s.env).some(asksForDatabase)).map((s) => s.name);
  if (!product.database) {
    return asks.length > 0 || product.migration
      ? [
          error(
            `${product.name}/database`,
            `none, but ${list([...asks, ...(product.migration ? ["its migration"] : [])])} asks for its address`,
            "a database",
            `add database: { name: "${product.name}", at: { … } }`,
          ),
        ]
      : [];
  }
  const atSupabase = Object.values(product.database.at).includes("supabase");
  if (atSupabase && !platform.supabasePool) {
    return [
      error(
        `${product.name}/database/at`,
        "supabase, but the platform says nothing of Supabase's connections",
        "how many connections a service and a migration may have",
        "add supabasePool: { service: 10, migration: 1 } to the platform",
      ),
    ];
  }
  const inPostgres = Object.values(product.database.at).includes("postgres");
  return inPostgres && !platform.stores.some((s) => s.kind === "postgres")
    ? [
        error(
          `${product.name}/database/at`,
          "postgres, but the platform has no PostgreSQL",
          "a store of the kind postgres",
          "add one to the platform's stores",
        ),
      ]
    : [];
}

const asksForDatabase = (value: Value): boolean =>
  leavesOf(value).some((leaf) => typeof leaf !== "string" && leaf.kind === "database-url");

/** nginx cannot fetch certificates, and its companion proves names by DNS only. */
function checkEdge(platform: Platform): Problem[] {
  return ENVIRONMENTS.filter((name) => {
    const { tls } = platform.environments[name];
    return platform.edge.kind === "nginx" && tls.kind === "letsencrypt" && tls.challenge !== "dns";
  }).map((name) =>
    error(
      `environments/${name}/tls/challenge`,
      "http, with nginx as the edge",
      "dns, which nginx's companion uses",
      'write challenge: "dns", or take traefik as the edge',
    ),
  );
}

const urlsIn = (value: Value): string[] =>
  leavesOf(value).flatMap((leaf) => (typeof leaf !== "string" && leaf.kind === "url-of" ? [leaf.service] : []));

function checkHealth(product: Product, service: Service): Problem[] {
  const path = at(product, service, "health");
  // The type demands one; a catalog that was put together from data may still lack it.
  const health = service.health as Service["health"] | undefined;
  if (!health || (health.kind === "command" && health.command.length === 0)) {
    return [
      error(
        path,
        "no health check",
        "a way to see that the service can serve",
        'add health: Health.http("/api/health")',
      ),
    ];
  }
  return health.kind === "http" && !health.path.startsWith("/")
    ? [error(path, health.path, "a path that begins with /", `write /${health.path}`)]
    : [];
}

/** Environment variables whose name says that their value is a secret. Public ones are for browsers by convention. */
const SECRET_NAME =
  /(^|_)(SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIALS?|DSN)(_|$)|(API|SECRET|ACCESS|PRIVATE|ENCRYPTION|SIGNING)_KEY|DATABASE_URL$/;
const PUBLIC_NAME = /^(PUBLIC|NEXT_PUBLIC|VITE)_/;
/** Values that are secrets whatever their name: private keys, live keys, connection strings with a password. */
const SECRET_VALUE = /-----BEGIN [A-Z ]*PRIVATE KEY|^(sk|rk)_(live|test)_|^gh[pousr]_|:\/\/[^/\s:@]*:[^/\s@]+@/;

function checkSecrets(platform: Platform): Problem[] {
  return variablesOf(platform)
    .filter(
      ({ key, value }) =>
        plainTexts(value).some((text) => SECRET_VALUE.test(text)) ||
        (SECRET_NAME.test(key) && !PUBLIC_NAME.test(key) && plainTexts(value).some((text) => text !== "")),
    )
    .map(({ path, key }) =>
      error(
        path,
        "plain text",
        "a secret that is given at deploy time",
        `write secret("${key.toLowerCase()}", { … }), and change the value: it is known now`,
      ),
    );
}

/** Texts that stand whole in the catalog; what is around the inputs of a template is no secret, the joined text may be. */
function plainTexts(value: Value): string[] {
  if (typeof value === "string") return [value];
  if (value.kind === "per-environment") return Object.values(value.values).flatMap(plainTexts);
  if (value.kind === "url-encoded") return plainTexts(value.value);
  return value.kind === "template" && value.values.length === 0 ? [value.parts.join("")] : [];
}

/** Inputs become Terraform variables: their names must be such, and one name means one thing. */
function checkInputs(platform: Platform): Problem[] {
  const uses = ENVIRONMENTS.flatMap((name) => inputUses(platform, platform.environments[name]));
  const wrong = [...new Set(uses.map((u) => u.input.name))].filter((name) => !/^[a-z][a-z0-9_]*$/.test(name));
  const all = variablesOf(platform).flatMap(({ value }) => inputsOf(value));
  const unclear = [...new Set(all.map((i) => i.name))].filter(
    (name) => new Set(all.filter((i) => i.name === name).map((i) => i.secret)).size > 1,
  );
  return [
    ...wrong.map((name) =>
      error(`inputs/${name}`, name, "lower-case letters, digits and underscores", "rename the input"),
    ),
    ...unclear.map((name) =>
      error(`inputs/${name}`, "a secret in one place and a setting in another", "one of the two", "make both a secret"),
    ),
  ];
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

/** Every network that something joins exists, and the edge reaches every service. */
function checkNetworks(platform: Platform): Problem[] {
  const { networks } = platform;
  const withEdge = Object.keys(networks).filter((name) => networks[name]!.edge);
  if (withEdge.length === 0) {
    return [error("networks", "none that the edge is in", "at least one", "write edge: true at one of them")];
  }
  const users = [
    ...platform.products.flatMap((p) => p.services.map((s) => ({ path: at(p, s, "networks"), names: s.networks }))),
    ...platform.stores.map((s) => ({ path: `${s.name}/networks`, names: s.networks })),
  ];
  const unknown = users.flatMap(({ path, names }) =>
    names
      .filter((name) => !networks[name])
      .map((name) => error(path, name, `one of ${list(Object.keys(networks))}`, "correct the name")),
  );
  const unreachable = platform.products.flatMap((product) =>
    product.services
      .filter((service) => !service.networks.some((name) => networks[name]?.edge))
      .map((service) =>
        error(
          at(product, service, "networks"),
          `${list([...service.networks])}, in which the edge is not`,
          `a network with the edge: ${list(withEdge)}`,
          `add ${withEdge[0]}`,
        ),
      ),
  );
  return [...unknown, ...unreachable];
}

function checkStore(platform: Platform, store: Store): Problem[] {
  const { networks } = platform;
  const open = store.networks.filter((network) => networks[network]?.open || networks[network]?.edge);
  const closed = Object.keys(networks).filter((name) => !networks[name]!.open && !networks[name]!.edge);
  const publishes = portsOf(store).length > 0 && !Object.values(networks).some((network) => network.open);
  const tag = /:([^/:]+)$/.exec(store.image)?.[1];
  return [
    ...open.map((network) =>
      error(
        `${store.name}/networks`,
        network,
        `closed networks only, which nothing outside reaches: ${closed.length > 0 ? list(closed) : "there is none"}`,
        `remove it; services that need the store join ${closed.length > 0 ? closed[0] : "a closed network that you add"}`,
      ),
    ),
    ...(publishes
      ? [
          error(
            `${store.name}/${store.developmentPort ? "developmentPort" : "insidePorts"}`,
            `${portsOf(store).join(", ")}, but every network is closed`,
            "an open network, as a closed one publishes no port",
            "add a network with open: true",
          ),
        ]
      : []),
    ...(store.kind === "custom" && store.files && store.sandbox.readOnly !== false
      ? [
          error(
            `${store.name}/files`,
            "files for a read-only file system",
            "a file system that Docker can write them to",
            "write readOnly: false into its sandbox",
          ),
        ]
      : []),
    ...(store.kind === "custom" ? checkStoreEnv(store) : []),
    ...(store.bindAddress !== undefined && !LOOPBACK.test(store.bindAddress)
      ? [
          error(
            `${store.name}/bindAddress`,
            store.bindAddress,
            "an address of this computer only, as 127.0.0.1",
            "remove it; 127.0.0.1 is the default",
          ),
        ]
      : []),
    ...(tag === undefined || tag === "latest"
      ? [
          error(
            `${store.name}/image`,
            store.image,
            "an image with a version",
            "name the version, e.g. postgres:16-alpine",
          ),
        ]
      : []),
  ];
}

/** A store belongs to no product and to no set. */
function checkStoreEnv(store: CustomStore): Problem[] {
  return Object.entries(store.env).flatMap(([key, value]) =>
    leavesOf(value)
      .flatMap((leaf) =>
        typeof leaf !== "string" && (leaf.kind === "database-url" || leaf.kind === "set-version") ? [leaf.kind] : [],
      )
      .map((kind) =>
        error(
          `${store.name}/env/${key}`,
          kind === "database-url" ? "a product's database" : "a set's version",
          "a value that is not a product's",
          "give it as a text, a secret or a setting",
        ),
      ),
  );
}

function checkHosts(platform: Platform): Problem[] {
  const problems: Problem[] = [];
  for (const name of ENVIRONMENTS) {
    const environment = platform.environments[name];
    const users = platform.products.flatMap((product) =>
      product.services.flatMap((service) =>
        namesOf(service, environment).map((host) => ({
          host,
          path: at(
            product,
            service,
            `access/${hostsOf(service, environment).includes(host) ? "hosts" : "webhooks"}/${name}`,
          ),
        })),
      ),
    );
    const all = environment.otaHost ? [...users, { host: environment.otaHost, path: `${name}/otaHost` }] : users;
    for (const [host, [first, ...others]] of duplicates(all, (u) => u.host)) {
      for (const user of others) {
        problems.push(
          error(user.path, `${host}, which ${first!.path} has`, "a host name of its own", "change one of them"),
        );
      }
    }
    const { tls } = environment;
    for (const { host, path } of users) {
      if (tls.kind === "letsencrypt" && tls.challenge === "dns" && tooDeep(host, platform.zone.name)) {
        problems.push(
          error(
            path,
            `${host}, with one certificate for ${platform.zone.name} and everything right below it`,
            `a name right below ${platform.zone.name}`,
            `take a dash for the dot, or write challenge: "http" into environments/${name}/tls`,
          ),
        );
      }
    }
    for (const { host, path } of all) {
      if (!isHostName(host)) {
        problems.push(error(path, host, "a host name: parts of letters, digits and dashes", "correct the name"));
      } else if (environment.dns.kind === "cloudflare" && !inZone(host, platform.zone.name)) {
        problems.push(
          error(path, host, `a name in the zone ${platform.zone.name}`, `let it end in .${platform.zone.name}`),
        );
      }
    }
  }
  return problems;
}

/** Is it a name that a wildcard certificate of the zone does not cover? */
const tooDeep = (host: string, zone: string): boolean =>
  host.endsWith(`.${zone}`) && host.slice(0, -zone.length - 1).includes(".");

/** Does Cloudflare's wildcard pattern fit the address (host and path)? */
export const matchesPattern = (pattern: string, address: string): boolean =>
  new RegExp(
    `^${pattern
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  ).test(address);

/** The rule that Cloudflare applies: the first that fits. */
export const effectiveRule = (rules: readonly CacheRule[], address: string): CacheRule | undefined =>
  rules.find((rule) => matchesPattern(rule.pattern, address));

/** "The provider refuses edge_cache_ttl above 2,419,200 s" (measured, cloudflare 5.22.0). */
const MAX_EDGE_TTL: Duration = days(28);

function checkCacheRules(platform: Platform): Problem[] {
  const { caching } = platform.zone;
  return [
    ...(caching ? checkCaching(caching, planOf(platform.zone)) : []),
    ...ENVIRONMENTS.flatMap((name) => checkCached(platform, platform.environments[name], caching?.rules ?? [])),
  ];
}

function checkCaching(caching: ZoneCaching, planName: ZonePlan): Problem[] {
  const plan = ZONE_PLANS[planName];
  const problems: Problem[] = [];
  if (caching.rulesAs === "page-rules" && caching.rules.length > plan.pageRules) {
    problems.push(
      error(
        "zone/caching/rules",
        `${caching.rules.length} page rules`,
        `at most ${plan.pageRules}, as the plan "${planName}" permits`,
        'put names together with wildcards, or write rulesAs: "cache-rules"',
      ),
    );
  }
  for (const rule of caching.rules) {
    if (rule.polish && !plan.polish) {
      problems.push(
        error(
          `zone/caching/rules/${rule.id}/polish`,
          `Polish on the plan "${planName}"`,
          "the plan pro or higher",
          'remove polish, or write plan: "pro"',
        ),
      );
    }
  }
  if (caching.edgeTtl.seconds > MAX_EDGE_TTL.seconds) {
    problems.push(
      error(
        "zone/caching/edgeTtl",
        `${caching.edgeTtl.seconds} s`,
        `at most ${MAX_EDGE_TTL.seconds} s (28 days)`,
        "shorten it",
      ),
    );
  }
  return problems;
}

/** Does each name get the treatment that its service asks for? */
function checkCached(platform: Platform, environment: Environment, rules: readonly CacheRule[]): Problem[] {
  if (environment.dns.kind === "none") return [];
  return platform.products.flatMap((product) =>
    product.services.flatMap((service) =>
      namesOf(service, environment).flatMap((host) => {
        const rule = effectiveRule(rules, `${host}/`);
        const effect = rule?.cache ?? "bypass";
        return effect === service.access.cache
          ? []
          : [
              error(
                at(product, service, "access/cache"),
                `"${service.access.cache}", but for ${host} ${rule ? `the rule "${rule.id}" says "${effect}"` : "no rule fits"}`,
                "rules that do what the service says",
                "correct zone.caching.rules: the first rule that fits an address decides",
              ),
            ];
      }),
    ),
  );
}

function checkZoneOwner(platform: Platform): Problem[] {
  const users = ENVIRONMENTS.filter((name) => platform.environments[name].dns.kind === "cloudflare");
  const owners = users.filter((name) => {
    const { dns } = platform.environments[name];
    return dns.kind === "cloudflare" && dns.ownsZone;
  });
  return users.length === 0 || owners.length === 1
    ? []
    : [
        error(
          "environments/dns/ownsZone",
          owners.length === 0 ? "no environment owns the zone" : `${list(owners)} own the zone`,
          "exactly one: a zone has its settings and rules only once",
          "set ownsZone: true in one environment, as a rule production",
        ),
      ];
}

function checkHost(platform: Platform, environment: Environment): Problem[] {
  const { host } = environment;
  if (host.kind === "local") return [];
  const path = `environments/${environment.name}/host`;
  return [
    ...(platform.serverTypes[host.serverType]
      ? []
      : [
          error(
            `${path}/serverType`,
            host.serverType,
            `one of ${list(Object.keys(platform.serverTypes))}`,
            "correct the name or add the type to serverTypes",
          ),
        ]),
    ...(host.volume.gibibytes < 10
      ? [error(`${path}/volume`, host.volume.toString(), "at least 10 GiB, Hetzner's smallest volume", "enlarge it")]
      : []),
  ];
}

function checkReplicas(platform: Platform, environment: Environment): Problem[] {
  const names = servicesOf(platform).map((s) => s.name);
  return Object.entries(environment.replicas ?? {}).flatMap(([name, count]) => {
    const path = `environments/${environment.name}/replicas/${name}`;
    if (!names.includes(name)) {
      return [error(path, name, `one of ${list(names)}`, "remove it or correct its spelling")];
    }
    return Number.isInteger(count) && count >= 1
      ? []
      : [error(path, String(count), "a whole number, at least 1", "correct the number")];
  });
}

function checkLimits(platform: Platform, environment: Environment): Problem[] {
  const names = [...servicesOf(platform), ...platform.stores].map((s) => s.name);
  return Object.keys(environment.limits ?? {})
    .filter((name) => !names.includes(name))
    .map((name) =>
      error(
        `environments/${environment.name}/limits/${name}`,
        name,
        `one of ${list(names)}`,
        "remove it or correct its spelling",
      ),
    );
}

function checkMemory(platform: Platform, environment: Environment): Problem[] {
  const type = serverTypeOf(platform, environment);
  if (!type || environment.host.kind !== "hetzner") return [];
  const { memory } = peakNeed(platform, environment);
  const share = memory.mebibytes / type.memory.mebibytes;
  if (share <= MEMORY_WARNING) return [];
  const report = share > 1 ? error : warning;
  return [
    report(
      `environments/${environment.name}/host/serverType`,
      `${environment.host.serverType} with ${type.memory}, where both sets together may use ${memory} (${Math.round(share * 100)} %)`,
      share > 1 ? "a server on which both sets fit" : `at most ${MEMORY_WARNING * 100} %, as the system needs some too`,
      "take a larger server type, or lower memory limits or replicas",
    ),
  ];
}
