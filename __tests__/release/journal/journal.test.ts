import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ProblemsError } from "../../../model/problem";
import type { ProductRelease } from "../../../model/release";
import { contentOf, Journal, newRunId } from "../../../release/journal/journal";
import type { Entry, NewEntry } from "../../../release/journal/entry";
import { LocalFiles } from "../../../clients/state-store/local-files";
import { type Event, next, possible, type Run, start, type Step, task } from "../../../release/machine";
import { redactor } from "../../../model/redact";
import { Bucket } from "../../../clients/object-store";
import { S3Files } from "../../../clients/state-store/s3-files";
import type { StateFile, StateFiles } from "../../../clients/state-store/state-files";
import { doubts, unfinished } from "../../../release/journal/unfinished";
import { startObjectStore } from "../../../simulators/object-store";

type Fault = "none" | "faster" | "refused" | "lost";

/** Files in memory; each write meets the next fault. */
class MemoryFiles implements StateFiles {
  readState(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  readonly kind = "s3";
  readonly state = "memory/terraform.tfstate";
  readonly texts = new Map<string, string>();

  constructor(
    private readonly faults: Fault[] = [],
    private readonly turn: () => Promise<unknown> = async () => undefined,
  ) {}

  place(name: string): string {
    return `memory://${name}`;
  }

  async modified(): Promise<Date | undefined> {
    return undefined;
  }

  async read(name: string): Promise<StateFile | undefined> {
    await this.turn();
    const text = this.texts.get(name);
    return text === undefined ? undefined : { text, version: text };
  }

  async write(name: string, text: string, { ifVersion }: { ifVersion: string }): Promise<boolean> {
    await this.turn();
    const fault = this.faults.shift() ?? "none";
    if (fault === "refused") throw new ProblemsError([]);
    if (fault === "faster" || (this.texts.get(name) ?? "absent") !== ifVersion) return false;
    this.texts.set(name, text);
    // It is written, and whoever wrote it does not learn that.
    if (fault === "lost") return false;
    return true;
  }

  async remove(): Promise<boolean> {
    throw new Error("nothing is removed from a journal");
  }

  get lines(): string[] {
    return [...this.texts.values()].flatMap((text) => text.split("\n")).filter((line) => line !== "");
  }
}

const BLUE: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1" }, green: null };
const BOTH: ProductRelease = { ...BLUE, green: { version: "v2", tags: { web: "v2-web" } } };
const GREEN: ProductRelease = { live: "green", canary: 0, blue: null, green: BOTH.green };

const quick = { redact: (text: string): string => text, pause: async (): Promise<void> => undefined };
const started = (run: string, product = "chat"): NewEntry => ({
  event: "started",
  run,
  product,
  from: BLUE,
  to: GREEN,
});
const decided = (run: string, reason: string, product = "chat"): NewEntry => ({
  event: "decided",
  run,
  product,
  reason,
});

describe("an entry", () => {
  let directory: string;
  let files: LocalFiles;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "journal-"));
    files = new LocalFiles(join(directory, "terraform.shop.production.tfstate"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test("is one line of JSON, with its version, when, and who", async () => {
    const journal = new Journal(files, { ...quick, who: "alice@laptop" });
    await journal.append(started("r1"));
    await journal.append({
      ...{ event: "step-done", run: "r1", product: "chat", step: "deploy", from: BLUE, to: BOTH, outcome: "ok" },
      ...{ plan: { add: 3, change: 1, destroy: 0, summary: "3 created, 1 changed" }, reason: "all\nwell" },
    });
    const lines = readFileSync(journal.place, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(JSON.parse(lines[1]!)).toEqual({
      ...{ v: 1, id: expect.any(String), at: expect.stringMatching(/^\d{4}-.*Z$/), who: "alice@laptop" },
      ...{ event: "step-done", run: "r1", product: "chat", step: "deploy", from: BLUE, to: BOTH, outcome: "ok" },
      ...{ plan: { add: 3, change: 1, destroy: 0, summary: "3 created, 1 changed" }, reason: "all\nwell" },
    });
    expect((await journal.read()).entries.map(({ event }) => event)).toEqual(["started", "step-done"]);
  });

  test("has nothing in it but what an entry has", async () => {
    const extra = { ...started("r1"), env: { TOKEN: "hush" }, to: { ...GREEN, password: "hush" } };
    await new Journal(files, quick).append(extra);
    expect(readFileSync(files.place("journal.jsonl"), "utf8")).not.toContain("hush");
    await expect(
      new Journal(files, quick).append({ event: "ended", run: "r1", product: "chat" } as NewEntry),
    ).rejects.toThrow("not a journal's entry: outcome");
  });

  test("has no secret in its texts, however long these are", async () => {
    const secret = 'pass"w0rd/ü';
    const journal = new Journal(files, { ...quick, redact: redactor([secret]) });
    const reason = `${"x".repeat(3990)}${secret}${JSON.stringify({ secret })}${encodeURIComponent(secret)}`;
    const plan = { add: 0, change: 0, destroy: 0, summary: `of ${secret}` };
    await journal.append({ event: "step-failed", run: "r1", product: "chat", step: "deploy", reason, plan });
    const [entry] = (await journal.read()).entries;
    expect(entry).toMatchObject({ plan: { summary: "of ***" } });
    expect(entry!.reason).toMatch(/^\(\d+ characters before\) x+\*\*\*\{"secret":"\*\*\*"\}\*\*\*$/);
    expect(entry!.reason!.length).toBeLessThan(4100);
  });

  test("that is torn or of a newer Twinset makes no other one unreadable, and is told", async () => {
    const journal = new Journal(files, quick);
    await journal.append(started("r1"));
    const whole = readFileSync(journal.place, "utf8");
    const foreign = ['{"v":2,"event":"paused"}', '{"v":1,"event":"ended"}', "[]", "null", whole.slice(0, 50)];
    writeFileSync(journal.place, `${whole}${foreign.join("\n")}`);
    await journal.append(decided("r1", "after all"));
    const { entries, unreadable } = await journal.read();
    expect(entries.map(({ event }) => event)).toEqual(["started", "decided"]);
    expect(unreadable).toMatchObject([
      { line: 2, why: "written by a newer Twinset (version 2 of the journal)" },
      { line: 3, why: expect.stringMatching(/^not an entry: /) },
      { line: 4, why: expect.stringMatching(/^not an entry: /) },
      { line: 5, why: expect.stringMatching(/^not an entry: /) },
      { line: 6, why: "not whole" },
    ]);
    expect(unfinished({ entries, unreadable, lines: [1, 7] }, "chat")?.unreadable).toHaveLength(5);
  });

  test("that others are faster with again and again is given up, and said so", async () => {
    const faster = new MemoryFiles(Array<Fault>(100).fill("faster"));
    await expect(new Journal(faster, quick).append(started("r1"))).rejects.toThrow("memory://journal.jsonl");
  });
});

test("the id of a run says when it began, and is its own", () => {
  const now = new Date("2026-11-21T06:57:19Z");
  expect(newRunId(now)).toMatch(/^20261121-0657-[0-9a-f]{6}$/);
  expect(newRunId(now)).not.toBe(newRunId(now));
});

describe("what several write at a time", () => {
  test("loses no entry that was acknowledged and has none twice, whatever fails and however long it gets", async () => {
    const fault = fc.constantFrom<Fault>("none", "none", "none", "faster", "refused", "lost");
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.array(fault, { maxLength: 30 }),
        fc.constantFrom(1500, 3000, 1_000_000),
        async (scheduler, counts, faults, limit) => {
          const files = new MemoryFiles(faults, () => scheduler.schedule(Promise.resolve()));
          const acknowledged: string[] = [];
          const writers = counts.map(async (count, writer) => {
            const journal = new Journal(files, { ...quick, limit });
            for (let n = 0; n < count; n++) {
              const text = `${writer}-${n}`;
              const entry = n === 0 ? { ...started(`run-${writer}`), reason: text } : decided(`run-${writer}`, text);
              await journal.append(entry).then(
                () => acknowledged.push(text),
                () => undefined,
              );
            }
          });
          await scheduler.waitFor(Promise.all(writers));
          const entries = files.lines.map((line) => JSON.parse(line) as Entry);
          const written = new Map(entries.map(({ id, reason }) => [id, reason!]));
          for (const text of acknowledged)
            expect([...written.values()].filter((other) => other === text)).toEqual([text]);
          const main = contentOf(files.texts.get("journal.jsonl") ?? "");
          expect(main.unreadable).toEqual([]);
          const ids = (files.texts.get("journal.jsonl") ?? "").match(/"id":"[^"]+"/g) ?? [];
          expect(new Set(ids).size).toBe(ids.length);
          expect((files.texts.get("journal.jsonl") ?? "").length).toBeLessThan(2 * limit);
          // What one writer wrote is in its order.
          counts.forEach((_, writer) => {
            const own = main.entries.filter(({ run }) => run === `run-${writer}`).map(({ reason }) => reason!);
            expect(own).toEqual([...own].sort());
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("is all there in a bucket, too", async () => {
    const store = await startObjectStore({ buckets: ["state"], accessKeyId: "id" });
    try {
      const access = { endpoint: store.baseUrl, accessKeyId: "id", secretAccessKey: "secret" };
      const journal = (): Journal =>
        new Journal(new S3Files(new Bucket(access, "state", "the state"), "shop/production/terraform.tfstate"), {
          redact: (text) => text,
        });
      store.faults.inject({ fault: { kind: "lost-answer" }, method: "PUT", after: 4 });
      store.faults.inject({ fault: { kind: "rate-limit" }, method: "PUT", after: 8 });
      await Promise.all(
        ["a", "b", "c"].map(async (run) => {
          for (const n of [1, 2, 3]) await journal().append(decided(run, `${n}`));
        }),
      );
      const { entries } = await journal().read();
      for (const run of ["a", "b", "c"]) {
        expect(entries.filter((entry) => entry.run === run).map(({ reason }) => reason)).toEqual(["1", "2", "3"]);
      }
      expect(journal().place).toBe("s3://state/shop/production/journal.jsonl");
    } finally {
      await store.stop();
    }
  }, 20_000);

  test("stays short: what is over goes to another file, what is not over stays", async () => {
    const files = new MemoryFiles();
    const journal = new Journal(files, { ...quick, limit: 5000 });
    await journal.append(started("open", "news"));
    for (let n = 0; n < 40; n++) {
      await journal.append(started(`r${n}`));
      await journal.append({ event: "ended", run: `r${n}`, product: "chat", outcome: "done" });
    }
    expect([...files.texts.keys()]).toEqual(
      expect.arrayContaining(["journal.jsonl", "journal.1.jsonl", "journal.2.jsonl"]),
    );
    for (const text of files.texts.values()) expect(text.length).toBeLessThan(6000);
    expect(unfinished(await journal.read(), "news")?.run).toBe("open");
    expect(new Set(files.lines).size).toBe(81);
    expect(files.lines).toHaveLength(81);
  });
});

/** What is known of a product's run while it is played: what `unfinished` has to find out from the journal alone. */
interface Known {
  readonly run: string;
  readonly who: string;
  readonly before: ProductRelease | null;
  now: ProductRelease | null;
  lastDone?: Step;
  underWay?: { step: Step; failed: boolean };
  progress: Run;
}

describe("a journal that gets too long", () => {
  const TORN = '{"v":1,"id":"x","product":"ch';
  const NEWER = '{"v":2,"product":"chat","event":"leased"}';
  const NEWS = '{"v":2,"product":"news","event":"leased"}';

  test.each([
    ["torn", TORN],
    ["of a newer Twinset", NEWER],
    ["very long", `${TORN}${"x".repeat(20_000)}`],
  ])(
    "keeps a line that is %s and counts where it is looked for, and nobody's is doubted more for it",
    async (_, line) => {
      const files = new MemoryFiles();
      const journal = new Journal(files, { ...quick, limit: 5000 });
      files.texts.set("journal.jsonl", `${line}\n`);
      const before = doubts(await journal.read(), "chat");
      for (let n = 0; n < 60; n++) await journal.append(decided("r", `${n}`));
      await journal.append(started("r2", "news"));
      await journal.append({ event: "ended", run: "r2", product: "news", outcome: "done" });
      for (let n = 0; n < 60; n++) await journal.append(decided("r3", `${n}`, "docs"));
      expect(files.texts.size).toBeGreaterThan(1);
      const after = await journal.read();
      expect(doubts(after, "chat").map(({ id }) => id)).toEqual(before.map(({ id }) => id));
      expect(before).toHaveLength(1);
      // The news' run began after it: it was history then, and stays so; and that run stays ended.
      expect(doubts(after, "news")).toEqual([]);
      expect(unfinished(after, "news")).toBeUndefined();
    },
  );

  test("keeps what a person has said of a torn line", async () => {
    const files = new MemoryFiles();
    const journal = new Journal(files, { ...quick, limit: 5000 });
    files.texts.set("journal.jsonl", `${TORN}\n`);
    const past = (await journal.read()).unreadable.map(({ id }) => id);
    await journal.append({ ...decided("r", "looked at"), past });
    for (let n = 0; n < 60; n++) await journal.append(decided("r", `${n}`));
    expect(files.texts.size).toBeGreaterThan(1);
    expect(doubts(await journal.read(), "chat")).toEqual([]);
    expect(doubts(await journal.read(), "news")).toHaveLength(1);
  });

  test("lets a line go that is history for the only product that it is about", async () => {
    const files = new MemoryFiles();
    const journal = new Journal(files, { ...quick, limit: 5000 });
    files.texts.set("journal.jsonl", `${NEWS}\n`);
    await journal.append(started("r2", "news"));
    await journal.append({ event: "ended", run: "r2", product: "news", outcome: "done" });
    for (let n = 0; n < 60; n++) await journal.append(decided("r", `${n}`));
    expect(files.texts.get("journal.jsonl")).not.toContain(NEWS);
    expect(doubts(await journal.read(), "news")).toEqual([]);
  });
});

/** One play: which product's run goes on, with which of the possible events, or whether somebody takes it on anew. */
const play = fc.record({
  product: fc.constantFrom("chat", "news"),
  pick: fc.nat(),
  what: fc.constantFrom("go-on", "go-on", "go-on", "go-on", "resume", "crash"),
  first: fc.boolean(),
});

describe("a run that did not end", () => {
  test("is found with all that it takes to go on, wherever it was cut off", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(play, { maxLength: 40 }),
        fc.constantFrom(3000, 6000, 1_000_000),
        fc.nat(),
        async (plays, limit, cut) => {
          const files = new MemoryFiles();
          const known = new Map<string, Known>();
          let count = 0;
          const append = async (who: string, entry: NewEntry, then: () => void): Promise<void> => {
            const journal = new Journal(files, { ...quick, limit, who });
            await journal.append(entry);
            then();
            const content = await journal.read();
            for (const product of ["chat", "news"]) agree(content, product, known.get(product));
            torn(files.texts.get("journal.jsonl")!, cut);
          };

          for (const { product, pick, what, first } of plays) {
            const current = known.get(product);
            if (!current || what === "crash") {
              // Also while another run of the product has not ended: that one is given up.
              const run = `run-${++count}`;
              const progress = start({ before: first ? null : BLUE, version: "v2", canaryPercent: 10 });
              const { before } = progress;
              await append("alice@a", { event: "started", run, product, from: before, to: GREEN, progress }, () =>
                known.set(product, { run, who: "alice@a", before, now: before, progress }),
              );
              continue;
            }
            const { run } = current;
            if (what === "resume") {
              const who = `bob@${count++}`;
              await append(who, { event: "resumed", run, product }, () => known.set(product, { ...current, who }));
              continue;
            }
            const { progress } = current;
            const todo = task(progress);
            const step = progress.step as Step;
            const to = todo.kind === "apply" ? { from: progress.now, to: todo.to } : {};
            await append("alice@a", { event: "step-started", run, product, step, ...to }, () =>
              Object.assign(current, { underWay: { step, failed: false } }),
            );
            const events = possible(progress);
            const event: Event = events[pick % events.length]!;
            if (event === "stay" || event === "go-back") {
              await append("alice@a", { event: "decided", run, product, step, outcome: event }, () => undefined);
            }
            const after = next(progress, event);
            const well = !["failed", "refused", "breach", "undecided"].includes(event);
            const done = well ? ({ event: "step-done", ...to } as const) : ({ event: "step-failed" } as const);
            await append("alice@a", { ...done, run, product, step, outcome: event, progress: after }, () => {
              current.progress = after;
              if (!well) current.underWay = { step, failed: true };
              else {
                delete current.underWay;
                current.lastDone = step;
                if (todo.kind === "apply") current.now = todo.to;
              }
            });
            if (after.step === "ended") {
              await append("alice@a", { event: "ended", run, product, outcome: after.outcome! }, () =>
                known.delete(product),
              );
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  function agree(content: ReturnType<typeof contentOf>, product: string, known: Known | undefined): void {
    const found = unfinished(content, product);
    if (!known) return expect(found).toBeUndefined();
    expect(found).toMatchObject({
      ...{ run: known.run, product, who: known.who, before: known.before, now: known.now, intended: GREEN },
      ...{ progress: known.progress, unreadable: [] },
    });
    expect(found!.lastDone).toBe(known.lastDone);
    expect(found!.underWay && { step: found!.underWay.step, failed: found!.underWay.failed }).toEqual(known.underWay);
  }

  /** A file that ends anywhere says what its whole lines say, and that there is one more. */
  function torn(text: string, cut: number): void {
    const at = cut % (text.length + 1);
    const part = text.slice(0, at);
    const whole = contentOf(part.slice(0, part.lastIndexOf("\n") + 1));
    const content = contentOf(part);
    const rest = part.slice(part.lastIndexOf("\n") + 1);
    const restIsWhole = text[at] === "\n";
    if (restIsWhole) return expect(content.entries).toHaveLength(whole.entries.length + (rest === "" ? 0 : 1));
    expect(content.entries).toEqual(whole.entries);
    expect(content.unreadable).toHaveLength(rest === "" ? 0 : 1);
  }

  test("is not one that ended, nor one that another came after, nor another product's", async () => {
    const journal = new Journal(new MemoryFiles(), quick);
    await journal.append(started("r1"));
    await journal.append(started("r2"));
    await journal.append({ event: "ended", run: "r2", product: "chat", outcome: "went-back" });
    // Somebody who lost the lock writes once more.
    await journal.append({ event: "step-failed", run: "r2", product: "chat", step: "watch", reason: "lost the lock" });
    const content = await journal.read();
    expect(unfinished(content, "chat")).toBeUndefined();
    expect(unfinished(content, "news")).toBeUndefined();
  });
});
