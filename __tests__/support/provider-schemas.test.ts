import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkTerraform, loadProviderSchemas, type TerraformJson } from "./provider-schemas";
import { parseTemplate, parseTraversal } from "./terraform-expressions";

const schemas = loadProviderSchemas(join(__dirname, "..", "..", "schemas"));

const terraform = {
  backend: { local: { path: "state.tfstate" } },
  required_providers: {
    docker: { source: "kreuzwerker/docker", version: "4.5.0" },
    cloudflare: { source: "registry.terraform.io/cloudflare/cloudflare", version: "5.22.0" },
    github: { source: "integrations/github", version: "6.13.0" },
    hcloud: { source: "hetznercloud/hcloud", version: "1.68.0" },
  },
};

const check = (json: TerraformJson): string[] => checkTerraform({ terraform, ...json }, schemas);

/** One container, valid on its own; `more` is merged over it. */
const container = (more: object, rest: TerraformJson = {}): string[] =>
  check({ resource: { docker_container: { x: { name: "x", image: "nginx", ...more } } }, ...rest });

/** A terraform_data, whose input takes anything, together with whatever it may refer to. */
const input = (value: unknown, rest: Record<string, object> = {}): string[] =>
  check({ resource: { ...rest, terraform_data: { x: { input: value } } } });

const image = { docker_image: { app: { name: "nginx" } } };
const servers = { hcloud_server: { all: { for_each: { a: 1 }, name: "${each.key}", server_type: "cx22" } } };

/** Everything that is supported, in one configuration without a problem. */
const everything: TerraformJson = {
  "//": { metadata: { version: "0.21.0" } },
  terraform,
  variable: {
    token: { type: "string", sensitive: true, description: "Not a ${template} at all" },
    replicas: {
      type: "number",
      default: 2,
      validation: [{ condition: "${var.replicas > 0}", error_message: "Too few: ${var.replicas}." }],
    },
    ips: { type: "list(string)", default: ["10.0.0.1"] },
  },
  locals: { names: ["a", "b"], prefix: "twinset-${length(local.names)}" },
  provider: {
    docker: [{ alias: "blue", host: "ssh://root@${hcloud_server.main.ipv4_address}:22" }, { host: "unix:///x.sock" }],
    hcloud: { token: "${var.token}" },
  },
  data: {
    docker_registry_image: { app: { provider: "docker.blue", name: "nginx:1" } },
    hcloud_image: { base: { name: "debian-12", lifecycle: { postcondition: [] } } },
  },
  resource: {
    hcloud_server: {
      main: {
        "//": { uniqueId: "main" },
        name: "main",
        server_type: "cx22",
        image: "${data.hcloud_image.base.id}",
        connection: { host: "${self.ipv4_address}", type: "ssh", port: 22 },
        provisioner: [
          {
            "local-exec": { command: "wait ${self.id}", environment: { IP: "${self.ipv4_address}" } },
          },
          { "local-exec": { command: "drain ${self.name}", when: "destroy", on_failure: "continue" } },
        ],
      },
    },
    hcloud_firewall: {
      web: {
        name: "web",
        dynamic: {
          rule: {
            for_each: "${toset(var.ips)}",
            iterator: "source",
            content: { direction: "in", protocol: "tcp", port: "80", source_ips: ["${source.value}"] },
          },
        },
      },
    },
    hcloud_zone_rrset: {
      www: { name: "www", type: "A", zone: "example.com", records: [{ value: "${hcloud_server.main.ipv4_address}" }] },
    },
    docker_image: {
      app: {
        provider: "docker.blue",
        name: "nginx@${data.docker_registry_image.app.sha256_digest}",
        keep_locally: true,
        lifecycle: { create_before_destroy: true },
      },
    },
    docker_container: {
      app: {
        provider: "docker.blue",
        count: "${var.replicas}",
        name: "${local.prefix}-${count.index}",
        image: "${docker_image.app.image_id}",
        memory: 256,
        env: ["A=$${not.a.reference}", "B=%%{nor this}"],
        log_opts: { "max-size": "1m" },
        entrypoint: null,
        ports: [{ internal: 80, external: "${8000 + count.index}" }],
        healthcheck: { test: ["CMD", "true"] },
        timeouts: { create: "5m" },
        depends_on: ["hcloud_firewall.web", "data.hcloud_image.base"],
        lifecycle: [
          {
            ignore_changes: ["image", "ports[0].external", 'log_opts["max-size"]'],
            replace_triggered_by: ["docker_image.app.image_id", "docker_volume.data"],
            precondition: [{ condition: "${var.replicas < 9}", error_message: "Too many" }],
          },
        ],
      },
    },
    docker_volume: { data: { name: "data", lifecycle: { ignore_changes: "all", prevent_destroy: true } } },
    terraform_data: {
      generation: {
        input: { zone: "${cloudflare_dns_record.root.name}", all: "${docker_container.app[*].id}" },
        triggers_replace: ["${docker_container.app[0].network_data[0].ip_address}"],
      },
    },
    cloudflare_dns_record: {
      root: { zone_id: "z", name: "@", type: "SRV", ttl: 1, proxied: false, data: { port: 1, flags: "x" } },
    },
    github_repository_ruleset: {
      main: {
        name: "main",
        repository: "app",
        target: "branch",
        enforcement: "active",
        conditions: { ref_name: { include: ["~ALL"], exclude: [] } },
        rules: { deletion: true },
      },
    },
  },
  output: {
    ip: { value: "${hcloud_server.main.ipv4_address}", description: "Where", depends_on: ["docker_image.app"] },
    token: { value: "${var.token}", sensitive: true },
    hash: { value: "${nonsensitive(sha256(var.token))}" },
  },
};

