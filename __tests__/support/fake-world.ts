/**
 * A world for `twinset`'s release commands, without Terraform, Docker and network: programs of these names that keep what
 * "is there" in a file, and plan, apply and show what differs from it. State store and registry are the rehearsal's own
 * simulators, the edge is a small web server.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stateFiles } from "../../clients/state-store/state-store";
import { edgeProgram } from "../../constructs/edge/edge-program";
import { parseReleaseFile } from "../../config/release-file";
import { loadPlatform } from "../../config/load";
import { ENVIRONMENTS } from "../../model/environment-name";
import { imageRepository } from "../../model/platform";
import type { ProductRelease, Release } from "../../model/release";
import { KEY_HEADER, SET_HEADER } from "../../model/routing";
import { type ObjectStore, startObjectStore } from "../../simulators/object-store";
import { OVERLAY, type Overlay } from "../../rehearsal/overlay";
import type { RegistrySimulator } from "../../simulators/registry";
import { type Entry, parseLine } from "../../release/journal/entry";
import { Client, PULLER, start as startRegistry } from "../simulators/registry-client";
import { prometheusAnswer } from "./prometheus-answer";
import { replacements, ShellEdge } from "./shell-edge";
import { WebServer } from "./web-server";

/** What happens to it besides what it is told to do. */
export interface Fate {
  /** Addresses that Terraform cannot make; what it says of each. */
  readonly fails?: Readonly<Record<string, string>>;
  /** A command of Terraform's that does not work. */
  readonly broken?: string;
  /** What Prometheus answers. */
  readonly metrics?: string;
  /** The keeper beside the edge cannot be asked: what Docker says. */
  readonly noKeeper?: string;
}

/** Plain Node, as these run as programs of their own. `world.json` has what is there: address → resource. */
const COMMON = `#!/usr/bin/env node
const fs = require("node:fs");
const path = require("node:path");
const args = process.argv.slice(2);
const read = (name, otherwise) => {
  try { return JSON.parse(fs.readFileSync(path.join(__dirname, name), "utf8")); } catch { return otherwise; }
};
const world = read("world.json", { serial: 0, resources: {} });
const fate = read("fate.json", {});
const save = () => {
  fs.writeFileSync(path.join(__dirname, "world.json.new"), JSON.stringify(world));
  fs.renameSync(path.join(__dirname, "world.json.new"), path.join(__dirname, "world.json"));
};
fs.appendFileSync(path.join(__dirname, "calls.jsonl"), JSON.stringify([path.basename(process.argv[1]), ...args]) + "\\n");
// What runs beside the edge runs here, in the folder that is the host.
const host = read("host.json", {});
const beside = (command, args, more = {}) => {
  const moved = (text) => host.replacements.reduce((all, [from, to]) => all.replaceAll(from, to), text);
  return require("node:child_process").spawnSync(command, args.map(moved), { encoding: "utf8", env: host.env, ...more });
};
const unescaped = (text) => text.split("$" + "$" + "{").join("$" + "{");
const nameOf = ({ name, body }) => body.must_run === false ? "manacore-production-" + name : body.name.replace(/\\$\\{.*/, "0123abcd");
const say = (value) => process.stdout.write((typeof value === "string" ? value : JSON.stringify(value)) + "\\n");
`;

