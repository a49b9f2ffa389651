import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseReleaseFile, readReleaseFile, releaseJsonSchema, withEntry } from "../../config/release-file";
import type { ProductRelease } from "../../model/release";

const PATH = "config/releases/manacore/production.json";
const parse = (text: string) => parseReleaseFile(text, PATH);
const problemOf = (text: string) => {
  const { release, problems } = parse(text);
  expect(problems).toHaveLength(1);
  expect(release).toEqual({});
  return problems[0]!;
};
const file = (product: object): string => JSON.stringify({ products: { chat: product } }, null, 2);

describe("reading", () => {
  test("defaults: no canary, no other set", () => {
    expect(parse(file({ live: "blue", blue: { version: "v1" } })).release).toEqual({
      chat: { live: "blue", canary: 0, blue: { version: "v1" }, green: null },
    });
  });
  test("not JSON: the line is named", () => {
    expect(problemOf('{\n  "products": {\n    "chat": {,\n  }\n}')).toMatchObject({
      path: `${PATH}:3`,
      given: expect.stringContaining("not JSON"),
    });
  });
  test("comments are not JSON", () => {
    expect(problemOf('{\n  // the live set\n  "products": {}\n}').path).toBe(`${PATH}:2`);
  });
  test("an empty file", () => {
    expect(problemOf("").path).toBe(`${PATH}:1`);
  });
  test("no file", () => {
    const { problems } = readReleaseFile("/nonexistent/production.json", PATH);
    expect(problems).toMatchObject([{ path: PATH, given: "no such file" }]);
    expect(JSON.stringify(problems)).not.toContain("/nonexistent");
  });
  test("an unknown key, with its line and the known ones", () => {
    expect(problemOf(file({ live: "blue", blue: { version: "v1" }, canari: 10 }))).toMatchObject({
      path: `${PATH}:8 products/chat/canari`,
      given: 'the key "canari"',
      expected: "only live, canary, blue and green",
    });
  });
  test("an unknown key of a set", () => {
    expect(problemOf(file({ live: "blue", blue: { version: "v1", tag: "x" } })).expected).toBe(
      "only version, tags and digests",
    );
  });
  test("an unknown key at the top", () => {
    expect(problemOf('{"products": {}, "product": {}}').expected).toBe("only $schema and products");
  });
  test.each([-1, 51, 10.5])("canary %s is outside 0 to 50", (canary) => {
    expect(problemOf(file({ live: "blue", blue: { version: "v1" }, canary })).path).toMatch(
      /production.json:\d+ products\/chat\/canary$/,
    );
  });
  test("an unknown colour", () => {
    expect(problemOf(file({ live: "red", blue: { version: "v1" } })).given).toBe('"red"');
  });
  test("a digest of another form", () => {
    const digests = { "chat-backend": "sha256:12" };
    expect(problemOf(file({ live: "blue", blue: { version: "v1", digests } })).expected).toContain(
      "64 hexadecimal digits",
    );
  });
  test("an empty tag", () => {
    const tags = { "chat-backend": "" };
    expect(problemOf(file({ live: "blue", blue: { version: "v1", tags } })).path).toMatch(
      /production.json:\d+ products\/chat\/blue\/tags\/chat-backend$/,
    );
  });
  test("every problem of a file at once", () => {
    expect(parse(file({ live: "red", canary: 99 })).problems).toHaveLength(2);
  });
  test("any text gives a release or problems, never an exception", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { release, problems } = parse(text);
        if (problems.length > 0) expect(release).toEqual({});
        else expect(Object.keys(JSON.parse(text) as object)).toContain("products");
      }),
    );
  });
  test("every release that fits the schema is read as it is", () => {
    const tag = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
    const set = fc.option(
      fc.record(
        { version: tag, tags: fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), tag) },
        { requiredKeys: ["version"] },
      ),
    );
    const release = fc.record({
      live: fc.constantFrom("blue" as const, "green" as const),
      canary: fc.integer({ min: 0, max: 50 }),
      blue: set,
      green: set,
    });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,10}$/), release), (products) => {
        expect(parse(JSON.stringify({ products }))).toEqual({ release: products, problems: [] });
      }),
    );
  });
});

const tag = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
const name = fc.stringMatching(/^[a-z][a-z-]{0,10}$/);
const anySet = fc.option(
  fc.record(
    { version: tag, tags: fc.dictionary(name, tag), digests: fc.dictionary(name, digest) },
    { requiredKeys: ["version"] },
  ),
);
const anyEntry = fc.record({
  live: fc.constantFrom("blue" as const, "green" as const),
  canary: fc.integer({ min: 0, max: 50 }),
  blue: anySet,
  green: anySet,
});

