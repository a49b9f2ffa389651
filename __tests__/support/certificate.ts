/** X.509 certificates for tests, with any names and any time: no program is needed to make them. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A key with its certificate, in PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateFacts {
  readonly names: readonly string[];
  /** Days from now, negative ones before. */
  readonly from?: number;
  readonly until: number;
}

const DAY = 24 * 60 * 60 * 1000;

/** An authority of a test's own. */
export class Authority {
  private readonly keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  /** In PEM, for who is to trust it. */
  readonly certificate: string;

  constructor(private readonly name = "Test authority") {
    this.certificate = this.make(name, this.keys.publicKey, { names: [], from: -3650, until: 3650 }, true);
  }

  issue(facts: CertificateFacts): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return {
      key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
      cert: this.make(facts.names[0] ?? "nobody", publicKey, facts, false),
    };
  }

  /** RFC 5280, 4.1 */
  private make(subject: string, key: KeyObject, { names, from = -90, until }: CertificateFacts, isAuthority: boolean) {
    const algorithm = sequence(oid("1.2.840.10045.4.3.2"));
    const time = (days: number): Buffer =>
      der(0x18, Buffer.from(new Date(Date.now() + days * DAY).toISOString().replace(/[-:T]|\.\d+/g, "")));
    const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value));
    const altNames = names.map((name) => der(0x82, Buffer.from(name)));
    const extensions = [
      ...(isAuthority ? [extension("2.5.29.19", sequence(der(0x01, Buffer.from([0xff]))))] : []),
      ...(altNames.length > 0 ? [extension("2.5.29.17", sequence(...altNames))] : []),
    ];
    const body = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      algorithm,
      named(this.name),
      sequence(time(from), time(until)),
      named(subject),
      key.export({ type: "spki", format: "der" }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", body, this.keys.privateKey);
    const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = whole.toString("base64").match(/.{1,64}/g)!;
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  }
}

/** Distinguished encoding: a kind, a length, a content (X.690). */
function der(kind: number, content: Buffer): Buffer {
  const size: number[] = [];
  for (let rest = content.length; rest > 0; rest >>= 8) size.unshift(rest & 0xff);
  const length = content.length < 0x80 ? [content.length] : [0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from([kind, ...length]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));

const named = (name: string): Buffer => sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(name)))));

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  const bytes = others.flatMap((number) => {
    const parts = [number & 0x7f];
    for (let rest = number >> 7; rest > 0; rest >>= 7) parts.unshift((rest & 0x7f) | 0x80);
    return parts;
  });
  return der(0x06, Buffer.from([first * 40 + second, ...bytes]));
}
