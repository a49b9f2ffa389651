/**
 * What the edge would have counted of two sets. Each second a number of requests comes to each (Poisson), each fails with
 * that second's share, and takes a time that is drawn from a log-normal distribution, counted by the edge's own buckets.
 * Prometheus reads the sums every SCRAPE_EVERY; at which second of the five it does so is drawn once per canary.
 */
import { SCRAPE_EVERY } from "../../model/monitoring";
import { LATENCY_BUCKETS } from "../../model/routing";
import type { SetMetrics, Sets } from "../../release/verdict/reading";
import type { Read } from "../../release/verdict/spans";
import { binomial, normal, poisson, type Random } from "./random";

/** Log-normal: p95 in seconds, and the standard deviation of the logarithm. 0.5 is a narrow service, 1 a wide one. */
export interface Latency {
  readonly p95: number;
  readonly sigma: number;
}

/** A set over time; seconds since the canary got its share. */
export interface Behaviour {
  readonly perSecond: (second: number) => number;
  readonly errorShare: (second: number) => number;
  /** No server is up then, so that the edge answers all of its requests with 503. @default never */
  readonly down?: (second: number) => boolean;
  readonly latency: Latency;
}

/** 95 of 100 are below so many standard deviations. */
const Z95 = 1.6449;
const BOUNDS = [...LATENCY_BUCKETS, Infinity];

/** Chances of each bucket, given that the request is in none of the shorter ones. */
function bucketChances({ p95, sigma }: Latency): number[] {
  let below = 0;
  return BOUNDS.map((le) => {
    const upTo = le === Infinity ? 1 : normal(Z95 + Math.log(le / p95) / sigma);
    const chance = below >= 1 ? 1 : (upTo - below) / (1 - below);
    below = upTo;
    return chance;
  });
}

/** Sums since the beginning: requests, errors, and requests up to each bound. */
type Sums = readonly number[];

/** One set as Prometheus has it: its sums at each scrape. */
class Counter {
  private readonly chances: readonly number[];
  private now: number[] = Array.from({ length: 2 + BOUNDS.length }, () => 0);
  readonly scraped: Sums[] = [[...this.now]];

  constructor(
    private readonly random: Random,
    private readonly behaviour: Behaviour,
  ) {
    this.chances = bucketChances(behaviour.latency);
  }

  pass(second: number): void {
    const { perSecond, errorShare, down } = this.behaviour;
    const requests = poisson(this.random, perSecond(second));
    this.now[0]! += requests;
    if (down?.(second)) {
      // The edge's own answers are not timed.
      this.now[1]! += requests;
      return;
    }
    this.now[1]! += binomial(this.random, requests, errorShare(second));
    let left = requests;
    for (let i = 0; i < BOUNDS.length; i++) {
      if (left > 0) left -= binomial(this.random, left, this.chances[i]!);
      this.now[2 + i]! += requests - left;
    }
  }

  scrape(): void {
    this.scraped.push([...this.now]);
  }

  between(from: number, to: number): SetMetrics {
    const [before, after] = [this.scraped[from]!, this.scraped[to]!];
    return {
      requests: after[0]! - before[0]!,
      errors: after[1]! - before[1]!,
      durations: BOUNDS.map((le, i) => ({ le, count: after[2 + i]! - before[2 + i]! })),
    };
  }
}

/** Both sets of a canary, and what is known of them at a time. */
export class Traffic {
  private readonly canary: Counter;
  private readonly live: Counter;
  private readonly phase: number;
  private second = 0;
  /** When Prometheus read, in seconds since the beginning; at 0 it knew that nothing had come to the canary. */
  readonly reads: Read[] = [{ at: 0, made: 0 }];

  constructor(random: Random, canary: Behaviour, live: Behaviour) {
    this.canary = new Counter(random, canary);
    this.live = new Counter(random, live);
    this.phase = Math.floor(random() * SCRAPE_EVERY.seconds);
  }

  /** Lets the time pass until that second. */
  until(second: number): void {
    while (this.second < second) {
      this.canary.pass(this.second);
      this.live.pass(this.second);
      this.second += 1;
      if (this.second % SCRAPE_EVERY.seconds !== this.phase) continue;
      this.canary.scrape();
      this.live.scrape();
      this.reads.push({ at: this.second, made: this.second });
    }
  }

  /** Of the scrapes so far, the last one. */
  get last(): number {
    return this.reads.length - 1;
  }

  /** The last scrape that is not younger than that. */
  scrapeAt(second: number): number {
    let i = this.last;
    while (i > 0 && this.reads[i]!.at > second) i -= 1;
    return i;
  }

  /** @param from, to numbers of scrapes */
  between(from: number, to: number = this.last): Sets {
    return { canary: this.canary.between(from, to), live: this.live.between(from, to) };
  }
}
