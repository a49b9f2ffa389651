/**
 * The pauses of commands, and of what is simulated for them, take no time here, and the clock goes on by them: a test that
 * waits in earnest is slow, and on a slow computer another test. Whoever imports this has it for each of the file's tests.
 */
import { afterEach, beforeEach, jest } from "@jest/globals";
import timers from "node:timers/promises";

type Pause = (milliseconds: number) => unknown;

const real = timers.setTimeout;
/** Milliseconds that the clock is ahead. */
let ahead = 0;
/** Which test it is: a pause that an earlier one has left behind puts no clock forward. */
let test = 0;
let spies: readonly { mockRestore(): void }[] = [];
let during: Pause = () => undefined;
let next: ((go: () => void) => void) | undefined;

async function pause<T>(milliseconds = 0, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  signal?.throwIfAborted();
  const [told, own] = [next, test];
  next = undefined;
  const held = told ? new Promise<void>(told) : during(milliseconds);
  const interrupted = new Promise<never>((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );
  await Promise.race([held, interrupted]);
  if (own === test) ahead += milliseconds;
  // Others get their turn, too.
  await real(1);
  return value!;
}

beforeEach(() => {
  ahead = 0;
  test += 1;
  during = () => undefined;
  next = undefined;
  const clocks = [Date, performance].map((clock) => {
    const now = clock.now.bind(clock);
    return jest.spyOn(clock, "now").mockImplementation(() => now() + ahead);
  });
  spies = [...clocks, jest.spyOn(timers, "setTimeout").mockImplementation(pause)];
});
afterEach(() => spies.forEach((spy) => spy.mockRestore()));

/** Something happens in each pause, which lasts as long as that does. */
export function inEachPause(work: Pause): void {
  during = work;
}

/** Waits for the next pause that somebody makes. @returns what ends it, and nothing else does but an interruption */
export const nextPause = (): Promise<() => void> => new Promise((resolve) => (next = resolve));

/** In earnest, for a test that has to look again and again. */
export const moment = (milliseconds = 50): Promise<void> => real(milliseconds);
