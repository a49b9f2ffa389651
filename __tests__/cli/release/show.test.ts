import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { jsonReporter, lineReporter, liveReporter } from "../../../cli/release/show";
import { clip } from "../../../cli/shared/terminal-width";
import { STEPS } from "../../../release/machine";
import type { ReleaseEvent } from "../../../release/report";
import { BREACH, INTERRUPTED, NEVER_HEALTHY, RELEASE, replay, type Told } from "../../support/release-events";
import { Terminal } from "../../support/terminal";

function lines(events: readonly Told[]): string[] {
  const written: string[] = [];
  replay(
    events,
    lineReporter((line) => written.push(line)),
  );
  return written;
}

describe("line by line", () => {
  test("a whole release", () => expect(lines(RELEASE).join("\n")).toMatchSnapshot());
  test("a breach", () => expect(lines(BREACH).join("\n")).toMatchSnapshot());
  test("a version that never gets healthy", () => expect(lines(NEVER_HEALTHY).join("\n")).toMatchSnapshot());

  test("no line is blank at its end, and each begins with the time", () => {
    for (const line of [...lines(RELEASE), ...lines(NEVER_HEALTHY)]) expect(line).toMatch(/^\d\d:\d\d:\d\d( .*\S)?$/);
  });
  test("how far it is, is said every 15 s, how the canary does every 30 s: both anew in each step", () => {
    const progress = (done: number): ReleaseEvent => ({ kind: "progress", done, total: 500 });
    const watch = RELEASE.find(([, { kind }]) => kind === "watch")![1];
    const begins: ReleaseEvent = { kind: "step", step: "deploy", state: "begins", text: "" };
    const many = (from: number, event: (i: number) => ReleaseEvent): Told[] =>
      Array.from({ length: 61 }, (_, i) => [from + i, event(i)] as const);
    expect(lines(many(0, progress)).map((line) => line.slice(-10).trim())).toEqual(
      [0, 15, 30, 45, 60].map((n) => `${n} of 500`.slice(-10)),
    );
    expect(lines(many(0, () => watch))).toHaveLength(3);
    expect(
      lines([
        [0, begins],
        [0, progress(1)],
        [1, begins],
        [1, progress(2)],
      ]),
    ).toHaveLength(4);
  });
  test("what was let through is named, and not called a part of the step", () => {
    const plan: ReleaseEvent = { kind: "plan", step: "deploy", changes: ["a create", "b update"], allowed: ["b"] };
    expect(lines([[0, plan]])).toEqual([
      "13:57:00          plan: 2 changes, 1 of them within the step",
      "13:57:00          let through by --allow: b",
    ]);
  });
  test("without numbers it says why", () => {
    const watch: ReleaseEvent = {
      ...{ kind: "watch", seconds: 5, ofSeconds: 600, minRequests: 100, maxErrorShare: 0.0005, maxP95Seconds: 1 },
      text: "no numbers: Prometheus cannot be asked: no such container",
    };
    expect(lines([[0, watch]])[0]).toContain(
      "requests – (at least 100)  errors – (limit 0.05 %)  p95 – (limit 1000 ms)  no numbers: Prometheus cannot be asked",
    );
  });
  test.each([
    [0.04, "0 s"],
    [3.24, "3.2 s"],
    [9.96, "10 s"],
    [59.4, "59 s"],
    [59.7, "1 min"],
    [119.6, "2 min"],
    [3661, "61 min 1 s"],
  ])("%s s are %s", (seconds, text) => {
    const done: ReleaseEvent = { kind: "step", step: "deploy", state: "done", seconds, text: "x" };
    expect(lines([[0, done]])).toEqual([`13:57:00          done after ${text}: x`]);
  });
});

