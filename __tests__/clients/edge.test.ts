import { afterEach, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askEdge, type EdgeAddress } from "../../clients/edge";
import { WebServer } from "../support/web-server";

let servers: WebServer[] = [];
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
});

async function edgeThat(answer: RequestListener, tls?: { key: string; cert: string }) {
  const server = await WebServer.start(answer, tls);
  servers.push(server);
  const edge: EdgeAddress = { address: "127.0.0.1", port: server.port, tls: tls !== undefined };
  return { server, edge };
}

const REQUEST = { host: "api-chat.manacore.app", path: "/api/health?deep=1", headers: { "X-Twinset-Set": "green" } };

describe("a request", () => {
  test("goes to the server's own address, under the name that visitors use, with the headers given", async () => {
    const { server, edge } = await edgeThat((_, response) => response.writeHead(204, { "X-From": "green" }).end());
    expect(await askEdge(edge, REQUEST)).toMatchObject({ status: 204, headers: { "x-from": "green" } });
    expect(server.asked).toMatchObject([
      { host: "api-chat.manacore.app", path: "/api/health?deep=1", headers: { "x-twinset-set": "green" } },
    ]);
  });
  test("has a connection of its own: a kept one may lead to a set that has gone", async () => {
    const { server, edge } = await edgeThat((_, response) => response.end());
    await askEdge(edge, REQUEST);
    await askEdge(edge, REQUEST);
    expect(server.asked.map(({ headers }) => headers["connection"])).toEqual(["close", "close"]);
  });
  test.each([301, 404, 503])("an answer is an answer: %s", async (status) => {
    const { edge } = await edgeThat((_, response) => response.writeHead(status).end("no"));
    expect(await askEdge(edge, REQUEST)).toMatchObject({ status });
  });
  test("a long answer is read to its end", async () => {
    const { edge } = await edgeThat((_, response) => response.end("x".repeat(1_000_000)));
    expect(await askEdge(edge, REQUEST)).toMatchObject({ status: 200 });
  });
});

describe("no answer", () => {
  test("nobody listens", async () => {
    const { server, edge } = await edgeThat(() => undefined);
    await server.stop();
    servers = [];
    await expect(askEdge(edge, REQUEST)).rejects.toThrow("ECONNREFUSED");
  });
  test("the connection is closed in between", async () => {
    const { edge } = await edgeThat((request) => request.socket.destroy());
    await expect(askEdge(edge, REQUEST)).rejects.toThrow(/hang up|ECONNRESET/);
  });
  test("the answer breaks off", async () => {
    const { edge } = await edgeThat((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => request.socket.destroy(), 20);
    });
    await expect(askEdge(edge, REQUEST)).rejects.toThrow("aborted");
  });
  test("silence for 5 s", async () => {
    const { edge } = await edgeThat(() => undefined);
    await expect(askEdge(edge, REQUEST)).rejects.toThrow("no answer within 5 s");
  }, 10_000);
});

/** Certificates are made by openssl, which not every computer has. */
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
(hasOpenssl ? describe : describe.skip)("over HTTPS", () => {
  const certificateFor = (name: string): { key: string; cert: string } => {
    const directory = mkdtempSync(join(tmpdir(), "twinset-certificate-"));
    try {
      const made = spawnSync("openssl", [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"],
        ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
        ...["-keyout", join(directory, "key.pem"), "-out", join(directory, "cert.pem")],
      ]);
      expect({ status: made.status, stderr: String(made.stderr) }).toMatchObject({ status: 0 });
      const pem = (name: string): string => readFileSync(join(directory, `${name}.pem`), "utf8");
      return { key: pem("key"), cert: pem("cert") };
    } finally {
      rmSync(directory, { recursive: true });
    }
  };
  const own = hasOpenssl ? certificateFor(REQUEST.host) : { key: "", cert: "" };

  test("the certificate has to be the name's, of a root that is trusted", async () => {
    const { edge } = await edgeThat((_, response) => response.end(), own);
    expect(await askEdge({ ...edge, ca: own.cert }, REQUEST)).toMatchObject({ status: 200 });
    await expect(askEdge(edge, REQUEST)).rejects.toThrow("self-signed certificate");
    await expect(askEdge({ ...edge, ca: own.cert }, { ...REQUEST, host: "app-chat.manacore.app" })).rejects.toThrow(
      "does not match certificate",
    );
  });
  test("the name is asked for already in the handshake, or an edge could not know which certificate", async () => {
    const names: (string | false | undefined)[] = [];
    const { edge } = await edgeThat((request, response) => {
      names.push((request.socket as { servername?: string | false }).servername);
      response.end();
    }, own);
    await askEdge({ ...edge, ca: own.cert }, REQUEST);
    expect(names).toEqual([REQUEST.host]);
  });
  test("plain HTTP where HTTPS is spoken is no answer", async () => {
    const { edge } = await edgeThat((_, response) => response.end(), own);
    await expect(askEdge({ ...edge, tls: false }, REQUEST)).rejects.toThrow();
  });
});
