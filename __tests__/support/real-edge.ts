/** The real Traefik and the real Prometheus on loopback, with the very configuration that the constructs give them. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer as createWebServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAnswers, type Series } from "../../clients/prometheus";
import { EDGE_ALIAS, ROUTING } from "../../constructs/edge/edge";
import { productConfig, sharedConfig, staticArguments } from "../../constructs/edge/traefik-config";
import { PLUGIN_ROOT, START_WITH_PLUGIN } from "../../constructs/edge/traefik-visitor";
import { prometheusConfig } from "../../constructs/monitoring/prometheus";
import { hours } from "../../model/units";
import type { Colour } from "../../model/release";
import { EDGE_HEALTH_EVERY, METRICS_PORT, PROBE_PORT } from "../../model/routing";
import { findProgram } from "../../rehearsal/images/file-tree";
import { MANACORE } from "./platforms";
import { freePorts } from "./free-ports";

const TLS = { kind: "none" } as const;
const HEALTH = "/health";
export const HOST = "chat.localhost";
export const SERVICE = "chat-backend";
/** Both sets answer on one port, as the routing has it, at addresses of their own. */
const ADDRESSES: Readonly<Record<Colour, string>> = { blue: "127.0.0.2", green: "127.0.0.3" };
/** In place of EDGE_HEALTH_EVERY: a test need not wait for so long. */
const HEALTH_EVERY = 3;

/** What is missing here for it, in words; nothing: it can run. */
export function missingForRealEdge(): string | undefined {
  const missing = ["traefik", "prometheus"].filter((name) => !findProgram(name, process.env["PATH"] ?? ""));
  return missing.length > 0 ? `there is no ${missing.join(" and no ")}` : undefined;
}

/** What one set does when it is asked. */
export interface SetBehaviour {
  healthy: boolean;
  /** Answers visitors with it. @default 200 */
  code?: number;
}

