/**
 * BLAKE2b (RFC 7693) without a key, for digests of any length. Node's own has 64 bytes only, and a shorter digest is not
 * the start of a longer one.
 */
const MASK = (1n << 64n) - 1n;
const BLOCK = 128;
/** The same constants as SHA-512's: the fractions of the square roots of the first eight primes. */
const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];
/** Which word of the message goes where in each round, as RFC 7693 section 2.7 lists it. */
const SIGMA = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
/** The columns of the state, then its diagonals. */
const QUARTERS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;

const rotateRight = (word: bigint, bits: bigint): bigint => ((word >> bits) | (word << (64n - bits))) & MASK;

function compress(hash: bigint[], block: Buffer, bytesSoFar: number, last: boolean): void {
  const words = Array.from({ length: 16 }, (_, index) => block.readBigUInt64LE(index * 8));
  const state = [...hash, ...IV];
  state[12]! ^= BigInt(bytesSoFar);
  if (last) state[14]! ^= MASK;
  for (let round = 0; round < 12; round += 1) {
    const order = SIGMA[round % 10]!;
    QUARTERS.forEach(([a, b, c, d], quarter) => {
      state[a] = (state[a]! + state[b]! + words[order[quarter * 2]!]!) & MASK;
      state[d] = rotateRight(state[d]! ^ state[a]!, 32n);
      state[c] = (state[c]! + state[d]!) & MASK;
      state[b] = rotateRight(state[b]! ^ state[c]!, 24n);
      state[a] = (state[a]! + state[b]! + words[order[quarter * 2 + 1]!]!) & MASK;
      state[d] = rotateRight(state[d]! ^ state[a]!, 16n);
      state[c] = (state[c]! + state[d]!) & MASK;
      state[b] = rotateRight(state[b]! ^ state[c]!, 63n);
    });
  }
  hash.forEach((word, index) => {
    hash[index] = word ^ state[index]! ^ state[index + 8]!;
  });
}

/** @param length of the digest in bytes, 1 to 64 */
export function blake2b(message: Buffer, length: number): Buffer {
  const hash = [...IV];
  hash[0]! ^= 0x01010000n ^ BigInt(length);
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK));
  for (let index = 0; index < blocks; index += 1) {
    const block = Buffer.alloc(BLOCK);
    message.copy(block, 0, index * BLOCK);
    compress(hash, block, Math.min((index + 1) * BLOCK, message.length), index === blocks - 1);
  }
  const digest = Buffer.alloc(64);
  hash.forEach((word, index) => digest.writeBigUInt64LE(word, index * 8));
  return digest.subarray(0, length);
}
