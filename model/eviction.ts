/** What Redis does when its memory is full, in its own words. */
export const EVICTIONS = [
  ...[
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
  ],
  "noeviction",
] as const;
export type Eviction = (typeof EVICTIONS)[number];