describe("a configuration that uses everything", () => {
  test("has no problems, and is not changed", () => {
    const before = structuredClone(everything);
    expect(checkTerraform(everything, schemas)).toEqual([]);
    expect(everything).toEqual(before);
  });

  test("is empty", () => {
    expect(checkTerraform({}, schemas)).toEqual([]);
  });

  test("loads every schema file", () => {
    expect([...schemas.keys()].sort()).toEqual([
      "cloudflare/cloudflare@5.22.0",
      "hetznercloud/hcloud@1.68.0",
      "integrations/github@6.13.0",
      "kreuzwerker/docker@4.5.0",
    ]);
  });
});

type Case = readonly [title: string, problems: string[], expected: readonly string[]];
const cases = (title: string, list: readonly Case[]): void => {
  describe(title, () => {
    test.each(list)("%s", (_title, problems, expected) => {
      expect(problems).toEqual(expected);
    });
  });
};

cases("names", [
  [
    "an unknown resource type",
    check({ resource: { docker_pod: { x: {} } } }),
    ["docker_pod.x: docker has no resource docker_pod"],
  ],
  [
    "an unknown data source",
    check({ data: { cloudflare_dns_record: { x: {} } } }),
    ["data.cloudflare_dns_record.x: cloudflare has no data cloudflare_dns_record"],
  ],
  ["an unknown attribute", container({ memroy: 1 }), ["docker_container.x.memroy: is not in the schema"]],
  [
    "an unknown attribute of a block",
    container({ ports: [{ internal: 1 }, { internal: 2, port: 3 }] }),
    ["docker_container.x.ports[1].port: is not in the schema"],
  ],
  [
    "an attribute that only JavaScript objects have",
    container({ constructor: "x" }),
    ["docker_container.x.constructor: is not in the schema"],
  ],
  [
    "a bad resource name",
    check({ resource: { docker_image: { "a b": { name: "a" } } } }),
    ["docker_image.a b: is not a valid name"],
  ],
  ["an unknown section", check({ module: {} }), ["module: is not in the schema"]],
  ["a section of the wrong form", check({ resource: [] }), ["resource: is [], but must be a map"]],
  [
    "a resource that is not an object",
    check({ resource: { docker_image: { x: "nginx" } } }),
    ['docker_image.x: is "nginx", but must be a block'],
  ],
]);

