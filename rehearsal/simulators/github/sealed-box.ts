/**
 * libsodium's sealed boxes, in which GitHub takes secrets: whoever has the public key can close one, only the owner of the
 * private key can open it. Written out here because Node has no XSalsa20. This is for rehearsals: it is not hardened
 * against someone who measures time.
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { blake2b } from "./blake2b";
import { hsalsa20, openSecret, sealSecret } from "./secret-box";

/** An X25519 key pair; the public half is as the API gives it out, in base64. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

const PUBLIC_KEY_LENGTH = 32;

const rawOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: "jwk" }).x!, "base64url");
const publicKeyOf = (raw: Buffer): KeyObject =>
  createPublicKey({ key: { kty: "OKP", crv: "X25519", x: raw.toString("base64url") }, format: "jwk" });

export function createKeyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: rawOf(publicKey).toString("base64"), privateKey };
}

/** The pair to a known private key of 32 bytes. */
export function keyPairFrom(secret: Buffer): KeyPair {
  // PKCS #8 around the bare key: RFC 8410 section 7.
  const der = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), secret]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { publicKey: rawOf(createPublicKey(privateKey)).toString("base64"), privateKey };
}

const sharedKey = (privateKey: KeyObject, publicKey: Buffer): Buffer =>
  hsalsa20(diffieHellman({ privateKey, publicKey: publicKeyOf(publicKey) }), Buffer.alloc(16));
const nonceOf = (sender: Buffer, receiver: Buffer): Buffer => blake2b(Buffer.concat([sender, receiver]), 24);

/** Closes a box as a client of GitHub does; both the key and the box are in base64. */
export function seal(message: string, publicKey: string): string {
  const receiver = Buffer.from(publicKey, "base64");
  const ephemeral = createKeyPair();
  const sender = Buffer.from(ephemeral.publicKey, "base64");
  const key = sharedKey(ephemeral.privateKey, receiver);
  const box = sealSecret(Buffer.from(message), nonceOf(sender, receiver), key);
  return Buffer.concat([sender, box]).toString("base64");
}

/** @returns undefined where the box is damaged, or was closed for another key */
export function unseal(sealed: string, { publicKey, privateKey }: KeyPair): string | undefined {
  const bytes = Buffer.from(sealed, "base64");
  if (bytes.length < PUBLIC_KEY_LENGTH) return undefined;
  const sender = bytes.subarray(0, PUBLIC_KEY_LENGTH);
  try {
    const key = sharedKey(privateKey, sender);
    const nonce = nonceOf(sender, Buffer.from(publicKey, "base64"));
    return openSecret(bytes.subarray(PUBLIC_KEY_LENGTH), nonce, key)?.toString();
  } catch {
    // OpenSSL refuses a public key that leads to a shared secret of zeros.
    return undefined;
  }
}
