/** The API's budget of requests: it refills evenly, and every answer says what is left of it. */

export interface RateLimit {
  /** So many requests can be made at once. @default 3600 */
  readonly requests?: number;
  /** So many come back each second. @default 1, as 3600 an hour are */
  readonly perSecond?: number;
}

export class Budget {
  readonly limit: number;
  private readonly perSecond: number;
  private left: number;
  private at = Date.now();

  constructor({ requests, perSecond }: RateLimit = {}) {
    this.limit = requests ?? 3600;
    this.perSecond = perSecond ?? 1;
    this.left = this.limit;
  }

  /** Spends one request. @returns whether there was one to spend */
  spend(): boolean {
    const now = Date.now();
    this.left = Math.min(this.limit, this.left + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }

  headers(): Record<string, string> {
    const missing = this.limit - this.left;
    return rateLimitHeaders(this.limit, Math.floor(this.left), this.perSecond > 0 ? missing / this.perSecond : 3600);
  }
}

/** @param recoverySeconds until the whole budget is there again */
export function rateLimitHeaders(limit: number, remaining: number, recoverySeconds: number): Record<string, string> {
  return {
    "RateLimit-Limit": String(limit),
    "RateLimit-Remaining": String(remaining),
    "RateLimit-Reset": String(Math.ceil(Date.now() / 1000 + recoverySeconds)),
  };
}
