/** The primary rate limit: so many requests in an hour, with the headers that say how many are left. */
import type { FastifyReply } from "fastify";
import type { Answer } from "../simulator";
import { failure } from "./answers";

export interface RateLimitOptions {
  /** @default 5000, which is what a user's token has (docs.github.com, "Rate limits for the REST API") */
  readonly limit?: number;
  /** @default 3600 */
  readonly windowSeconds?: number;
}

export class RateLimit {
  private readonly limit: number;
  private readonly windowSeconds: number;
  private used = 0;
  /** In seconds since 1970, as the header has it. */
  private reset = 0;

  constructor({ limit = 5000, windowSeconds = 3600 }: RateLimitOptions = {}) {
    this.limit = limit;
    this.windowSeconds = windowSeconds;
  }

  /** Counts one request. */
  count(): void {
    this.open();
    this.used += 1;
  }

  /** An unchanged answer (304) does not count. */
  giveBack(reply: FastifyReply): void {
    this.used -= 1;
    void reply.headers(this.headers());
  }

  isExceeded(): boolean {
    return this.used > this.limit;
  }

  headers(): Readonly<Record<string, string>> {
    const status = this.status();
    return Object.fromEntries(
      Object.entries({ ...status, resource: "core" }).map(([name, value]) => [`x-ratelimit-${name}`, String(value)]),
    );
  }

  /** As `GET /rate_limit` has it. */
  status(): { readonly limit: number; readonly remaining: number; readonly reset: number; readonly used: number } {
    this.open();
    const used = Math.min(this.used, this.limit);
    return { limit: this.limit, remaining: this.limit - used, reset: this.reset, used };
  }

  refusal(userId: number): Answer {
    return failure(403, `API rate limit exceeded for user ID ${userId}.`);
  }

  private open(): void {
    const seconds = Date.now() / 1000;
    if (seconds < this.reset) return;
    this.used = 0;
    this.reset = Math.ceil(seconds + this.windowSeconds);
  }
}
