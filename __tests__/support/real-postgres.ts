/** The real PostgreSQL on a socket in a folder of its own, with the very scripts that the constructs give it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DATABASE_SCRIPT } from "../../constructs/data/postgres-scripts";
import { serverSettings } from "../../constructs/data/postgres";
import { postgres } from "../../config/stores/postgres";

const INSTALLED = "/usr/lib/postgresql";
const NOBODY = 65534;
/** PostgreSQL does not run as root. */
const AS = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
export const ADMINISTRATOR = "postgres";

const newest = (): string | undefined =>
  existsSync(INSTALLED)
    ? readdirSync(INSTALLED)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(INSTALLED, version, "bin"))[0]
    : undefined;

/** What is missing here for it, in words; nothing: it can run. */
export const missingForRealPostgres = (): string | undefined => (newest() ? undefined : "there is no PostgreSQL");

const JOB = ["-ec", DATABASE_SCRIPT];
const JOB_ENV = {
  ROLE_CONNECTIONS: "5",
  STATEMENT_TIMEOUT: "0s",
  IDLE_IN_TRANSACTION_TIMEOUT: "300s",
  EXTENSIONS: "",
  PGUSER: ADMINISTRATOR,
  PGDATABASE: ADMINISTRATOR,
  PGPASSWORD: "administrator",
};

export interface Ran {
  readonly status: number | null;
  readonly out: string;
}

export class RealPostgres {
  // What other tests put beside each other is root's alone.
  private readonly folder = mkdtempSync(join(AS.uid === undefined ? tmpdir() : "/tmp", "twinset-postgres-"));
  private readonly bin = newest()!;
  private server: ChildProcess | undefined;
  private readonly sessions: ChildProcess[] = [];

  static async start(): Promise<RealPostgres> {
    const started = new RealPostgres();
    try {
      await started.run();
      return started;
    } catch (reason) {
      await started.stop();
      throw reason;
    }
  }

  /** The database job's program as the construct gives it. */
  job(env: Readonly<Record<string, string>>): Ran {
    return this.program("sh", JOB, { ...JOB_ENV, ...env });
  }

  /** Several of them at once, as Terraform runs them. */
  jobs(all: readonly Readonly<Record<string, string>>[]): Promise<Ran[]> {
    const run = (env: Readonly<Record<string, string>>): Promise<Ran> =>
      new Promise((done) => {
        const options = { env: { ...this.env(), ...JOB_ENV, ...env }, cwd: this.folder, ...AS };
        const child = spawn("sh", [...JOB], { ...options, stdio: ["ignore", "pipe", "pipe"] });
        let out = "";
        for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (text) => (out += String(text)));
        child.once("close", (status) => done({ status, out }));
      });
    return Promise.all(all.map(run));
  }

  sql(statement: string, { user = ADMINISTRATOR, password = "administrator", database = ADMINISTRATOR } = {}): Ran {
    return this.program("psql", ["-XqtA", "-v", "ON_ERROR_STOP=1", "-c", statement], {
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
    });
  }

  /** A session that stays. */
  async hold(login: { user: string; password: string; database: string }): Promise<ChildProcess> {
    const env = { ...this.env(), PGUSER: login.user, PGPASSWORD: login.password, PGDATABASE: login.database };
    const session = spawn("psql", ["-XqtA"], { env, cwd: this.folder, stdio: ["pipe", "pipe", "pipe"] });
    this.sessions.push(session);
    session.stdin!.on("error", () => undefined);
    session.stdin!.write("SELECT 'in';\n");
    await new Promise<void>((done) => {
      session.stdout!.once("data", () => done());
      session.once("exit", () => done());
    });
    return session;
  }

  log(): string {
    return readFileSync(join(this.folder, "log"), "utf8");
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) await ended(session, "SIGKILL");
    if (this.server) await ended(this.server, "SIGQUIT");
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(): Promise<void> {
    if (AS.uid !== undefined) chownSync(this.folder, AS.uid, AS.gid);
    const password = join(this.folder, "password");
    writeFileSync(password, "administrator");
    const data = join(this.folder, "data");
    const made = this.program("initdb", [
      ...["-D", data, "-U", ADMINISTRATOR, `--pwfile=${password}`, "-A", "scram-sha-256"],
      ...["--encoding=UTF8", "--locale=C", "--no-sync"],
    ]);
    if (made.status !== 0) throw new Error(made.out);
    const settings = { ...serverSettings(postgres()), fsync: "off" };
    const log = join(this.folder, "log");
    this.server = spawn(
      "sh",
      [
        ...["-c", 'log="$1"; shift; exec "$@" 2>"$log"', "sh", log],
        ...[join(this.bin, "postgres"), "-D", data, "-k", this.folder, "-c", "listen_addresses="],
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      { env: this.env(), cwd: this.folder, stdio: "ignore", ...AS },
    );
    for (let tries = 0; tries < 300; tries++) {
      if (this.sql("SELECT 1").status === 0) return;
      await sleep(100);
    }
    throw new Error(`PostgreSQL did not answer within 30 s: ${existsSync(log) ? this.log() : ""}`);
  }

  private env(): NodeJS.ProcessEnv {
    return { PATH: `${this.bin}:${process.env["PATH"]}`, PGHOST: this.folder, LC_ALL: "C" };
  }

  private program(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
    const options = { env: { ...this.env(), ...env }, cwd: this.folder, encoding: "utf8", timeout: 100_000 } as const;
    const { status, stdout, stderr } = spawnSync(name, args, { ...options, ...AS });
    return { status, out: `${stdout}${stderr}`.trim() };
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await new Promise((done) => child.once("exit", done));
}