cases("values", [
  [
    "a string for a number",
    container({ memory: "lots" }),
    ['docker_container.x.memory: is "lots", but must be a number'],
  ],
  ["a number in quotes", container({ memory: "1" }), ['docker_container.x.memory: is "1", but must be a number']],
  ["a bool in quotes", container({ rm: "true" }), ['docker_container.x.rm: is "true", but must be a bool']],
  ["a number for a string", container({ hostname: 1 }), ["docker_container.x.hostname: is 1, but must be a string"]],
  [
    "text around an expression for a number",
    container({ memory: "${1}m" }),
    ['docker_container.x.memory: is "${1}m", but must be a number'],
  ],
  ["a number in a set", container({ env: ["A=1", 2] }), ["docker_container.x.env[1]: is 2, but must be a string"]],
  ["null in a list", container({ command: [null] }), ["docker_container.x.command[0]: is null, but must be a string"]],
  ["a string for a list", container({ command: "run" }), ['docker_container.x.command: is "run", but must be a list']],
  [
    "a list for a map",
    container({ sysctls: [{ a: "b" }] }),
    ['docker_container.x.sysctls: is [{"a":"b"}], but must be a map'],
  ],
  [
    "a number in a map",
    container({ sysctls: { a: 1 } }),
    ['docker_container.x.sysctls["a"]: is 1, but must be a string'],
  ],
  [
    "nested attributes",
    check({
      resource: {
        hcloud_zone_rrset: {
          x: { name: "x", type: "A", zone: "z", records: [{ value: 1 }, { comment: "c" }, "${self.id}"] },
          y: { name: "y", type: "A", zone: "z", records: { value: "1" } },
        },
        cloudflare_dns_record: { z: { zone_id: "z", name: "z", type: "A", ttl: 1, data: [{ port: 1 }] } },
      },
    }),
    [
      "hcloud_zone_rrset.x.records[0].value: is 1, but must be a string",
      "hcloud_zone_rrset.x.records[1].value: is required, but missing",
      'hcloud_zone_rrset.y.records: is {"value":"1"}, but must be a set of objects',
      'cloudflare_dns_record.z.data: is [{"port":1}], but must be an object',
    ],
  ],
  [
    "a required attribute left out",
    check({ resource: { docker_image: { x: {} } } }),
    ["docker_image.x.name: is required, but missing"],
  ],
  ["a required attribute of null", container({ image: null }), ["docker_container.x.image: is required, but missing"]],
  [
    "a computed attribute",
    container({ exit_code: 0 }),
    ["docker_container.x.exit_code: is computed by the provider, so it cannot be set"],
  ],
  [
    "a broken expression",
    container({ hostname: "${upper(var.x}" }),
    ["docker_container.x.hostname: has a } where a ) is due"],
  ],
  [
    "a value that is long",
    container({ memory: "x".repeat(100) }),
    [`docker_container.x.memory: is "${"x".repeat(76)}..., but must be a number`],
  ],
]);

const service = (more: object): string[] => check({ resource: { docker_service: { x: { name: "x", ...more } } } });