describe("another entry for one product", () => {
  const TEXT = `{
  "$schema": "../release.schema.json",

  "products": {
    "auth": { "live": "blue",   "blue": { "version": "v1.0.0" } },
    "chat": {
      "live": "blue",
      "canary": 0,
      "blue": { "version": "v1.5.2" },
      "green": null
    }, "news": {"live":"green","green":{"version":"v2"}}
  }
}
`;
  const entry: ProductRelease = { live: "blue", canary: 10, blue: { version: "v1.5.2" }, green: { version: "v1.6.0" } };

  test("everything else stays as a person has written it, to the letter", () => {
    const [before, after] = [TEXT.indexOf('{\n      "live"'), TEXT.indexOf(', "news"')];
    const text = withEntry(TEXT, "chat", entry);
    expect(text.startsWith(TEXT.slice(0, before))).toBe(true);
    expect(text.endsWith(TEXT.slice(after))).toBe(true);
    expect(text.slice(before, text.length - (TEXT.length - after))).toBe(`{
      "live": "blue",
      "canary": 10,
      "blue": {
        "version": "v1.5.2"
      },
      "green": {
        "version": "v1.6.0"
      }
    }`);
  });
  test("a product that was not there comes after the others", () => {
    const lines = TEXT.replace('}, "news"', '},\n    "news"');
    const text = withEntry(lines, "quote", entry);
    // But for its comma, and its line, the last one before it stays as it is.
    const place = lines.indexOf('    "news"');
    expect(text.startsWith(lines.slice(0, place))).toBe(true);
    expect(text.endsWith("\n    }\n  }\n}\n")).toBe(true);
    expect(Object.keys(parse(text).release)).toEqual(["auth", "chat", "news", "quote"]);
    expect(parse(text).release["news"]).toEqual(parse(TEXT).release["news"]);
  });
  test("the first product of an empty file", () => {
    const text = withEntry('{ "$schema": "../release.schema.json", "products": {} }\n', "chat", entry);
    expect(parse(text)).toEqual({ release: { chat: entry }, problems: [] });
    expect(text).toContain('"$schema": "../release.schema.json"');
  });
  test("the same one twice is the same text", () => {
    const once = withEntry(TEXT, "chat", entry);
    expect(withEntry(once, "chat", entry)).toBe(once);
  });
  test("what a person has put into lines comes back, when the entry does", () => {
    const { chat } = parse(TEXT).release;
    const back = withEntry(withEntry(TEXT, "chat", entry), "chat", chat!);
    expect(parse(back)).toEqual(parse(TEXT));
  });
  test.each([
    ["the repository's own", undefined],
    ["two spaces", 2],
    ["four spaces", 4],
    ["a tab", "\t"],
    ["one line", 0],
  ])("in any file (%s), for any product: that entry is it, and all others are unchanged", (_, indent) => {
    const usual = fc.dictionary(name, anyEntry);
    fc.assert(
      fc.property(usual, name, anyEntry, fc.boolean(), (products, product, wanted, crlf) => {
        const written = JSON.stringify({ $schema: "x", products }, null, indent ?? 2);
        const given = crlf ? written.replaceAll("\n", "\r\n") : `${written}\n`;
        const text = withEntry(given, product, wanted);
        expect(parse(text)).toEqual({ release: { ...products, [product]: wanted }, problems: [] });
        expect(Object.keys((JSON.parse(text) as { products: object }).products)).toEqual(
          Object.keys({ ...products, [product]: wanted }),
        );
        expect((JSON.parse(text) as { $schema: string }).$schema).toBe("x");
        expect(text.endsWith("\n")).toBe(given.endsWith("\n"));
        // Written as the rest of it is.
        if (given.includes("\r")) expect(text.replaceAll("\r\n", "")).not.toContain("\n");
        else expect(text).not.toContain("\r");
        if (indent !== 0 && Object.keys(products).length > 0) {
          expect(text.trimEnd()).toBe(
            JSON.stringify(JSON.parse(text), null, indent ?? 2).replaceAll("\n", crlf ? "\r\n" : "\n"),
          );
        }
      }),
    );
  });
});

test("the JSON Schema for editors names every key", () => {
  const text = JSON.stringify(releaseJsonSchema());
  for (const key of ["products", "live", "canary", "blue", "green", "version", "tags", "digests", "maximum"]) {
    expect(text).toContain(`"${key}"`);
  }
});