describe("for pipelines", () => {
  test("each event is one line of JSON, with its time, and loses nothing", () => {
    const written: string[] = [];
    replay(
      NEVER_HEALTHY,
      jsonReporter((line) => written.push(line)),
    );
    expect(written).toHaveLength(NEVER_HEALTHY.length);
    written.forEach((line, i) => {
      expect(line).not.toContain("\n");
      const { at, ...event } = JSON.parse(line) as { at: string };
      expect(event).toEqual(JSON.parse(JSON.stringify(NEVER_HEALTHY[i]![1])));
      expect(new Date(at).getTime()).toBe(new Date("2026-11-21T13:57:00Z").getTime() + NEVER_HEALTHY[i]![0] * 1000);
    });
  });
  test("the last line has outcome, what is so now, and the command to go on", () => {
    const written: string[] = [];
    replay(
      BREACH,
      jsonReporter((line) => written.push(line)),
    );
    expect(JSON.parse(written.at(-1)!)).toEqual({
      ...{ at: "2026-11-21T13:59:45.000Z", kind: "end", outcome: "went-back", seconds: 165 },
      text: ["All traffic is back: blue v1.5.2 serves chat.", "green v1.6.0 runs without traffic, to be looked at."],
      next: "twinset retire chat --environment production",
    });
  });
});

