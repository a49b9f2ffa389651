/**
 * An authoritative DNS server over UDP and TCP for zones that something else holds: it asks for the answers and puts them
 * into packets. What is in none of the zones it refuses, as it is no resolver.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import * as dnsPacket from "dns-packet";
import { listenOn, mustBeOneAddress, notListening } from "./listening";

/** The types that have answers. */
const TYPES = ["A", "AAAA", "CNAME", "TXT", "NS", "SOA", "CAA", "MX"] as const;
type QueryType = (typeof TYPES)[number];

/** A resource record, with its data as a zone file has it ("10 mail.example.com"), but text without quotes. */
export interface DnsAnswer {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: string;
}

export interface DnsServerOptions {
  /** Addresses to listen on: ["127.0.0.1"]. */
  readonly hosts: readonly string[];
  /** The same for UDP and TCP and on every address. @default a free one */
  readonly port?: number;
  readonly resolve: (name: string, type: QueryType) => readonly DnsAnswer[];
  /** The zone that a name is in, if it is one of this server's. */
  readonly zoneOf: (name: string) => string | undefined;
  /**
   * Is there such a name, if only as a part of longer ones?
   * @default whether any type has an answer
   */
  readonly exists?: (name: string) => boolean;
}

export interface DnsServer {
  readonly port: number;
  stop(): Promise<void>;
}

const NO_ERROR = 0;
const FORMAT_ERROR = 1;
const NO_SUCH_NAME = 3;
const NOT_IMPLEMENTED = 4;
const REFUSED = 5;

/** What fits into an answer over UDP where the client does not say otherwise (RFC 1035). */
const UDP_SIZE = 512;
/** A text's parts are at most so long (RFC 1035). */
const TEXT_SIZE = 255;
const TRIES = 10;

const WHAT = "the simulated DNS";

/** Starts a DNS server. @throws NotListening */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const listeners = await listen(options);
  return { port: listeners.port, stop: () => close(listeners) };
}

interface Listeners {
  readonly port: number;
  readonly udp: UdpSocket[];
  readonly tcp: Server[];
  readonly connections: Set<Socket>;
}

/** A port that is free for TCP on one address need not be so for UDP and on the others: then another one is tried. */
async function listen(options: DnsServerOptions): Promise<Listeners> {
  if (options.hosts.length === 0) mustBeOneAddress(WHAT, "");
  options.hosts.forEach((host) => mustBeOneAddress(WHAT, host));
  for (let left = TRIES; ; left -= 1) {
    const bound = { udp: [] as UdpSocket[], tcp: [] as Server[], connections: new Set<Socket>() };
    let port = options.port ?? 0;
    let at = "";
    try {
      for (const host of options.hosts) {
        at = host;
        const tcp = createServer((socket) => serveTcp(socket, options, bound.connections));
        bound.tcp.push(tcp);
        port = await listenOn(tcp, WHAT, host, port);
        const udp = createSocket(isIPv6(host) ? "udp6" : "udp4");
        bound.udp.push(udp);
        udp.on("message", (message, { address, port: from }) => {
          const answer = answerTo(message, options, true);
          if (answer) udp.send(answer, from, address);
        });
        udp.bind(port, host);
        await once(udp, "listening");
      }
      return { port, ...bound };
    } catch (reason) {
      await close({ port, ...bound });
      const taken = (reason as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!taken || (options.port ?? 0) !== 0 || left <= 1) throw notListening(reason, WHAT, at, port) ?? reason;
    }
  }
}

async function close({ udp, tcp, connections }: Listeners): Promise<void> {
  for (const socket of connections) socket.destroy();
  const closed = (end: (done: () => void) => void): Promise<void> =>
    new Promise((done) => {
      try {
        end(done);
      } catch {
        // It never came to listening.
        done();
      }
    });
  await Promise.all([
    ...udp.map((socket) => closed((done) => socket.close(done))),
    ...tcp.map((server) => closed((done) => server.close(done))),
  ]);
}

/** Packets over TCP come one after another, each with its length before it in two bytes. */
function serveTcp(socket: Socket, options: DnsServerOptions, connections: Set<Socket>): void {
  let pending = Buffer.alloc(0);
  connections.add(socket);
  socket.on("close", () => connections.delete(socket));
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    pending = Buffer.concat([pending, data]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      const answer = answerTo(pending.subarray(2, end), options, false);
      pending = pending.subarray(end);
      if (!answer) return socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([length, answer]));
    }
  });
}

