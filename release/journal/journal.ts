/**
 * The releases' journal of an environment: what was done, when, by whom and what came of it. One JSON object a line, in
 * `journal.jsonl` beside the state, so that a run can be gone on with from another computer. Nothing is ever changed in
 * it; what is over goes to `journal.1.jsonl` and so on when the file gets too long.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { error, ProblemsError } from "../../model/problem";
import {
  type Entry,
  entrySchema,
  isEntry,
  lineId,
  type NewEntry,
  parseLine,
  type Unread,
  type UnreadableLine,
} from "./entry";
import { whoAmI } from "../../clients/process";
import type { Redact } from "../../model/redact";
import type { StateFiles } from "../../clients/state-store/state-files";
import type { JournalContent } from "./unfinished";
import { staying } from "./whole";

export interface JournalOptions {
  /** Takes secrets out of free texts. */
  readonly redact: Redact;
  /** @default this computer's user */
  readonly who?: string;
  /** Bytes after which what is over goes to another file. @default 1 MB */
  readonly limit?: number;
  /** Between two attempts, so that tests need not wait. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

const NAME = "journal.jsonl";
const ATTEMPTS = 20;
/** Characters of a reason that are kept: its last lines matter, and a container may have written a lot. */
const LONGEST_REASON = 4000;

export class Journal {
  private readonly options: Required<JournalOptions>;

  constructor(
    private readonly files: StateFiles,
    options: JournalOptions,
  ) {
    this.options = { who: whoAmI(), limit: 1_000_000, pause: sleep, ...options };
  }

  /** Where it is, for people. */
  get place(): string {
    return this.files.place(NAME);
  }

  /** All entries but those that are over and in another file. */
  async read(): Promise<JournalContent> {
    return { ...contentOf((await this.files.read(NAME))?.text ?? ""), place: this.place };
  }

  /** Writes an entry down. @returns the entry as it is written, without secrets @throws ProblemsError as `write` does */
  async append(given: NewEntry): Promise<Entry> {
    const entry = this.entryOf(given);
    await this.write(entry);
    return entry;
  }

  /**
   * Writes down what `entryOf` has made. When it comes back, the entry is there for good, and once, whoever else writes at
   * the time and however often it was tried before.
   * @throws ProblemsError when it could not be written
   */
  async write(entry: Entry): Promise<void> {
    const line = JSON.stringify(entry);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (attempt > 1) await this.options.pause(Math.random() * 100 * attempt);
      const file = await this.files.read(NAME);
      // An attempt whose answer got lost may have written it.
      if (file?.text.includes(entry.id) && contentOf(file.text).entries.some(({ id }) => id === entry.id)) return;
      const kept = file && (await this.shortened(file.text, line.length));
      if (file && kept === undefined) continue;
      const text = kept === undefined || kept === "" || kept.endsWith("\n") ? (kept ?? "") : `${kept}\n`;
      if (await this.files.write(NAME, `${text}${line}\n`, { ifVersion: file?.version ?? "absent" })) return;
    }
    throw new ProblemsError([
      error(
        this.place,
        `somebody else was faster ${ATTEMPTS} times`,
        "a moment to write",
        "see who is at it, and do the same again",
      ),
    ]);
  }

  /** What is to be written: with an id, the time and who it is, and without secrets. */
  entryOf(given: NewEntry): Entry {
    const { redact, who } = this.options;
    const { data, error: wrong } = entrySchema.safeParse({
      ...given,
      ...{ v: 1, id: randomUUID(), at: new Date().toISOString(), who },
      ...(given.reason === undefined ? {} : { reason: shorter(redact(given.reason)) }),
      ...("plan" in given && given.plan
        ? { plan: { ...given.plan, summary: shorter(redact(given.plan.summary)) } }
        : {}),
    });
    if (!data) throw new Error(`not a journal's entry: ${wrong.issues.map(({ path }) => path.join(".")).join(", ")}`);
    return data;
  }

  /**
   * The text that a line can be added to. If it would get too long, what is over is first written to another file: should
   * this process die in between, it is in both, and the next one goes on.
   * @returns undefined: somebody else does the same at the moment
   */
  private async shortened(text: string, more: number): Promise<string | undefined> {
    if (Buffer.byteLength(text) + more < this.options.limit) return text;
    const { kept, over } = split(text);
    const moved = over.map((line) => `${line}\n`).join("");
    // Not for a few lines again and again, should what is kept be long by itself.
    if (Buffer.byteLength(moved) < this.options.limit / 2) return text;
    const lines = new Set(over);
    for (let n = 1; ; n++) {
      const name = `journal.${n}.jsonl`;
      const archive = await this.files.read(name);
      // One that has only lines of these is of an attempt that did not come to its end.
      const own = archive?.text.split("\n").every((line) => line === "" || lines.has(line));
      if (archive && !own) continue;
      if (archive?.text !== moved) {
        const written = await this.files.write(name, moved, { ifVersion: archive?.version ?? "absent" });
        if (!written) return undefined;
      }
      return kept.map((line) => `${line}\n`).join("");
    }
  }
}

/** Names a run: when it began, and something that no other has. */
export const newRunId = (now = new Date()): string =>
  `${now.toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}-${randomBytes(3).toString("hex")}`;

/** A line that is torn or of a newer Twinset is told, and makes no other one unreadable. */
export function contentOf(text: string): JournalContent {
  const entries: Entry[] = [];
  const lines: number[] = [];
  const unreadable: UnreadableLine[] = [];
  const known = new Map<string, string>();
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const entry = parseLine(line);
    const unread = (found: Unread): unknown => unreadable.push({ ...found, line: i + 1, id: lineId(line) });
    if (!isEntry(entry)) return unread(entry);
    const before = known.get(entry.id);
    if (before === undefined) {
      known.set(entry.id, line);
      entries.push(entry);
      lines.push(i + 1);
    } else if (before !== line) {
      const { product } = entry;
      unread({ kind: "unknown", why: "not an entry: another line has its id and says something else", product });
    }
  });
  return { entries, lines, unreadable };
}

/** What has to stay where it is looked for, and what is over. */
function split(text: string): { kept: string[]; over: string[] } {
  const journal = contentOf(text);
  const numbers = staying(journal);
  const lines = text.split("\n");
  const filled = lines.map((line, i) => ({ line, number: i + 1 })).filter(({ line }) => line.trim() !== "");
  return {
    kept: filled.filter(({ number }) => numbers.has(number)).map(({ line }) => line),
    over: filled.filter(({ number }) => !numbers.has(number)).map(({ line }) => line),
  };
}

const shorter = (text: string): string =>
  text.length <= LONGEST_REASON
    ? text
    : `(${text.length - LONGEST_REASON} characters before) ${text.slice(-LONGEST_REASON)}`;
