import { describe, expect, test } from "@jest/globals";
import { error, type Problem, ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import type { Pins } from "../../release/machine";
import { preflight, type PreflightOptions } from "../../release/preflight";
import type { Site } from "../../release/site";
import { ago, container, running, setOf, siteWith, switchOf } from "../support/live";

const ENTRY: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: null };
const PINS: Pins = { digests: { "chat-web": `sha256:${"0".repeat(64)}` } };

async function check(
  site: Site = siteWith({ entry: ENTRY }),
  options: Partial<PreflightOptions> = {},
): Promise<{ pins: Pins; problems: readonly Problem[] }> {
  return preflight(site, {
    product: "chat",
    version: "v1.6.0",
    before: ENTRY,
    findImages: () => Promise.resolve(PINS),
    ...options,
  });
}
const problems = async (...given: Parameters<typeof check>) => (await check(...given)).problems;

test("nothing speaks against it: the images' digests are what it gives", async () => {
  expect(await check()).toEqual({ pins: PINS, problems: [] });
});

test("a product's first release needs no live set", async () => {
  expect(await problems(siteWith({ entry: null }), { before: null })).toEqual([]);
});

test("all that speaks against it is said at once", async () => {
  const missing = error("chat/chat-web/image", "absent", "an image", "push it");
  const site = siteWith({ entry: ENTRY, containers: [] });
  const found = await check(site, { version: "v1.5.2", findImages: () => Promise.resolve([missing]) });
  expect(found.problems.map(({ path }) => path)).toEqual(["chat/release", "chat/chat-web/image", "chat/blue"]);
  expect(found.pins).toEqual({});
});

describe("the product's entry", () => {
  test("a canary is under way: the way out is one command", async () => {
    const before = { ...ENTRY, canary: 10, green: { version: "v1.6.0" } };
    expect(await problems(siteWith({ entry: before }), { before })).toEqual([
      error(
        "chat/release",
        "a canary is under way: green v1.6.0 has 10 %",
        "a product between two releases",
        "take its traffic away: twinset rollback chat --environment production",
      ),
    ]);
  });
  test("the version is live already", async () => {
    expect(await problems(undefined, { version: "v1.5.2" })).toMatchObject([
      { given: "v1.5.2, which is live in blue", fix: "name the version that is to be released" },
    ]);
  });
  test("an idle set that is still there is no obstacle: it gets the new version", async () => {
    const before = { ...ENTRY, green: { version: "v1.4.0" } };
    expect(await problems(siteWith({ entry: before }), { before })).toEqual([]);
  });
});

describe("the live set, which is all there is to go back to", () => {
  test("has no container", async () => {
    expect(await problems(siteWith({ entry: ENTRY, containers: [switchOf("chat", ENTRY)] }))).toMatchObject([
      { path: "chat/blue", fix: expect.stringContaining("twinset plan production, twinset apply production") },
    ]);
  });
  test.each([
    ["is not healthy", { health: "unhealthy" as const }, "is unhealthy"],
    ["is stopped", { running: false, exitCode: 137 }, "is stopped"],
  ])("%s in part: each such container is named", async (_, change, said) => {
    const [migration, backend, ...others] = setOf(ENTRY, "blue");
    const containers = [migration!, { ...backend!, ...change }, ...others, switchOf("chat", ENTRY)];
    expect(await problems(siteWith({ entry: ENTRY, containers }))).toMatchObject([
      { path: "chat/blue", given: `manacore-production-chat-backend-blue-0-00000000 ${said}` },
    ]);
  });
  test("lacks a container", async () => {
    const containers = running(ENTRY).filter(({ name }) => !name.includes("chat-web"));
    expect(await problems(siteWith({ entry: ENTRY, containers }))).toMatchObject([{ given: "2 of 3 containers" }]);
  });
  test("is another one than the release file says: an old file, or a hand's work", async () => {
    const other = { ...ENTRY, live: "green" as const, green: { version: "v1.6.0" } };
    const containers = [...setOf(ENTRY, "blue"), ...setOf(other, "green"), switchOf("chat", other)];
    expect(await problems(siteWith({ entry: ENTRY, containers }))).toMatchObject([
      {
        given: "the edge's traffic is on green, the release file says blue",
        fix: expect.stringContaining("twinset status production"),
      },
    ]);
  });
  test("a switch to green that failed leaves the traffic on blue", async () => {
    const other = { ...ENTRY, live: "green" as const };
    const failed = switchOf("chat", other, { exitCode: 1, createdAt: ago(1) });
    expect(await problems(siteWith({ entry: ENTRY, containers: [...running(ENTRY), failed] }))).toEqual([]);
  });
});

describe("room for a second set", () => {
  const hog = (mebibytes: number, change = {}) => container("hog", {}, { memoryLimit: mebibytes, ...change });
  test("what runs, stopped jobs not counted, and the second set have to fit", async () => {
    const containers = (mebibytes: number, change = {}) => [...running(ENTRY), hog(mebibytes, change)];
    const GIB = 1024;
    expect(await problems(siteWith({ entry: ENTRY, containers: containers(62 * GIB) }))).toEqual([]);
    expect(await problems(siteWith({ entry: ENTRY, containers: containers(64 * GIB, { running: false }) }))).toEqual(
      [],
    );
    expect(await problems(siteWith({ entry: ENTRY, containers: containers(63 * GIB) }))).toEqual([
      error(
        "manacore-production/memory",
        "containers that run may use 63.8 GiB of 64 GiB, and a second set of chat needs 896 MiB",
        "room for a second set",
        "retire sets that are not needed (twinset status production), or take a larger server",
      ),
    ]);
  });
  test("of one's own computer nothing is known", async () => {
    const site = siteWith({ entry: ENTRY, containers: [...running(ENTRY), hog(1e6)] });
    const local = { ...site, environment: { ...site.environment, host: { kind: "local" as const } } };
    expect(await problems(local)).toEqual([]);
  });
});

test("an engine that does not answer ends it with a problem", async () => {
  const docker = await siteWith().docker();
  const site = siteWith(
    {},
    { docker: () => Promise.resolve({ ...docker, details: () => Promise.reject(new Error("no route to host")) }) },
  );
  await expect(check(site)).rejects.toThrow(ProblemsError);
});
