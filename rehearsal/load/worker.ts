/**
 * Sends requests over keep-alive connections at a steady rate and counts what comes back. A process of its own, so that
 * it is never the rehearsal's own work that makes an answer late.
 */
import { Agent as PlainAgent, request as plain } from "node:http";
import { Agent, request as secure } from "node:https";
import type { Counts, LoadOptions, ToWorker } from "./load";

/** A request that takes longer has failed, in milliseconds. */
const TIMEOUT = 10_000;

let phase = "";
let stopping = false;
let sent = 0;
let running = 0;
const counts: Record<string, Counts> = {};

process.on("message", (message: ToWorker) => {
  if (message.kind === "start") start(message.options);
  else if (message.kind === "phase") phase = message.name;
  else if (message.kind === "progress") {
    const answers = Object.fromEntries(Object.entries(counts).map(([name, { requests }]) => [name, requests]));
    process.send!({ kind: "progress", answers });
  } else stopping = true;
});
// Without its parent there is nobody to count for.
process.on("disconnect", () => process.exit(1));

function start(options: LoadOptions): void {
  phase = options.phase;
  const { address, port, ca, connections } = options;
  const agent = ca
    ? new Agent({ keepAlive: true, maxSockets: connections, ca })
    : new PlainAgent({ keepAlive: true, maxSockets: connections });
  const began = Date.now();
  const end = began + options.maxSeconds * 1000;
  let next = 0;
  const timer = setInterval(() => {
    const now = Date.now();
    const due = Math.min(((now - began) / 1000) * options.ratePerSecond, options.maxRequests);
    if (stopping || now >= end || sent >= options.maxRequests) {
      if (running > 0) return;
      clearInterval(timer);
      agent.destroy();
      process.send!({ kind: "done", counts }, () => process.exit(0));
      return;
    }
    // Never more at once than there are connections: a slow edge is asked more slowly, not ever more.
    while (sent < due && running < connections) one(options.targets[next++ % options.targets.length]!);
  }, 5);

  function one(target: LoadOptions["targets"][number]): void {
    sent += 1;
    running += 1;
    const name = phase;
    const into = (counts[name] ??= {
      requests: 0,
      failed: 0,
      versions: {},
      failures: {},
      milliseconds: [],
      firstSeen: {},
      lastSeen: {},
    });
    const from = performance.now();
    let settled = false;
    const finish = (failure: string | undefined, version: string | undefined): void => {
      if (settled) return;
      settled = true;
      running -= 1;
      into.requests += 1;
      into.milliseconds.push(Math.round((performance.now() - from) * 10) / 10);
      if (version !== undefined) {
        into.versions[version] = (into.versions[version] ?? 0) + 1;
        into.firstSeen[version] ??= Date.now();
        into.lastSeen[version] = Date.now();
      }
      if (failure !== undefined) {
        into.failed += 1;
        into.firstFailed ??= Date.now();
        into.failures[failure] = (into.failures[failure] ?? 0) + 1;
      }
    };
    const send = ca ? secure : plain;
    const outgoing = send(
      {
        ...{ host: address, port, agent, path: target.path, timeout: TIMEOUT },
        headers: { host: target.host },
        ...(ca ? { servername: target.host } : {}),
      },
      (response) => {
        const version = response.headers["x-stand-in-version"];
        response.on("end", () =>
          finish(
            response.statusCode === 200 ? undefined : `status ${response.statusCode} from ${target.host}`,
            typeof version === "string" ? version : undefined,
          ),
        );
        response.on("error", (reason) => finish(`answer broke off: ${reason.message}`, undefined));
        response.on("aborted", () => finish("answer broke off", undefined));
        response.resume();
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)));
    outgoing.on("error", (reason: NodeJS.ErrnoException) => finish(reason.code ?? reason.message, undefined));
    outgoing.end();
  }
}
