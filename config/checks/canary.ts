import { type CanaryRules, canaryRules } from "../../model/canary";
import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { MAX_CANARY_PERCENT } from "../../model/release";
import { LATENCY_BUCKETS } from "../../model/routing";
import type { Product } from "../../model/service";
import { Duration, hours, seconds } from "../../model/units";

interface Rule {
  readonly is: (value: number) => boolean;
  readonly expected: string;
  readonly fix: string;
}

/** Beyond this every other request may fail; whoever writes 1 means 1 %. */
const MAX_ERROR_SHARE = 0.5;
/** A run renews the lease every 5 s: less than three of these would end a canary for one slow answer. */
const SHORTEST_LEASE = seconds(15);
/** A canary that may stay unwatched for longer has no lease. */
const LONGEST_LEASE = hours(1);
/** The edge does not count how much longer a request took. */
const LONGEST = Math.max(...LATENCY_BUCKETS);

const RULES: Partial<Record<keyof CanaryRules, Rule>> = {
  percent: {
    is: (value) => Number.isInteger(value) && value >= 1 && value <= MAX_CANARY_PERCENT,
    expected: `a whole number from 1 to ${MAX_CANARY_PERCENT}`,
    fix: "write 10 for 10 %",
  },
  maxErrorShare: {
    is: (value) => value >= 0 && value < MAX_ERROR_SHARE,
    expected: `a share, from 0 to less than ${MAX_ERROR_SHARE}`,
    fix: "write 0.01 for 1 %",
  },
  maxP95Seconds: {
    is: (value) => value > 0 && value <= LONGEST,
    expected: `seconds, more than 0 and at most ${LONGEST}, the longest that the edge tells apart`,
    fix: "write 1 for 1 s; exact are " + LATENCY_BUCKETS.join(", "),
  },
  minRequests: {
    is: (value) => Number.isInteger(value) && value >= 1,
    expected: "a whole number, at least 1: nobody is judged by nothing",
    fix: "write 100, or remove it",
  },
  lease: {
    is: (value) => value >= SHORTEST_LEASE.seconds && value <= LONGEST_LEASE.seconds,
    expected: `from ${SHORTEST_LEASE.seconds} to ${LONGEST_LEASE.seconds} seconds: a run renews it every 5 s, and nobody else ends the canary`,
    fix: "write minutes(2), or remove it",
  },
};

/** Limits by which a version is judged have to be such. */
export const checkCanary = ({ products }: Platform): Problem[] => products.flatMap(checkProduct);

function checkProduct(product: Product): Problem[] {
  const rules = canaryRules(product.canary);
  return Object.entries(RULES).flatMap(([name, { is, expected, fix }]) => {
    const given = rules[name as keyof typeof RULES];
    const value = given instanceof Duration ? given.seconds : given;
    return is(value) ? [] : [error(`${product.name}/canary/${name}`, String(value), expected, fix)];
  });
}
