/** A canary is in force, and its run waits for something else than a verdict: for the store, the lock, a plan. */
import { inTime } from "./in-time";

/** @param again asked after each pause until the work is done. @returns false: no more */
export function meanwhile<T>(work: Promise<T>, ms: number, again: () => Promise<boolean>): Promise<T> {
  let over = false;
  const done = work.finally(() => (over = true));
  const watch = async (): Promise<void> => {
    for (let goesOn = true; goesOn && !over;) {
      await inTime(done, ms);
      goesOn = !over && (await again().catch(() => false));
    }
  };
  void watch();
  return done;
}
