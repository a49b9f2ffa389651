/**
 * A way for containers to the simulators: these listen on the loopback address, which inside a container is the container's
 * own. The bridge listens on the address that this computer has in Docker's own network, where only its containers reach
 * it, and passes requests on.
 */
import { createServer, request } from "node:http";
import { listenOn } from "../simulators/listening";

export interface Bridge {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Passes requests on, over plain HTTP.
 *
 * @throws NotListening
 * @param address the address in Docker's network
 * @param target "http://127.0.0.1:4000"
 */
export async function startBridge(address: string, target: string): Promise<Bridge> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { url: path, method, headers } = incoming;
    const onward = request({ hostname, port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const listening = await listenOn(server, "the way for containers to the simulators", address);
  return {
    url: `http://${address}:${listening}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
