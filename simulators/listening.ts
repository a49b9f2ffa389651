/**
 * How everything here begins to listen: on one address of this computer that was named, never on every one, and where that
 * cannot be, with a sentence for people in place of a stack trace.
 */
import type { AddressInfo } from "node:net";
import { isIP, isIPv6 } from "node:net";
import { error, type Problem, ProblemsError } from "../model/problem";

/** An address that nobody could listen on. */
export class NotListening extends ProblemsError {
  /** The system's word for it: "EADDRINUSE". */
  readonly code: string;

  constructor(code: string, problem: Problem) {
    super([problem]);
    this.name = "NotListening";
    this.code = code;
  }
}

const REASONS: Readonly<Record<string, readonly [given: string, expected: string]>> = {
  EADDRINUSE: ["another program listens there", "an address and a port that are free"],
  EADDRNOTAVAIL: ["this computer does not have the address", "an address of this computer"],
  EACCES: ["this user may not listen there", "a port that this user may have"],
  EAFNOSUPPORT: ["this computer does not know addresses of this kind", "an address of this computer"],
};

/**
 * What the system said of an address, in words.
 * @param what who wanted to listen: "the simulated DNS"
 * @returns undefined: it was about something else
 */
export function notListening(reason: unknown, what: string, host: string, port = 0): NotListening | undefined {
  const { code = "" } = (reason ?? {}) as NodeJS.ErrnoException;
  const [given, expected] = REASONS[code] ?? [];
  if (given === undefined) return undefined;
  const place = `${isIPv6(host) ? `[${host}]` : host}${port === 0 ? "" : `:${port}`}`;
  return new NotListening(code, error(`${what} at ${place}`, `${given} (${code})`, expected!, fixOf(code, port)));
}

function fixOf(code: string, port: number): string {
  if (code === "EADDRINUSE" && port > 0) {
    return `see who has it (ss -lnptu 'sport = :${port}'; as root with its name) and end that, or take another port`;
  }
  if (code === "EADDRINUSE") return "see who listens there (ss -lnptu), end what is not needed, and do the same again";
  if (code === "EACCES") return "take a port from 1024 on";
  return "see which there are (ip addr), and name one of them";
}

/** @throws NotListening for what is no single address: an empty one would mean every address of this computer */
export function mustBeOneAddress(what: string, host: string): void {
  if (isIP(host) !== 0 && !/^(0\.0\.0\.0|[0:]+)$/.test(host)) return;
  const given = host === "" ? "no address, which would mean every one" : `"${host}"`;
  throw new NotListening(
    "EADDRNOTAVAIL",
    error(`${what}/address`, given, "one address of this computer", "name it as ip addr has it"),
  );
}

/** @throws NotListening for what is no port */
export function mustBePort(what: string, port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw new NotListening(
    "ERR_SOCKET_BAD_PORT",
    error(`${what}/port`, String(port), "a whole number from 0 to 65535; 0 is a free one", "correct the port"),
  );
}

/** What `node:net`, `node:http` and ssh2 have alike. */
interface Server {
  listen(port: number, host: string, listening: () => void): unknown;
  address(): AddressInfo | string | null;
  once(event: "error", listener: (reason: Error) => void): unknown;
  off(event: "error", listener: (reason: Error) => void): unknown;
}

/** @param port 0: a free one @returns the port @throws NotListening */
export async function listenOn(server: Server, what: string, host: string, port = 0): Promise<number> {
  mustBeOneAddress(what, host);
  mustBePort(what, port);
  await new Promise<void>((resolve, reject) => {
    const failed = (reason: Error): void => reject(notListening(reason, what, host, port) ?? reason);
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}