const TERRAFORM = `${COMMON}
const wanted = () => {
  const { resource } = JSON.parse(fs.readFileSync("cdk.tf.json", "utf8"));
  return Object.fromEntries(Object.entries(resource).flatMap(([type, named]) =>
    Object.entries(named).map(([name, body]) => [type + "." + name, { type, name, body }])));
};
function plan() {
  const want = wanted();
  const targets = args.filter((arg) => arg.startsWith("-target=")).map((arg) => arg.slice(8));
  const replaced = args.filter((arg) => arg.startsWith("-replace=")).map((arg) => arg.slice(9));
  const changes = [...new Set([...Object.keys(world.resources), ...Object.keys(want)])].sort().flatMap((address) => {
    const [is, will] = [world.resources[address], want[address]];
    const same = is && will && !is.tainted && !replaced.includes(address) && JSON.stringify(is.body) === JSON.stringify(will.body);
    if (same || (targets.length > 0 && !targets.includes(address))) return [];
    const actions = !is ? ["create"] : !will ? ["delete"] : ["delete", "create"];
    const { type, name, body } = will ?? is;
    return [{ address, mode: "managed", type, name, change: { actions, before: is?.body ?? null, after: will?.body ?? null }, body }];
  });
  const out = args.find((arg) => arg.startsWith("-out=")).slice(5);
  fs.writeFileSync(out, JSON.stringify({ serial: world.serial, resource_changes: changes }));
}
function show() {
  if (args[2]) return say(fs.readFileSync(args[2], "utf8"));
  const resources = Object.entries(world.resources).map(([address, { type, name, body, tainted }]) => ({
    address, type, name, ...(tainted ? { tainted } : {}),
    values: { ...body, id: address, ...(type === "docker_container" ? { name: nameOf({ name, body }) } : {}), ...(type === "hcloud_primary_ip" ? { ip_address: "127.0.0.1" } : {}) },
  }));
  say({ values: { root_module: { resources } } });
}
function fail(summary, address) {
  say({ type: "diagnostic", diagnostic: { severity: "error", summary, ...(address ? { address } : {}) } });
  process.exitCode = 1;
}
function apply() {
  const { serial, resource_changes: changes } = JSON.parse(fs.readFileSync(args.at(-1), "utf8"));
  if (serial !== world.serial) return fail("Saved plan is stale");
  // The switch last, as it waits for the containers; what goes, goes after it.
  const order = ({ name, change: { actions } }) => (name.endsWith("_switch_job") ? 1 : actions.join() === "delete" ? 2 : 0);
  for (const { address, type, name, change, body } of [...changes].sort((a, b) => order(a) - order(b))) {
    const hook = (kind, action) => say({ type: kind, hook: { resource: { addr: address }, action } });
    const action = change.actions.at(-1);
    hook("apply_start", action);
    world.serial += 1;
    if (action === "delete") delete world.resources[address];
    else world.resources[address] = { type, name, body, made: world.serial, ...(fate.fails?.[address] ? { tainted: true } : {}) };
    let failure = action === "delete" ? undefined : fate.fails?.[address];
    if (action !== "delete" && !failure && (name.endsWith("_switch_job") || name === "edge-settings")) {
      const next = path.join(host.root, "next");
      fs.rmSync(next, { recursive: true, force: true });
      fs.mkdirSync(next);
      for (const { file, content } of body.upload) fs.writeFileSync(path.join(next, path.basename(file)), unescaped(content));
      const { status, stdout, stderr } = beside("sh", body.command.map(unescaped));
      world.resources[address].said = stdout + stderr;
      if (status !== 0) {
        failure = "local-exec provisioner error: exit status 1";
        world.resources[address].tainted = true;
      }
    }
    save();
    if (failure) {
      hook("apply_errored", action);
      return fail(failure, address);
    }
    hook("apply_complete", action);
  }
}
if (fate.broken === args[0]) { process.stderr.write("Error: no such bucket\\n"); process.exit(1); }
({ version: () => say("Terraform v1.11.4"), init: () => {}, plan, show, apply })[args[0]]();
`;