cases("blocks", [
  ["too few", service({}), ["docker_service.x.task_spec: occurs 0 times, but must occur at least 1 times"]],
  [
    "too few, one level down",
    service({ task_spec: {} }),
    ["docker_service.x.task_spec.container_spec: occurs 0 times, but must occur at least 1 times"],
  ],
  [
    "too many",
    container({ healthcheck: [{}, {}] }),
    ["docker_container.x.healthcheck: occurs 2 times, but may occur at most 1 times"],
  ],
  [
    "too many of nesting mode single",
    container({ timeouts: [{}, {}] }),
    ["docker_container.x.timeouts: occurs 2 times, but may occur at most 1 times"],
  ],
  [
    "an expression for a block",
    container({ ports: "${[]}" }),
    ['docker_container.x.ports: is "${[]}", but must be a block'],
  ],
  ["no blocks at all", container({ ports: [], healthcheck: null }), []],
  [
    "a dynamic block for the one that must be there",
    service({
      dynamic: { task_spec: { for_each: [1], content: { container_spec: { image: "${task_spec.value}" } } } },
    }),
    [],
  ],
  [
    "bad dynamic blocks",
    container({
      dynamic: [
        { ports: { for_each: "${var.gone}", content: { internal: "x", ip: "${ports.value} ${port.value}" } } },
        { port: { for_each: [], content: {} } },
        { host: { content: [{ host: "h", ip: "i" }] } },
      ],
    }),
    [
      'docker_container.x.dynamic[0].ports.content.internal: is "x", but must be a number',
      "docker_container.x.dynamic[1].port: is not a block of the schema",
      "docker_container.x.dynamic[2].host.for_each: is required, but missing",
      "docker_container.x.dynamic[0].ports.for_each: refers to var.gone, but var.gone does not exist",
      "docker_container.x.dynamic[0].ports.content.ip: refers to port.value, but port.value does not exist",
    ],
  ],
]);

cases("the terraform block and providers", [
  [
    "a version without a schema file",
    check({ terraform: { required_providers: { docker: { source: "kreuzwerker/docker", version: "~> 4.5" } } } }),
    ['terraform.required_providers.docker.version: is "~> 4.5", but must be "4.5.0"'],
  ],
  [
    "a source without a schema file",
    check({ terraform: { required_providers: { aws: { source: "hashicorp/aws", version: "1.0.0" } } } }),
    ['terraform.required_providers.aws.source: is "hashicorp/aws", but must be a provider with a schema file'],
  ],
  [
    "a resource whose provider is not required",
    check({ resource: { aws_vpc: { x: {} } } }),
    ["aws_vpc.x: needs aws, which is not in required_providers"],
  ],
  ["a provider that is not required", check({ provider: { aws: {} } }), ["provider.aws: is not in required_providers"]],
  [
    "a bad provider block",
    check({ provider: { docker: [{ hots: "x" }, { alias: "a", ssh_opts: "-p 1" }] } }),
    ["provider.docker.hots: is not in the schema", 'provider.docker.a.ssh_opts: is "-p 1", but must be a list'],
  ],
  [
    "the same provider twice",
    check({ provider: { docker: [{ alias: "a" }, { alias: "a" }] } }),
    ["provider.docker.a: is declared twice"],
  ],
  [
    "a provider alias that does not exist",
    container({ provider: "docker.green" }, { provider: { docker: { alias: "blue" } } }),
    ["docker_container.x: uses provider.docker.green, which is not configured"],
  ],
  [
    "a default provider forgotten next to an alias",
    container({}, { provider: { docker: [{ alias: "blue" }] } }),
    ["docker_container.x: uses provider.docker, which is not configured"],
  ],
  [
    "a backend that is not constant",
    check({ terraform: { backend: { local: { path: "${path.module}/${local.x}" } } }, locals: {} }),
    ["terraform.backend.local.path: refers to local.x, but must be constant"],
  ],
]);

