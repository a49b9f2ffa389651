import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { digestsText, parseDigests, readDigests } from "../../../config/image-digests";
import { loadPlatform } from "../../../config/load";
import type { Problem } from "../../../model/problem";
import { synthAll } from "../../support/synth";
import { check, expectProblem, withStore } from "./support";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const folder = mkdtempSync(join(tmpdir(), "digests-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "digests.json");
const loaded = (text: string) => {
  writeFileSync(file, text);
  return loadPlatform({ digestsFile: file });
};
const problems = (digests: object): readonly Problem[] => loaded(JSON.stringify({ digests }, null, 2)).problems;

describe("an image of the catalog", () => {
  test.each(["postgres", "postgres:latest", `postgres@${DIGEST}`])("without a version: %s", (image) => {
    expectProblem(check(withStore("postgres", { image })), { path: "postgres/image", given: image });
  });
  test("with a digest, which has its place in the file", () => {
    const found = check(withStore("postgres", { image: `postgres:16-alpine@${DIGEST}` }));
    expectProblem(found, {
      path: "postgres/image",
      expected: "config/images/digests.json",
    });
  });
  test("of the edge, too", () => {
    expectProblem(
      check((p) => ({ ...p, edge: { ...p.edge, image: "traefik:latest" } })),
      { path: "edge/image" },
    );
  });
});

describe("the file of digests", () => {
  test("fits, is not there, or is the project's own", () => {
    expect(problems({ "postgres:16-alpine": DIGEST })).toEqual(loadPlatform().problems);
    expect(readDigests(join(folder, "none.json"))).toMatchObject({ digests: {}, problems: [] });
    expect(readDigests().problems).toEqual([]);
  });
  test("with another tag than the catalog's names the catalog's, with its line", () => {
    expect(problems({ "postgres:15-alpine": DIGEST })[0]).toMatchObject({
      severity: "error",
      path: "config/images/digests.json:3 digests/postgres:15-alpine",
      expected: "the tag of the catalog: postgres:16-alpine",
    });
  });
  test("with an image that no platform runs; of another platform is none", () => {
    expect(problems({ "mysql:8.4.0": DIGEST })[0]).toMatchObject({ given: "mysql:8.4.0, which no platform runs" });
    expect(problems({ "docker.elastic.co/kibana/kibana:8.11.0": DIGEST })).toEqual(loadPlatform().problems);
  });
  test.each(["sha256:12", `sha512:${"0".repeat(64)}`, `sha256:${"AB".repeat(32)}`, ""])(
    "with no digest: %s",
    (digest) => {
      const [problem] = problems({ "postgres:16-alpine": digest });
      expect(problem).toMatchObject({
        severity: "error",
        path: "config/images/digests.json:3 digests/postgres:16-alpine",
      });
    },
  );
  test("with a key twice, a key too many, or no JSON", () => {
    const twice = `{"digests": {"redis:7-alpine": "${DIGEST}",\n "redis:7-alpine": "${DIGEST}"}}`;
    expect(parseDigests(twice).problems[0]).toMatchObject({ path: "config/images/digests.json:2" });
    expect(parseDigests('{"digests": {}, "digest": {}}').problems[0]!.given).toBe('the key "digest"');
    expect(parseDigests("{").problems[0]!.given).toMatch(/^not JSON/);
    expect(parseDigests("").problems[0]!.given).toBe("an empty file");
  });
  test("is read back as it was written, in the alphabet's order", () => {
    const name = fc.stringMatching(/^[a-z]{1,8}:[0-9]{1,3}$/);
    const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`);
    fc.assert(
      fc.property(fc.dictionary(name, digest), (digests) => {
        const read = parseDigests(digestsText(digests));
        expect(read).toMatchObject({ digests: { ...digests }, problems: [] });
        expect(Object.keys(read.digests)).toEqual(Object.keys(digests).sort());
      }),
    );
  });
});

test("what is on file is what every stack gives, and nothing else changes", () => {
  const names = ["postgres:16-alpine", "traefik:v3.7.9", "prom/prometheus:v3.13.5"];
  const digests = Object.fromEntries(names.map((name) => [name, DIGEST]));
  const [before, after] = [loadPlatform(), loaded(JSON.stringify({ digests }))].map((each) => {
    const images = synthAll(each).production.all("docker_image");
    return Object.values(images).map((image) => String(image["name"]));
  }) as [string[], string[]];
  expect(after).toEqual(before.map((name) => (names.includes(name) ? `${name}@${DIGEST}` : name)));
  expect(names.filter((name) => !after.includes(`${name}@${DIGEST}`))).toEqual([]);
});
