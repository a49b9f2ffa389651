/** Whom the edge alone can tell to go back to, and how a move there ends. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { KeeperError, MovedMeanwhile, NotMoved, type PastSplit, type ServedSplit } from "../../clients/edge-keeper";
import type { Colour, ProductRelease } from "../../model/release";
import { AtEdge, entryServed, type Keeper, wayBackAtEdge, wentBack } from "../../release/at-edge";
import type { ReleaseEvent } from "../../release/report";
import { servedProblems, watchedInWords } from "../../release/served";

const V = { blue: "v1", green: "v2" };
const past = (
  live: Colour,
  versions: PastSplit["versions"],
  canary = 0,
  by: PastSplit["by"] = "switch",
): PastSplit => ({
  ...{ live, versions, by, at: "2026-11-28T22:00:00Z", who: "ann", why: "test" },
  weights: live === "blue" ? { blue: 100 - canary, green: canary } : { blue: canary, green: 100 - canary },
});
const served = (change: Partial<ServedSplit> = {}): ServedSplit => {
  const now = change.past?.at(-1) ?? past("blue", V);
  return {
    ...now,
    ...{ product: "chat", revision: "0123456789ab", recorded: true, inForce: true, lease: 120 },
    ...{ leaseLeft: undefined, watchedLeft: undefined, past: [now] },
    ...change,
  };
};
const entry = (live: Colour, canary = 0): ProductRelease => ({
  ...{ live, canary, blue: { version: "v1" }, green: { version: "v2" } },
});

describe("the way back by what the edge remembers", () => {
  test("of a canary is its live set", () => {
    expect(wayBackAtEdge(served({ past: [past("blue", V), past("blue", V, 10)] }))).toMatchObject({
      ...{ kind: "move", live: "blue", version: "v1" },
    });
  });
  test("of a cutover is the set that had all traffic just before", () => {
    const found = wayBackAtEdge(served({ past: [past("blue", V), past("blue", V, 10), past("green", V)] }));
    expect(found).toMatchObject({ kind: "move", live: "blue", version: "v1" });
  });
  test("is not known after a way back: the version that was left may be a bad one", () => {
    const history = [past("blue", V), past("green", V), past("blue", V, 0, "person")];
    expect(wayBackAtEdge(served({ past: history }))).toMatchObject({ kind: "unknown" });
  });
  test("is not known once the set before was deployed anew, or is gone", () => {
    const anew = [past("blue", { blue: "v0" }), past("green", V)];
    expect(wayBackAtEdge(served({ past: anew }))).toMatchObject({ kind: "unknown" });
    const gone = [past("blue", V), { ...past("green", { green: "v2" }), weights: { green: 100 } }];
    expect(wayBackAtEdge(served({ past: gone }))).toMatchObject({ kind: "unknown" });
  });
  test("is not known for the first version", () => {
    expect(wayBackAtEdge(served())).toMatchObject({
      kind: "unknown",
      why: "the edge knows of no version before this one",
    });
  });
  test("never leads twice in a row: in no history does it lead to what was just left by it", () => {
    const step = fc.record({
      live: fc.constantFrom<Colour>("blue", "green"),
      canary: fc.constantFrom(0, 10),
      version: fc.constantFrom("v1", "v2", "v3"),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const versions: { blue: string; green: string } = { blue: "v1", green: "v2" };
        const history = steps.map(({ live, canary, version }) => {
          versions[live] = version;
          return past(live, { ...versions }, canary);
        });
        const before = served({ past: history });
        const way = wayBackAtEdge(before);
        if (way.kind !== "move") return;
        const after = served({ past: [...history, past(way.live, before.versions, 0, "person")] });
        const again = wayBackAtEdge(after);
        const wasCanary = (before.weights[way.live === "blue" ? "green" : "blue"] ?? 0) > 0 && way.live === before.live;
        if (!wasCanary && again.kind === "move") expect(again.version).not.toBe(before.versions[before.live]);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("a move", () => {
  function lab(keeper: Partial<Keeper>) {
    const events: ReleaseEvent[] = [];
    const whole: Keeper = {
      ...{ facts: () => Promise.resolve([]), served: () => Promise.resolve(served({ past: [past("blue", V, 10)] })) },
      ...{ move: () => Promise.resolve(), renew: () => Promise.resolve() },
      ...keeper,
    };
    const edge = new AtEdge({
      ...{ product: "chat", by: "run", keeper: () => Promise.resolve(whole), report: (event) => events.push(event) },
    });
    return { edge, said: () => events.map((event) => ("text" in event ? event.text : event.kind)), events };
  }

  test("tells where the traffic is", async () => {
    const { edge, events } = lab({});
    expect(await edge.back(entry("blue"), "breach")).toBe(true);
    expect(events).toEqual([{ kind: "traffic", weights: { blue: 100, green: 0 } }]);
  });
  test("that somebody else was faster with is looked at again, and not repeated for ever", async () => {
    let moves = 0;
    const { edge } = lab({ move: () => Promise.reject(new MovedMeanwhile(`moved ${(moves += 1)}`)) });
    expect(await edge.back(entry("blue"), "breach")).toBe(false);
    expect(moves).toBe(3);
  });
  test("to another version than the one that is asked for is not made", async () => {
    const { edge, said } = lab({});
    expect(await edge.back({ ...entry("blue"), blue: { version: "v9" } }, "breach")).toBe(false);
    expect(said()[0]).toContain("The edge knows v1 as blue, not v9");
  });
  test("that the keeper does not answer is told once, and left to Terraform", async () => {
    const { edge, said } = lab({ served: () => Promise.reject(new KeeperError("connection refused")) });
    expect(await edge.back(entry("blue"), "breach")).toBe(false);
    expect(await edge.watched({ blue: 90, green: 10 })).toBeUndefined();
    expect(said()).toEqual(["The keeper beside the edge does not answer: connection refused"]);
  });
  test("that the edge did not go along with is no silence of the keeper", async () => {
    const why =
      "the edge does not serve revision 0123456789ab of chat.yml after 30 s; the former routing of chat is back";
    const { edge, said } = lab({ move: () => Promise.reject(new NotMoved(why)) });
    expect(await edge.back(entry("blue"), "breach")).toBe(false);
    expect(said()).toEqual([`The edge did not go along: ${why}`]);
  });
  test("forward is made between sets that the edge knows, and from what it serves only", async () => {
    const { edge } = lab({});
    expect(await edge.forward(entry("blue", 10), entry("green"), "cutover")).toBe(true);
    expect(await edge.forward(entry("blue", 20), entry("green"), "cutover")).toBe(false);
    const other = { ...entry("green"), green: { version: "v9" } };
    expect(await edge.forward(entry("blue", 10), other, "cutover")).toBe(false);
  });
});

describe("in words", () => {
  test("a move that Terraform was not told of, a file that is not served, another split in the state", () => {
    expect(servedProblems(served())).toEqual([]);
    expect(servedProblems(served({ recorded: false }))[0]).toMatch(
      /^the edge has blue=100,green=0 since 2026-11-28 22:00 \(ann: test\), and/,
    );
    expect(servedProblems(served({ inForce: false }))[0]).toContain("does not serve what it was given");
    expect(servedProblems(served(), entry("green"))[0]).toContain("the state says blue=0,green=100");
    expect(servedProblems(served(), entry("blue"))).toEqual([]);
  });
  test("who watches", () => {
    const canary = (leaseLeft?: number): ServedSplit => served({ past: [past("blue", V, 10)], leaseLeft });
    const [begun, later] = [5, 600].map((seconds) => Date.parse("2026-11-28T22:00:00Z") + 1000 * seconds);
    expect(watchedInWords(canary(115), undefined, begun)).toBe(
      "the canary ends by itself in 115 s unless it is watched",
    );
    expect(watchedInWords(canary(118), undefined, later)).toBe(
      "somebody watches the canary; it ends by itself 120 s after the last look",
    );
    expect(watchedInWords(canary(118), "ann@laptop", later)).toBe(
      "ann@laptop watches the canary; it ends by itself 120 s after the last look",
    );
    expect(watchedInWords(canary(87), "ann@laptop", later)).toBe(
      "nobody has watched the canary for 33 s: it ends by itself in 87 s",
    );
    expect(watchedInWords(canary(), "ann@laptop", later)).toContain("with its lease");
  });
  test("who watches a set that is kept", () => {
    expect(watchedInWords(served())).toBe("nobody watches it");
    expect(watchedInWords(served({ watchedLeft: -720 }), "ann@laptop")).toBe("nobody has watched it for 840 s");
    expect(watchedInWords(served({ watchedLeft: 114 }))).toBe("somebody watches it");
    expect(watchedInWords(served({ watchedLeft: 114 }), "ann@laptop")).toBe("ann@laptop watches it");
  });
});

test("the entry that the edge serves keeps the sets", () => {
  expect(entryServed(entry("blue", 10), served({ past: [past("green", V)] }))).toEqual(entry("green"));
});

test("a way back by Terraform's switch is known by what was said right after it, and by nothing that came later", () => {
  const went = [past("blue", V), past("green", V), past("blue", V)];
  expect(wentBack(served({ past: went }))).toBeUndefined();
  const told = [...went, past("blue", V, 0, "run")];
  expect(wentBack(served({ past: told }))).toMatchObject({ left: V.green, to: V.blue });
  // The end of a canary says nothing of how the set that is live has got its traffic.
  const later = [...went, past("blue", V, 10), past("blue", V, 0, "run")];
  expect(wentBack(served({ past: later }))).toBeUndefined();
});