const DOCKER = `${COMMON}
const lost = read("lost.json", []);
const containers = Object.entries(world.resources).filter(([address, { type }]) => type === "docker_container" && !lost.includes(address));
const at = (made) => new Date(Date.UTC(2026, 10, 21, 10) + made * 1000).toISOString();
const inspected = ([address, { body, made, tainted, name }]) => ({
  Id: address, Name: "/" + nameOf({ name, body }), Created: at(made), RestartCount: 0,
  State: {
    Running: body.must_run !== false, ExitCode: tainted ? 1 : 0, StartedAt: at(made),
    ...(body.healthcheck ? { Health: { Status: tainted ? "unhealthy" : "healthy", FailingStreak: tainted ? 3 : 0, Log: [{ ExitCode: tainted ? 1 : 0, Output: tainted ? "503 Service Unavailable" : "" }] } } : {}),
  },
  Config: { Image: "image", Labels: Object.fromEntries(body.labels.map(({ label, value }) => [label, value])) },
  HostConfig: { Memory: (body.memory ?? 0) * 1024 * 1024 },
});
const commands = {
  ps: () => args.includes("--quiet")
    ? containers.forEach(([address]) => say(address))
    : containers.forEach(([address, each]) => say([address, nameOf(each), "image", "running", "Up"].join("\\t"))),
  inspect: () => say(containers.filter(([address, each]) => args.includes(address) || args.includes(nameOf(each))).map(inspected)),
  logs: () => {
    const found = containers.find(([, each]) => nameOf(each) === args.at(-1));
    say(found?.[1].said ?? "cannot reach the payment provider");
  },
  exec: () => {
    if (!args.includes("manacore-production-edge-keeper")) return say(fate.metrics ?? "");
    const keeper = world.resources["docker_container.edge-keeper"];
    const silent = keeper ? fate.noKeeper : "Error: No such container: manacore-production-edge-keeper";
    if (silent) {
      process.stderr.write(silent + "\\n");
      process.exitCode = 1;
      return;
    }
    const program = unescaped(keeper.body.env.find((each) => each.startsWith("EDGE_PROGRAM=")).slice(13));
    const text = args.at(-1).replace('exec sh -c "$EDGE_PROGRAM"', () => "exec sh -c '" + program.replaceAll("'", "'\\\\''") + "'");
    const { status } = beside("sh", ["-c", text], { stdio: "inherit" });
    process.exitCode = status ?? 1;
  },
};
commands[args[0]]();
`;

/** A server that is this computer. */
const SSH = `#!/bin/sh
for last; do :; done
exec sh -c "$last"
`;

export const KEY_ID = "0123456789abcdef0123456789abcdef";
const BUCKET = "manacore-terraform-state";