describe("the live view", () => {
  function screen(events: readonly Told[], { columns = 120, rows = 24, until = Infinity } = {}): string[] {
    const terminal = new Terminal(columns, rows);
    const some = events.filter(([seconds]) => seconds <= until);
    replay(some, liveReporter({ write: (text) => terminal.write(text), columns, rows }));
    return terminal.lines();
  }

  test("while the new set is deployed", () => expect(screen(RELEASE, { until: 24 }).join("\n")).toMatchSnapshot());
  test("in the canary", () => expect(screen(RELEASE, { until: 98 }).join("\n")).toMatchSnapshot());
  test("at the end: what is so now is the last thing on the screen", () =>
    expect(screen(RELEASE).join("\n")).toMatchSnapshot());
  test("a failure stays on the screen, in all its lines, above the view", () =>
    expect(screen(NEVER_HEALTHY).join("\n")).toMatchSnapshot());

  test("a question and its answer stay where they are; the view goes on below", () => {
    const terminal = new Terminal(80, 24);
    replay(INTERRUPTED, liveReporter({ write: (text) => terminal.write(text), columns: 80, rows: 24 }), ({ kind }) => {
      if (kind === "asked") terminal.write("Interrupted in the canary. [b]ack or [s]tay? b\r\n");
    });
    const shown = terminal.lines();
    const question = shown.indexOf("Interrupted in the canary. [b]ack or [s]tay? b");
    expect(question).toBeGreaterThan(0);
    // Once as it was left above the question, once below it.
    expect(shown.filter((line) => /^. canary /.test(line))).toHaveLength(2);
    expect(shown.slice(question).filter((line) => /^. back /.test(line))).toHaveLength(1);
    expect(shown.at(-1)).toBe("To go on: twinset retire chat --environment production");
  });

  test.each([
    ["no width is known", undefined],
    ["a terminal says that it has none", 0],
  ])("%s: a hundred columns", (_, columns) => {
    const terminal = new Terminal(99);
    replay(
      RELEASE,
      liveReporter({ write: (text) => terminal.write(text), ...(columns === undefined ? {} : { columns }) }),
    );
    expect(terminal.lines().filter((line) => /^. deploy /.test(line))).toHaveLength(1);
  });

  test("fewer rows than the view has: the last lines are shown, and redrawn in place", () => {
    const shown = screen(RELEASE, { rows: 6, until: 98 });
    expect(shown.filter((line) => line.includes("█"))).toHaveLength(1);
    expect(shown.at(-1)).toContain("requests 112");
  });

  /** Letters are the steps' names alone, so that one which is drawn twice is found. */
  const anyText = fc.oneof(
    fc.string({
      unit: fc.constantFrom(..."0123456789 .-:/\n\t\r\u0007\u0000 漢字한글ｗ😀👩‍👩‍👧🇩🇪é̀\u202e\u2028\u200b"),
      maxLength: 200,
    }),
    fc.constantFrom("\u001b[2J", "\u001b[31m1\u001b[39m", "\u001b[5;1H2", "\u001b]0;3\u0007", "\u001b", "\ud800"),
  );
  const anyEvent: fc.Arbitrary<ReleaseEvent> = fc.oneof(
    fc.record({
      kind: fc.constant("step" as const),
      step: fc.constantFrom(...STEPS),
      state: fc.constant("begins" as const),
      text: anyText,
    }),
    fc.record({
      kind: fc.constant("step" as const),
      step: fc.constantFrom(...STEPS),
      state: fc.constant("done" as const),
      seconds: fc.nat(),
      text: anyText,
    }),
    fc.record({ kind: fc.constant("progress" as const), done: fc.nat(), total: fc.nat(), waitingFor: anyText }),
    fc.record({
      kind: fc.constant("traffic" as const),
      weights: fc.constantFrom({ blue: 100 }, { blue: 90, green: 10 }, { green: 100 }),
    }),
    fc.record({
      kind: fc.constant("watch" as const),
      seconds: fc.nat(),
      ofSeconds: fc.nat(),
      minRequests: fc.nat(),
      maxErrorShare: fc.double({ min: 0, max: 1, noNaN: true }),
      maxP95Seconds: fc.nat(),
      text: anyText,
    }),
    fc.nat({ max: 99 }).map((n) => ({ kind: "line" as const, level: "info" as const, text: `line ${n}` })),
  );
  test("whatever is told, on any terminal: each step is on the screen once, and no line that stays is lost", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), fc.integer({ min: 12, max: 90 }), (events, columns) => {
        const terminal = new Terminal(columns, 14);
        const report = liveReporter({ write: (text) => terminal.write(text), columns, rows: 14 });
        const stay: string[] = [];
        for (const event of events) {
          report(event);
          if (event.kind === "line") stay.push(event.text);
          const shown = terminal.lines();
          for (const step of STEPS) {
            expect(shown.filter((line) => new RegExp(`^. ${step}( |$)`).test(line))).toHaveLength(1);
          }
          expect(shown.filter((line) => line.startsWith("line "))).toEqual(stay);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("cutting a line", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.string({ unit: "grapheme", maxLength: 100 }),
    fc.string({ unit: fc.constantFrom(..."ab \n\t\u001b[31m漢😀é"), maxLength: 100 }),
  );
  test("it is never wider than the terminal, is one line, and moves no cursor", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 120 }), (text, columns) => {
        const cut = clip(text, columns);
        expect(stringWidth(cut)).toBeLessThanOrEqual(columns);
        expect(cut.replace(/\u001b\[[\d;]*m/g, "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(clip(cut, columns)).toBe(cut);
      }),
      { numRuns: 1000 },
    );
  });
  test("no character is wider than it is taken for", () => {
    const wider: string[] = [];
    for (let code = 0x20; code < 0x40000; code++) {
      const character = String.fromCodePoint(code);
      if (stringWidth(character) > 1 && clip(character, 1) !== "") wider.push(`U+${code.toString(16)}`);
    }
    expect(wider).toEqual([]);
  });
  test("what has room stays as it is, and what has not is as long as it can be", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."abc 12.-"), maxLength: 60 }),
        fc.nat({ max: 80 }),
        (text, columns) => {
          expect(clip(text, columns)).toBe(text.slice(0, columns));
        },
      ),
    );
  });
  test("colours count nothing and are closed", () => {
    expect(clip("\u001b[32mgreen\u001b[39m tea", 3)).toBe("\u001b[32mgre\u001b[39m");
    expect(stripVTControlCharacters(clip("\u001b[32mgreen\u001b[39m tea", 7))).toBe("green t");
  });
  test("a wide character that has half of its room is left out", () => {
    expect(clip("a漢b", 2)).toBe("a");
    expect(clip("a漢b", 3)).toBe("a漢");
  });
  test("what a container writes to a terminal does nothing here", () => {
    expect(clip("a\u001b[2J\u001b[1;1Hb\u001b]0;title\u0007c\rd\u001be", 20)).toBe("abc d" + "e");
  });
});
