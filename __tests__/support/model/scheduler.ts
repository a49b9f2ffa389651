/**
 * Virtual time, and who is at work. Every call into the world is a promise that is settled when the scheduler picks it, so
 * between any two awaits of one operator anything else may happen, and the same history happens the same way again.
 */

const realImmediate = setImmediate;
const RealDate = Date;
const realTimeout = setTimeout;
const realClear = clearTimeout;
const realRandom = Math.random;
const realNow = performance.now.bind(performance);

/** Where the clocks of the world begin. */
export const BEGIN = RealDate.UTC(2026, 10, 28, 22);

/** A process of an operator: one command. Its death drops whatever it waits for. */
export interface Process {
  readonly name: string;
  /** Milliseconds that its computer's clock is ahead. */
  readonly ahead: number;
  /** 0 to 1, the same each time. */
  readonly random: () => number;
  dead: boolean;
  /** Calls into the world so far. */
  calls: number;
  /** It dies with this call: before the world hears of it, or after, so that only the answer is lost. */
  readonly dies?: { readonly at: number; readonly done: boolean } | undefined;
  /** Told of its death. */
  readonly died?: () => void;
}

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly process: Process | undefined;
  readonly run: () => void;
}

/** Deterministic, quick, and good enough to choose with. */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class Scheduler {
  /** Milliseconds since the world began. */
  now = 0;
  current: Process | undefined;
  steps = 0;
  private order = 0;
  private pending: Pending[] = [];

  /** @param passes told that time goes on to then, before it does */
  constructor(private readonly passes: (until: number) => void) {}

  /** Calls back at a time, as the process that is at work. */
  at(time: number, process: Process | undefined, run: () => void): { cancel: () => void } {
    const entry: Pending = { at: Math.max(time, this.now), order: this.order++, process, run };
    this.pending.push(entry);
    return {
      cancel: () => {
        this.pending = this.pending.filter((each) => each !== entry);
      },
    };
  }

  /** A call into the world: answered after a while, unless its process dies. */
  ask<T>(ms: number, work: () => T): Promise<T> {
    const process = this.current;
    return new Promise((resolve, reject) => {
      const call = process ? ++process.calls : 0;
      const last = process?.dies?.at === call;
      this.at(this.now + ms, process, () => {
        if (last && !process.dies!.done) return this.kill(process);
        try {
          const answer = work();
          if (last) return this.kill(process);
          resolve(answer);
        } catch (reason) {
          if (last) return this.kill(process);
          reject(reason as Error);
        }
      });
    });
  }

  kill(process: Process): void {
    process.dead = true;
    this.pending = this.pending.filter((each) => each.process !== process);
    process.died?.();
  }

  /** One thing happens. @returns false: nothing is left to happen */
  async step(): Promise<boolean> {
    let next: Pending | undefined;
    for (const each of this.pending) {
      if (!next || each.at < next.at || (each.at === next.at && each.order < next.order)) next = each;
    }
    if (!next) return false;
    this.pending.splice(this.pending.indexOf(next), 1);
    if (next.at > this.now) {
      this.current = undefined;
      this.passes(next.at);
      this.now = next.at;
    }
    this.steps += 1;
    this.current = next.process;
    next.run();
    await new Promise((resolve) => realImmediate(resolve));
    this.current = undefined;
    return true;
  }

  /** The clock of whoever is at work. */
  clock(): number {
    return BEGIN + this.now + (this.current?.ahead ?? 0);
  }
}

let scheduler: Scheduler | undefined;

/** What stands for `setTimeout` of node:timers/promises. */
export function sleep(ms = 0, value?: unknown, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
  const own = scheduler;
  if (!own) return new Promise((resolve) => realTimeout(() => resolve(value), ms));
  if (signal?.aborted) return Promise.reject(new Error("aborted"));
  const slept = own.ask(ms, () => value);
  if (!signal) return slept;
  const interrupted = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });
  return Promise.race([slept, interrupted]);
}

class VirtualDate extends RealDate {
  constructor(...given: []) {
    if (given.length === 0) super(scheduler ? scheduler.clock() : RealDate.now());
    else super(...given);
  }
  static override now(): number {
    return scheduler ? scheduler.clock() : RealDate.now();
  }
}

/** The clocks of this process are the world's until it is undone. */
export function virtual(own: Scheduler): () => void {
  scheduler = own;
  const timers = new Map<number, { cancel: () => void }>();
  let ids = 0;
  globalThis.Date = VirtualDate as DateConstructor;
  globalThis.setTimeout = ((work: () => void, ms: number) => {
    const id = ++ids;
    timers.set(id, own.at(own.now + ms, own.current, work));
    return id;
  }) as never;
  globalThis.clearTimeout = ((id: number) => timers.get(id)?.cancel()) as never;
  Math.random = () => own.current?.random() ?? 0.5;
  Object.defineProperty(performance, "now", { value: () => own.now, configurable: true, writable: true });
  return () => {
    scheduler = undefined;
    globalThis.Date = RealDate;
    globalThis.setTimeout = realTimeout;
    globalThis.clearTimeout = realClear;
    Math.random = realRandom;
    Object.defineProperty(performance, "now", { value: realNow, configurable: true, writable: true });
  };
}
