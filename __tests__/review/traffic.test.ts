import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  isMissing,
  isMoved,
  isOlder,
  isServing,
  type ProductReview,
  productReviews,
  trafficClause,
} from "../../review/traffic";
import type { ResourceChange } from "../../terraform/plan";
import { MANACORE, resource, set, type SplitGiven, switched } from "../support/plan";

const of = (...changes: readonly ResourceChange[]): ProductReview => productReviews(changes, MANACORE)[0]!;
const clause = (before: SplitGiven | undefined, after: SplitGiven | undefined): string =>
  trafficClause(of(switched("chat", before, after)));

const V = { blue: "v1.5.2", green: "v1.6.0" };
const BLUE: SplitGiven = { live: "blue", weights: "blue=100", blue: V.blue };
const BOTH: SplitGiven = { live: "blue", weights: "blue=100,green=0", ...V };
const canary = (share: number): SplitGiven => ({ ...BOTH, weights: `blue=${100 - share},green=${share}` });
const OVER: SplitGiven = { live: "green", weights: "blue=0,green=100", ...V };

describe("what happens to a product's traffic", () => {
  test.each<[string, SplitGiven | undefined, SplitGiven | undefined, string, boolean]>([
    ["a first release", undefined, BLUE, "blue v1.5.2 gets all of its traffic", true],
    [
      "a first release of two sets",
      undefined,
      canary(10),
      "blue v1.5.2 gets 90 % of its traffic, green v1.6.0 10 %",
      true,
    ],
    ["a product that goes", BLUE, undefined, "all of its traffic ends: nothing answers under its names any more", true],
    ["a set that arrives beside", BLUE, BOTH, "traffic stays on blue v1.5.2", false],
    ["a canary that begins", BOTH, canary(10), "green v1.6.0 gets 10 % of the traffic, blue v1.5.2 keeps 90 %", true],
    ["one that grows", canary(10), canary(50), "green v1.6.0 gets 50 % of the traffic, blue v1.5.2 keeps 50 %", true],
    ["one that shrinks", canary(50), canary(10), "blue v1.5.2 gets 90 % of the traffic, green v1.6.0 keeps 10 %", true],
    ["one that stays", canary(10), canary(10), "traffic stays as it is: blue v1.5.2 90 %, green v1.6.0 10 %", false],
    [
      "one that is taken back",
      canary(10),
      BOTH,
      "the 10 % of the canary go back from green v1.6.0 to blue v1.5.2",
      true,
    ],
    [
      "one whose set goes as well",
      canary(10),
      BLUE,
      "the 10 % of the canary go back from green v1.6.0 to blue v1.5.2",
      true,
    ],
    ["a cutover", BOTH, OVER, "all traffic goes from blue v1.5.2 to green v1.6.0", true],
    ["a cutover from a canary", canary(10), OVER, "all traffic goes from blue v1.5.2 to green v1.6.0", true],
    ["a way back to an older version", OVER, BOTH, "all traffic goes back from green v1.6.0 to blue v1.5.2", true],
    [
      "a cutover that leaves the old one a share",
      canary(10),
      { ...OVER, weights: "blue=10,green=90" },
      "green v1.6.0 gets 90 % of the traffic, blue v1.5.2 keeps 10 %",
      true,
    ],
    [
      "another name for the same halves",
      canary(50),
      { ...OVER, weights: "blue=50,green=50" },
      "traffic stays as it is: green v1.6.0 50 %, blue v1.5.2 50 %",
      false,
    ],
    ["another version in the live set", BLUE, { ...BLUE, blue: "v1.5.3" }, "traffic stays on blue v1.5.3", false],
    ["nothing", OVER, OVER, "traffic stays on green v1.6.0", false],
  ])("%s", (_, before, after, expected, moved) => {
    expect(clause(before, after)).toBe(expected);
    expect(isMoved(of(switched("chat", before, after)))).toBe(moved);
  });

  test("of a version that nobody can compare it is not said that it is older", () => {
    const [before, after] = [
      { ...OVER, green: "main-abc" },
      { ...BOTH, green: "main-abc" },
    ];
    expect(clause(before, after)).toBe("all traffic goes from green main-abc to blue v1.5.2");
  });
  test("a canary's share goes back whatever its version", () => {
    const older = { ...canary(10), green: "v1.4.0" };
    expect(clause(older, { ...BOTH, green: "v1.4.0" })).toBe(
      "the 10 % of the canary go back from green v1.4.0 to blue v1.5.2",
    );
  });
  test("without a version a set is its colour", () => {
    expect(clause({ live: "blue", weights: "blue=100,green=0" }, { live: "green", weights: "blue=0,green=100" })).toBe(
      "all traffic goes from blue to green",
    );
  });
  test("a product without a switch has none", () => {
    expect(trafficClause(of(...set("blue", "comes")))).toBe("it has no traffic");
  });
  test("labels that say nothing sensible are no switch", () => {
    const broken = { ...BLUE, live: "red" as "blue" };
    expect(of(switched("chat", broken, broken)).before).toBeUndefined();
  });
});