export class FakeWorld {
  readonly calls = (): string[][] =>
    readFileSync(join(this.bin, "calls.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string[]);

  /** The edge's files, and the program beside it. */
  readonly host = new ShellEdge(edgeProgram({ extension: ".yml", reload: [] }));

  private constructor(
    private readonly root: string,
    readonly store: ObjectStore,
    private readonly registry: RegistrySimulator,
    readonly edge: WebServer,
  ) {}

  /** Manacore's production with chat, and what it needs, as the release has it; not deployed yet. */
  static async start(release: Release): Promise<FakeWorld> {
    const root = mkdtempSync(join(tmpdir(), "fake-world-"));
    const store = await startObjectStore({ buckets: [BUCKET], accessKeyId: KEY_ID });
    const registry = await startRegistry();
    const edge = await WebServer.start((request, response) => {
      const set = request.headers[SET_HEADER.toLowerCase()];
      if (set && request.headers[KEY_HEADER.toLowerCase()] === "the-smoke-key") response.setHeader(SET_HEADER, set);
      response.end();
    });
    const world = new FakeWorld(root, store, registry, edge);
    mkdirSync(world.bin);
    for (const [name, program] of [
      ["terraform", TERRAFORM],
      ["docker", DOCKER],
      ["ssh", SSH],
    ] as const) {
      writeFileSync(join(world.bin, name), program);
      chmodSync(join(world.bin, name), 0o755);
    }
    const { root: hostRoot, env } = world.host;
    const host = { root: hostRoot, env, replacements: replacements(hostRoot) };
    writeFileSync(join(world.bin, "host.json"), JSON.stringify(host));
    const overlay: Overlay = {
      environment: "production",
      products: ["chat"],
      surroundings: {
        ...{
          address: "127.0.0.1",
          acmeDirectory: "https://127.0.0.1:1/dir",
          dnsApi: "http://127.0.0.1:1",
          resolver: "127.0.0.1:1",
        },
        ...{ registry: registry.host, cores: 64, edgeImage: "edge" },
      },
    };
    writeFileSync(join(root, "overlay.json"), JSON.stringify(overlay));
    world.edit(release);
    world.fate({});
    return world;
  }

  private get bin(): string {
    return join(this.root, "bin");
  }

  /** What a process gets of the environment. */
  get env(): NodeJS.ProcessEnv {
    return {
      PATH: `${this.bin}${delimiter}${process.env["PATH"]}`,
      CDKTF_OUTDIR: join(this.root, "out"),
      TWINSET_RELEASES: join(this.root, "releases"),
      [OVERLAY]: join(this.root, "overlay.json"),
      AWS_ENDPOINT_URL_S3: this.store.baseUrl,
      AWS_ACCESS_KEY_ID: KEY_ID,
      AWS_SECRET_ACCESS_KEY: "the-secret-access-key",
      TF_VAR_registry_username: PULLER.username,
      TF_VAR_registry_token: PULLER.password,
      TF_VAR_smoke_key: "the-smoke-key",
    };
  }

  /** A person edits production's release file. */
  edit(release: Release): void {
    const folder = join(this.root, "releases", "manacore");
    mkdirSync(folder, { recursive: true });
    for (const name of ENVIRONMENTS) {
      const products = name === "production" ? release : {};
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ products }, undefined, 2)}\n`);
    }
  }

  /** The release file as it is now. */
  get release(): Release {
    const path = join(this.root, "releases", "manacore", "production.json");
    return parseReleaseFile(readFileSync(path, "utf8"), path).release;
  }

  get chat(): ProductRelease {
    return this.release["chat"]!;
  }

  /** A version of chat is pushed to the registry. */
  async push(version: string): Promise<void> {
    const { platform } = loadPlatform();
    const chat = platform.products.find(({ name }) => name === "chat")!;
    const repositories = chat.services.map((service) =>
      imageRepository(platform, service).split("/").slice(1).join("/"),
    );
    const client = new Client(this.registry, repositories);
    for (const repository of repositories) await client.push(repository, version);
  }

  fate(fate: Fate): void {
    const usual = { metrics: prometheusAnswer({ requests: 500, errors: 0 }, 600) };
    writeFileSync(join(this.bin, "fate.json"), JSON.stringify({ ...usual, ...fate }));
  }

  /** Addresses of what is there. */
  get resources(): readonly string[] {
    const path = join(this.bin, "world.json");
    if (!existsSync(path)) return [];
    return Object.keys((JSON.parse(readFileSync(path, "utf8")) as { resources: object }).resources);
  }

  /** Somebody changes something by hand. */
  tamper(address: string): void {
    const path = join(this.bin, "world.json");
    const world = JSON.parse(readFileSync(path, "utf8")) as {
      resources: Record<string, { body: Record<string, unknown> }>;
    };
    world.resources[address]!.body["restart"] = "by hand";
    writeFileSync(path, JSON.stringify(world));
  }

  /** A container is gone, and Terraform has not heard of it. */
  lose(address: string): void {
    writeFileSync(join(this.bin, "lost.json"), JSON.stringify([address]));
  }

  /** Lines of the journal that were never written. */
  async forget(which: (entry: Entry) => boolean): Promise<void> {
    const { production } = loadPlatform().platform.environments;
    const files = stateFiles("manacore", production, { env: this.env, directory: this.root });
    const file = (await files.read("journal.jsonl"))!;
    const kept = file.text.split("\n").filter((line) => line !== "" && !which(parseLine(line) as Entry));
    await files.write("journal.jsonl", kept.map((line) => `${line}\n`).join(""), { ifVersion: file.version });
  }

  /** How chat's traffic is split, by its switch's own label. */
  get traffic(): string | undefined {
    const { resources } = JSON.parse(readFileSync(join(this.bin, "world.json"), "utf8")) as {
      resources: Record<string, { body: { labels: { label: string; value: string }[] } }>;
    };
    const { labels = [] } = resources["docker_container.chat_switch_job"]?.body ?? {};
    return labels.find(({ label }) => label.endsWith(".release.weights"))?.value;
  }

  /** The state's own files beside it: journal, lock. */
  file(name: string): string | undefined {
    return this.store.objects.get(`${BUCKET}/manacore/production/${name}`)?.toString();
  }

  get journal(): readonly Entry[] {
    const lines = (this.file("journal.jsonl") ?? "").split("\n").filter((line) => line !== "");
    return lines.map((line) => parseLine(line) as Entry);
  }

  /** Nothing can be fetched any more. */
  stopRegistry(): Promise<void> {
    return this.registry.stop();
  }

  async stop(): Promise<void> {
    await Promise.all([this.store.stop(), this.registry.stop(), this.edge.stop()]);
    rmSync(this.root, { recursive: true, force: true });
    this.host.stop();
  }
}
