/**
 * `terraform`, `docker` and `ssh` of a world without any of them: programs of these names that ask the test they belong to.
 * To start Node for each call would take most of a test's time, so they are scripts, and what they do is done here.
 */
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { basename, join } from "node:path";
import { replacements, type ShellEdge } from "./shell-edge";

/** What happens to a world besides what it is told to do. */
export interface Fate {
  /** Addresses that Terraform cannot make; what it says of each. */
  readonly fails?: Readonly<Record<string, string>>;
  /** A command of Terraform's that does not work. */
  readonly broken?: string;
  /** One that never ends. */
  readonly hangs?: string;
  /** Seconds that each resource takes. */
  readonly slow?: number;
  /** What Prometheus answers. */
  readonly metrics?: string;
  /** The keeper beside the edge cannot be asked: what Docker says. */
  readonly noKeeper?: string;
}

/** What a resource's configuration has that is looked at here. */
interface Body {
  [name: string]: unknown;
  readonly name: string;
  readonly must_run?: boolean;
  readonly command: readonly string[];
  readonly upload: readonly { file: string; content: string }[];
  readonly env: readonly string[];
  readonly labels: readonly { label: string; value: string }[];
  readonly healthcheck?: unknown;
  readonly memory?: number;
}

interface Wanted {
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

export interface Resource extends Wanted {
  /** The serial that it was made with. */
  readonly made: number;
  tainted?: boolean;
  /** What its program has said. */
  said?: string;
}

interface Change extends Wanted {
  readonly address: string;
  readonly change: { readonly actions: readonly string[] };
}

/** The program that asks: lines of its output, "e" before what goes to the other one, "f" for a file, "s" for a script. */
const CLIENT = (name: string, port: number, path: string): string => `#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 70
printf '%s\\0' "$#" ${name} "$PWD" "$@" >&3
while IFS= read -r line <&3; do
  case $line in
    o*) printf '%s\\n' "\${line:1}" ;;
    e*) printf '%s\\n' "\${line:1}" >&2 ;;
    f*) cat "\${line:1}" ;;
    s*) exec 3>&-; exec env -i HOSTNAME=job PATH='${path}' sh "\${line:1}" ;;
    x*) exit "\${line:1}" ;;
  esac
done
exit 70
`;

/** A server that is this computer. */
const SSH = `#!/bin/sh
for last; do :; done
exec sh -c "$last"
`;

const KEEPER = "manacore-production-edge-keeper";
/** Longer lines are read from a file: a shell reads a byte at a time. */
const LONG = 500;

const unescaped = (text: string): string => text.split("$${").join("${");
const nameOf = ({ name, body }: Wanted): string =>
  body.must_run === false ? `manacore-production-${name}` : body.name.replace(/\$\{.*/, "0123abcd");

/** One call of a program, until it has ended. */
class Call {
  constructor(
    private readonly socket: Socket,
    /** A path that nobody else has. */
    private readonly file: string,
    readonly directory: string,
    readonly args: readonly string[],
  ) {}

  say(value: unknown): void {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (text.length < LONG && !text.includes("\n")) return void this.socket.write(`o${text}\n`);
    writeFileSync(this.file, `${text}\n`);
    this.socket.write(`f${this.file}\n`);
  }

  fail(text: string): void {
    this.socket.write(`${text.replace(/^/gm, "e")}\n`);
    this.end(1);
  }

  /** The script takes the program's place, with what is given to it. */
  becomes(script: string): void {
    writeFileSync(this.file, script);
    this.socket.end(`s${this.file}\n`);
  }

  get isKilled(): boolean {
    return this.socket.destroyed;
  }

  end(code = 0): void {
    if (!this.socket.writableEnded) this.socket.end(`x${code}\n`);
  }
}

export class FakePrograms {
  readonly calls: string[][] = [];
  fate: Fate = {};
  /** Addresses of containers that are gone. */
  lost: readonly string[] = [];
  /** What is there, by address. */
  resources: Record<string, Resource> = {};
  private serial = 0;
  private count = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  private constructor(
    /** Where the programs are. */
    private readonly bin: string,
    private readonly host: ShellEdge,
  ) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      let text = "";
      socket.setEncoding("utf8").on("data", (more: string) => {
        text += more;
        const [count, name, directory, ...args] = text.split("\0");
        // There is an empty one after the last.
        if (args.length !== Number(count) + 1) return;
        args.pop();
        const call = new Call(socket, join(this.bin, `said-${(this.count += 1)}`), directory!, args);
        this.calls.push([name!, ...args]);
        void (name === "terraform" ? this.terraform(call) : this.docker(call));
      });
      // It was killed.
      socket.on("error", () => undefined).on("close", () => this.sockets.delete(socket));
    });
  }

  /** Puts the programs into a new folder. */
  static async start(bin: string, host: ShellEdge): Promise<FakePrograms> {
    mkdirSync(bin);
    const programs = new FakePrograms(bin, host);
    await new Promise<void>((done) => programs.server.listen(0, "127.0.0.1", done));
    const { port } = programs.server.address() as AddressInfo;
    const client = (name: string): string => CLIENT(name, port, host.env["PATH"]!);
    const scripts = { terraform: client("terraform"), docker: client("docker"), ssh: SSH };
    for (const [name, script] of Object.entries(scripts)) {
      writeFileSync(join(bin, name), script);
      chmodSync(join(bin, name), 0o755);
    }
    return programs;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }

  private async terraform(call: Call): Promise<void> {
    const [command = ""] = call.args;
    if (this.fate.broken === command) return call.fail("Error: no such bucket");
    if (this.fate.hangs === command) return;
    if (command === "version") call.say("Terraform v1.11.4");
    else if (command === "plan") this.plan(call);
    else if (command === "show") this.show(call);
    else if (command === "apply") return call.end(await this.apply(call));
    else if (command !== "init") return call.fail(`Error: no command ${command}`);
    call.end();
  }

  private plan({ directory, args }: Call): void {
    const stack = readFileSync(join(directory, "cdk.tf.json"));
    const { resource } = JSON.parse(stack.toString()) as {
      resource: Record<string, Record<string, Body>>;
    };
    const wanted = new Map<string, Wanted>(
      Object.entries(resource).flatMap(([type, named]) =>
        Object.entries(named).map(([name, body]) => [`${type}.${name}`, { type, name, body }] as const),
      ),
    );
    const valuesOf = (option: string): string[] =>
      args.filter((arg) => arg.startsWith(`${option}=`)).map((arg) => arg.slice(option.length + 1));
    const [targets, replaced] = [valuesOf("-target"), valuesOf("-replace")];
    const addresses = [...new Set([...Object.keys(this.resources), ...wanted.keys()])].sort();
    const changes = addresses.flatMap((address) => {
      const [is, will] = [this.resources[address], wanted.get(address)];
      const stays = is && will && !is.tainted && !replaced.includes(address);
      const same = stays && JSON.stringify(is.body) === JSON.stringify(will.body);
      if (same || (targets.length > 0 && !targets.includes(address))) return [];
      const actions = !is ? ["create"] : !will ? ["delete"] : ["delete", "create"];
      const { type, name, body } = (will ?? is)!;
      const change = { actions, before: is?.body ?? null, after: will?.body ?? null };
      return [{ address, mode: "managed", type, name, change, body }];
    });
    const [out] = valuesOf("-out");
    const plan = strToU8(JSON.stringify({ serial: this.serial, resource_changes: changes }));
    writeFileSync(join(directory, out!), zipSync({ tfplan: plan, "tfconfig/m-/cdk.tf.json": stack }));
  }

  private show(call: Call): void {
    const [, , file] = call.args;
    if (file !== undefined) return call.say(planIn(join(call.directory, file)));
    const resources = Object.entries(this.resources).map(([address, { type, name, body, tainted }]) => {
      const own = type === "docker_container" ? { name: nameOf({ type, name, body }) } : {};
      const ip = type === "hcloud_primary_ip" ? { ip_address: "127.0.0.1" } : {};
      return { address, type, name, ...(tainted ? { tainted } : {}), values: { ...body, id: address, ...own, ...ip } };
    });
    call.say({ values: { root_module: { resources } } });
  }

  private async apply(call: Call): Promise<number> {
    const failed = (summary: string, address?: string): number => {
      call.say({ type: "diagnostic", diagnostic: { severity: "error", summary, ...(address ? { address } : {}) } });
      return 1;
    };
    const plan = JSON.parse(planIn(join(call.directory, call.args.at(-1)!))) as {
      serial: number;
      resource_changes: Change[];
    };
    if (plan.serial !== this.serial) return failed("Saved plan is stale");
    // The switch last, as it waits for the containers; what goes, goes after it.
    const order = ({ name, change: { actions } }: Change): number =>
      name.endsWith("_switch_job") ? 1 : actions.join() === "delete" ? 2 : 0;
    const { slow = 0, fails = {} } = this.fate;
    for (const each of [...plan.resource_changes].sort((a, b) => order(a) - order(b))) {
      const { address, type, name, body, change } = each;
      const action = change.actions.at(-1)!;
      const hook = (kind: string): void => call.say({ type: kind, hook: { resource: { addr: address }, action } });
      hook("apply_start");
      if (slow > 0) await pause(1000 * slow);
      if (call.isKilled) return 1;
      this.serial += 1;
      let failure: string | undefined;
      if (action === "delete") delete this.resources[address];
      else {
        failure = fails[address];
        const made: Resource = { type, name, body, made: this.serial, ...(failure ? { tainted: true } : {}) };
        const isJob = name.endsWith("_switch_job") || name === "edge-settings";
        if (!failure && isJob && (await this.ran(made)) !== 0) {
          failure = "local-exec provisioner error: exit status 1";
          made.tainted = true;
        }
        this.resources[address] = made;
      }
      if (failure) {
        hook("apply_errored");
        return failed(failure, address);
      }
      hook("apply_complete");
    }
    return 0;
  }

  /** A job at the edge: it runs here, in the folder that is the host. @returns its code */
  private async ran(job: Resource): Promise<number | null> {
    const next = join(this.host.root, "next");
    rmSync(next, { recursive: true, force: true });
    mkdirSync(next);
    for (const { file, content } of job.body.upload) writeFileSync(join(next, basename(file)), unescaped(content));
    const child = spawn(
      "sh",
      job.body.command.map((each) => this.moved(unescaped(each))),
      { env: this.host.env },
    );
    job.said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (job.said += String(text)));
    return new Promise((done) => child.on("close", done));
  }

  private moved(text: string): string {
    return replacements(this.host.root).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  }

  private docker(call: Call): void {
    const { args } = call;
    const containers = Object.entries(this.resources).filter(
      ([address, { type }]) => type === "docker_container" && !this.lost.includes(address),
    );
    switch (args[0]) {
      case "ps":
        for (const [address, each] of containers) {
          call.say(args.includes("--quiet") ? address : [address, nameOf(each), "image", "running", "Up"].join("\t"));
        }
        return call.end();
      case "inspect": {
        const asked = containers.filter(([address, each]) => args.includes(address) || args.includes(nameOf(each)));
        call.say(asked.map(inspected));
        return call.end();
      }
      case "logs":
        call.say(
          containers.find(([, each]) => nameOf(each) === args.at(-1))?.[1].said ?? "cannot reach the payment provider",
        );
        return call.end();
      case "exec":
        if (args.includes(KEEPER)) return this.keeper(call);
        call.say(this.fate.metrics ?? "");
        return call.end();
      default:
        return call.fail(`docker: '${args[0]}' is not a docker command.`);
    }
  }

  /** The program beside the edge. */
  private keeper(call: Call): void {
    const keeper = this.resources["docker_container.edge-keeper"];
    const silent = keeper ? this.fate.noKeeper : `Error: No such container: ${KEEPER}`;
    if (!keeper || silent) return call.fail(silent!);
    const program = unescaped(keeper.body.env.find((each) => each.startsWith("EDGE_PROGRAM="))!.slice(13));
    const quoted = `exec sh -c '${program.replaceAll("'", "'\\''")}'`;
    call.becomes(this.moved(call.args.at(-1)!.replace('exec sh -c "$EDGE_PROGRAM"', () => quoted)));
  }
}

/** In earnest, whatever becomes of the pauses of commands. */
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

function inspected([address, { type, name, body, made, tainted }]: [string, Resource]): object {
  const at = new Date(Date.UTC(2026, 10, 21, 10) + made * 1000).toISOString();
  const ExitCode = tainted ? 1 : 0;
  const Log = [{ ExitCode, Output: tainted ? "503 Service Unavailable" : "" }];
  const Health = { Status: tainted ? "unhealthy" : "healthy", FailingStreak: tainted ? 3 : 0, Log };
  return {
    ...{ Id: address, Name: `/${nameOf({ type, name, body })}`, Created: at, RestartCount: 0 },
    State: { Running: body.must_run !== false, ExitCode, StartedAt: at, ...(body.healthcheck ? { Health } : {}) },
    Config: { Image: "image", Labels: Object.fromEntries(body.labels.map(({ label, value }) => [label, value])) },
    HostConfig: { Memory: (body.memory ?? 0) * 1024 * 1024 },
  };
}

/** As Terraform keeps it: a zip, with the text of the stack in it. */
const planIn = (path: string): string => strFromU8(unzipSync(readFileSync(path))["tfplan"]!);
