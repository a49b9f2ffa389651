/** A port of a computer: does anybody take a connection there? Nothing is said, and nothing is thrown. */
import { connect } from "node:net";

export type Knock =
  | { readonly answer: "open" }
  /** No answer in time. */
  | { readonly answer: "silent" }
  /** With a word for why: "ECONNREFUSED". */
  | { readonly answer: "refused"; readonly word: string };

/** Connects, and hangs up. */
export function knock(host: string, port: number, seconds: number): Promise<Knock> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (knocked: Knock): void => {
      socket.destroy();
      resolve(knocked);
    };
    socket.setTimeout(seconds * 1000, () => done({ answer: "silent" }));
    socket.once("connect", () => done({ answer: "open" }));
    socket.once("error", (reason: NodeJS.ErrnoException) =>
      done({ answer: "refused", word: reason.code ?? reason.message }),
    );
  });
}
