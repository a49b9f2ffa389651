/**
 * The computer behind a simulated Hetzner server: it boots, reads its cloud-init, lets in whoever that names by a real SSH
 * server, and its Docker engine is the local one. When the server is deleted its containers and networks are gone, and
 * Docker's volumes stay: they lie on the Hetzner volume.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, Server, type ServerChannel, utils } from "ssh2";
import { parse } from "yaml";
import { FAILED_FILE, READY_FILE, REBOOT_FILE } from "../model/server";
import type { Docker } from "../clients/docker";
import { listenOn } from "../simulators/listening";
import { keyPair } from "./key-pair";
import type { Machines, MachineServer } from "../simulators/hetzner";

export interface MachineOptions {
  readonly docker: Docker;
  /** The local engine's socket. */
  readonly socket: string;
  /** Stands for the server's own disk. */
  readonly disk: string;
  /** Environment of the commands that somebody runs on the machine. */
  readonly env: NodeJS.ProcessEnv;
  /** The address that the SSH server listens on. */
  readonly address: string;
  /** Seconds from "running" until cloud-init is done, once the volume is there. @default 1 */
  readonly bootSeconds?: number;
}

interface CloudConfig {
  readonly users?: readonly { readonly name: string; readonly ssh_authorized_keys?: readonly string[] }[];
}

/** One machine at a time: the rehearsal's engine is one. */
export class Machine implements Machines {
  private server: MachineServer | undefined;
  private ssh: Server | undefined;
  private readonly connections = new Set<Connection>();
  private listening = 0;
  /** Every server that was ever booted here, for the report. */
  readonly boots: string[] = [];

  constructor(private readonly options: MachineOptions) {}

  /** The port of the SSH server; the same for every server that comes to this address. */
  get port(): number {
    return this.listening;
  }

  /** Takes the port. Until a server has booted every connection is refused. @throws NotListening */
  async listen(): Promise<void> {
    await this.open(undefined);
  }

  async started(server: MachineServer): Promise<void> {
    this.boots.push(server.name);
    this.server = server;
    await this.open(server);
    if (server.volumes.length > 0) void this.becomeReady(server);
  }

  attached(server: MachineServer): void {
    this.server = server;
    void this.becomeReady(server);
  }

  detached(): void {
    // The file system is in use until the server goes; nothing to see from outside.
  }

  async stopped(server: MachineServer, deleted: boolean): Promise<void> {
    this.disconnect();
    const prefix = server.name;
    if (deleted) {
      await this.options.docker.removeContainers(prefix);
      rmSync(this.options.disk, { recursive: true, force: true });
      this.server = undefined;
      await this.open(undefined);
    } else {
      // An orderly shutdown: programs may write out what they have.
      const running = (await this.options.docker.containers(prefix)).filter((container) => container.running);
      if (running.length > 0) await this.options.docker.run("stop", "--time", "10", ...running.map(({ id }) => id));
    }
  }

  /** Breaks all SSH connections. */
  disconnect(): void {
    for (const connection of this.connections) connection.end();
    this.connections.clear();
  }

  async close(): Promise<void> {
    this.disconnect();
    await new Promise<void>((resolve) => (this.ssh ? this.ssh.close(() => resolve()) : resolve()));
    this.ssh = undefined;
  }

  private get readyFile(): string {
    return join(this.options.disk, READY_FILE);
  }

  private async becomeReady(server: MachineServer): Promise<void> {
    await sleep((this.options.bootSeconds ?? 1) * 1000);
    if (this.server?.id !== server.id) return;
    mkdirSync(dirname(this.readyFile), { recursive: true });
    writeFileSync(this.readyFile, "");
  }

  /** A new server has a new host key, and lets in whom its own cloud-init names. */
  private async open(server: MachineServer | undefined): Promise<void> {
    await this.close();
    const allowed = authorizedKeys(server);
    const ssh = new Server({ hostKeys: [keyPair().private] }, (connection) => this.accept(connection, allowed));
    this.ssh = ssh;
    this.listening = await listenOn(ssh, "the machine's SSH server", this.options.address, this.listening);
  }

