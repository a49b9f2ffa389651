import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ProductRelease } from "../../model/release";
import type { Entry } from "../../release/journal/entry";
import { recordNeeds, recordOf } from "../../release/journal/record";
import { type Event, next, possible, type Run, start, task } from "../../release/machine";
import { wayBack } from "../../release/way-back";

const FIRST: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1" }, green: null };

/** A journal as the engine and the single steps write it, with a clock of its own. */
class History {
  readonly entries: Entry[] = [];
  private clock = Date.UTC(2026, 10, 21, 10);
  private runs = 0;
  now = FIRST;

  private note(entry: object, run: string): void {
    this.clock += 1000;
    const common = { v: 1, id: String(this.entries.length), at: new Date(this.clock).toISOString() };
    this.entries.push({ ...common, who: "ada@laptop", product: "chat", run, ...entry } as Entry);
  }

  /** A release that meets these events, and dies where they end. @returns its end, if it had one */
  release(version: string, events: readonly Event[]): Run {
    const id = `run-${++this.runs}`;
    let run = start({ before: this.now, version, canaryPercent: 10 });
    const first = task(run);
    this.note(
      { event: "started", from: this.now, to: first.kind === "apply" ? first.to : this.now, progress: run },
      id,
    );
    for (const event of events) {
      if (run.step === "ended") break;
      const due = task(run);
      const change = due.kind === "apply" ? { from: run.now, to: due.to } : {};
      this.note({ event: "step-started", step: run.step, ...change, progress: run }, id);
      const after = next(run, event);
      const well = event === "ok" || event === "go-on" || event === "go-back" || event === "stay";
      this.note(
        { event: well ? "step-done" : "step-failed", step: run.step, ...change, outcome: event, progress: after },
        id,
      );
      if (due.kind === "apply" && event === "ok") this.now = due.to;
      run = after;
    }
    if (run.step === "ended") this.note({ event: "ended", outcome: run.outcome!, progress: run }, id);
    return run;
  }

  /** One step of the operator's own. */
  single(step: "deploy" | "canary" | "cutover" | "back" | "retire", to: ProductRelease): void {
    const id = `run-${++this.runs}`;
    this.note({ event: "step-started", step, from: this.now, to }, id);
    this.note({ event: "step-done", step, from: this.now, to, outcome: "ok" }, id);
    this.now = to;
  }

  way(named?: string) {
    return wayBack(recordOf(this, "chat"), this.now, named);
  }
}

const OK = (count: number): Event[] => Array.from({ length: count }, () => "ok");

