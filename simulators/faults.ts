/**
 * What can go wrong between a client and an API, on demand. A fault is one of four kinds:
 *
 * - `rate-limit`: 429 with the API's own headers and body, before any work is done
 * - `error`: a 500 (or another status), before any work is done
 * - `slow`: the answer takes so many seconds longer, or, for an API with actions, the action does
 * - `lost-answer`: the work is done, but the connection breaks before the answer gets through
 */
export type Fault =
  | { readonly kind: "rate-limit"; /** @default 1 */ readonly retryAfterSeconds?: number }
  | { readonly kind: "error"; /** @default 500 */ readonly status?: number }
  | { readonly kind: "slow"; readonly seconds: number }
  | { readonly kind: "lost-answer" };

export interface FaultRule {
  readonly fault: Fault;
  /** @default every method */
  readonly method?: string;
  /** Looked for in the path (with its query string). @default every path */
  readonly path?: RegExp;
  /** So many requests are hit, then the rule is used up. @default 1 */
  readonly times?: number;
  /** So many requests that fit get through first. @default 0 */
  readonly after?: number;
}

/** A request that met a fault. */
export interface Hit {
  readonly kind: Fault["kind"];
  readonly method: string;
  readonly path: string;
}

/** The faults that one simulator has yet to show, and those that it has shown. */
export class Faults {
  readonly hits: Hit[] = [];
  private rules: { readonly rule: FaultRule; skip: number; left: number }[] = [];

  inject(rule: FaultRule): void {
    this.rules.push({ rule, skip: rule.after ?? 0, left: rule.times ?? 1 });
  }

  /** Forgets what has not happened yet; what has stays in `hits`. */
  clear(): void {
    this.rules = [];
  }

  /** The fault that this request meets, if any; of several rules that fit the oldest one decides. */
  take(method: string, path: string): Fault | undefined {
    for (const entry of this.rules) {
      const { rule } = entry;
      if (rule.method !== undefined && rule.method !== method) continue;
      if (rule.path && !rule.path.test(path)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      if (entry.left <= 0) this.rules = this.rules.filter((other) => other !== entry);
      this.hits.push({ kind: rule.fault.kind, method, path });
      return rule.fault;
    }
    return undefined;
  }
}
