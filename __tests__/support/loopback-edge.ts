/**
 * The real Traefik or the real nginx on loopback, with the very configuration that the constructs give it, and a service
 * behind it that answers with what it was sent. Visitors come from whichever address of 127.0.0.0/8 a test says.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createWebServer, type IncomingMessage, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectSecurely } from "node:tls";
import { CERTIFICATES, ROUTING } from "../../constructs/edge/edge";
import { mainConfig, productNginxConfig, sharedNginxConfig } from "../../constructs/edge/nginx-config";
import { productConfig, sharedConfig, staticArguments } from "../../constructs/edge/traefik-config";
import { PLUGIN_ROOT, START_WITH_PLUGIN } from "../../constructs/edge/traefik-visitor";
import type { Tls } from "../../model/environment";
import type { EdgeSettings } from "../../model/platform";
import { METRICS_PORT, PROBE_PORT, type ProductRouting } from "../../model/routing";
import { hours } from "../../model/units";
import { findProgram } from "../../rehearsal/images/file-tree";
import { Authority } from "./certificate";
import { MANACORE } from "./platforms";
import { freePorts } from "./free-ports";

export const KINDS = ["traefik", "nginx"] as const;
export type Kind = (typeof KINDS)[number];
export const SMOKE_KEY = "a-key-for-smoke-tests-only";
/** The proxy in front that the edge believes; every other address is a visitor's own. */
export const TRUSTED = "127.0.0.8";
/** A proxy with a private address, and the addresses on loopback that stand for private ones: nobody comes from those here. */
export const PRIVATE_PROXY = "192.168.7.7";
export const AT: Readonly<Record<string, string>> = {
  "192.168.0.0/16": "127.0.0.96/28",
  [PRIVATE_PROXY]: "127.0.0.100",
};
/** One of those. */
export const CONTAINER = "127.0.0.99";
const onLoopback = (text: string): string =>
  Object.entries(AT).reduce((all, [address, here]) => all.replaceAll(address, here), text);
export const HOSTS = { api: "api.localhost", web: "web.localhost", webhooks: "hooks.localhost" } as const;
const SENT = /@@(.*)@@/;
const ZONE = "localhost";
/** Nobody answers there: a certificate is laid beside, as one that Traefik or certbot has fetched. */
const SECURE = {
  kind: "letsencrypt",
  challenge: "http",
  email: "ops@example.org",
  caServer: "http://127.0.0.1:9/dir",
} as const;

/** What is missing here for it, in words; nothing: it can run. */
export function missingFor(kind: Kind): string | undefined {
  return findProgram(kind, process.env["PATH"] ?? "") ? undefined : `there is no ${kind}`;
}

export interface Visit {
  /** The address that the edge sees. @default 127.0.0.1 */
  readonly from?: string;
  readonly host?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** By the port of the API alone. */
  readonly byPort?: boolean;
  /** By HTTP, where the edge has TLS. */
  readonly plainly?: boolean;
}

export interface Answer {
  readonly code: number;
  readonly head: string;
  /** What the service was sent, as it was written on the wire; none where the edge answered itself. */
  readonly sent: readonly (readonly [name: string, value: string])[] | undefined;
}

/** The values of a header at the service, by whatever spelling that a language may take for it. */
export const valuesOf = ({ sent }: Answer, name: string): string[] => {
  if (!sent) throw new Error("no service was asked");
  const plain = (text: string): string => text.toLowerCase().replaceAll("_", "-");
  return sent.filter(([other]) => plain(other) === plain(name)).map(([, value]) => value);
};

type Six = [number, number, number, number, number, number];

