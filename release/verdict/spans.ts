/** Which times a canary is judged over, by when the edge was read. */

/** A read of the edge, as Prometheus' answers have it: seconds, its clock. */
export interface Read {
  /** The point of the answer that shows it. */
  readonly at: number;
  /** When it was made: up to a few seconds before that. */
  readonly made: number;
}

/**
 * A version that was just started opens its connections and fills its caches with the first requests it gets. What fails
 * in so many seconds counts only if it goes on (verdict.ts).
 */
export const WARM_UP_SECONDS = 15;
/** The last so many minutes are judged by themselves: a short window sees much at once, a long one sees a little. */
export const RECENT_MINUTES: readonly number[] = [1, 2, 4];

export interface Spans {
  /** The read that everything before is warming up; undefined while there is none. */
  readonly settled: number | undefined;
  readonly recent: readonly { readonly minutes: number; readonly from: number }[];
}

/** @param begin when the canary got its share; a read belongs to the warm-up if it was made within it */
export function spans(begin: number, reads: readonly Read[]): Spans {
  const settled = reads.find(({ made }) => made >= begin + WARM_UP_SECONDS)?.at;
  const last = reads.at(-1)?.at;
  if (settled === undefined || last === undefined) return { settled: undefined, recent: [] };
  const recent = RECENT_MINUTES.map((minutes) => ({ minutes, from: last - 60 * minutes }));
  return { settled, recent: recent.filter(({ from }) => from > settled) };
}