cases("variables, locals and outputs", [
  [
    "a variable that nothing uses, but itself",
    check({ variable: { x: { validation: { condition: "${var.x > 1}", error_message: "No" } } } }),
    ["var.x: is declared but nothing uses it"],
  ],
  ["a local that nothing uses", check({ locals: { x: 1 } }), ["local.x: is declared but nothing uses it"]],
  [
    "an unknown key",
    check({ variable: { x: { defualt: 1 } }, output: { y: { value: "${var.x}", sensitve: true } } }),
    ["var.x.defualt: is not in the schema", "output.y.sensitve: is not in the schema"],
  ],
  [
    "a default of the wrong type",
    check({ variable: { x: { type: "map(number)", default: { a: "b" } } }, output: { y: { value: "${var.x}" } } }),
    ['var.x.default["a"]: is "b", but must be a number'],
  ],
  [
    "a default that refers to something",
    check({
      variable: { x: { default: "${path.module}" }, y: { default: "${var.x}" } },
      output: { z: { value: "${[var.x, var.y]}" } },
    }),
    ["var.y.default: refers to var.x, but must be constant"],
  ],
  ["an output without a value", check({ output: { x: {} } }), ["output.x.value: is required, but missing"]],
  [
    "a sensitive variable in the open",
    check({ variable: { x: { sensitive: true } }, output: { y: { value: { deep: ["a-${var.x}"] } } } }),
    ["output.y.value.deep[0]: refers to var.x, which is sensitive, so the output must be too"],
  ],
  [
    "a sensitive attribute in the open",
    check({
      resource: { cloudflare_zero_trust_access_service_token: { t: { name: "t", account_id: "a" } } },
      output: { y: { value: "${cloudflare_zero_trust_access_service_token.t.client_secret}", sensitive: false } },
    }),
    [
      "output.y.value: refers to cloudflare_zero_trust_access_service_token.t.client_secret, which is sensitive, " +
        "so the output must be too",
    ],
  ],
]);

cases("meta arguments", [
  [
    "values of the wrong type",
    container({ count: "two", depends_on: "docker_image.app", lifecycle: { prevent_destroy: "yes", destroy: true } }),
    [
      'docker_container.x.count: is "two", but must be a number',
      'docker_container.x.depends_on: is "docker_image.app", but must be a list',
      'docker_container.x.lifecycle.prevent_destroy: is "yes", but must be a bool',
      "docker_container.x.lifecycle.destroy: is not in the schema",
    ],
  ],
  [
    "both count and for_each, of a list",
    container({ count: 1, for_each: ["a"] }),
    ["docker_container.x: has both count and for_each", 'docker_container.x.for_each: is ["a"], but must be a map'],
  ],
  [
    "ignore_changes of attributes that do not exist",
    container({ lifecycle: { ignore_changes: ["memroy", "count", "labels"] } }),
    [
      'docker_container.x.lifecycle.ignore_changes[0]: is "memroy", but must be an attribute of the resource',
      'docker_container.x.lifecycle.ignore_changes[1]: is "count", but must be an attribute of the resource',
    ],
  ],
  [
    "ignore_changes of something else",
    container({ lifecycle: { ignore_changes: "image" } }),
    ['docker_container.x.lifecycle.ignore_changes: is "image", but must be a list of attributes or "all"'],
  ],
  [
    "bare addresses that do not resolve",
    container({
      depends_on: ["docker_image.gone", "data.docker_image.gone", "not an address"],
      lifecycle: { replace_triggered_by: ["docker_image.gone.id"] },
    }),
    [
      "docker_container.x.depends_on[0]: refers to docker_image.gone, but docker_image.gone does not exist",
      "docker_container.x.depends_on[1]: refers to data.docker_image.gone, but data.docker_image.gone does not exist",
      "docker_container.x.depends_on[2]: is not an address",
      "docker_container.x.lifecycle.replace_triggered_by[0]: refers to docker_image.gone.id, " +
        "but docker_image.gone does not exist",
    ],
  ],
  [
    "replace_triggered_by something that is not a resource",
    container({ lifecycle: { replace_triggered_by: ["var.x"] } }, { variable: { x: {} } }),
    ['docker_container.x.lifecycle.replace_triggered_by[0]: is "var.x", but must be a resource'],
  ],
  [
    "bad provisioners",
    check({
      resource: {
        ...image,
        terraform_data: {
          x: {
            provisioner: [
              { "local-exec": { when: "later", on_failure: "retry" } },
              { "local-exec": [{ command: "rm ${docker_image.app.id}", when: "destroy" }] },
              { "local-exce": { command: "x" } },
            ],
          },
        },
      },
    }),
    [
      "terraform_data.x.provisioner[0].local-exec.command: is required, but missing",
      "terraform_data.x.provisioner[2].local-exce: is not in the schema",
      'terraform_data.x.provisioner[0].local-exec.when: is "later", but must be "create" or "destroy"',
      'terraform_data.x.provisioner[0].local-exec.on_failure: is "retry", but must be "continue" or "fail"',
      "terraform_data.x.provisioner[1].local-exec[0]: refers to docker_image.app.id, " +
        "but a destroy provisioner may refer only to self",
    ],
  ],
]);