export class LoopbackEdge {
  private program: ChildProcess | undefined;
  private service: Server | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), "twinset-edge-"));
  private ports = { web: 0, secure: 0, probe: 0, metrics: 0, service: 0, alone: 0 };

  private constructor(
    readonly kind: Kind,
    private readonly settings: EdgeSettings,
    private readonly tls: Tls,
  ) {}

  static async start(kind: Kind, more: Partial<EdgeSettings> = {}, tls: Tls["kind"] = "none"): Promise<LoopbackEdge> {
    const settings = { ...MANACORE.platform.edge, trustedProxies: [TRUSTED, "127.0.1.0/24"], ...more };
    const edge = new LoopbackEdge(kind, settings, tls === "none" ? { kind: tls } : SECURE);
    try {
      await edge.run();
      return edge;
    } catch (reason) {
      await edge.stop();
      throw reason;
    }
  }

  /** One request, written as it is given: a header may come twice, and in any spelling. */
  async visit({ from = "127.0.0.1", host = HOSTS.web, headers = [], byPort, plainly }: Visit = {}): Promise<Answer> {
    const all = [["Host", host], ...headers];
    if (!headers.some(([name]) => name.toLowerCase() === "connection")) all.push(["Connection", "close"]);
    const text = await this.exchange(
      `GET / HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
      from,
      byPort ? "alone" : plainly || this.tls.kind === "none" ? "web" : "secure",
    );
    const head = text.split("\r\n\r\n")[0]!;
    const got = SENT.exec(text)?.[1];
    const sent = got && (JSON.parse(Buffer.from(got, "base64").toString()) as [string, string][]);
    return { code: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, sent: sent === "" ? undefined : sent };
  }

  async stop(): Promise<void> {
    const { program } = this;
    if (program && program.exitCode === null && program.signalCode === null) {
      const gone = new Promise((done) => program.once("exit", done));
      // Traefik would wait for those who are still there; nginx, killed, would leave its workers.
      program.kill(this.kind === "traefik" ? "SIGKILL" : "SIGTERM");
      await gone;
    }
    this.service?.closeAllConnections();
    if (this.service) await new Promise((done) => this.service!.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private exchange(request: string, from: string, to: "alone" | "web" | "secure"): Promise<string> {
    return new Promise((done, failed) => {
      let text = "";
      const options = { host: "127.0.0.1", port: this.ports[to], localAddress: from };
      const write = (): unknown => socket.write(request);
      const socket: Socket =
        to === "secure"
          ? connectSecurely({ ...options, servername: HOSTS.web, rejectUnauthorized: false }, write)
          : connect(options, write);
      // Whoever leaves out "close" (the tests of Connection do) has the whole answer when its end has come.
      socket.setEncoding("latin1").on("data", (part: string) => {
        text += part;
        if (SENT.test(text) || /^HTTP\/1\.1 (3|4|5)/.test(text)) socket.end();
      });
      socket.setTimeout(10_000, () => socket.destroy(new Error(`no end to the answer: ${text.slice(0, 200)}`)));
      socket.once("error", failed).once("close", () => done(text));
    });
  }

  private get log(): string {
    return join(this.folder, "errors.log");
  }

  private get routing(): ProductRouting {
    const { service, alone } = this.ports;
    const route = { port: service, servers: { blue: ["127.0.0.1"], green: ["127.0.0.1"] } };
    return {
      product: "chat",
      weights: { blue: 50, green: 50 },
      routes: [
        {
          ...{ ...route, service: "chat-backend", api: true, developmentPort: alone },
          ...{ hosts: [HOSTS.api], webhookHosts: [HOSTS.webhooks] },
        },
        { ...route, service: "chat-web", api: false, hosts: [HOSTS.web] },
      ],
    };
  }

  private async run(): Promise<void> {
    const [web, secure, probe, metrics, service, alone] = (await freePorts(6)) as Six;
    this.ports = { web, secure, probe, metrics, service, alone };
    this.service = await echo(service);
    mkdirSync(join(this.folder, "routing"));
    this.certificate();
    if (this.kind === "traefik") this.traefik();
    else this.nginx();
    for (let tries = 0; tries < 150; tries++) {
      if (this.program!.exitCode !== null) break;
      if (await this.visit().then(({ code }) => code === 200, () => false)) return; // prettier-ignore
      await sleep(100);
    }
    throw new Error(`${this.kind} does not answer: ${readFileSync(this.log, "utf8").slice(-800)}`);
  }

  private certificate(): void {
    const { key, cert } = new Authority().issue({ names: Object.values(HOSTS), until: 30 });
    const folder = join(this.folder, "certificates/live", ZONE);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "privkey.pem"), key);
    writeFileSync(join(folder, "fullchain.pem"), cert);
  }

  private at(port: number): number {
    const { web, secure, probe, metrics } = this.ports;
    return { 80: web, 443: secure, [PROBE_PORT]: probe, [METRICS_PORT]: metrics }[port] ?? port;
  }

  private traefik(): void {
    const { settings, routing, folder, tls } = this;
    const options = { settings, tls, hstsMaxAge: hours(1), corsOrigins: [] };
    const write = (name: string, config: object): void =>
      writeFileSync(join(folder, "routing", name), onLoopback(JSON.stringify(config)));
    write("settings.yml", sharedConfig(options));
    write("chat.yml", productConfig(routing, tls, SMOKE_KEY, settings.trustedProxies));
    const [certFile, keyFile] = ["fullchain.pem", "privkey.pem"].map((name) =>
      join(folder, "certificates/live", ZONE, name),
    );
    if (tls.kind !== "none") write("certificates.yml", { tls: { certificates: [{ certFile, keyFile }] } });
    const args = staticArguments({
      ...{ tls, zone: ZONE },
      ...{ trustedProxies: settings.trustedProxies, developmentPorts: [this.ports.alone] },
    }).map((each) =>
      onLoopback(each)
        .replace(/(address=):(\d+)$/, (_, key: string, port: string) => `${key}127.0.0.1:${this.at(Number(port))}`)
        .replace(ROUTING, join(folder, "routing"))
        .replace(CERTIFICATES, join(folder, "certificates")),
    );
    const script = START_WITH_PLUGIN.replaceAll(PLUGIN_ROOT, join(folder, "root"));
    this.start("sh", ["-ec", script, "traefik", ...args]);
  }

  private nginx(): void {
    const { settings, routing, folder, tls } = this;
    const options = { settings, tls, hstsMaxAge: hours(1) };
    const here = (text: string): string =>
      onLoopback(text)
        .replaceAll("/tmp/", `${folder}/`)
        .replaceAll("/dev/stderr", this.log)
        .replaceAll(ROUTING, join(folder, "routing"))
        .replaceAll(CERTIFICATES, join(folder, "certificates"))
        // Known since 1.27.4; Debian has an older one.
        .replaceAll(/keepalive_min_timeout .*\n/g, "")
        .replaceAll(/listen (\d+)/g, (_, port: string) => `listen 127.0.0.1:${this.at(Number(port))}`);
    writeFileSync(join(folder, "nginx.conf"), here(mainConfig()));
    const shared = sharedNginxConfig({ ...options, zone: ZONE, corsOrigins: [] });
    writeFileSync(join(folder, "routing", "00-settings.conf"), here(shared));
    writeFileSync(
      join(folder, "routing", "chat.conf"),
      here(productNginxConfig(routing, { ...options, smokeKey: SMOKE_KEY })),
    );
    this.start("nginx", ["-c", join(folder, "nginx.conf"), "-g", "daemon off; user root;"]);
  }

  private start(name: string, args: readonly string[]): void {
    const log = openSync(this.log, "a");
    this.program = spawn(name, args, {
      stdio: ["ignore", "ignore", log],
      cwd: this.folder,
    });
    closeSync(log);
  }
}

/** Answers with what it was sent, as SENT has it; an upgrade, too. */
async function echo(port: number): Promise<Server> {
  const said = ({ rawHeaders: raw }: IncomingMessage): string => {
    const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1]!]] : []));
    return `@@${Buffer.from(JSON.stringify(pairs)).toString("base64")}@@`;
  };
  const server = createWebServer((asked, answer) => void answer.end(said(asked)));
  server.on("upgrade", (asked, socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${said(asked)}`);
  });
  await new Promise<void>((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done));
  return server;
}