describe("what happens to a product's sets", () => {
  test("containers are counted by what is done to them; images and jobs are not", () => {
    const { sets, migrations, changes } = of(
      ...set("blue", "stays", ["backend"]),
      ...set("blue", "is replaced, new first", ["web"]),
      ...set("green", "comes", ["backend", "web"]),
      resource("docker_image.chat_green_backend-image", "comes"),
      resource("docker_container.chat_green_migration", "comes", { must_run: false }),
      switched("chat", BLUE, BOTH),
    );
    expect(sets.blue).toMatchObject({ keep: ["backend"], "replace-new-first": ["web"], create: [] });
    expect(sets.green).toMatchObject({ create: ["backend", "web"], keep: [] });
    expect(migrations).toEqual(["green"]);
    expect(changes).toHaveLength(6);
  });
  test("one that is not there is missing only where others of its set are", () => {
    expect(isMissing(of(...set("blue", "stays", ["web"]), ...set("blue", "comes", ["backend"])).sets.blue)).toEqual([
      "backend",
    ]);
    expect(isMissing(of(...set("blue", "comes")).sets.blue)).toEqual([]);
    expect(isMissing(of(...set("blue", "stays")).sets.blue)).toEqual([]);
  });
  test("whoever has traffic before or after serves", () => {
    const serving = (before: SplitGiven, after: SplitGiven): boolean[] => {
      const product = of(switched("chat", before, after));
      return [isServing(product, "blue"), isServing(product, "green")];
    };
    expect(serving(BOTH, BOTH)).toEqual([true, false]);
    expect(serving(BOTH, canary(1))).toEqual([true, true]);
    expect(serving(BOTH, OVER)).toEqual([true, true]);
    expect(serving(OVER, OVER)).toEqual([false, true]);
  });
  test("only products with a resource in the plan are in a review", () => {
    expect(productReviews([resource("docker_container.redis", "stays")], MANACORE)).toEqual([]);
  });
});

describe("one version is older than another", () => {
  const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map((parts) => `v${parts.join(".")}`);
  test("never than itself, never both ways, and through a third one", () => {
    fc.assert(fc.property(version, (a) => !isOlder(a, a)));
    fc.assert(fc.property(version, version, (a, b) => a === b || isOlder(a, b) !== isOlder(b, a)));
    fc.assert(fc.property(version, version, version, (a, b, c) => !(isOlder(a, b) && isOlder(b, c)) || isOlder(a, c)));
  });
  test("by numbers, not by letters; the leading v is none", () => {
    expect(isOlder("v1.9.0", "v1.10.0")).toBe(true);
    expect(isOlder("1.2.3", "v1.2.4")).toBe(true);
    expect(isOlder("v2.0.0", "v1.9.9")).toBe(false);
  });
  test("of branches, hashes and previews nobody knows", () => {
    fc.assert(
      fc.property(fc.string(), version, (a, b) => /^v?\d+\.\d+\.\d+$/.test(a) || !(isOlder(a, b) || isOlder(b, a))),
    );
    for (const odd of ["main-abc", "v1.2", "v1.2.3-rc.1", undefined]) expect(isOlder(odd, "v9.9.9")).toBe(false);
  });
});