const missing = (text: string, address: string): string[] => [
  `terraform_data.x.input: refers to ${text}, but ${address} does not exist`,
];

cases("references", [
  ["a resource that does not exist", input("${docker_image.app}"), missing("docker_image.app", "docker_image.app")],
  ["a data source that does not exist", input("a ${data.a.b.c} b"), missing("data.a.b.c", "data.a.b")],
  ["a variable that does not exist", input("${var.x[0]}"), missing("var.x[]", "var.x")],
  ["a local that does not exist", input("${local.x}"), missing("local.x", "local.x")],
  [
    "an attribute that does not exist",
    input("${docker_image.app.digest}", image),
    ["terraform_data.x.input: refers to docker_image.app.digest, but docker_image.app has no attribute digest"],
  ],
  [
    "a meta argument",
    input("${docker_image.app.count}", image),
    ["terraform_data.x.input: refers to docker_image.app.count, but docker_image.app has no attribute count"],
  ],
  [
    "an attribute of an attribute that does not exist",
    input("${docker_image.app.name.length}", image),
    ["terraform_data.x.input: refers to docker_image.app.name.length, but there is no length in a string"],
  ],
  ["an instance", input(['${hcloud_server.all["a"].id}', "${[for s in hcloud_server.all : s.id]}"], servers), []],
  [
    "a resource with many instances as though it were one",
    input("${hcloud_server.all.id}", servers),
    ["terraform_data.x.input: refers to hcloud_server.all.id, but hcloud_server.all has instances"],
  ],
  [
    "a resource as though it had many instances",
    input("${docker_image.app[0].id}", image),
    ["terraform_data.x.input: refers to docker_image.app[].id, but docker_image.app has no instances"],
  ],
  ["a module", input("${module.x.y}"), ["terraform_data.x.input: refers to module.x.y, but modules are not expected"]],
  [
    "a name on its own",
    input("${nginx}"),
    ["terraform_data.x.input: refers to nginx, which is neither a resource nor a value"],
  ],
  ["a reference in a key", input({ "${var.x}": 1 }), missing("var.x", "var.x")],
  ["what Terraform provides", input("${self.id}${each.key}${count.index}${path.module}${terraform.workspace}"), []],
]);

const data = (more: object): object => ({ terraform_data: { a: { input: 1 }, b: { input: 1 }, ...more } });

cases("cycles", [
  [
    "through two resources",
    check({ resource: data({ a: { input: "${terraform_data.b.output}" }, b: { depends_on: ["terraform_data.a"] } }) }),
    ["terraform_data.a: depends on itself: terraform_data.a -> terraform_data.b -> terraform_data.a"],
  ],
  [
    "through itself",
    check({ resource: data({ a: { input: "${terraform_data.a.id}" } }) }),
    ["terraform_data.a: depends on itself: terraform_data.a -> terraform_data.a"],
  ],
  [
    "through locals",
    check({ locals: { x: "${local.y}", y: "${local.x}" } }),
    ["local.x: depends on itself: local.x -> local.y -> local.x"],
  ],
  [
    "through a provisioner and replace_triggered_by",
    check({
      resource: data({
        a: { provisioner: [{ "local-exec": { command: "${terraform_data.b.id}" } }] },
        b: { lifecycle: { replace_triggered_by: ["terraform_data.a"] } },
      }),
    }),
    ["terraform_data.a: depends on itself: terraform_data.a -> terraform_data.b -> terraform_data.a"],
  ],
  [
    "through a provider's configuration",
    container(
      { provider: "docker.blue" },
      { provider: { docker: { alias: "blue", host: "${docker_container.x.id}" } } },
    ),
    ["provider.docker.blue: depends on itself: provider.docker.blue -> docker_container.x -> provider.docker.blue"],
  ],
  [
    "none in a diamond",
    check({
      resource: data({
        c: { input: ["${terraform_data.a.id}", "${terraform_data.b.id}"] },
        d: { input: ["${terraform_data.c.id}", "${terraform_data.a.id}"] },
      }),
    }),
    [],
  ],
]);

