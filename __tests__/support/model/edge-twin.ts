/**
 * The program beside the edge (constructs/edge/edge-program.ts) once more, in memory: function by function as the shell has
 * it, so that ten thousand histories need no shell. `__tests__/constructs/edge-twin.test.ts` holds both to the same answers.
 */
import { createHash } from "node:crypto";
import { type Colour, parseSplit } from "../../../model/release";
import { REVISION_PLACEHOLDER, WEIGHT_PLACEHOLDERS } from "../../../model/routing";

const US = "\u001f";
const PAST = 50;

interface Sets {
  readonly hash: string;
  readonly meta: { readonly blue: string; readonly green: string; readonly lease: number };
  readonly contents: Readonly<Record<string, string>>;
}

interface Now {
  readonly split: string;
  readonly live: string;
  readonly blue: string;
  readonly green: string;
  readonly sets: string;
  readonly revision: string;
  readonly by: string;
  readonly recorded: string;
  readonly at: string;
  readonly who: string;
  readonly why: string;
}

interface Lease {
  readonly boot: string;
  readonly until: number;
}

interface Subject {
  now?: Now | undefined;
  /** What the edge reads. */
  file?: string | undefined;
  /** What the edge has taken up. */
  taken?: string | undefined;
  lease?: Lease | undefined;
  watched?: Lease | undefined;
  past: string[];
  readonly sets: Map<string, Sets>;
}

export interface Host {
  /** Seconds since the boot, whole. */
  readonly uptime: number;
  readonly boot: string;
  /** As `date -u` says it. */
  readonly date: string;
}

export interface Answer {
  readonly code: number;
  readonly lines: readonly string[];
}

/** A part of `put` that waits for the edge: to be finished once it has had its time. */
export type Putting = Answer | { readonly finish: () => Answer };

const share = (colour: Colour, split = ""): number => parseSplit(split)[colour] ?? 0;
const same = (a: string | undefined, b: string): boolean =>
  share("blue", a) === share("blue", b) && share("green", a) === share("green", b);