describe("where a rollback leads", () => {
  test.each([
    ["failed in smoke", [...OK(1), "failed"]],
    ["was aborted in its canary", [...OK(3), "breach", "ok"]],
    ["never got enough requests", [...OK(3), "undecided", "ok"]],
    ["died in smoke", OK(1)],
    ["was never healthy", ["failed", "ok"]],
  ] as readonly [string, Event[]][])(
    "a version that %s gets no visitors: the good one has all traffic already",
    (_, events) => {
      const history = new History();
      history.release("v2", events);
      expect(history.way()).toMatchObject({ kind: "there", version: "v1" });
      expect(history.way("v2")).toMatchObject({ kind: "refused", version: "v2" });
    },
  );

  test("one that died in its canary: the canary ends", () => {
    const history = new History();
    history.release("v2", OK(3));
    expect(history.now.canary).toBe(10);
    expect(history.way()).toEqual({ kind: "move", version: "v1", colour: "blue" });
  });

  test("after the cutover it is the version before it; again is no way forth", () => {
    const history = new History();
    history.release("v2", OK(5));
    expect(history.way()).toEqual({ kind: "move", version: "v1", colour: "blue" });
    history.single("back", { ...history.now, live: "blue" });
    expect(history.way()).toMatchObject({ kind: "there", version: "v1" });
    expect(history.way("v2")).toMatchObject({
      kind: "refused",
      why: expect.stringMatching(/^was taken back on 2026-11-21/),
    });
  });

  test("after the old set was retired it is gone, and how long it took is known", () => {
    const history = new History();
    history.release("v2", OK(7));
    expect(history.way()).toMatchObject({ kind: "gone", version: "v1" });
    history.release("v3", OK(7));
    expect(history.way()).toMatchObject({ kind: "gone", version: "v2" });
    expect(recordOf(history, "chat").deploySeconds.get("v2")).toBe(1);
  });

  test("a bad version between two good ones is passed over", () => {
    const history = new History();
    history.release("v2", OK(7));
    history.release("v3", [...OK(5), "breach", "ok"]);
    expect(history.way()).toMatchObject({ kind: "there", version: "v2" });
    history.release("v4", OK(7));
    expect(history.way()).toMatchObject({ kind: "gone", version: "v2" });
  });

  test("what was bad once is good again when somebody has given it all traffic since", () => {
    const history = new History();
    history.release("v2", [...OK(3), "breach", "ok"]);
    history.release("v2", OK(7));
    history.release("v3", OK(5));
    expect(history.way()).toMatchObject({ kind: "move", version: "v2" });
  });

  test("what the guard refused says nothing about the version", () => {
    const history = new History();
    history.release("v2", OK(7));
    history.release("v1", ["refused"]);
    expect(history.way("v1")).toMatchObject({ kind: "gone", version: "v1" });
  });

  test("a deploy by hand is no attempt: nobody has noticed it", () => {
    const history = new History();
    history.release("v2", OK(7));
    history.single("deploy", { ...history.now, blue: { version: "v3" } });
    expect(history.way()).toMatchObject({ kind: "gone", version: "v1" });
    expect(history.way("v3")).toMatchObject({ kind: "refused", why: "has never held all traffic" });
  });

  test("a switch past the record (cdktf deploy) is gone back from, too", () => {
    const history = new History();
    history.release("v2", OK(6));
    history.now = { live: "blue", canary: 0, blue: { version: "v3" }, green: { version: "v2" } };
    expect(history.way()).toEqual({ kind: "move", version: "v2", colour: "green" });
  });

  test("what an apply gave all traffic past the record was last, whatever the record says of before", () => {
    const history = new History();
    history.release("v2", OK(7));
    // Somebody applies an older release file, and then v3 is released.
    history.now = FIRST;
    history.release("v3", OK(6));
    expect(history.way()).toEqual({ kind: "move", version: "v1", colour: "blue" });
  });

  test("without a record nobody knows a good one", () => {
    const both: ProductRelease = { ...FIRST, green: { version: "v0" } };
    const empty = recordOf({ entries: [] }, "chat");
    expect(wayBack(empty, both)).toMatchObject({ kind: "unknown", why: expect.stringContaining("no version") });
    expect(wayBack(empty, both, "v0")).toMatchObject({ kind: "refused" });
    expect(wayBack(empty, both, "v9")).toMatchObject({ kind: "gone", held: undefined });
  });
});

test("a journal that was shortened leads to the same", () => {
  const history = new History();
  history.release("v2", OK(7));
  for (const version of ["v3", "v4", "v5", "v6", "v7", "v8", "v9"]) {
    history.release(version, [...OK(1), "failed"]);
    history.single("retire", { ...history.now, [history.now.live === "blue" ? "green" : "blue"]: null });
  }
  const kept = { entries: recordNeeds(history, "chat") };
  expect(kept.entries.length).toBeLessThan(history.entries.length / 2);
  const [all, short] = [history, kept].map((entries) => recordOf(entries, "chat"));
  expect(short!.held).toEqual(all!.held);
  expect(wayBack(short!, history.now)).toEqual(wayBack(all!, history.now));
});

test("in no history a rollback leads to a version that never held all traffic, or whose last word was a bad one", () => {
  const move = fc.record({
    version: fc.constantFrom("v1", "v2", "v3", "v4"),
    events: fc.array(fc.nat(7), { maxLength: 9 }),
    back: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 6 }), (moves) => {
      const history = new History();
      /** As anybody would tell it, by what was seen only. */
      const held = new Set(["v1"]);
      const bad = new Set<string>();
      for (const { version, events, back } of moves) {
        if (history.now.canary > 0 || history.now[history.now.live]?.version === version) continue;
        let run = start({ before: history.now, version, canaryPercent: 10 });
        const chosen = events.flatMap((n): Event[] => {
          const choices = possible(run);
          if (choices.length === 0) return [];
          const event = choices[n % choices.length]!;
          run = next(run, event);
          return [event];
        });
        const ended = history.release(version, chosen);
        const took = history.now[history.now.live]?.version === version && history.now.canary === 0;
        if (took) held.add(version);
        const refused = ended.outcome === "failed" && chosen.at(-1) === "refused";
        if (took) bad.delete(version);
        else if (!refused) bad.add(version);
        if (!back) continue;
        const way = history.way();
        if (way.kind !== "move") continue;
        const before = history.now[history.now.live]!.version;
        const wasCanary = history.now.canary > 0;
        history.single("back", { ...history.now, live: way.colour, canary: 0 });
        if (!wasCanary && before !== way.version) bad.add(before);
      }
      const way = history.way();
      if (way.kind !== "move" && way.kind !== "gone") return;
      expect(held).toContain(way.version);
      if (history.now.canary === 0) expect(bad).not.toContain(way.version);
    }),
    { numRuns: 5000 },
  );
});
