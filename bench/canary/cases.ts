/** What a canary may meet: what both sets do over its ten minutes. */
import type { Behaviour, Latency } from "./traffic";

export interface Case {
  readonly name: string;
  /** Requests a second to both sets together. */
  readonly perSecond: number;
  readonly canary: Omit<Behaviour, "perSecond">;
  readonly live: Omit<Behaviour, "perSecond">;
  /** What is to come of it. */
  readonly good: boolean;
  readonly goal: string;
  readonly met: (result: Result) => boolean;
}

/** Of all runs; shares from 0 to 1. */
export interface Result {
  readonly aborted: number;
  readonly passed: number;
  readonly undecided: number;
  /** Passed, and nothing was found in the keep after it either. */
  readonly kept: number;
  /** Median seconds until the breach; undefined without one. */
  readonly seconds: number | undefined;
  /** Median seconds until the pass. */
  readonly passSeconds: number | undefined;
}

export const CANARY_SHARE = 0.1;
const USUAL: Latency = { p95: 0.2, sigma: 0.5 };
const NARROW = 0.5;
const WIDE = 1;
const always = (share: number) => (): number => share;
const set = (errorShare: number | ((second: number) => number), latency = USUAL): Case["canary"] => ({
  errorShare: typeof errorShare === "number" ? always(errorShare) : errorShare,
  latency,
});

const rarely = (share: number) => ({ goal: `aborts ≤ ${share * 100} %`, met: (r: Result) => r.aborted <= share });
const caught = (share: number) => ({ goal: `caught ≥ ${share * 100} %`, met: (r: Result) => r.aborted >= share });
const within = (seconds: number) => ({
  goal: `all out, median ≤ ${seconds} s`,
  met: (r: Result) => r.aborted === 1 && r.seconds! <= seconds,
});

/** The time of a blip: in the middle, as at the beginning it would be a cold start as well. */
const BLIP = { from: 200, to: 210, share: 0.5 } as const;
const COLD = { to: 15, share: 0.2 } as const;
const LATE = { from: 480, share: 0.05 } as const;
const blip = (second: number): number => (second >= BLIP.from && second < BLIP.to ? BLIP.share : 0.001);
const cold = (second: number): number => (second < COLD.to ? COLD.share : 0);
const late = (second: number): number => (second >= LATE.from ? LATE.share : 0.001);

/** Between two looks, so that none of them finds a set without a server: what it did is in the numbers alone. */
const flaps = (second: number): boolean => second % 10 === 1 || second % 10 === 2;
const flapping = { ...set(0.001), down: flaps };

const RATES = [10, 100] as const;
type Row = Omit<Case, "perSecond">;
const at =
  (...rates: readonly number[]) =>
  (row: Row): Case[] =>
    rates.map((perSecond) => ({ ...row, perSecond, name: `${row.name}, ${perSecond} rps` }));

const slower = (from: number, to: number, sigma: number): Row => ({
  name: `p95 ${from} → ${to} s${sigma === WIDE ? ", wide" : ""}`,
  canary: set(0.001, { p95: to, sigma }),
  live: set(0.001, { p95: from, sigma }),
  good: false,
  ...caught(0.95),
});
const equal = (p95: number, sigma: number): Row => ({
  name: `p95 ${p95} s on both${sigma === WIDE ? ", wide" : ""}`,
  canary: set(0.001, { p95, sigma }),
  live: set(0.001, { p95, sigma }),
  good: true,
  ...rarely(0.01),
});

export const CASES: readonly Case[] = [
  ...[0, 0.001, 0.002, 0.005].flatMap((share) =>
    at(...RATES)({
      name: `healthy: ${share * 100} % errors`,
      canary: set(share),
      live: set(Math.min(share, 0.005)),
      good: true,
      ...rarely(0.004),
    }),
  ),
  ...at(...RATES)({ name: "0.5 % against 0.1 %", canary: set(0.005), live: set(0.001), good: true, ...rarely(0.004) }),
  ...at(...RATES)({
    name: "both sets 50 % errors for 10 s",
    canary: set(blip),
    live: set(blip),
    good: true,
    ...rarely(0.02),
  }),
  ...at(...RATES)({
    name: "20 % errors in the first 15 s",
    canary: set(cold),
    live: set(0.001),
    good: true,
    ...rarely(0.05),
  }),
  ...at(...RATES)({
    name: "both sets 1 % errors",
    canary: set(0.01),
    live: set(0.01),
    good: true,
    goal: "aborts ≤ 2 %, undecided ≤ 0.5 %",
    met: (r: Result) => r.aborted <= 0.02 && r.undecided <= 0.005,
  }),
  ...[equal(0.05, NARROW), equal(0.1, NARROW), equal(0.1, WIDE), equal(0.2, NARROW), equal(0.2, WIDE)].flatMap(
    at(...RATES),
  ),
  // A little slower is no reason to go back.
  ...[NARROW, WIDE].flatMap((sigma) => at(...RATES)({ ...slower(0.2, 0.22, sigma), good: true, ...rarely(0.01) })),
  ...at(...RATES)({ name: "all fail", canary: set(1), live: set(0.001), good: false, ...within(15) }),
  ...at(...RATES)({ name: "20 % errors", canary: set(0.2), live: set(0.001), good: false, ...within(20) }),
  ...at(...RATES)({
    name: "down 2 of each 10 s",
    canary: flapping,
    live: set(0.001),
    good: false,
    ...within(30),
  }),
  ...at(...RATES)({
    name: "live set down 2 of each 10 s",
    canary: set(0.001),
    live: flapping,
    good: true,
    ...rarely(0.004),
  }),
  ...at(10)({ name: "5 % errors", canary: set(0.05), live: set(0.001), good: false, ...caught(0.99) }),
  ...at(100)({ name: "2 % against 0.1 %", canary: set(0.02), live: set(0.001), good: false, ...within(60) }),
  ...at(...RATES)({
    name: "5 % errors after 8 minutes",
    canary: set(late),
    live: set(0.001),
    good: false,
    goal: "passes ≤ 10 %, keep included",
    met: (r: Result) => r.kept <= 0.1,
  }),
  ...[
    slower(0.1, 0.2, NARROW),
    slower(0.1, 0.2, WIDE),
    slower(0.2, 0.4, NARROW),
    slower(0.2, 0.4, WIDE),
    slower(0.05, 0.45, NARROW),
    slower(0.05, 0.45, WIDE),
  ].flatMap(at(10)),
];
