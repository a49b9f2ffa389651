import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createHash } from "node:crypto";
import {
  alike,
  attributeChanges,
  configuredIn,
  freshEnd,
  hasMark,
  withoutEmpty,
  withoutIndex,
} from "../../review/attributes";
import type { ResourceChange } from "../../terraform/plan";
import { plan, resource, type Values } from "../support/plan";

const json = fc.jsonValue({ maxDepth: 3 });
const nothing = fc.constantFrom(null, undefined, "", 0, false, [], {});

describe("what providers use for nothing is one thing", () => {
  test("null, 0, an empty text, list or block are all alike, and like none of what is something", () => {
    fc.assert(fc.property(nothing, nothing, (a, b) => alike(a, b)));
    for (const something of [1, -1, "0", "false", true, [0], [null], { a: 1 }])
      expect(alike(something, null)).toBe(false);
  });
  test("every value is like itself, and the order of two does not matter", () => {
    fc.assert(fc.property(json, (value) => alike(value, JSON.parse(JSON.stringify(value)))));
    fc.assert(fc.property(json, json, (a, b) => alike(a, b) === alike(b, a)));
  });
  test("what is like the same is alike", () => {
    const some = [
      null,
      0,
      [],
      {},
      { a: null },
      { a: 1 },
      { a: 1, b: "" },
      { a: 1, b: [] },
      [1],
      [1, 0],
      [1, null],
      "a",
    ];
    for (const [a, b, c] of some.flatMap((x) => some.flatMap((y) => some.map((z) => [x, y, z])))) {
      expect(!(alike(a, b) && alike(b, c)) || alike(a, c)).toBe(true);
    }
  });
  test("a block with something empty more is like the block without it, wherever that is", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), fc.string(), nothing, (block, name, empty) => {
        fc.pre(!Object.hasOwn(block, name));
        const more = Object.fromEntries([...Object.entries(block), [name, empty]]);
        return alike(block, more) && alike([block], [more]) && alike({ of: [block] }, { of: [more] });
      }),
    );
  });
  test("to take out what is empty once is enough, and keeps what is not", () => {
    fc.assert(fc.property(json, (value) => expect(withoutEmpty(withoutEmpty(value))).toEqual(withoutEmpty(value))));
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 1 }), fc.string({ minLength: 1 }), fc.constant(true)), (value) => {
        expect(withoutEmpty({ a: { b: [value] }, c: null })).toEqual({ a: { b: [value] } });
      }),
    );
  });
  test("elements of a list are counted: an empty one is one all the same", () => {
    expect(alike([1, null], [1])).toBe(false);
    expect(alike(["a", "b"], ["b", "a"])).toBe(false);
  });
});

describe("the attributes that a change is about", () => {
  const ADDRESS = "docker_container.a";
  const changesOf = (change: ResourceChange, texts?: readonly string[]) =>
    attributeChanges(change, configuredIn(plan([change], texts ? { texts: { [ADDRESS]: texts } } : {})));
  const names = (
    before: Values,
    after: Values,
    texts?: readonly string[],
    more: Partial<ResourceChange["change"]> = {},
  ) => changesOf(resource(ADDRESS, "changes", before, after, { change: more }), texts).map(({ name }) => name);

  test("those with another value, in the order of their names", () => {
    expect(names({ memory: 256, cpus: "1", image: "a" }, { memory: 512, cpus: "1", image: "b" })).toEqual([
      "image",
      "memory",
    ]);
  });
  test("not those that are empty in another way", () => {
    expect(names({ dns: null, read_only: null, gw: 0 }, { dns: [], read_only: false, gw: null })).toEqual([]);
  });
  test("what only the apply will tell is one in the stack's text, and none of the provider's own", () => {
    const unknown = { after_unknown: { image: true, container_logs: true } };
    expect(names({ image: "a", container_logs: "x" }, {}, ["image"], unknown)).toEqual(["image"]);
    const comes = resource(ADDRESS, "comes", {}, {}, { change: unknown });
    expect(changesOf(comes, ["image"])).toEqual([
      { name: "image", before: undefined, after: undefined, unknown: true, sensitive: false, forces: false },
    ]);
  });
  test("a mark within a block or of everything is one of the attribute", () => {
    const nested = resource(
      ADDRESS,
      "changes",
      { env: ["a"] },
      { env: ["b"] },
      { change: { after_sensitive: { env: [true] } } },
    );
    const whole = resource(ADDRESS, "changes", { env: ["a"] }, { env: ["b"] }, { change: { before_sensitive: true } });
    const none = resource(
      ADDRESS,
      "changes",
      { env: ["a"] },
      { env: ["b"] },
      { change: { after_sensitive: { env: [false] } } },
    );
    expect([nested, whole, none].map((each) => changesOf(each)[0]!.sensitive)).toEqual([true, true, false]);
  });
  test("what forces the replacement is said to", () => {
    const change = resource(
      ADDRESS,
      "is replaced, old first",
      { image: "a", memory: 1 },
      { image: "b", memory: 2 },
      {
        change: { replace_paths: [["image"], ["ports", 0, "internal"]] },
      },
    );
    expect(changesOf(change).map(({ name, forces }) => [name, forces])).toEqual([
      ["image", true],
      ["memory", false],
    ]);
  });
  test("marks are found however deep they are", () => {
    expect([{}, false, null, undefined, { a: [{ b: false }] }].some(hasMark)).toBe(false);
    expect([true, { a: [{ b: true }] }, [false, true]].every(hasMark)).toBe(true);
  });
  test("one of many is configured as all of them are", () => {
    expect(withoutIndex('hcloud_ssh_key.key["a.b[0]"]')).toBe("hcloud_ssh_key.key");
    expect(withoutIndex("docker_container.edge")).toBe("docker_container.edge");
  });
  test("the end of new names comes of the plan's time, as the stack makes it", () => {
    const timestamp = "2026-11-21T12:00:00Z";
    const hash = createHash("sha256").update(timestamp).digest("hex");
    expect(freshEnd({ resource_changes: [], timestamp })).toBe(hash.slice(0, 8));
    expect(freshEnd({ resource_changes: [] })).toBeUndefined();
  });
});