const shared = (split: string | undefined): boolean => share("blue", split) > 0 && share("green", split) > 0;
const sha = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);
const revisionIn = (content: string | undefined): string =>
  /X-Twinset-Revision[" =:\\]+([0-9a-f]{12})/.exec(content ?? "")?.[1] ?? "";

export class EdgeTwin {
  readonly subjects = new Map<string, Subject>();
  /** Does the edge take up no file at the moment? */
  stuck = false;

  constructor(
    private readonly host: () => Host,
    /** Told what the edge serves from now on. */
    private readonly serves: (subject: string, content: string | undefined) => void = () => undefined,
  ) {}

  /** The revision that the edge says it serves. */
  served(subject: string): string {
    return revisionIn(this.subject(subject).taken);
  }

  /** The edge looks at its files. */
  look(): void {
    if (this.stuck) return;
    for (const [name, subject] of this.subjects) {
      if (subject.taken === subject.file) continue;
      subject.taken = subject.file;
      this.serves(name, subject.file);
    }
  }

  switch(
    name: string,
    split: string,
    live: string,
    versions: readonly [blue: string, green: string],
    lease: number,
    contents: Readonly<Record<string, string>>,
  ): Putting {
    const subject = this.subject(name);
    const { now } = subject;
    if (now?.recorded === "no" && !same(now.split, split)) {
      return {
        code: 1,
        lines: [
          `${name} has ${now.split} since ${now.at}: ${now.who}, ${now.why}.`,
          `Terraform has not been told of that yet, and this switch to ${split} does not know of it: nothing was moved.`,
          "twinset status shows it; the next twinset apply or release command settles it.",
        ],
      };
    }
    const hash = sha(
      Object.keys(contents)
        .sort()
        .map((key) => contents[key])
        .join(""),
    );
    subject.sets.set(hash, { hash, meta: { blue: versions[0], green: versions[1], lease }, contents });
    return this.put(name, hash, split, live, "switch", "yes", this.host().date, "Terraform", "switch");
  }

  move(
    name: string,
    revision: string,
    split: string,
    live: string,
    by: string,
    at: string,
    who: string,
    why: string,
  ): Putting {
    const { now } = this.subject(name);
    if (!now || now.revision !== revision) {
      return {
        code: 3,
        lines: [`${name} was moved meanwhile: ${now?.split ?? ""} since ${now?.at ?? ""}, by ${now?.who ?? ""}`],
      };
    }
    const recorded = same(now.split, split) && now.live === live ? now.recorded : "no";
    return this.put(name, now.sets, split, live, by, recorded, at, who, why);
  }

  renew(name: string, revision: string): Answer {
    const subject = this.subject(name);
    const { now } = subject;
    if (!now || now.revision !== revision) {
      const words = `${now?.split ?? ""} since ${now?.at ?? ""}, by ${now?.who ?? ""}, ${now?.why ?? ""}`;
      return { code: 3, lines: [`${name} was moved meanwhile: ${words}`] };
    }
    const lease = this.leaseFor(this.leaseOf(subject));
    if (shared(now.split)) subject.lease = lease;
    else subject.watched = lease;
    return { code: 0, lines: [] };
  }

  facts(only = ""): readonly string[] {
    return [...this.subjects.keys()].sort().flatMap((name) => {
      if (only !== "" && only !== name) return [];
      const subject = this.subject(name);
      const { now, file, past } = subject;
      return [
        `subject ${name}`,
        ...(now ? Object.entries(now).map(([key, value]) => `${key} ${value as string}`) : []),
        `file ${file !== undefined && file.includes(now?.revision ?? "") ? "yes" : "no"}`,
        `lease-left ${this.left(subject.lease)}`,
        `lease ${now ? (subject.sets.get(now.sets)?.meta.lease ?? "") : ""}`,
        `watched-left ${this.left(subject.watched)}`,
        ...past.map((line) => `past ${line}`),
        `served ${this.served(name)}`,
      ];
    });
  }

  tick(name: string): Putting {
    const subject = this.subject(name);
    const { now } = subject;
    if (!now || !shared(now.split)) return { code: 0, lines: [] };
    const rest = this.left(subject.lease);
    if (rest === "") {
      subject.lease = this.leaseFor(this.leaseOf(subject));
      return { code: 0, lines: [] };
    }
    if (Number(rest) > 0) return { code: 0, lines: [] };
    const all = now.live === "green" ? "blue=0,green=100" : "blue=100,green=0";
    const why = `nobody watched the canary (${now.split}) for ${this.leaseOf(subject)} s`;
    const who = "the keeper beside the edge";
    return this.put(name, now.sets, all, now.live, "lease", "no", this.host().date, who, why);
  }

  /** When a canary's lease is over, in uptime; undefined: there is none, or none of this boot. */
  leaseUntil(name: string): number | undefined {
    const { lease } = this.subject(name);
    return lease?.boot === this.host().boot ? lease.until : undefined;
  }

  isShared(name: string): boolean {
    return shared(this.subject(name).now?.split);
  }

  private put(
    name: string,
    sets: string,
    split: string,
    live: string,
    by: string,
    recorded: string,
    at: string,
    who: string,
    why: string,
  ): Putting {
    const subject = this.subject(name);
    const known = subject.sets.get(sets);
    const from = shared(split) ? "both" : share("green", split) > 0 ? "green" : "blue";
    const template = known?.contents[from];
    if (!known || template === undefined) return { code: 1, lines: [`${name} has no routing for ${split}`] };
    const content = weighed(template, split);
    const revision = sha(content);
    const written = content.replaceAll(REVISION_PLACEHOLDER, revision);
    const before = { now: subject.now, file: subject.file };
    if (shared(split)) subject.lease = this.leaseFor(known.meta.lease);
    const { blue, green } = known.meta;
    subject.file = written;
    subject.now = { split, live, blue, green, sets, revision, by, recorded, at, who, why };
    this.look();
    const finish = (): Answer => {
      if (this.served(name) !== revision) {
        const said = `the edge does not serve revision ${revision} of ${name}.yml after 30 s`;
        return { code: 1, lines: [this.back(name, revision, before, said)] };
      }
      if (subject.now?.revision === revision) {
        for (const hash of [...subject.sets.keys()]) if (hash !== subject.now.sets) subject.sets.delete(hash);
        if (!shared(split)) subject.lease = undefined;
        const line = [at, by, split, live, subject.now.blue, subject.now.green, who, why].join(US);
        subject.past = [...subject.past, line].slice(-PAST);
      }
      return { code: 0, lines: [`the edge serves revision ${revision} of ${name}.yml`] };
    };
    return this.served(name) === revision ? finish() : { finish };
  }

  private back(name: string, revision: string, before: Pick<Subject, "now" | "file">, said: string): string {
    const subject = this.subject(name);
    if (!subject.file?.includes(revision) || subject.now?.revision !== revision) {
      return `${said}; another job has changed the routing of ${name} since`;
    }
    subject.file = before.file;
    subject.now = before.now;
    if (!shared(subject.now?.split)) subject.lease = undefined;
    this.look();
    return `${said}; the former routing of ${name} is back`;
  }

  private subject(name: string): Subject {
    let found = this.subjects.get(name);
    if (!found) this.subjects.set(name, (found = { past: [], sets: new Map() }));
    return found;
  }

  private leaseOf({ now, sets }: Subject): number {
    return (now && sets.get(now.sets)?.meta.lease) ?? 0;
  }

  private leaseFor(seconds: number): Lease {
    const { boot, uptime } = this.host();
    return { boot, until: uptime + seconds };
  }

  private left(lease: Lease | undefined): string {
    const { boot, uptime } = this.host();
    return lease?.boot === boot ? String(lease.until - uptime) : "";
  }
}

function weighed(template: string, split: string): string {
  const blue = String(share("blue", split));
  const green = String(share("green", split));
  return template
    .replaceAll(`"${WEIGHT_PLACEHOLDERS.blue}"`, blue)
    .replaceAll(WEIGHT_PLACEHOLDERS.blue, blue)
    .replaceAll(`"${WEIGHT_PLACEHOLDERS.green}"`, green)
    .replaceAll(WEIGHT_PLACEHOLDERS.green, green);
}
