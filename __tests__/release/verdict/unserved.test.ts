import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Series } from "../../../clients/prometheus";
import { canaryRules } from "../../../model/canary";
import type { Colour } from "../../../model/release";
import { reading } from "../../../release/verdict/metrics";
import type { Numbers } from "../../../release/verdict/reading";
import { unserved } from "../../../release/verdict/unserved";
import { judge } from "../../../release/verdict/verdict";

const SERVICE = "chat-backend";
const label = (colour?: Colour): string => `${SERVICE}${colour ? `-${colour}` : ""}@file`;
/** Values at the reads 0, 2, 4 …; undefined where the edge has none. */
type Values = readonly (number | undefined)[];
const series = (of: string, service: string, values: Values): Series => ({
  labels: { of, service },
  points: values.flatMap((value, i) => (value === undefined ? [] : [{ at: 2 * i, value }])),
});
const routers = (...values: Values): Series => series("router503", label(), values);
const own = (colour: Colour, ...values: Values): Series => series("set503", label(colour), values);
const up = (colour: Colour, ...values: Values): Series => series("up", label(colour), values);
const requests = (colour: Colour, ...values: Values): Series => series("requests", label(colour), values);
const upAlways = [up("blue", 1, 1, 1, 1), up("green", 1, 1, 1, 1)];

/** What counts for blue and for green, at reads after that second. */
function counted(all: readonly Series[], from = 0, reads = 4, begin = 0): [number, number] {
  const ats = Array.from({ length: reads }, (_, i) => 2 * i);
  const of = unserved(all, [SERVICE], ats, begin);
  return [of(SERVICE, "blue", from), of(SERVICE, "green", from)];
}

describe("how many the edge answered itself", () => {
  const down = [up("blue", 1, 1, 1, 1), up("green", 0, 0, 0, 0)];
  test.each<[string, Series[], number]>([
    ["is what the routers have more than the sets", [routers(5, 8, 20, 25), own("green", 5, 6, 8, 9)], 20 - 4],
    ["is nothing if a set answered all of them", [routers(0, 3, 9, 9), own("blue", 0, 3, 9, 9)], 0],
    ["is nothing where the routers are not counted", [own("green", 0, 4, 9, 9)], 0],
    ["begins with the first that the edge has", [routers(undefined, undefined, 7, 7)], 7],
    ["is not known of the time before the first read", [routers(100, 100, 101, 101)], 1],
    // A set counts a request a moment before its router does.
    ["is not more for a read between the two counters", [routers(0, 2, 5, 6), own("green", 0, 3, 5, 6)], 0],
    ["nor for one with the routers ahead", [routers(0, 4, 5, 6), own("green", 0, 3, 5, 6)], 0],
    ["begins anew with a new edge", [routers(90, 100, 3, 4), own("green", 2, 2, 3, 3)], 10 + 0 + 1],
    [
      "and after one that has counted nothing yet",
      [routers(90, 100, undefined, 4), own("green", 1, 1, undefined, 1)],
      13,
    ],
  ])("%s", (_, all, expected) => {
    expect(counted([...all, ...down])).toEqual([0, expected]);
  });
  test("is all routers', those that lead to one set for a key, too", () => {
    const keyed = series("router503", label("green"), [0, 0, 4, 4]);
    expect(counted([routers(0, 1, 1, 1), keyed, ...down])).toEqual([0, 5]);
  });
  test("is none of another service's", () => {
    const other = series("router503", "chat-web@file", [0, 9, 9, 9]);
    expect(counted([other, ...down])).toEqual([0, 0]);
  });
  test("counts at reads after the second that is asked for", () => {
    const all = [routers(0, 3, 10, 30), ...down];
    expect([counted(all, 0), counted(all, 2), counted(all, 4), counted(all, 6)]).toEqual([
      [0, 30],
      [0, 27],
      [0, 20],
      [0, 0],
    ]);
  });
});

describe("for which set they count", () => {
  const nine = [requests("blue", 0, 90, 90, 90), requests("green", 0, 10, 10, 10)];
  test.each<[string, Series[], [number, number]]>([
    ["the one that was down at the read after", [up("blue", 1, 1, 1, 1), up("green", 1, 1, 1, 0)], [0, 20]],
    ["the one that was down at the read before", [up("blue", 1, 1, 1, 1), up("green", 1, 1, 0, 1)], [0, 20]],
    ["the live one as well", [up("blue", 1, 1, 0, 1), up("green", 1, 1, 1, 1)], [20, 0]],
    ["both by their shares, if both were down", [up("blue", 1, 1, 0, 0), up("green", 1, 1, 0, 0)], [18, 2]],
    ["both, if one came back as the other went", [up("blue", 1, 1, 0, 1), up("green", 1, 1, 1, 0)], [18, 2]],
    ["both by their shares, if neither was down", upAlways, [18, 2]],
    ["both by their shares, if the edge says nothing of servers", [], [18, 2]],
  ])("%s", (_, gauges, expected) => {
    expect(counted([routers(0, 0, 0, 20), ...nine, ...gauges])).toEqual(expected);
  });
  test("the shares are those of the time in which both had a server", () => {
    // Green is without one from the second read on: that blue alone is asked says nothing of its share.
    const asked = [requests("blue", 0, 50, 500, 500), requests("green", 0, 50, 50, 50)];
    const gauges = [up("blue", 1, 1, 1, 0), up("green", 1, 1, 0, 0)];
    expect(counted([routers(0, 0, 0, 20), ...asked, ...gauges])).toEqual([10, 10]);
  });
  test("and of the time since the set has its share", () => {
    const asked = [requests("blue", 0, 500, 500, 550), requests("green", 0, 0, 0, 50)];
    expect(counted([routers(0, 0, 0, 20), ...asked], 0, 4, 2)).toEqual([10, 10]);
  });
  test("half each, if nobody was asked", () => {
    expect(counted([routers(0, 0, 0, 21), up("blue", 0, 0, 0, 0), up("green", 0, 0, 0, 0)])).toEqual([11, 10]);
  });
});

