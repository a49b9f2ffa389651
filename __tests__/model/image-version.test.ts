import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { isNoOlder, isOlder, parseImage, parseVersion, stepOf, type TagVersion } from "../../model/image-version";

const numbers = fc.array(fc.nat(999), { minLength: 1, maxLength: 4 });
const suffix = fc.constantFrom("", "-alpine", "-alpine3.22", "-bookworm", "-debian-12-r3", "_1");
/** Every release that a version may stand for, here: its numbers, and any further ones. */
const releaseOf = ({ numbers: said }: TagVersion): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat(999), { minLength: 4 - said.length, maxLength: 4 - said.length }).map((more) => [...said, ...more]);
const compare = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
};

describe("an image's name", () => {
  const part = fc.stringMatching(/^[a-z0-9]+(-[a-z0-9]+)?$/);
  test("is read back from its parts, whatever of them there is", () => {
    fc.assert(
      fc.property(
        fc.option(fc.constantFrom("quay.io", "localhost:5000", "registry.example:443")),
        fc.array(part, { minLength: 1, maxLength: 3 }),
        fc.option(fc.stringMatching(/^[\w][\w.-]{0,30}$/)),
        fc.option(fc.stringMatching(/^sha256:[0-9a-f]{64}$/)),
        (registry, parts, tag, digest) => {
          const repository = [...(registry === null ? [] : [registry]), ...parts].join("/");
          const text = `${repository}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
          expect(parseImage(text)).toEqual({
            repository,
            ...(tag === null ? {} : { tag }),
            ...(digest === null ? {} : { digest }),
          });
        },
      ),
    );
  });
  test.each(["sha256:0a1b", "", "a b", ":16", "postgres:"])("%j is none", (text) => {
    expect(parseImage(text)).toBeUndefined();
  });
  test("of any text nothing worse than none comes", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseImage(text)));
  });
});

describe("a tag's version", () => {
  test("has its numbers, with a v and whatever comes after a sign", () => {
    fc.assert(
      fc.property(numbers, suffix, fc.boolean(), (of, end, v) => {
        expect(parseVersion(`${v ? "v" : ""}${of.join(".")}${end}`)).toEqual({ numbers: of });
      }),
    );
  });
  test.each([
    ["18beta1-alpine3.22", [18], "beta1"],
    ["8.0-M02", [8, 0], "m02"],
    ["9.0.0-rc1", [9, 0, 0], "rc1"],
    ["9.1.0-SNAPSHOT", [9, 1, 0], "snapshot"],
  ])("%s is a preview", (tag, of, preview) => {
    expect(parseVersion(tag)).toEqual({ numbers: of, preview });
  });
  test.each(["latest", "alpine", "7f3a9c1", "2026-11-29", "20251129", "16x", "", "sha-16"])("%j says none", (tag) => {
    expect(parseVersion(tag)).toBeUndefined();
  });
});

describe("older and no older", () => {
  const version = numbers.map((of): TagVersion => ({ numbers: of }));
  test("are certain only where they hold for every release that the two may stand for", () => {
    const pairs = fc
      .tuple(version, version)
      .chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), releaseOf(a), releaseOf(b)));
    fc.assert(
      fc.property(pairs, ([a, b, one, other]) => {
        if (isOlder(a, b)) expect(compare(one, other)).toBeLessThan(0);
        if (isNoOlder(a, b)) expect(compare(one, other)).toBeGreaterThanOrEqual(0);
        expect(isOlder(a, b) && isNoOlder(a, b)).toBe(false);
      }),
    );
  });
  test("of the whole numbers one of the two is always certain", () => {
    const whole = fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }).map((of): TagVersion => ({ numbers: of }));
    fc.assert(fc.property(whole, whole, (a, b) => expect(isOlder(a, b)).toBe(!isNoOlder(a, b))));
  });
  test("a step is at the least what the lowest release is past, at the most what the highest is", () => {
    const steps = [
      [7, 0],
      [7, 2],
      [7, 4],
    ];
    expect(stepOf({ numbers: [7] }, steps)).toEqual([0, 2]);
    expect(stepOf({ numbers: [7, 2] }, steps)).toEqual([1, 1]);
    expect(stepOf({ numbers: [6, 2] }, steps)).toEqual([-1, -1]);
    expect(stepOf({ numbers: [8] }, steps)).toEqual([2, 2]);
  });
});
