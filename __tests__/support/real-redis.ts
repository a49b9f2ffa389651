/** The real Redis on loopback, started by the very program that the construct gives it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { redisScript } from "../../constructs/data/redis";
import { findProgram } from "../../rehearsal/images/file-tree";
import type { RedisRights } from "../../model/redis";
import type { RedisStore } from "../../model/service";

/** What is missing here for it, in words; nothing: it can run. */
export function missingForRealRedis(): string | undefined {
  const missing = ["redis-server", "redis-cli"].filter((name) => !findProgram(name, process.env["PATH"] ?? ""));
  return missing.length > 0 ? `there is no ${missing.join(" and no ")}` : undefined;
}

export interface Login {
  readonly user?: string;
  readonly password?: string;
}

export class RealRedis {
  private readonly folder = mkdtempSync(join(tmpdir(), "twinset-redis-"));
  private readonly children: ChildProcess[] = [];
  private port = 0;

  /** @param passwords environment variables of the container */
  static async start(
    store: RedisStore,
    users: readonly RedisRights[],
    passwords: Readonly<Record<string, string>>,
  ): Promise<RealRedis> {
    const started = new RealRedis();
    try {
      await started.run(store, users, passwords);
      return started;
    } catch (reason) {
      await started.stop();
      throw reason;
    }
  }

  /** What a client is answered; without a user or a password it says none. */
  ask(login: Login, ...command: readonly string[]): string {
    return this.client(login, command);
  }

  /** The answers to commands that stand in a line each. */
  askAll(login: Login, lines: readonly string[]): string[] {
    return this.client(login, [], `${lines.join("\n")}\n`)
      .split("\n")
      .filter(Boolean);
  }

  /** The command line of the server, as the host's process list shows it. */
  commandLine(): string {
    return readFileSync(`/proc/${this.children[0]!.pid}/cmdline`, "utf8").replaceAll("\0", " ");
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await new Promise((done) => child.once("exit", done));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private client({ user, password }: Login, command: readonly string[], input = ""): string {
    const auth = password === undefined ? {} : { REDISCLI_AUTH: password };
    const as = user === undefined ? [] : ["--user", user];
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "--no-auth-warning", ...as, ...command];
    const env = { PATH: process.env["PATH"], ...auth };
    return spawnSync("redis-cli", args, { env, input, encoding: "utf8", timeout: 20_000 }).stdout.trim();
  }

  private async run(
    store: RedisStore,
    users: readonly RedisRights[],
    passwords: Readonly<Record<string, string>>,
  ): Promise<void> {
    this.port = await freePort();
    const at = `--bind 127.0.0.1 --port ${this.port} --dir ${this.folder}`;
    const script = redisScript(store, users)
      .replaceAll("/tmp/redis.conf", join(this.folder, "redis.conf"))
      .replace("--maxmemory ", `${at} --maxmemory `);
    const env = { PATH: process.env["PATH"], ...passwords };
    const server = spawn("sh", ["-ec", script], { env, cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
    this.children.push(server);
    let said = "";
    for (const stream of [server.stdout!, server.stderr!]) stream.on("data", (text) => (said += String(text)));
    for (let tries = 0; tries < 200; tries++) {
      if (said.includes("Ready to accept connections")) return;
      if (server.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`Redis did not start: ${said}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
