/**
 * libsodium's sealed boxes, in which GitHub takes secrets: whoever has the public key can close one, only the owner of the
 * private key can open it. Everything here waits for `sodium.ready`, as `startGithub` does.
 */
import sodium from "libsodium-wrappers";

/** An X25519 key pair; the public half is as the API gives it out, in base64. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: Uint8Array;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** Libsodium is WebAssembly and takes a moment. */
export const ready = (): Promise<void> => sodium.ready;

export function createKeyPair(): KeyPair {
  const { publicKey, privateKey } = sodium.crypto_box_keypair();
  return { publicKey: base64(publicKey), privateKey };
}

/** The pair to a known private key of 32 bytes. */
export const keyPairFrom = (privateKey: Uint8Array): KeyPair => ({
  publicKey: base64(sodium.crypto_scalarmult_base(privateKey)),
  privateKey,
});

/** Closes a box as a client of GitHub does; both the key and the box are in base64. */
export const seal = (message: string, publicKey: string): string =>
  base64(sodium.crypto_box_seal(message, Buffer.from(publicKey, "base64")));

/** @returns undefined where the box is damaged, or was closed for another key */
export function unseal(sealed: string, { publicKey, privateKey }: KeyPair): string | undefined {
  try {
    const bytes = Buffer.from(sealed, "base64");
    return Buffer.from(sodium.crypto_box_seal_open(bytes, Buffer.from(publicKey, "base64"), privateKey)).toString();
  } catch {
    return undefined;
  }
}
