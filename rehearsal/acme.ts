/**
 * Certificates for a rehearsal: Pebble, Let's Encrypt's own test server. It asks for the same proofs, finds them by the
 * rehearsal's DNS, and signs with a root that nobody trusts.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { error, ProblemsError } from "../model/problem";
import { listenOn } from "../simulators/listening";

export interface AcmeOptions {
  readonly pebble: string;
  readonly openssl: string;
  /** For its configuration. */
  readonly directory: string;
  /** "127.0.0.1:5353": who answers where a name's proof is. */
  readonly dnsServer: string;
  /** Where containers reach it: this computer's address in Docker's network. */
  readonly address: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Acme {
  /** "https://172.17.0.1:14000/dir". */
  readonly directoryUrl: string;
  /** Where Pebble's own certificate lies, which its clients have to trust. */
  readonly certificatePath: string;
  /** The root that the issued certificates lead to, in PEM. */
  readonly root: string;
  stop(): Promise<void>;
}

/** Between the look for a free port and Pebble's taking it somebody else may have taken it. */
const TRIES = 3;

/** Starts Pebble where only this computer and its containers reach it. @throws ProblemsError with Pebble's own words when it does not come up */
export async function startAcme(options: AcmeOptions): Promise<Acme> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await start(options);
    } catch (reason) {
      if (!(reason instanceof PebbleFailed)) throw reason;
      if (left > 1 && /address already in use/.test(reason.said)) continue;
      throw new ProblemsError([
        error(
          `Pebble, the ACME server, at ${options.address}`,
          `${reason.message}: ${reason.said.trim().split("\n").at(-1) || "it said nothing"}`,
          "a server that answers",
          `try it by hand: ${options.pebble} -version`,
        ),
      ]);
    }
  }
}

class PebbleFailed extends Error {
  constructor(
    message: string,
    readonly said: string,
  ) {
    super(message);
  }
}

async function start(options: AcmeOptions): Promise<Acme> {
  const { directory } = options;
  const [port, managementPort] = [await freePort(options.address), await freePort("127.0.0.1")];
  mkdirSync(directory, { recursive: true });
  const certificatePath = join(directory, "certificate.pem");
  const keyPath = join(directory, "key.pem");
  execFileSync(
    options.openssl,
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=rehearsal", "-addext", `subjectAltName=IP:127.0.0.1,IP:${options.address}`],
      ...["-keyout", keyPath, "-out", certificatePath],
    ],
    { stdio: "ignore" },
  );
  const configPath = join(directory, "pebble.json");
  writeFileSync(
    configPath,
    JSON.stringify({
      pebble: {
        listenAddress: `${options.address}:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: certificatePath,
        privateKey: keyPath,
        httpPort: 80,
        tlsPort: 443,
        ocspResponderURL: "",
        externalAccountBindingRequired: false,
      },
    }),
  );
  const child = spawn(options.pebble, ["-config", configPath, "-dnsserver", options.dnsServer, "-strict"], {
    // Let's Encrypt waits a little before it asks for a proof; that is time only.
    env: { ...options.env, PEBBLE_VA_NOSLEEP: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2000)));
  }
  const certificate = readFileSync(certificatePath, "utf8");
  try {
    const root = await rootOf(`https://127.0.0.1:${managementPort}/roots/0`, certificate, child, () => said);
    return { directoryUrl: `https://${options.address}:${port}/dir`, certificatePath, root, stop: () => end(child) };
  } catch (reason) {
    await end(child);
    throw reason;
  }
}

/** A tenth of a second each. It takes less than one, on cores that have nothing else to do. */
const ATTEMPTS = 600;

async function rootOf(url: string, ca: string, child: ChildProcess, said: () => string): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (child.exitCode !== null) throw new PebbleFailed("it ended at once", said());
    const body = await get(url, ca).catch(() => undefined);
    if (body?.includes("BEGIN CERTIFICATE")) return body;
    await sleep(100);
  }
  throw new PebbleFailed("it does not answer", said());
}

const get = (url: string, ca: string): Promise<string> =>
  new Promise((resolve, reject) => {
    request(url, { ca }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(body));
    })
      .on("error", reject)
      .end();
  });

/** Ends a child that is ours, and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await gone;
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  const port = await listenOn(server, "Pebble, the ACME server", address);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
