import { describe, expect, test } from "@jest/globals";
import type { ServedSplit } from "../../clients/edge-keeper";
import { hasTrouble, type Status, statusOf } from "../../release/status";
import { ago, NO_KEEPER, running, setOf, siteWith, switchOf } from "../support/live";
import { BOTH, ENTRY, statusWith } from "../support/status";

const problems = async (...given: Parameters<typeof statusWith>) => (await statusWith(...given)).products[0]?.problems;

test("the live set comes first, whichever colour it is", async () => {
  const entry = { ...BOTH, live: "green" as const, canary: 0 };
  const { products } = await statusWith({ entry });
  expect(products[0]!.sets.map(({ colour, live, weight }) => [colour, live, weight])).toEqual([
    ["green", true, 100],
    ["blue", false, 0],
  ]);
});

describe("what does not fit together", () => {
  test("nothing", async () => expect(await problems({ entry: BOTH })).toEqual([]));
  test("a set that does not run", async () => {
    expect(await problems({ entry: BOTH, containers: running(ENTRY) })).toEqual([
      "green v1.6.0 is in the release file, but does not run",
      "the edge has blue=100, the release file says blue=90,green=10",
    ]);
  });
  test("a set that is not in the release file", async () => {
    expect(await problems({ containers: running({ ...BOTH, canary: 0 }) })).toEqual([
      "green v1.6.0 runs, but is not in the release file",
      "the edge has blue=100,green=0, the release file says blue=100",
    ]);
  });
  test("a product that is not in the release file", async () => {
    expect(await problems({ entry: null, containers: running(ENTRY) })).toEqual([
      "runs, but is not in the release file",
    ]);
  });
  test("another version", async () => {
    const containers = running({ ...ENTRY, blue: { version: "v1.5.1" } });
    expect(await problems({ containers })).toEqual(["blue runs v1.5.1, the release file says v1.5.2"]);
  });
  test("services with tags of their own fit; and one that does not is named", async () => {
    const entry = { ...ENTRY, blue: { version: "v1.5.2", tags: { "chat-web": "sha-a1b2c3d" } } };
    const { products } = await statusWith({ entry });
    expect(products[0]).toMatchObject({ problems: [], sets: [{ version: "v1.5.2" }] });
    expect(await problems({ entry, containers: running(ENTRY) })).toEqual([
      "blue runs v1.5.2 as web, the release file says sha-a1b2c3d",
    ]);
  });
  test("too few containers, and too many", async () => {
    const all = running(ENTRY);
    expect(await problems({ containers: all.filter(({ name }) => !name.includes("-web-")) })).toEqual([
      "blue has 2 containers in place of 3",
    ]);
    const left = { ...all.find(({ name }) => name.includes("-web-"))!, name: "left-by-a-kill" };
    expect(await problems({ containers: [...all, left] })).toEqual(["blue has 4 containers in place of 3"]);
  });
  test("no switch, and one that failed", async () => {
    expect(await problems({ containers: setOf(ENTRY, "blue") })).toEqual(["has no switch"]);
    const failed = switchOf(
      "chat",
      { ...ENTRY, live: "green" },
      { exitCode: 1, createdAt: ago(1), name: "the-switch" },
    );
    const status = await statusWith({ containers: [...setOf(ENTRY, "blue"), failed] });
    expect(status.products[0]).toMatchObject({
      // What the edge does is not known then; the file's word is the best there is.
      sets: [{ colour: "blue", live: true, weight: undefined }],
      problems: ["its last switch (the-switch) has failed or is not done: traffic is as it was before"],
    });
  });
});

test("one difference of the edge is told once, whatever it differs from", async () => {
  const split: ServedSplit = {
    ...{ product: "chat", weights: { blue: 100, green: 0 }, live: "blue", versions: { blue: "v1.5.2" } },
    ...{ revision: "0123456789ab", by: "person", recorded: false, at: "2026-11-28T22:00:00Z", who: "ann@laptop" },
    ...{ why: "rollback", inForce: true, lease: 120, leaseLeft: undefined, watchedLeft: undefined, past: [] },
  };
  const keeper = () => Promise.resolve({ ...NO_KEEPER, facts: () => Promise.resolve([split]) });
  const { products } = await statusOf({ ...siteWith({ entry: BOTH }), keeper }, "no answer", false);
  expect(products.find(({ product }) => product === "chat")!.problems).toEqual([
    "the edge has blue=100,green=0 since 2026-11-28 22:00 (ann@laptop: rollback), and Terraform has not been told: the next release command or twinset apply tells it; the release file says blue=90,green=10",
  ]);
});

describe("the exit code's question: is there trouble?", () => {
  const status: Status = { environment: "manacore-production", name: "production", products: [], drift: [] };
  const product = { product: "chat", sets: [], problems: [], earlier: [] };
  test.each<[string, Partial<Status>, boolean]>([
    ["nothing", {}, false],
    ["not looked for", { drift: undefined }, false],
    ["drift", { drift: ["a create"] }, true],
    ["drift that is not known", { drift: undefined, driftUnknown: "no token" }, true],
    ["a product as it should be", { products: [product] }, false],
    ["a run under way is none", { products: [{ ...product, underWay: "v1" }] }, false],
    ["a record that could not be read", { recordUnknown: "503" }, true],
    ["a problem", { products: [{ ...product, problems: ["has no switch"] }] }, true],
  ])("%s", (_, change, trouble) => expect(hasTrouble({ ...status, ...change })).toBe(trouble));
});

test("for programs: plain data that survives JSON", async () => {
  const status = await statusWith({ entry: BOTH, plan: () => Promise.resolve([]) });
  expect(JSON.parse(JSON.stringify(status))).toMatchObject({
    environment: "manacore-production",
    drift: [],
    products: [{ product: "chat", sets: [{ containers: [{ service: "backend", health: "healthy" }, {}, {}] }, {}] }],
  });
});
