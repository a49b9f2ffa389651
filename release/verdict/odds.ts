/**
 * How many times likelier it is to see so many bad ones if their true share is the one seen than if it is `allowed`; 1
 * when no more were seen than that. By hand, for 4 of 20 where 1 of 100 is allowed: the share seen is 0.2, so it is
 * (0.2 / 0.01) to the power of 4, times (0.8 / 0.99) to the power of 16, which is 5,300.
 *
 * By Chernoff's bound the chance to see that much of a version at the limit is at most one in as many.
 */
export function odds(bad: number, of: number, allowed: number): number {
  if (of === 0 || bad / of <= allowed) return 1;
  if (allowed <= 0) return Infinity;
  const seen = bad / of;
  const good = seen < 1 ? (of - bad) * Math.log((1 - seen) / (1 - allowed)) : 0;
  return Math.exp(bad * Math.log(seen / allowed) + good);
}
