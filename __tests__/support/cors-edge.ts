/** For CORS (`loopback-edge.ts` is for headers and limits): the real Traefik or the real nginx on loopback, with one API and the very configuration that the constructs give them. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, request, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROUTING } from "../../constructs/edge/edge";
import { mainConfig, productNginxConfig, sharedNginxConfig } from "../../constructs/edge/nginx-config";
import { productConfig, sharedConfig, staticArguments } from "../../constructs/edge/traefik-config";
import { PLUGIN_ROOT, START_WITH_PLUGIN } from "../../constructs/edge/traefik-visitor";
import type { EdgeSettings } from "../../model/platform";
import { METRICS_PORT, PROBE_PORT, type ProductRouting, type ServiceRoute } from "../../model/routing";
import { hours } from "../../model/units";
import { findProgram } from "../../rehearsal/images/file-tree";
import { freePorts } from "./free-ports";

export type EdgeKind = "traefik" | "nginx";

/** What is missing here for it, in words; nothing: it can run. */
export const missingForLoopbackEdge = (kind: EdgeKind): string | undefined =>
  findProgram(kind, process.env["PATH"] ?? "") ? undefined : `there is no ${kind}`;

export interface LoopbackEdgeOptions {
  readonly settings: EdgeSettings;
  readonly corsOrigins: readonly string[];
  /** Each is answered by the same server of the test. */
  readonly routes: readonly Omit<ServiceRoute, "port" | "servers">[];
  readonly service: RequestListener;
}

const TLS = { kind: "none" } as const;

export class LoopbackEdge {
  private readonly folder = mkdtempSync(join(tmpdir(), "twinset-loopback-"));
  private program?: ChildProcess;
  private server?: Server;
  private port = 0;
  private said = "";

  static async start(kind: EdgeKind, options: LoopbackEdgeOptions): Promise<LoopbackEdge> {
    const edge = new LoopbackEdge();
    try {
      await edge.run(kind, options);
      return edge;
    } catch (reason) {
      await edge.stop();
      throw reason;
    }
  }

  ask(
    host: string,
    { method = "GET", headers = {}, path = "/" }: { method?: string; headers?: Record<string, string>; path?: string },
  ): Promise<{ code: number; headers: IncomingHttpHeaders; raw: readonly string[] }> {
    return new Promise((done, failed) => {
      const options = { host: "127.0.0.1", port: this.port, path, method, headers: { ...headers, host } };
      const asked = request(options, (answer) => {
        answer
          .resume()
          .once("end", () => done({ code: answer.statusCode!, headers: answer.headers, raw: answer.rawHeaders }));
      });
      asked.once("error", failed).end();
    });
  }

  async stop(): Promise<void> {
    const { program, server } = this;
    if (program && program.exitCode === null && program.signalCode === null) {
      // nginx' workers end with it only if it may say so to them.
      program.kill("SIGTERM");
      await new Promise((done) => program.once("exit", done));
    }
    server?.closeAllConnections();
    if (server) await new Promise((done) => server.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async run(kind: EdgeKind, options: LoopbackEdgeOptions): Promise<void> {
    const { settings, corsOrigins } = options;
    this.server = createServer(options.service);
    const port = await listening(this.server);
    const [web, probe, metrics] = (await freePorts(3)) as [number, number, number];
    this.port = web;
    const routing: ProductRouting = {
      product: "demo",
      weights: { blue: 100 },
      routes: options.routes.map((route) => ({ ...route, port, servers: { blue: ["127.0.0.1"] } })),
    };
    const at: Readonly<Record<string, number>> = { 80: web, [PROBE_PORT]: probe, [METRICS_PORT]: metrics };
    const place = join(this.folder, "routing");
    mkdirSync(place);
    if (kind === "traefik") {
      const shared = sharedConfig({ settings, tls: TLS, hstsMaxAge: hours(1), corsOrigins });
      writeFileSync(join(place, "settings.yml"), JSON.stringify(shared));
      writeFileSync(join(place, "demo.yml"), JSON.stringify(productConfig(routing, TLS, "key")));
      const args = staticArguments({ tls: TLS, zone: "localhost", trustedProxies: [], developmentPorts: [] });
      const script = START_WITH_PLUGIN.replaceAll(PLUGIN_ROOT, join(this.folder, "root"));
      this.start("sh", [
        ...["-ec", script, "traefik"],
        ...args.map((each) =>
          each
            .replace(/(address=):(\d+)$/, (_, key: string, of: string) => `${key}127.0.0.1:${at[of]}`)
            .replace(ROUTING, place),
        ),
      ]);
    } else {
      const ours = (text: string): string =>
        text
          .replace(/listen (\d+)/g, (_, of: string) => `listen 127.0.0.1:${at[of]}`)
          .replaceAll("/tmp/", `${this.folder}/`)
          .replaceAll(`${ROUTING}/`, `${place}/`)
          // Pipes of Node are sockets, which nobody can open by a name.
          .replace(/\/dev\/std(err|out)/g, `${this.folder}/$1.log`)
          // Newer than many computers' nginx, and about reloads only.
          .replace(/^ *keepalive_min_timeout .*\n/m, "");
      writeFileSync(
        join(place, "00-settings.conf"),
        ours(sharedNginxConfig({ settings, tls: TLS, zone: "localhost", corsOrigins })),
      );
      writeFileSync(
        join(place, "demo.conf"),
        ours(productNginxConfig(routing, { settings, tls: TLS, hstsMaxAge: hours(1), smokeKey: "key" })),
      );
      writeFileSync(join(this.folder, "nginx.conf"), ours(mainConfig()));
      this.start(kind, ["-c", join(this.folder, "nginx.conf"), "-g", "daemon off;"]);
    }
    const host = routing.routes[0]!.hosts[0]!;
    let last = "";
    for (let tries = 0; tries < 100; tries++) {
      try {
        const { code } = await this.ask(host, {});
        if (code < 400) return;
        last = String(code);
      } catch (reason) {
        last = String(reason);
      }
      await sleep(100);
    }
    const log = join(this.folder, "err.log");
    throw new Error(
      `${kind} answers nobody (${last}): ${this.said}${existsSync(log) ? readFileSync(log, "utf8") : ""}`,
    );
  }

  private start(kind: EdgeKind | "sh", args: readonly string[]): void {
    this.program = spawn(findProgram(kind, process.env["PATH"] ?? "")!, args, {
      stdio: ["ignore", "ignore", "pipe"],
      cwd: this.folder,
    });
    this.program.stderr!.on("data", (text: Buffer) => (this.said = `${this.said}${text.toString()}`.slice(-2000)));
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done, failed) => server.once("error", failed).listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}
