/**
 * Stacks that differ in one thing each, for plans by the real Terraform: a new kind of block is one more line. Everything
 * is made by Terraform's own `terraform_data`, so no plugin and no network is needed.
 */
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";

type Json = Record<string, unknown>;

/** A folder of a stack: path → content; JSON is written as such. `STATE` is in its terraform.tfstate. */
export type Folder = Readonly<Record<string, Json | string | undefined>>;

const STATE_LINEAGE = "3f0f9a8e-6a54-4d8e-9d55-3f6f3f3c7d11";

const inState = (name: string, input: unknown): Json => ({
  mode: "managed",
  type: "terraform_data",
  name,
  provider: 'provider["terraform.io/builtin/terraform"]',
  instances: [
    {
      schema_version: 0,
      attributes: {
        id: `0000-${name}`,
        input: { value: input, type: "string" },
        output: { value: input, type: "string" },
        triggers_replace: null,
      },
    },
  ],
});

/** What is there already: `kept` is as the stack has it, so nothing is to change about it. */
export const STATE: Json = {
  version: 4,
  terraform_version: "1.11.4",
  serial: 3,
  lineage: STATE_LINEAGE,
  outputs: {},
  resources: [inState("kept", "as it is"), inState("old", "as it is")],
};

/** `kept` is a resource of which nothing changes, `new` one that comes; each has everything that can be said of it. */
export const STACK: Json = {
  terraform: { required_version: ">= 1.8" },
  variable: {
    word: {
      type: "string",
      default: "plain",
      validation: [{ condition: '${var.word != ""}', error_message: "Say it." }],
    },
    secret: { type: "string", default: "hidden", sensitive: true },
    quiet: { type: "string", default: "nobody uses it" },
  },
  locals: { later: "${terraform_data.new.id}", known: "local" },
  output: { word: { value: "${var.word}" }, secret: { value: "${var.secret}", sensitive: true } },
  resource: {
    terraform_data: {
      kept: {
        input: "as it is",
        lifecycle: { prevent_destroy: true, ignore_changes: ["triggers_replace"] },
        provisioner: [{ "local-exec": { command: "true", when: "destroy" } }],
      },
      old: { input: "as it is" },
      new: {
        input: { word: "${var.word}", flag: true, list: ["a", "b"], number: 1 },
        triggers_replace: ["${local.known}"],
        depends_on: ["terraform_data.kept"],
        lifecycle: {
          create_before_destroy: true,
          precondition: [{ condition: '${var.word != "x"}', error_message: "Not x." }],
          postcondition: [{ condition: "${self.id != null}", error_message: "An id." }],
        },
        provisioner: [
          {
            "local-exec": {
              command: "echo one",
              environment: { A: "a" },
              interpreter: ["/bin/sh", "-c"],
              working_dir: "/",
            },
          },
          {
            "remote-exec": {
              inline: ["true"],
              connection: { type: "ssh", host: "192.0.2.1", user: "deploy", host_key: "ssh-ed25519 AAAA" },
            },
          },
        ],
      },
      last: { input: "${local.later}" },
    },
  },
  check: { word: { assert: [{ condition: '${var.word != "y"}', error_message: "Not y." }] } },
};

const MODULE: Json = {
  variable: { given: { default: "x" } },
  resource: { terraform_data: { inner: { input: "${var.given}", lifecycle: { prevent_destroy: true } } } },
};

/** A copy with another value at a path; undefined takes it away. */
function withValue(json: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(json) ? [...json] : { ...(json as Json) }) as Record<string | number, unknown>;
  const inner = withValue(copy[key], rest, value);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

const at = (path: string, value: unknown): Folder => {
  const keys = path.split("/").map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  return { "cdk.tf.json": withValue(STACK, keys, value) as Json };
};

const DATA = "resource/terraform_data";
const LOCAL = `${DATA}/new/provisioner/0/local-exec`;
const REMOTE = `${DATA}/new/provisioner/1/remote-exec`;

