/** Chance that is the same each time: a seeded generator, and counts drawn from it. */

export type Random = () => number;

/** mulberry32: small, and good enough for counts. From 0 to less than 1. */
export function generator(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Requests in a second, where so many come on average: up to some hundreds, as it goes through all smaller counts. */
export function poisson(random: Random, mean: number): number {
  let chance = Math.exp(-mean);
  let rest = random() - chance;
  for (let count = 0; ;) {
    if (rest < 0 || chance === 0) return count;
    count += 1;
    chance *= mean / count;
    rest -= chance;
  }
}

/** How many of so many, each with that chance. */
export function binomial(random: Random, of: number, share: number): number {
  if (of === 0 || share <= 0) return 0;
  if (share >= 1) return of;
  if (share > 0.5) return of - binomial(random, of, 1 - share);
  let chance = (1 - share) ** of;
  let rest = random() - chance;
  let count = 0;
  for (; rest >= 0 && count < of; rest -= chance) {
    chance *= ((of - count) / (count + 1)) * (share / (1 - share));
    count += 1;
  }
  return count;
}

/** The standard normal distribution up to z; Abramowitz and Stegun 26.2.17, right to 7 digits. */
export function normal(z: number): number {
  if (z < 0) return 1 - normal(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}
