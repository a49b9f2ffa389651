/**
 * What the simulators share: an HTTP server on the loopback address, a record of every request, faults on demand. What an
 * API says and does is in the simulator of its name.
 */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { type Fault, Faults } from "./faults";
import { mustBePort, notListening } from "./listening";

/** A simulator that runs. */
export interface Simulator {
  /** What a client takes as its base address: "http://127.0.0.1:40123/client/v4", without a slash at its end. */
  readonly baseUrl: string;
  readonly port: number;
  readonly faults: Faults;
  /** Every request so far, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Ends all connections. */
  stop(): Promise<void>;
}

export interface RequestRecord {
  readonly method: string;
  /** With query string. */
  readonly path: string;
  /** undefined while it is being answered, and when the answer was lost. */
  readonly status: number | undefined;
}

/** An answer that is complete in itself. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An error as the API puts it. Throw it anywhere in a route. */
export class ApiError extends Error {
  constructor(readonly answer: Answer) {
    super(`API error ${answer.status}`);
  }
}

export interface SimulatorOptions {
  /** The path that every route is under: "/client/v4". */
  readonly prefix: string;
  readonly routes: (app: FastifyInstance) => void;
  /** @returns the refusal of a request whose credentials are not good enough */
  readonly refuse?: (request: FastifyRequest) => Answer | undefined;
  /** How the API puts a 429, a 500, and "no such path". */
  readonly rateLimited: (retryAfterSeconds: number) => Answer;
  readonly failed: (status: number) => Answer;
  readonly notFound: (method: string, path: string) => Answer;
  /** How the API refuses a body that is no JSON. */
  readonly unreadable?: (reason: string) => Answer;
  /** Headers of every answer. */
  readonly headers?: (request: FastifyRequest) => Readonly<Record<string, string>>;
  /** For "slow": an API with actions lets the action take longer in place of the answer. @default the answer waits */
  readonly slow?: (seconds: number, request: FastifyRequest) => Promise<void> | void;
  /** @default a free one */
  readonly port?: number;
}

const HOST = "127.0.0.1";

/** Starts a simulator on the loopback address. @throws NotListening */
export async function serve(options: SimulatorOptions): Promise<Simulator> {
  const { port = 0 } = options;
  mustBePort("the simulator", port);
  const faults = new Faults();
  const requests: { method: string; path: string; status: number | undefined }[] = [];
  const records = new WeakMap<FastifyRequest, { status: number | undefined }>();
  const lost = new WeakSet<FastifyRequest>();
  const app = fastify({
    forceCloseConnections: true,
    bodyLimit: 64 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1000 },
  });

  app.addHook("onRequest", async (request, reply) => {
    const record = { method: request.method, path: request.url, status: undefined };
    requests.push(record);
    records.set(request, record);
    void reply.headers({ ...options.headers?.(request) });
    const refusal = options.refuse?.(request);
    if (refusal) throw new ApiError(refusal);
    const fault = faults.take(request.method, request.url);
    if (fault) await meet(fault, request);
  });

  async function meet(fault: Fault, request: FastifyRequest): Promise<void> {
    switch (fault.kind) {
      case "rate-limit":
        throw new ApiError(options.rateLimited(fault.retryAfterSeconds ?? 1));
      case "error":
        throw new ApiError(options.failed(fault.status ?? 500));
      case "slow":
        return options.slow ? options.slow(fault.seconds, request) : sleep(fault.seconds * 1000);
      case "lost-answer":
        lost.add(request);
    }
  }

  app.addHook("onSend", async (request, reply, payload) => {
    if (lost.has(request)) {
      request.raw.socket.destroy();
      return payload;
    }
    const record = records.get(request);
    if (record) record.status = reply.statusCode;
    return payload;
  });

  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const answer =
      error instanceof ApiError
        ? error.answer
        : error.statusCode !== undefined && error.statusCode < 500
          ? (options.unreadable?.(error.message) ?? options.failed(error.statusCode))
          : // A mistake in the simulator itself must be seen as one.
            { status: 500, body: { simulator: `${error.stack}` } };
    return reply
      .status(answer.status)
      .headers({ ...answer.headers })
      .send(answer.body);
  });
  app.setNotFoundHandler((request) => {
    throw new ApiError(options.notFound(request.method, request.url));
  });
  await app.register(
    async (scope) => {
      options.routes(scope);
    },
    { prefix: options.prefix },
  );
  try {
    await app.listen({ host: HOST, port });
  } catch (reason) {
    await app.close();
    throw notListening(reason, "the simulator", HOST, port) ?? reason;
  }
  const { port: listening } = app.server.address() as AddressInfo;
  return {
    baseUrl: `http://${HOST}:${listening}${options.prefix}`,
    port: listening,
    faults,
    requests,
    stop: () => app.close(),
  };
}
