/** Asks the edge as a visitor would: by name, over HTTPS, at the server's address. */
import { request } from "node:https";

export interface EdgeAnswer {
  readonly status: number;
  readonly version: string | undefined;
}

/** @param ca the root to trust, in PEM @throws Error when there is no answer within 5 s, e.g. no certificate yet */
export const askEdge = (
  address: string,
  ca: string,
  { host, path }: { readonly host: string; readonly path: string },
): Promise<EdgeAnswer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(
      { host: address, port: 443, path, ca, servername: host, headers: { host }, timeout: 5000, agent: false },
      (response) => {
        const version = response.headers["x-stand-in-version"];
        response.resume();
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, version: typeof version === "string" ? version : undefined }),
        );
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 5 s")));
    outgoing.on("error", reject);
    outgoing.end();
  });
