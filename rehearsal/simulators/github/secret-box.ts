/** XSalsa20-Poly1305, as NaCl's `secretbox` has it: a tag of 16 bytes, then the ciphertext. */
import { timingSafeEqual } from "node:crypto";

/** "expand 32-byte k" as four words. */
const SIGMA = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
/** The columns of the state, then its rows, each from its diagonal on. */
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const;
const TAG = 16;

const rotateLeft = (word: number, bits: number): number => ((word << bits) | (word >>> (32 - bits))) >>> 0;

/** The 20 rounds, without the addition at the end. */
function rounds(input: Uint32Array): Uint32Array {
  const state = Uint32Array.from(input);
  for (let round = 0; round < 20; round += 2) {
    for (const [a, b, c, d] of QUARTERS) {
      state[b]! ^= rotateLeft((state[a]! + state[d]!) >>> 0, 7);
      state[c]! ^= rotateLeft((state[b]! + state[a]!) >>> 0, 9);
      state[d]! ^= rotateLeft((state[c]! + state[b]!) >>> 0, 13);
      state[a]! ^= rotateLeft((state[d]! + state[c]!) >>> 0, 18);
    }
  }
  return state;
}

function layOut(key: Buffer, input: Buffer): Uint32Array {
  const word = (from: Buffer, index: number): number => from.readUInt32LE(index * 4);
  return Uint32Array.of(
    SIGMA[0],
    ...[0, 1, 2, 3].map((index) => word(key, index)),
    SIGMA[1],
    ...[0, 1, 2, 3].map((index) => word(input, index)),
    SIGMA[2],
    ...[4, 5, 6, 7].map((index) => word(key, index)),
    SIGMA[3],
  );
}

/** HSalsa20: a key of 32 bytes out of a key and 16 bytes. */
export function hsalsa20(key: Buffer, input: Buffer): Buffer {
  const state = rounds(layOut(key, input));
  const derived = Buffer.alloc(32);
  [0, 5, 10, 15, 6, 7, 8, 9].forEach((from, index) => derived.writeUInt32LE(state[from]!, index * 4));
  return derived;
}

function keyStream(key: Buffer, nonce: Buffer, length: number): Buffer {
  const subkey = hsalsa20(key, nonce.subarray(0, 16));
  const stream = Buffer.alloc(Math.ceil(length / 64) * 64);
  for (let block = 0; block * 64 < length; block += 1) {
    const position = Buffer.alloc(16);
    nonce.copy(position, 0, 16, 24);
    position.writeUInt32LE(block, 8);
    const before = layOut(subkey, position);
    rounds(before).forEach((word, index) => {
      stream.writeUInt32LE((word + before[index]!) >>> 0, block * 64 + index * 4);
    });
  }
  return stream.subarray(0, length);
}

const littleEndian = (bytes: Buffer): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex") || "0"}`);

function poly1305(key: Buffer, message: Buffer): Buffer {
  const r = littleEndian(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16);
    sum = ((sum + littleEndian(block) + (1n << BigInt(block.length * 8))) * r) % ((1n << 130n) - 5n);
  }
  const tag = (sum + littleEndian(key.subarray(16, 32))) & ((1n << 128n) - 1n);
  return Buffer.from(tag.toString(16).padStart(TAG * 2, "0"), "hex").reverse();
}

const xor = (left: Buffer, right: Buffer): Buffer => Buffer.from(left.map((byte, index) => byte ^ right[index]!));

/** @param nonce of 24 bytes */
export function sealSecret(message: Buffer, nonce: Buffer, key: Buffer): Buffer {
  const stream = keyStream(key, nonce, 32 + message.length);
  const cipher = xor(message, stream.subarray(32));
  return Buffer.concat([poly1305(stream.subarray(0, 32), cipher), cipher]);
}

/** @returns undefined where the tag does not fit */
export function openSecret(box: Buffer, nonce: Buffer, key: Buffer): Buffer | undefined {
  if (box.length < TAG) return undefined;
  const cipher = box.subarray(TAG);
  const stream = keyStream(key, nonce, 32 + cipher.length);
  const fits = timingSafeEqual(poly1305(stream.subarray(0, 32), cipher), box.subarray(0, TAG));
  return fits ? xor(cipher, stream.subarray(32)) : undefined;
}
