import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { overlap } from "../../model/addresses";

test.each([
  ["10.0.0.0/8", "10.1.2.3", true],
  ["10.1.2.3", "10.0.0.0/8", true],
  ["10.0.0.0/8", "0.0.0.0/0", true],
  ["172.16.0.0/12", "172.31.255.255/32", true],
  ["172.16.0.0/12", "172.32.0.0/16", false],
  ["10.0.0.0/8", "2400:cb00::/32", false],
  ["2400:cb00::/32", "2400:cb00:1::", true],
  ["2400:cb00::/32", "2400:cb01::/32", false],
])("%s and %s: %s", (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
});

test("as the numbers of the addresses say, either way round", () => {
  const range = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
  const span = ([address, bits]: readonly [string, number]): [number, number] => {
    const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - bits);
    const first = Math.floor(number / size) * size;
    return [first, first + size - 1];
  };
  fc.assert(
    fc.property(range, range, (one, other) => {
      const [[a, b], [c, d]] = [span(one), span(other)];
      const expected = a <= d && c <= b;
      expect(overlap(one.join("/"), other.join("/"))).toBe(expected);
      expect(overlap(other.join("/"), one.join("/"))).toBe(expected);
    }),
  );
});
