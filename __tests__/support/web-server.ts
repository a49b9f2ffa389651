/** Small web servers for tests: they answer as a test says, and remember what they were asked. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly host: string | undefined;
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export class WebServer {
  readonly asked: Asked[] = [];

  private constructor(private readonly server: Server) {}

  /** @param tls key and certificate, in PEM */
  static async start(answer: RequestListener, tls?: { key: string; cert: string }): Promise<WebServer> {
    const listener: RequestListener = (request, response) => {
      const { host } = request.headers;
      web.asked.push({ host, path: request.url, headers: request.headers });
      answer(request, response);
    };
    const web: WebServer = new WebServer(tls ? createSecureServer(tls, listener) : createServer(listener));
    await new Promise<void>((done) => web.server.listen(0, "127.0.0.1", done));
    return web;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
