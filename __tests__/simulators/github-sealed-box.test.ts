import { beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createKeyPair, type KeyPair, keyPairFrom, ready, seal, unseal } from "../../simulators/github/sealed-box";

/** Private key 01 02 … 20; the boxes were closed by golang.org/x/crypto/nacl/box v0.54.0, which the provider uses too. */
let KEYS: KeyPair;
beforeAll(async () => {
  await ready();
  KEYS = keyPairFrom(Buffer.from(Array.from({ length: 32 }, (_, index) => index + 1)));
});
const SENDER = "8dafcfeeae9045ee9a78d78a99fcf32e7781e441eb073096c342b8e2dcc3b612";
const BOXES = [
  ["", "2b2f0c8e805e578fbd5dee9f0f0034c1"],
  ["s3cret with ümlaut", "f98d0c2bbde6baa9487bf7022bd0e8b9e0e0ae43e2a6b6e881a743d80283f1a23ef055"],
  [
    "0123456789".repeat(13),
    "c043bed0059e5a8ef8bfef61a6612283a3e2ff02b3e7a0a8d0ea1bc9f30ca8fb69b2199bd70c114760a0505675e6de85" +
      "366e764e8344d1e1cc59168e5a20ca60791454afd6c6f9b6a0a7ad3d83638662369f951b62e897749e1a58b58cabe2e8" +
      "ba2fda1ec0d02152b47e2d39f7625d18f445479407c88fb100fa8d3777c8056457b909fec8d3b7825fb0ce0d0cb08faa5713",
  ],
] satisfies [string, string][];

describe("a sealed box", () => {
  test.each(BOXES)("that Go closed is opened: %j", (message, box) => {
    expect(unseal(Buffer.from(SENDER + box, "hex").toString("base64"), KEYS)).toBe(message);
  });

  test("that is closed here is opened here, whatever is in it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (message) => {
        expect(unseal(seal(message, KEYS.publicKey), KEYS)).toBe(message);
      }),
      { numRuns: 30 },
    );
  });

  test("cannot be opened with another key", () => {
    expect(unseal(seal("a", KEYS.publicKey), createKeyPair())).toBeUndefined();
  });

  test("cannot be opened after any of its bits was turned", () => {
    const box = Buffer.from(seal("secret", KEYS.publicKey), "base64");
    fc.assert(
      fc.property(fc.nat({ max: box.length * 8 - 1 }), (bit) => {
        const damaged = Buffer.from(box);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expect(unseal(damaged.toString("base64"), KEYS)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });
});
