import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ProblemsError } from "../../model/problem";
import { startAcme } from "../../rehearsal/acme";
import { startBridge } from "../../rehearsal/bridge";
import { startClouds } from "../../rehearsal/clouds";
import { Endings } from "../../rehearsal/endings";
import { Machine } from "../../rehearsal/machine";
import { startDnsServer } from "../../simulators/dns-server";
import { listenOn, NotListening, notListening } from "../../simulators/listening";
import { serve } from "../../simulators/simulator";
import { MANACORE } from "../support/platforms";

/** Nobody has it: it is for documents (RFC 5737). */
const FOREIGN = "198.51.100.1";

let taken: Server;
let port: number;
let directory: string;
beforeEach(async () => {
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  ({ port } = taken.address() as AddressInfo);
  directory = mkdtempSync(join(tmpdir(), "listening-"));
});
afterEach(() => {
  taken.close();
  rmSync(directory, { recursive: true });
});

const dns = (hosts: readonly string[], at?: number) =>
  startDnsServer({ hosts, resolve: () => [], zoneOf: () => undefined, ...(at === undefined ? {} : { port: at }) });
const acme = (address: string, pebble = "pebble", openssl = "openssl") =>
  startAcme({ pebble, openssl, directory, dnsServer: "127.0.0.1:1", address, env: process.env });
const machine = (address: string) =>
  new Machine({ docker: undefined as never, socket: "", disk: directory, env: {}, address }).listen();
const simulator = (at: number) =>
  serve({
    ...{ prefix: "", routes: () => undefined, port: at },
    rateLimited: () => ({ status: 429 }),
    failed: (status) => ({ status }),
    notFound: () => ({ status: 404 }),
  });

const refused = async (work: Promise<unknown>): Promise<NotListening> => {
  const reason = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(reason).toBeInstanceOf(NotListening);
  // It ends as a person's mistake does: in words, by whoever tells those.
  expect(reason).toBeInstanceOf(ProblemsError);
  const [problem] = (reason as NotListening).problems;
  expect(Object.values(problem!).every((text) => text !== "")).toBe(true);
  return reason as NotListening;
};

describe("a port that somebody has", () => {
  test("is told with who listens there, and how to see who has it", async () => {
    const { message, code } = await refused(simulator(port));
    expect(code).toBe("EADDRINUSE");
    expect(message).toContain(`error: the simulator at 127.0.0.1:${port}\n  given     another program listens there`);
    expect(message).toContain(`ss -lnptu 'sport = :${port}'`);
  });

  test("over TCP or over UDP alone, for DNS; what it had begun to listen on is free again", async () => {
    expect((await refused(dns(["127.0.0.1"], port))).message).toContain(`the simulated DNS at 127.0.0.1:${port}`);
    const udp: Socket = createSocket("udp4");
    udp.bind(0, "127.0.0.3");
    await once(udp, "listening");
    const at = udp.address().port;
    try {
      expect((await refused(dns(["127.0.0.2", "127.0.0.3"], at))).message).toContain(`127.0.0.3:${at}`);
      const again = createServer();
      expect(await listenOn(again, "a test", "127.0.0.2", at)).toBe(at);
      again.close();
    } finally {
      udp.close();
    }
  });
});

describe("an address", () => {
  const ALL: readonly (readonly [string, (address: string) => Promise<unknown>])[] = [
    ["DNS", (address) => dns([address])],
    ["DNS, as the second of two", (address) => dns(["127.0.0.1", address])],
    ["the way for containers", (address) => startBridge(address, "http://127.0.0.1:1")],
    ["Pebble", (address) => acme(address)],
    ["the machine's SSH server", machine],
  ];

  test.each(ALL)("that this computer does not have: %s", async (_, start) => {
    const { code, message } = await refused(start(FOREIGN));
    expect(code).toBe("EADDRNOTAVAIL");
    expect(message).toContain(FOREIGN);
  });

  test.each(ALL.flatMap(([name, start]) => ["", "0.0.0.0", "::", "0:0::0", "localhost"].map((a) => [name, a, start])))(
    "never means every address: %s at %j",
    async (_, address, start) => {
      const { message } = await refused((start as (address: string) => Promise<unknown>)(address as string));
      expect(message).toContain("one address of this computer");
    },
  );

  test("there has to be one", async () => {
    await refused(dns([]));
  });
});

test.each([-1, 1.5, 65_536, Number.NaN])("%s is no port", async (wrong) => {
  expect((await refused(simulator(wrong))).message).toContain("a whole number from 0 to 65535");
  expect((await refused(dns(["127.0.0.1"], wrong))).message).toContain("a whole number from 0 to 65535");
});

test("a port that needs rights, and what is about no address at all", () => {
  const reason = Object.assign(new Error("listen EACCES"), { code: "EACCES" });
  expect(notListening(reason, "the simulator", "127.0.0.1", 80)?.message).toContain("take a port from 1024 on");
  expect(notListening(new Error("no"), "the simulator", "127.0.0.1")).toBeUndefined();
  expect(notListening(undefined, "the simulator", "127.0.0.1")).toBeUndefined();
});

describe("Pebble", () => {
  /** Plays Pebble, which ends at once with these words; and openssl, which makes empty files. */
  const played = (name: string, words: string): string => {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\necho run >> ${join(directory, "runs")}\n${words}\n`, { mode: 0o755 });
    return path;
  };
  const openssl = () => played("openssl", `: > ${join(directory, "certificate.pem")}`);

  test("that is late to its port tries others, and then is told in its own last words", async () => {
    const pebble = played("pebble", 'echo "listen tcp 127.0.0.1:5: bind: address already in use" >&2; exit 1');
    const reason = await acme("127.0.0.1", pebble, openssl()).catch((thrown: unknown) => thrown);
    expect(reason).toBeInstanceOf(ProblemsError);
    expect((reason as Error).message).toMatch(
      /Pebble, the ACME server, at 127.0.0.1\n.*ended at once: listen tcp .* in use/,
    );
  });

  test("that ends by itself is told, too", async () => {
    const reason = await acme("127.0.0.1", played("pebble", "exit 3"), openssl()).catch((thrown: unknown) => thrown);
    expect(reason).toBeInstanceOf(ProblemsError);
  });
});

test("clouds that cannot all be there leave none behind", async () => {
  const endings = new Endings();
  const { platform } = MANACORE;
  const options = {
    platform,
    environment: platform.environments.production,
    endings,
    means: { gateway: FOREIGN, pebble: "pebble", openssl: "openssl" },
  };
  const before = listening();
  await refused(startClouds(options, undefined as never, join(directory, "acme"), {}));
  expect(listening()).toBeGreaterThan(before);
  await endings.end();
  // Node counts one until its last callback has run.
  for (let left = 100; listening() > before && left > 0; left--) await sleep(10);
  expect(listening()).toBeLessThanOrEqual(before);
  expect(existsSync(join(directory, "acme", "pebble.json"))).toBe(false);
});

/** Servers of this process. */
const listening = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap" || name === "TCPSERVERWRAP").length;
