import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { connect } from "node:net";
import * as dnsPacket from "dns-packet";
import { type DnsAnswer, type DnsServer, startDnsServer } from "../../simulators/dns-server";

const record = (name: string, type: string, data: string): DnsAnswer => ({ name, type, ttl: 60, data });
const RECORDS = [
  record("example.com", "SOA", "ns1.example.com admin.example.com 1 2 3 4 5"),
  record("example.com", "NS", "ns1.example.com"),
  record("example.com", "MX", "10 mail.example.com"),
  record("example.com", "CAA", '0 issue "letsencrypt.org"'),
  record("www.example.com", "A", "192.0.2.1"),
  record("www.example.com", "A", "192.0.2.2"),
  record("www.example.com", "AAAA", "2001:db8::1"),
  record("www.example.com", "TXT", "a text"),
  record("long.example.com", "TXT", "x".repeat(600)),
  ...Array.from({ length: 60 }, (_, i) => record("many.example.com", "A", `192.0.2.${i}`)),
];

let server: DnsServer;
let resolver: Resolver;
beforeEach(async () => {
  server = await startDnsServer({
    hosts: ["127.0.0.1"],
    resolve: (name, type) => {
      const alias = record("alias.example.com", "CNAME", "www.example.com");
      const of = (wanted: string) => RECORDS.filter((r) => r.name === wanted.toLowerCase() && r.type === type);
      return name.toLowerCase() === "alias.example.com" ? [alias, ...of("www.example.com")] : of(name);
    },
    zoneOf: (name) => (/(^|\.)example\.com$/i.test(name) ? "example.com" : undefined),
  });
  resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
});
afterEach(() => server.stop());

const ask = (question: dnsPacket.Question, more: dnsPacket.Packet = {}): Buffer =>
  dnsPacket.encode({ type: "query", id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [question], ...more });

async function overUdp(message: Buffer): Promise<dnsPacket.DecodedPacket> {
  const socket = createSocket("udp4");
  socket.send(message, server.port, "127.0.0.1");
  const [answer] = (await once(socket, "message")) as [Buffer];
  socket.close();
  return dnsPacket.decode(answer);
}

async function overTcp(message: Buffer): Promise<dnsPacket.DecodedPacket> {
  const socket = connect(server.port, "127.0.0.1");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  // In pieces, as a network may bring it.
  socket.write(length.subarray(0, 1));
  socket.write(Buffer.concat([length.subarray(1), message]));
  let answer = Buffer.alloc(0);
  for await (const data of socket) {
    answer = Buffer.concat([answer, data as Buffer]);
    if (answer.length >= 2 && answer.length >= 2 + answer.readUInt16BE(0)) break;
  }
  return dnsPacket.decode(answer.subarray(2));
}

const codeOf = (packet: dnsPacket.DecodedPacket): string | undefined => (packet as { rcode?: string }).rcode;

describe("a resolver gets", () => {
  test("addresses", async () => {
    expect(await resolver.resolve4("www.example.com")).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(await resolver.resolve6("www.example.com")).toEqual(["2001:db8::1"]);
  });

  test("what an alias leads to", async () => {
    expect(await resolver.resolve4("alias.example.com")).toEqual(["192.0.2.1", "192.0.2.2"]);
  });

  test("SOA and NS at the zone's apex", async () => {
    expect(await resolver.resolveNs("example.com")).toEqual(["ns1.example.com"]);
    expect(await resolver.resolveSoa("example.com")).toMatchObject({ nsname: "ns1.example.com", serial: 1, minttl: 5 });
  });

  test("mail servers and certificate authorities", async () => {
    // Newer versions of Node say the type as well.
    expect(await resolver.resolveMx("example.com")).toMatchObject([{ exchange: "mail.example.com", priority: 10 }]);
    expect(await resolver.resolveCaa("example.com")).toMatchObject([{ critical: 0, issue: "letsencrypt.org" }]);
  });

  test("texts, also long ones in parts", async () => {
    expect(await resolver.resolveTxt("www.example.com")).toEqual([["a text"]]);
    expect((await resolver.resolveTxt("long.example.com"))[0]?.map(({ length }) => length)).toEqual([255, 255, 90]);
  });

  test("answers that only TCP has room for", async () => {
    expect(await resolver.resolve4("many.example.com")).toHaveLength(60);
  });

  test("no such name (NXDOMAIN), no such data (NODATA), or a refusal outside the zones", async () => {
    await expect(resolver.resolve4("nothing.example.com")).rejects.toMatchObject({ code: "ENOTFOUND" });
    await expect(resolver.resolve6("many.example.com")).rejects.toMatchObject({ code: "ENODATA" });
    await expect(resolver.resolve4("example.net")).rejects.toMatchObject({ code: "EREFUSED" });
  });
});