/** @returns undefined for what is no query */
function answerTo(message: Buffer, options: DnsServerOptions, limited: boolean): Buffer | undefined {
  let query: dnsPacket.DecodedPacket;
  try {
    query = dnsPacket.decode(message);
  } catch {
    if (message.length < 2) return undefined;
    return dnsPacket.encode({ type: "response", id: message.readUInt16BE(0), flags: FORMAT_ERROR });
  }
  if (query.type !== "query") return undefined;
  const edns = query.additionals?.find((record) => record.type === "OPT") as dnsPacket.OptAnswer | undefined;
  const [question] = query.questions ?? [];
  const said: Said =
    (query as { opcode?: string }).opcode !== "QUERY"
      ? { code: NOT_IMPLEMENTED }
      : question && query.questions?.length === 1
        ? say(question, options)
        : { code: FORMAT_ERROR };
  const flags =
    said.code |
    (said.authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0) |
    (query.flag_rd ? dnsPacket.RECURSION_DESIRED : 0);
  const packet: dnsPacket.Packet = {
    type: "response",
    id: query.id,
    flags,
    questions: query.questions,
    answers: said.answers,
    authorities: said.authorities,
    additionals: edns
      ? [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: 1232,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  };
  const whole = dnsPacket.encode(packet);
  if (!limited || whole.length <= Math.max(UDP_SIZE, edns?.udpPayloadSize ?? 0)) return whole;
  // The client asks again over TCP.
  return dnsPacket.encode({ ...packet, flags: flags | dnsPacket.TRUNCATED_RESPONSE, answers: [], authorities: [] });
}

interface Said {
  readonly code: number;
  readonly authoritative?: boolean;
  readonly answers?: dnsPacket.Answer[];
  readonly authorities?: dnsPacket.Answer[];
}

function say(question: dnsPacket.Question, options: DnsServerOptions): Said {
  const { name } = question;
  const zone = options.zoneOf(name);
  if (zone === undefined) return { code: REFUSED };
  const type = TYPES.find((known) => known === question.type);
  const found = type ? options.resolve(name, type) : [];
  // Some clients write names in mixed case and want them back so.
  const named = (answer: DnsAnswer): DnsAnswer =>
    answer.name.toLowerCase() === name.toLowerCase() ? { ...answer, name } : answer;
  if (found.length > 0) {
    return { code: NO_ERROR, authoritative: true, answers: found.map((answer) => record(named(answer))) };
  }
  const exists = options.exists ?? ((wanted: string) => TYPES.some((each) => options.resolve(wanted, each).length > 0));
  return {
    code: exists(name) ? NO_ERROR : NO_SUCH_NAME,
    authoritative: true,
    authorities: options.resolve(zone, "SOA").map(record),
  };
}

/** The text of a record's data in parts. */
function record({ name, type, ttl, data }: DnsAnswer): dnsPacket.Answer {
  switch (type as QueryType) {
    case "TXT":
      return { type: "TXT", name, ttl, data: texts(data) };
    case "MX": {
      const [preference, exchange] = data.split(" ");
      return { type: "MX", name, ttl, data: { preference: Number(preference), exchange: exchange! } };
    }
    case "CAA": {
      const [, flags, tag, value] = /^(\d+) (\w+) "(.*)"$/.exec(data) ?? [];
      const caa = { flags: Number(flags), tag: tag as "issue", value: value!, issuerCritical: Number(flags) >= 128 };
      return { type: "CAA", name, ttl, data: caa };
    }
    case "SOA": {
      const [mname, rname, serial, refresh, retry, expire, minimum] = data.split(" ");
      const times = {
        refresh: Number(refresh),
        retry: Number(retry),
        expire: Number(expire),
        minimum: Number(minimum),
      };
      return { type: "SOA", name, ttl, data: { mname: mname!, rname: rname!, serial: Number(serial), ...times } };
    }
    default:
      return { type: type as "A" | "AAAA" | "CNAME" | "NS", name, ttl, data };
  }
}

function texts(data: string): Buffer[] {
  const bytes = Buffer.from(data);
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += TEXT_SIZE) parts.push(bytes.subarray(at, at + TEXT_SIZE));
  return parts;
}