const called = (more: Json, module: Json | string = MODULE): Folder => ({
  "cdk.tf.json": { ...STACK, module: { part: { source: "./part", ...more } } },
  [typeof module === "string" ? "part/main.tf" : "part/main.tf.json"]: module,
});
const moduleWith = (path: string, value: unknown): Json => withValue(MODULE, path.split("/"), value) as Json;

/** Kind → a stack of that kind. Each plan of one differs from each plan of all others. */
export const VARIANTS: Readonly<Record<string, Folder>> = {
  "the stack itself": { "cdk.tf.json": STACK },

  "provisioner: command": at(`${LOCAL}/command`, "echo two"),
  "provisioner: environment": at(`${LOCAL}/environment/A`, "b"),
  "provisioner: another variable": at(`${LOCAL}/environment/B`, "b"),
  "provisioner: interpreter": at(`${LOCAL}/interpreter/0`, "/bin/bash"),
  "provisioner: folder": at(`${LOCAL}/working_dir`, "/tmp"),
  "provisioner: on_failure": at(`${LOCAL}/on_failure`, "continue"),
  "provisioner: when": at(`${LOCAL}/when`, "destroy"),
  "provisioner: quiet": at(`${LOCAL}/quiet`, true),
  "provisioner: gone": at(`${DATA}/new/provisioner`, undefined),
  "provisioner: of what stays": at(`${DATA}/kept/provisioner/0/local-exec/command`, "false"),
  "provisioner: one more for what stays": at(`${DATA}/kept/provisioner/1`, { "local-exec": { command: "true" } }),
  "provisioner: on the server": at(`${REMOTE}/inline/0`, "false"),
  "connection: host": at(`${REMOTE}/connection/host`, "192.0.2.2"),
  "connection: user": at(`${REMOTE}/connection/user`, "root"),
  "connection: host key gone": at(`${REMOTE}/connection/host_key`, undefined),
  "connection: of the resource": at(`${DATA}/new/connection`, { type: "ssh", host: "192.0.2.3" }),

  "lifecycle: prevent_destroy gone": at(`${DATA}/kept/lifecycle/prevent_destroy`, undefined),
  "lifecycle: prevent_destroy false": at(`${DATA}/kept/lifecycle/prevent_destroy`, false),
  "lifecycle: create_before_destroy": at(`${DATA}/new/lifecycle/create_before_destroy`, false),
  "lifecycle: ignore_changes gone": at(`${DATA}/kept/lifecycle/ignore_changes`, undefined),
  "lifecycle: ignore_changes all": at(`${DATA}/kept/lifecycle/ignore_changes`, "all"),
  "lifecycle: replace_triggered_by": at(`${DATA}/kept/lifecycle/replace_triggered_by`, ["terraform_data.old.id"]),
  "lifecycle: precondition": at(`${DATA}/new/lifecycle/precondition/0/condition`, '${var.word != "z"}'),
  "lifecycle: postcondition gone": at(`${DATA}/new/lifecycle/postcondition`, undefined),
  "depends_on: gone": at(`${DATA}/new/depends_on`, undefined),
  "depends_on: another one": at(`${DATA}/new/depends_on/0`, "terraform_data.old"),

  "value: false for null": at(`${DATA}/new/input/none`, false),
  "value: null": at(`${DATA}/new/input/none`, null),
  "value: 0": at(`${DATA}/new/input/none`, 0),
  'value: ""': at(`${DATA}/new/input/none`, ""),
  "value: []": at(`${DATA}/new/input/none`, []),
  "value: {}": at(`${DATA}/new/input/none`, {}),
  'value: "false"': at(`${DATA}/new/input/none`, "false"),
  'value: "0"': at(`${DATA}/new/input/none`, "0"),
  "value: order of a list": at(`${DATA}/new/input/list`, ["b", "a"]),
  "value: a trigger": at(`${DATA}/new/triggers_replace/0`, "other"),

  "local of an unknown value": at("locals/later", "${terraform_data.new.output}"),
  "local that nobody uses": at("locals/unused", "x"),

  "output: another one": at("output/more", { value: "x" }),
  "output: value": at("output/word/value", "${var.word}!"),
  "output: marked": at("output/word/sensitive", true),
  "output: gone": at("output/word", undefined),
  "output: depends_on": at("output/word/depends_on", ["terraform_data.new"]),
  "output: precondition": at("output/word/precondition", [{ condition: '${var.word != "p"}', error_message: "Yes." }]),
  "output: unknown value": at("output/later", { value: "${terraform_data.new.id}" }),

  "variable: default": at("variable/word/default", "other"),
  "variable: marked": at("variable/quiet/sensitive", true),
  "variable: validation gone": at("variable/word/validation", undefined),
  "variable: validation": at("variable/word/validation/0/condition", "${length(var.word) > 1}"),
  "variable: nullable": at("variable/word/nullable", false),
  "variable: ephemeral": at("variable/more", { type: "string", default: "x", ephemeral: true }),
  "variable: a secret's value": at("variable/secret/default", "hiddem"),
  "variable: one more": at("variable/more", { type: "string", default: "x" }),

  "check: assertion": at("check/word/assert/0/condition", '${var.word != "z"}'),
  "check: gone": at("check", undefined),
  "moved: to another name": {
    "cdk.tf.json": {
      ...(withValue(withValue(STACK, [...DATA.split("/"), "old"], undefined), [...DATA.split("/"), "newer"], {
        input: "as it is",
      }) as Json),
      moved: [{ from: "terraform_data.old", to: "terraform_data.newer" }],
    },
  },
  "moved: from what never was": at("moved", [{ from: "terraform_data.never", to: "terraform_data.kept" }]),
  "removed: destroyed": at(`${DATA}/old`, undefined),
  "removed: without destroy": {
    "cdk.tf.json": {
      ...(withValue(STACK, [...DATA.split("/"), "old"], undefined) as Json),
      removed: [{ from: "terraform_data.old", lifecycle: [{ destroy: false }] }],
    },
  },
  "import: an id": at("import", [{ to: "terraform_data.new", id: "0000-1" }]),
  "import: another id": at("import", [{ to: "terraform_data.new", id: "0000-2" }]),

  "count: one": at(`${DATA}/old/count`, 1),
  for_each: at(`${DATA}/last/for_each`, '${toset(["a"])}'),
  "for_each: another key": at(`${DATA}/last/for_each`, '${toset(["b"])}'),

  "terraform: which versions": at("terraform/required_version", ">= 1.9"),
  "terraform: another place of the state": {
    ...at("terraform/backend", { local: { path: "other.tfstate" } }),
    "terraform.tfstate": undefined,
    "other.tfstate": STATE,
  },

  "module: called": called({}),
  "module: what it is given": called({ given: "y" }),
  "module: depends_on": called({ depends_on: ["terraform_data.kept"] }),
  "module: lifecycle within": called({}, moduleWith("resource/terraform_data/inner/lifecycle", undefined)),
  "module: provisioner within": called(
    {},
    moduleWith("resource/terraform_data/inner/provisioner", [{ "local-exec": { command: "true" } }]),
  ),
  "module: twice": called({ count: 2 }),
  "module: in HCL": called({}, 'resource "terraform_data" "inner" {\n  input = "x"\n}\n'),
  "module: lifecycle in HCL": called(
    {},
    'resource "terraform_data" "inner" {\n  input = "x"\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n',
  ),

  "beside: an override of the lifecycle": {
    "cdk.tf.json": STACK,
    "x_override.tf.json": { resource: { terraform_data: { kept: { lifecycle: { prevent_destroy: false } } } } },
  },
  "beside: HCL with a resource": { "cdk.tf.json": STACK, "x.tf": 'resource "terraform_data" "x" {}\n' },
  "beside: HCL with a provisioner": {
    "cdk.tf.json": STACK,
    "x.tf": 'resource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "true"\n  }\n}\n',
  },
  "beside: values": { "cdk.tf.json": STACK, "x.auto.tfvars.json": { word: "said" } },
  "data: read while planning": {
    "cdk.tf.json": {
      ...STACK,
      data: { terraform_remote_state: { other: { backend: "local", config: { path: "a.json" } } } },
    },
    "a.json": STATE,
  },
  "data: says something else": {
    "cdk.tf.json": {
      ...STACK,
      data: { terraform_remote_state: { other: { backend: "local", config: { path: "a.json" } } } },
    },
    "a.json": { ...STATE, outputs: { x: { value: "y", type: "string" } } },
  },
  "data: read by the apply": {
    "cdk.tf.json": {
      ...STACK,
      data: { terraform_remote_state: { other: { backend: "local", config: { path: "${terraform_data.new.id}" } } } },
    },
  },
};