describe("a packet", () => {
  test("is authoritative and keeps the id, the question and the case of its name", async () => {
    const answer = await overUdp(ask({ type: "A", name: "wWw.example.com" }));
    expect(answer).toMatchObject({ id: 7, flag_aa: true, flag_rd: true, flag_ra: false });
    expect(answer.answers?.map(({ name }) => name)).toEqual(["wWw.example.com", "wWw.example.com"]);
  });

  test("has the zone's SOA where there is no answer", async () => {
    for (const [name, code] of [
      ["nothing.example.com", "NXDOMAIN"],
      ["www.example.com", "NOERROR"],
    ] as const) {
      const answer = await overUdp(ask({ type: "MX", name }));
      expect(codeOf(answer)).toBe(code);
      expect(answer.authorities).toMatchObject([{ type: "SOA", name: "example.com" }]);
    }
  });

  test("is the same over TCP", async () => {
    const answer = await overTcp(ask({ type: "A", name: "many.example.com" }));
    expect(answer.answers).toHaveLength(60);
    expect(answer.flag_tc).toBe(false);
  });

  test("is cut short over UDP, unless the client has room for it", async () => {
    const question = { type: "A", name: "many.example.com" } as const;
    expect(await overUdp(ask(question))).toMatchObject({ flag_tc: true, answers: [] });
    const room: dnsPacket.OptAnswer = {
      type: "OPT",
      name: ".",
      udpPayloadSize: 4096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    };
    const whole = await overUdp(ask(question, { additionals: [room] }));
    expect(whole.answers).toHaveLength(60);
    expect(whole.additionals).toMatchObject([{ type: "OPT" }]);
  });

  test("with a type that has no answers here is answered with none", async () => {
    const answer = await overUdp(ask({ type: "SRV", name: "www.example.com" }));
    expect([codeOf(answer), answer.answers]).toEqual(["NOERROR", []]);
  });

  test("that is broken, empty or another operation is refused", async () => {
    expect(codeOf(await overUdp(Buffer.from([0, 7, 1])))).toBe("FORMERR");
    expect(codeOf(await overUdp(dnsPacket.encode({ type: "query", id: 7, questions: [] })))).toBe("FORMERR");
    const notify = dnsPacket.encode({ type: "query", id: 7, flags: 4 << 11, questions: [] });
    expect(codeOf(await overUdp(notify))).toBe("NOTIMP");
  });
});

describe("a server", () => {
  test("listens on several addresses at one port", async () => {
    const two = await startDnsServer({
      hosts: ["127.0.0.1", "127.0.0.2"],
      resolve: () => [record("x.test", "A", "192.0.2.9")],
      zoneOf: () => "x.test",
    });
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      resolver.setServers([`${host}:${two.port}`]);
      expect(await resolver.resolve4("x.test")).toEqual(["192.0.2.9"]);
    }
    await two.stop();
  });

  test("says when its port is taken", async () => {
    const options = { hosts: ["127.0.0.1"], port: server.port, resolve: () => [], zoneOf: () => undefined };
    await expect(startDnsServer(options)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