const referencesOf = (text: string): string[] => parseTemplate(text).references.map((reference) => reference.text);

describe("expressions", () => {
  test.each([
    ["${a.b.c}", ["a.b.c"]],
    ["${~ a.b ~} and ${c.d}", ["a.b", "c.d"]],
    ['${a.b["k"].c[0].d[*].e.0.f.*.g}', ["a.b[].c[].d[*].e[].f[*].g"]],
    ["${a.b[c.d.e].f}", ["a.b[].f", "c.d.e"]],
    ['${"not.a.reference \\" nor.this $${nor.that} ${a.b} ${"${c.d}"}"}', ["a.b", "c.d"]],
    ["$${a.b} %%{if a.b} plain a.b", []],
    [
      '${{ a = a.x, b : b.x, "c" = c.x, (d.x) = 1,\n e = e.x\n f = true ? g.x : h.x }}',
      ["a.x", "b.x", "c.x", "d.x", "e.x", "g.x", "h.x"],
    ],
    ["${[for k, v in a.b : v.c if k != d.e]}", ["a.b", "d.e"]],
    ["${{for a in a.b : a.id => [for b in a.list : b.x]...}}", ["a.b"]],
    ["%{ for a in a.b ~}${a.c}%{ if d.e }x%{ else }y%{ endif }%{ endfor }${a.d}", ["a.b", "d.e", "a.d"]],
    ["${provider::ns::fn(merge(a.b, c.d...).e.f)}", ["a.b", "c.d"]],
    ["${<<-EOT\n  x.y ${a.b}\n  EOT\n}${c.d}", ["a.b", "c.d"]],
    ["${a.b # c.d\n /* e.f */ + g.h // i.j\n}", ["a.b", "g.h"]],
    ["${each.key}${resource.a.b}${-a-b.c * 2.5e3}", ["resource.a.b", "a-b.c"]],
  ])("%s", (text, expected) => {
    expect(referencesOf(text)).toEqual(expected);
  });

  test.each([
    ["${a.b", "lacks a closing }"],
    ['${"a}', 'lacks a closing "'],
    ["${(a]}", "has a ] where a ) is due"],
    ["${}", "holds an empty expression"],
    ["${a ; b}", "has a stray ;"],
    ["${<<A\nb}", "lacks a closing A"],
  ])("%s is not one", (text, problem) => {
    expect(parseTemplate(text).problem).toBe(problem);
  });

  test.each([
    ["text", "literal"],
    ["$${text}", "literal"],
    ["${1}", "expression"],
    ["${1}${2}", "template"],
    [" ${1}", "template"],
    ["%{ if true }a%{ endif }", "template"],
    ["${<<A\nb\nA\n}", "expression"],
  ])("%s is a %s", (text, kind) => {
    expect(parseTemplate(text).kind).toBe(kind);
  });

  test.each([
    ["a.b", "a.b"],
    ["${a.b.c}", "a.b.c"],
    ['a.b["k"]', "a.b[]"],
    ["a.b + c.d", undefined],
    ["a.b} ${c.d", undefined],
    ["1", undefined],
    ["", undefined],
  ])("the address %s", (text, expected) => {
    expect(parseTraversal(text)?.text).toBe(expected);
  });
});