const CONTAINER = "resource/docker_container/web";

/** As `STACK`, for what only a provider's settings and attributes have. */
export const DOCKER_STACK: Json = {
  terraform: { required_providers: { docker: PROVIDER_VERSIONS.docker } },
  provider: {
    docker: [
      {
        host: "tcp://127.0.0.1:9",
        disable_docker_daemon_check: true,
        registry_auth: [{ address: "registry.example.com", username: "ann", password: "first" }],
        ssh_opts: ["-o", "StrictHostKeyChecking=accept-new"],
      },
    ],
  },
  resource: {
    docker_container: { web: { name: "web", image: "web:1", command: ["serve"], env: ["A=a"], must_run: true } },
    docker_volume: { data: { name: "data", lifecycle: { prevent_destroy: true } } },
  },
};

const docker = (path: string, value: unknown): Folder => ({
  "cdk.tf.json": withValue(
    DOCKER_STACK,
    path.split("/").map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
    value,
  ) as Json,
});

/** Kind → a stack of that kind, for which the docker provider has to be there. It is asked nothing. */
export const DOCKER_VARIANTS: Readonly<Record<string, Folder>> = {
  "docker: the stack itself": { "cdk.tf.json": DOCKER_STACK },
  "docker: another engine": docker("provider/docker/0/host", "tcp://127.0.0.1:10"),
  "docker: settings of ssh": docker("provider/docker/0/ssh_opts/1", "StrictHostKeyChecking=no"),
  "docker: another registry": docker("provider/docker/0/registry_auth/0/address", "registry.example.org"),
  "docker: another login": docker("provider/docker/0/registry_auth/0/username", "bob"),
  "docker: another password": docker("provider/docker/0/registry_auth/0/password", "second"),
  "docker: one more provider": docker("provider/docker/1", { alias: "other", host: "tcp://127.0.0.1:11" }),
  "docker: by another provider": {
    "cdk.tf.json": withValue(
      docker("provider/docker/1", { alias: "other", host: "tcp://127.0.0.1:11" })["cdk.tf.json"],
      [...CONTAINER.split("/"), "provider"],
      "docker.other",
    ) as Json,
  },
  "docker: prevent_destroy gone": docker("resource/docker_volume/data/lifecycle", undefined),
  "docker: must_run false": docker(`${CONTAINER}/must_run`, false),
  "docker: must_run null": docker(`${CONTAINER}/must_run`, null),
  "docker: memory 0": docker(`${CONTAINER}/memory`, 0),
  "docker: memory null": docker(`${CONTAINER}/memory`, null),
  'docker: user ""': docker(`${CONTAINER}/user`, ""),
  "docker: user null": docker(`${CONTAINER}/user`, null),
  "docker: read_only false": docker(`${CONTAINER}/read_only`, false),
  "docker: no command": docker(`${CONTAINER}/command`, []),
  "docker: provisioner": docker(`${CONTAINER}/provisioner`, [{ "local-exec": { command: "true" } }]),
};
