/** A server's certificate, as it shows it to whoever comes by TLS for a name: whatever it is, it is an answer. */
import { connect, type PeerCertificate } from "node:tls";

export interface TlsAddress {
  readonly host: string;
  readonly port: number;
  /** The name that is asked for. */
  readonly name: string;
  /** Authorities besides those of this computer, in PEM. @default none */
  readonly ca?: string | undefined;
}

export type ShownCertificate =
  | {
      readonly certificate: PeerCertificate;
      /** What OpenSSL has against who signed it, and against its time: "CERT_HAS_EXPIRED". */
      readonly problem: string | undefined;
    }
  /** Nobody answered, and why. */
  | { readonly silent: string };

export function certificateAt({ host, port, name, ca }: TlsAddress, seconds: number): Promise<ShownCertificate> {
  return new Promise((resolve) => {
    const socket = connect({
      ...{ host, port, servername: name },
      // It is looked at whatever it is; nothing is sent to who shows it.
      rejectUnauthorized: false,
      ...(ca === undefined ? {} : { ca }),
    });
    const done = (shown: ShownCertificate): void => {
      socket.destroy();
      resolve(shown);
    };
    socket.setTimeout(seconds * 1000, () => done({ silent: `none within ${seconds} s` }));
    socket.once("error", (reason: NodeJS.ErrnoException) => done({ silent: reason.code ?? reason.message }));
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerCertificate();
      done({ certificate, problem: codeOf(socket.authorizationError) });
    });
  });
}

/** Node's types say an error; it is OpenSSL's code. */
const codeOf = (problem: Error | string | null): string | undefined =>
  problem instanceof Error ? ((problem as NodeJS.ErrnoException).code ?? problem.message) : problem || undefined;