describe("a canary", () => {
  const read: Series = { labels: { of: "read" }, points: [0, 2, 4, 6].map((at) => ({ at, value: at })) };
  const of = (...more: Series[]): Numbers => {
    const sums = (colour: Colour, total: number): Series[] => [
      requests(colour, 0, total, total, total),
      series("errors", label(colour), [0, 0, 0, 0]),
    ];
    return reading([read, ...sums("blue", 180), ...sums("green", 20), ...more], [SERVICE], "green", 6) as Numbers;
  };
  test("that was down between two looks has what its visitors got, as requests and as errors", () => {
    const flap = of(routers(0, 0, 30, 30), up("blue", 1, 1, 1, 1), up("green", 1, 0, 1, 1));
    expect(flap).toMatchObject({
      down: { canary: [], live: [] },
      canary: { requests: 50, errors: 30, byEdge: 30, errorsOf: { [SERVICE]: 30 } },
      live: { requests: 180, errors: 0 },
    });
    const { kind, findings } = judge(canaryRules(), { elapsedSeconds: 6, ...flap });
    expect(kind).toBe("breach");
    expect(findings.map(({ text }) => text)).toEqual([
      expect.stringContaining("30 of 50 requests, 30 of them answered by the edge, as no server was up"),
    ]);
  });
  test("is not blamed for what the live set's visitors got", () => {
    const failing = of(routers(0, 0, 20, 20), up("blue", 1, 0, 1, 1), up("green", 1, 1, 1, 1));
    expect(failing).toMatchObject({ canary: { requests: 20, errors: 0 }, live: { requests: 200, errors: 20 } });
    expect(failing.canary).not.toHaveProperty("byEdge");
    expect(judge(canaryRules(), { elapsedSeconds: 6, ...failing }).kind).toBe("wait");
  });
});

/** Reads of an edge: what came to each set between two of them, and whether the edge or the set answered it with 503. */
const histories = fc.array(
  fc.record({
    blue: fc.record({ up: fc.boolean(), visitors: fc.nat(50), own503: fc.nat(5), known: fc.boolean() }),
    green: fc.record({ up: fc.boolean(), visitors: fc.nat(50), own503: fc.nat(5), known: fc.boolean() }),
    /** Of the sets' own, the routers count so many at the next read only. */
    late: fc.nat(3),
    restarts: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 25 },
);
test("no request is counted twice, none is less than none, and both sets have what the edge answered", () => {
  fc.assert(
    fc.property(histories, fc.nat(30), (history, cut) => {
      const sums = { routers: 0, blue: 0, green: 0, askedBlue: 0, askedGreen: 0 };
      const points: Record<string, Values> = {};
      const put = (name: string, value: number | undefined): void =>
        void (points[name] = [...(points[name] ?? []), value]);
      const write = (late: number, ups: Record<Colour, number | undefined>): void => {
        put("routers", sums.routers - late);
        for (const colour of ["blue", "green"] as const) {
          put(colour, sums[colour]);
          put(`up ${colour}`, ups[colour]);
        }
        put("asked blue", sums.askedBlue);
        put("asked green", sums.askedGreen);
      };
      write(0, { blue: 1, green: 1 });
      let edge = 0;
      for (const [i, { restarts, late, blue, green }] of history.entries()) {
        // Only a new edge that has counted less is seen to be one: the old one's last seconds are lost with it.
        if (restarts) Object.assign(sums, { routers: 0, blue: 0, green: 0, askedBlue: 0, askedGreen: 0 });
        if (restarts) write(0, { blue: undefined, green: undefined });
        for (const [colour, set] of [
          ["blue", blue],
          ["green", green],
        ] as const) {
          const answered = set.up ? set.own503 : set.visitors;
          sums.routers += answered;
          if (!set.up) edge += answered;
          else {
            sums[colour] += answered;
            sums[colour === "blue" ? "askedBlue" : "askedGreen"] += set.visitors + answered;
          }
        }
        const answeredBySets = (blue.up ? blue.own503 : 0) + (green.up ? green.own503 : 0);
        const behind = i === history.length - 1 || history[i + 1]!.restarts ? 0 : Math.min(late, answeredBySets);
        const gauge = ({ known, up }: { known: boolean; up: boolean }): number | undefined =>
          known ? Number(up) : undefined;
        write(behind, { blue: gauge(blue), green: gauge(green) });
      }
      const all = [
        routers(...points["routers"]!),
        ...(["blue", "green"] as const).flatMap((colour) => [
          own(colour, ...points[colour]!),
          up(colour, ...points[`up ${colour}`]!),
          requests(colour, ...points[`asked ${colour}`]!),
        ]),
      ];
      const reads = points["routers"]!.length;
      const [blue, green] = counted(all, 0, reads);
      expect(blue + green).toBe(edge);
      // A part and the rest of it, too; each set's is rounded by itself.
      const [early, late] = [counted(all, 0, reads), counted(all, 2 * cut, reads)];
      for (const [whole, part] of [
        [early[0], late[0]],
        [early[1], late[1]],
      ] as const) {
        expect(part).toBeGreaterThanOrEqual(0);
        expect(part).toBeLessThanOrEqual(whole + 1);
      }
    }),
    { numRuns: 300, seed: 14 },
  );
});
