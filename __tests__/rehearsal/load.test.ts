import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Load, LoadResult, type LoadOptions } from "../../rehearsal/load/load";

let server: Server;
let answer: (count: number) => { status: number; version?: string } | "break";
let count = 0;
const connections = new Set<unknown>();

beforeEach(async () => {
  count = 0;
  connections.clear();
  server = createServer((request, response) => {
    connections.add(request.socket);
    const what = answer(++count);
    if (what === "break") return void request.socket.destroy();
    response.writeHead(what.status, what.version ? { "x-stand-in-version": what.version } : {}).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.close();
});

const start = (options: Partial<LoadOptions> = {}): Load =>
  new Load({
    address: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    targets: [{ host: "shop.example.org", path: "/health" }],
    connections: 4,
    ratePerSecond: 500,
    maxRequests: 400,
    maxSeconds: 20,
    phase: "all",
    ...options,
  });

describe("load", () => {
  test("goes over few connections that stay open, and ends at its bound", async () => {
    answer = () => ({ status: 200, version: "v1" });
    const load = start();
    await load.until("all", 1_000_000);
    const result = await load.stop();
    expect(result.requests).toBe(400);
    expect(result.failed).toBe(0);
    expect(connections.size).toBeLessThanOrEqual(4);
    expect(result.share("all", "v1")).toBe(100);
    expect(result.percentile(0.95)).toBeGreaterThan(0);
  }, 30_000);

  test("counts every kind of failure, and per phase who answered", async () => {
    answer = (n) => (n % 10 === 0 ? { status: 502 } : n % 25 === 0 ? "break" : { status: 200, version: "v1" });
    const load = start();
    await load.until("all", 100);
    answer = () => ({ status: 200, version: "v2" });
    load.phase("new");
    await load.until("new", 100);
    const result = await load.stop();
    expect(result.failures).toMatch(/status 502 from shop\.example\.org \d+/);
    expect(result.failures).toMatch(/ECONNRESET \d+/);
    expect(result.failed).toBe(result.phases["all"]!.failed);
    expect(result.share("new", "v2")).toBeGreaterThan(90);
    expect(result.lastSeen("v2")).toBeGreaterThan(result.lastSeen("v1")!);
    expect(result.lastSeen("v3")).toBeUndefined();
  }, 30_000);

  test("goes to this computer only", () => {
    expect(() => start({ address: "192.0.2.1" })).toThrow("load goes to loopback only, not to 192.0.2.1");
    expect(() => start({ address: "127.0.0.1.example.org" })).toThrow("loopback");
  });

  test("a phase without answers has no share", () => {
    expect(new LoadResult({}).share("canary", "v1")).toBe(0);
  });
});
