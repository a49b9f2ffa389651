/** Durations as the edge counts them: how many requests took at most so long, for some lengths. */

export interface Bucket {
  /** Seconds; Infinity for the last. */
  readonly le: number;
  /** Requests that took at most that, those of the shorter lengths among them. */
  readonly count: number;
}

/** All that were timed. */
export const timed = (buckets: readonly Bucket[]): number => Math.max(0, ...buckets.map(({ count }) => count));

/**
 * Seconds in which that share of the requests was answered. Between two bounds it is as Prometheus has it
 * (histogram_quantile): as if all in between were spread evenly. Beyond the last bound it is that bound.
 */
export function quantile(buckets: readonly Bucket[], share: number): number | undefined {
  const all = timed(buckets);
  if (all === 0) return undefined;
  const rank = share * all;
  let below: Bucket = { le: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank) {
      if (bucket.le === Infinity) break;
      return below.le + ((bucket.le - below.le) * (rank - below.count)) / (bucket.count - below.count);
    }
    below = bucket;
  }
  return below.le;
}

/** Requests that took longer: exact at a bucket's bound, between two of them spread evenly. */
export function slowerThan(buckets: readonly Bucket[], seconds: number): number {
  let below: Bucket = { le: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.le >= seconds) {
      // Those beyond the last bound may have taken any time.
      const part = bucket.le === Infinity ? 0 : (seconds - below.le) / (bucket.le - below.le);
      return timed(buckets) - below.count - part * (bucket.count - below.count);
    }
    below = bucket;
  }
  return 0;
}