  private accept(connection: Connection, allowed: ReadonlyMap<string, readonly string[]>): void {
    this.connections.add(connection);
    connection.on("close", () => this.connections.delete(connection));
    // A client that goes away in the middle is its own affair.
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => {
      if (context.method !== "publickey") return context.reject(["publickey"]);
      const offered = context.key.data.toString("base64");
      const known = (allowed.get(context.username) ?? []).some((line) => line.split(/\s+/)[1] === offered);
      if (!known) return context.reject(["publickey"]);
      if (!context.signature || !context.blob) return context.accept();
      const key = utils.parseKey(`${context.key.algo} ${offered}`);
      if (key instanceof Error) return context.reject();
      return key.verify(context.blob, context.signature, context.hashAlgo) === true
        ? context.accept()
        : context.reject();
    });
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => this.execute(command, acceptExec()));
    });
  }

  private execute(command: string, channel: ServerChannel): void {
    channel.on("error", () => undefined);
    if (/^docker system dial-stdio\b/.test(command)) return this.dial(channel);
    const local = OWN_FILES.reduce((text, file) => text.replaceAll(file, join(this.options.disk, file)), command);
    const child = spawn("sh", ["-c", local], { env: this.options.env, stdio: ["pipe", "pipe", "pipe"] });
    channel.pipe(child.stdin);
    child.stdin.on("error", () => undefined);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on("close", (code) => {
      channel.exit(code ?? 255);
      channel.end();
    });
    channel.on("close", () => child.kill());
  }

  /** What `docker system dial-stdio` does: one connection to the engine. */
  private dial(channel: ServerChannel): void {
    const engine = connect({ path: this.options.socket, allowHalfOpen: true });
    engine.on("error", (reason) => {
      channel.stderr.write(`${reason.message}\n`);
      channel.exit(1);
      channel.end();
    });
    channel.pipe(engine);
    engine.pipe(channel, { end: false });
    engine.on("end", () => {
      channel.exit(0);
      channel.end();
    });
    channel.on("close", () => engine.destroy());
  }
}

/** The files of the server's own disk that anybody asks for. */
const OWN_FILES = [READY_FILE, FAILED_FILE, REBOOT_FILE];

/** User name → keys that may log in, out of a server's cloud-init. */
function authorizedKeys(server: MachineServer | undefined): ReadonlyMap<string, readonly string[]> {
  if (!server?.userData) return new Map();
  if (!server.userData.startsWith("#cloud-config\n")) throw new Error("user_data is no cloud-config");
  const config = parse(server.userData) as CloudConfig;
  return new Map((config.users ?? []).map((user) => [user.name, user.ssh_authorized_keys ?? []]));
}

/**
 * Programs in front of the real `ssh` and `ssh-keygen`: the same programs, but with the rehearsal's own port, key and list
 * of known hosts, so that the user's own stay as they are.
 *
 * @returns the folder to put first on the PATH
 */
export function sshPrograms(
  directory: string,
  programs: { readonly ssh: string; readonly sshKeygen: string },
  connection: { readonly address: string; readonly port: number; readonly privateKey: string },
): string {
  const folder = join(directory, "programs");
  mkdirSync(folder, { recursive: true });
  const key = join(directory, "id_ed25519");
  const knownHosts = join(directory, "known_hosts");
  if (!existsSync(key)) writeFileSync(key, connection.privateKey, { mode: 0o600 });
  // ssh takes the first value that it meets, so these win over the stack's own; all else stays the stack's.
  const options = [
    ...["-F", "none", "-p", String(connection.port), "-i", key],
    ...["-o", "IdentitiesOnly=yes", "-o", `UserKnownHostsFile=${knownHosts}`, "-o", "GlobalKnownHostsFile=none"],
    // By the name that it would have on port 22, under which the readiness gate forgets a replaced server's key.
    ...["-o", `HostKeyAlias=${connection.address}`],
    ...["-o", `ControlPath=${join(directory, "%C")}`],
  ];
  const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const script = (program: string, first: readonly string[]): string =>
    `#!/bin/sh\nexec ${[program, ...first].map(quote).join(" ")} "$@"\n`;
  writeFileSync(join(folder, "ssh"), script(programs.ssh, options), { mode: 0o755 });
  writeFileSync(join(folder, "ssh-keygen"), script(programs.sshKeygen, ["-f", knownHosts]), { mode: 0o755 });
  return folder;
}