/** An expression and the references in it, in order. */
interface Sample {
  readonly text: string;
  readonly references: readonly string[];
}
const sample = (text: string, ...parts: readonly Sample[]): Sample => ({
  text,
  references: parts.flatMap(({ references }) => references),
});

const name = fc.stringMatching(/^r[a-z0-9_-]{1,5}$/);
const reference = fc.array(name, { minLength: 2, maxLength: 4 }).map((path): Sample => {
  return { text: path.join("."), references: [path.join(".")] };
});
const literal = fc.constantFrom(
  ...[
    "1.5",
    "true",
    "null",
    "each.value.x",
    "item.name",
    '"r.fake.id"',
    '"\\"r.fake\\" $${r.fake} %%{ r.fake }"',
    '"}])"',
  ],
);
const { expression } = fc.letrec<{ expression: Sample }>((tie) => {
  const inner = tie("expression");
  const pair = fc.tuple(inner, inner);
  return {
    expression: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      reference,
      literal.map((text) => sample(text)),
      fc.tuple(fc.constantFrom("+", "==", "&&", "-", "%", "!="), pair).map(([operator, [a, b]]) => {
        return sample(`${a.text} ${operator} ${b.text}`, a, b);
      }),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => sample(`(${a.text} ? ${b.text} : ${c.text})`, a, b, c)),
      fc.tuple(name, pair).map(([called, [a, b]]) => sample(`${called}(${a.text}, ${b.text}...).r.x[0]`, a, b)),
      pair.map(([a, b]) => sample(`[${a.text},\n${b.text}]`, a, b)),
      fc.tuple(name, pair).map(([key, [a, b]]) => {
        return sample(`{ ${key} = ${a.text}, "${key}.r" = ${b.text}, ${key} : 1 }`, a, b);
      }),
      pair.map(([a, b]) => sample(`"r.fake \${${a.text}} \\" ~ $\${r.fake} \${~ ${b.text} ~}"`, a, b)),
      pair.map(([a, b]) => sample(`[for r, item in ${a.text} : [r.fake, ${b.text}, r] if r]`, a, b)),
      fc.tuple(reference, inner).map(([a, b]): Sample => {
        const [root = ""] = a.references;
        return { text: `${root}[${b.text}].id`, references: [`${root}[].id`, ...b.references] };
      }),
    ),
  };
});

describe("any expression", () => {
  // `item` stands for an iterator here, so that a literal may name it anywhere.
  const found = (text: string): string[] => parseTemplate(text, ["item"]).references.map((each) => each.text);

  test("gives all of its references in order, and nothing else", () => {
    fc.assert(
      fc.property(expression, ({ text, references }) => {
        expect(found(`\${${text}}`)).toEqual(references);
        expect(found(`r.fake \${${text}} $\${r.fake} \${${text}}"`)).toEqual([...references, ...references]);
        expect(parseTemplate(`\${${text}}`)).toMatchObject({ kind: "expression" });
        expect(parseTemplate(`\${${text}`).problem).toBe("lacks a closing }");
      }),
    );
  });

  test("has none in a string literal, whatever its text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.constantFrom("", "r.fake"), (text, more) => {
        const quoted = JSON.stringify(text + more).replace(/[$%]\{/g, (mark) => mark.charAt(0) + mark);
        expect(parseTemplate(`\${${quoted}}`)).toEqual({ kind: "expression", references: [] });
      }),
    );
  });

  test("is read without an exception, however broken", () => {
    const pieces = fc.constantFrom(
      "${",
      "%{",
      "}",
      "{",
      "[",
      "]",
      "(",
      ")",
      '"',
      "\\",
      "a",
      ".",
      "for",
      "in",
      ":",
      "*",
      "<<A\n",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }), (list) => {
        const { problem, references } = parseTemplate(list.join(""));
        expect(problem === undefined || references.length === 0).toBe(true);
      }),
    );
  });
});
