/**
 * Asks the edge as a visitor would: by name, at the server's address, past whatever caches stand in front of it. Every
 * status is an answer; without one in time it throws.
 */
import { request as insecure } from "node:http";
import { request as secure } from "node:https";

export interface EdgeAddress {
  /** The server's own address. */
  readonly address: string;
  readonly port: number;
  /** HTTPS, with a certificate for each name. */
  readonly tls: boolean;
  /** The root to trust, in PEM. @default Node's own */
  readonly ca?: string;
}

export interface EdgeRequest {
  readonly host: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EdgeAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Milliseconds. */
const PATIENCE = 5000;

/** @throws Error when there is no answer within 5 s, e.g. no certificate yet */
export const askEdge = (edge: EdgeAddress, { host, path, headers }: EdgeRequest): Promise<EdgeAnswer> =>
  new Promise((resolve, reject) => {
    const options = { host: edge.address, port: edge.port, path, headers: { ...headers, host }, timeout: PATIENCE };
    const outgoing = edge.tls
      ? secure({ ...options, servername: host, agent: false, ...(edge.ca === undefined ? {} : { ca: edge.ca }) })
      : insecure({ ...options, agent: false });
    outgoing.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers }));
      response.on("error", reject);
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)));
    outgoing.on("error", reject);
    outgoing.end();
  });
