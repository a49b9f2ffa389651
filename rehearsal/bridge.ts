/**
 * A way for containers to the simulators: these listen on the loopback address, which inside a container is the container's
 * own. The bridge listens on the address that this computer has in Docker's own network, where only its containers reach
 * it, and passes requests on.
 */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Bridge {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Passes requests on, over plain HTTP.
 *
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
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, () => resolve());
  });
  return {
    url: `http://${address}:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