export class RealEdge {
  readonly sets: Record<Colour, SetBehaviour> = { blue: { healthy: true }, green: { healthy: true } };
  private readonly programs: ChildProcess[] = [];
  private readonly servers: Server[] = [];
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 });
  private readonly folder = mkdtempSync(join(tmpdir(), "twinset-edge-"));
  private ports = { web: 0, probe: 0, metrics: 0, prometheus: 0, service: 0 };

  /** @param weights per cent */
  static async start(weights: Readonly<Record<Colour, number>>): Promise<RealEdge> {
    const edge = new RealEdge();
    try {
      await edge.run(weights);
      return edge;
    } catch (reason) {
      await edge.stop();
      throw reason;
    }
  }

  /** Asks as a visitor, and says what came and from which set; "edge" for what the edge answered itself. */
  visit(): Promise<{ code: number; by: string }> {
    return new Promise((done, failed) => {
      const { web: port } = this.ports;
      const options = { host: "127.0.0.1", port, path: "/", headers: { host: HOST }, agent: this.agent };
      const asked = request(options, (answer) => {
        answer
          .resume()
          .once("end", () => done({ code: answer.statusCode!, by: String(answer.headers["x-by"] ?? "edge") }));
      });
      asked.once("error", failed).end();
    });
  }

  /** Visits at that rate until something is so. @returns how often each answer came, as "503 by edge" */
  async visitUntil(isSo: (seconds: number) => boolean, perSecond: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const pending: Promise<void>[] = [];
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    for (let i = 0; !isSo(seconds()); i++) {
      pending.push(
        this.visit().then(({ code, by }) => void (counts[`${code} by ${by}`] = (counts[`${code} by ${by}`] ?? 0) + 1)),
      );
      await sleep(Math.max(0, ((i + 1) / perSecond - seconds()) * 1000));
    }
    await Promise.all(pending);
    return counts;
  }

  async ask(queries: readonly string[]): Promise<Series[]> {
    const answers = queries.map(async (query) => {
      const url = `http://127.0.0.1:${this.ports.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`;
      return JSON.stringify(await (await fetch(url)).json());
    });
    return parseAnswers((await Promise.all(answers)).join("\n"));
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.ports.metrics}/metrics`)).text();
  }

  /** By the edge's own checks. */
  async isUp(colour: Colour): Promise<boolean> {
    const of = `traefik_service_server_up{service="${SERVICE}-${colour}@file"`;
    const line = (await this.metrics()).split("\n").find((each) => each.startsWith(of));
    return line?.endsWith(" 1") ?? false;
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    for (const program of this.programs) {
      if (program.exitCode !== null || program.signalCode !== null) continue;
      program.kill("SIGKILL");
      await new Promise((done) => program.once("exit", done));
    }
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(weights: Readonly<Record<Colour, number>>): Promise<void> {
    const [web, probe, metrics, prometheus, service] = (await freePorts(5)) as [number, number, number, number, number];
    this.ports = { web, probe, metrics, prometheus, service };
    for (const colour of ["blue", "green"] as const) this.servers.push(await this.set(colour));
    const routing = join(this.folder, "routing");
    mkdirSync(routing);
    const write = (name: string, config: object): void => {
      const text = JSON.stringify(config).replaceAll(
        `"interval":"${EDGE_HEALTH_EVERY.toGo()}"`,
        `"interval":"${HEALTH_EVERY}s"`,
      );
      writeFileSync(join(this.folder, name), text);
      renameSync(join(this.folder, name), join(routing, name));
    };
    const settings = MANACORE.platform.edge;
    write("shared.yml", sharedConfig({ settings, tls: TLS, hstsMaxAge: hours(1), corsOrigins: [] }));
    const route = { service: SERVICE, hosts: [HOST], api: false, port: service, healthPath: HEALTH };
    const servers = { blue: [ADDRESSES.blue], green: [ADDRESSES.green] };
    write("chat.yml", productConfig({ product: "chat", weights, routes: [{ ...route, servers }] }, TLS, "key"));
    const at: Readonly<Record<string, number>> = { 80: web, [PROBE_PORT]: probe, [METRICS_PORT]: metrics };
    const args = staticArguments({ tls: TLS, zone: "localhost", trustedProxies: [], developmentPorts: [] }).map(
      (each) =>
        each
          .replace(/(address=):(\d+)$/, (_, key: string, port: string) => `${key}127.0.0.1:${at[port]}`)
          .replace(ROUTING, routing),
    );
    // Traefik itself in the end, and so what is killed.
    const script = START_WITH_PLUGIN.replaceAll(PLUGIN_ROOT, join(this.folder, "root"));
    this.program("sh", ["-ec", script, "traefik", ...args]);
    const config = join(this.folder, "prometheus.yml");
    writeFileSync(config, prometheusConfig().replace(`${EDGE_ALIAS}:${METRICS_PORT}`, `127.0.0.1:${metrics}`));
    const data = join(this.folder, "data");
    const listen = `--web.listen-address=127.0.0.1:${prometheus}`;
    this.program("prometheus", [`--config.file=${config}`, `--storage.tsdb.path=${data}`, listen]);
    await until("a visitor is answered", async () => (await this.visit()).code === 200);
    await until("Prometheus has read the edge", async () =>
      (await this.ask(["max_over_time(up[1m:1s])[1s:1s]"])).some(({ points }) => points.at(-1)?.value === 1),
    );
    await until("the edge has asked both sets", async () => (await this.isUp("blue")) && (await this.isUp("green")));
  }

  private program(name: string, args: readonly string[]): void {
    this.programs.push(
      spawn(findProgram(name, process.env["PATH"] ?? "")!, args, {
        stdio: "ignore",
        cwd: this.folder,
      }),
    );
  }

  private async set(colour: Colour): Promise<Server> {
    const server = createWebServer((asked, answer) => {
      const { healthy, code = 200 } = this.sets[colour];
      const isHealth = asked.url === HEALTH;
      answer.writeHead(isHealth ? (healthy ? 200 : 500) : code, { "x-by": colour }).end("ok");
    });
    await new Promise<void>((done, failed) =>
      server.once("error", failed).listen(this.ports.service, ADDRESSES[colour], done),
    );
    return server;
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (await isSo().catch(() => false)) return;
    await sleep(200);
  }
  throw new Error(`not within 30 s: ${what}`);
}
