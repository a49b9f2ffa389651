import { type CanaryRules, canaryRules } from "../../model/canary";
import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { MAX_CANARY_PERCENT } from "../../model/release";
import { LATENCY_BUCKETS } from "../../model/routing";
import type { Product } from "../../model/service";

interface Rule {
  readonly is: (value: number) => boolean;
  readonly expected: string;
  readonly fix: string;
}

/** Beyond this every other request may fail; whoever writes 1 means 1 %. */
const MAX_ERROR_SHARE = 0.5;
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
};

/** Limits by which a version is judged have to be such. */
export const checkCanary = ({ products }: Platform): Problem[] => products.flatMap(checkProduct);

function checkProduct(product: Product): Problem[] {
  const rules = canaryRules(product.canary);
  return Object.entries(RULES).flatMap(([name, { is, expected, fix }]) => {
    const value = Number(rules[name as keyof typeof RULES]);
    return is(value) ? [] : [error(`${product.name}/canary/${name}`, String(value), expected, fix)];
  });
}
