/** Load on the edge while something is being changed behind it: bounded in number, rate and time, and to the loopback. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

export interface LoadOptions {
  /** A loopback address. */
  readonly address: string;
  readonly port: number;
  /** For HTTPS: the root to trust, in PEM. */
  readonly ca?: string;
  /** Asked in turn. */
  readonly targets: readonly { readonly host: string; readonly path: string }[];
  readonly connections: number;
  readonly ratePerSecond: number;
  readonly maxRequests: number;
  readonly maxSeconds: number;
  /** Name of the first phase. */
  readonly phase: string;
}

/** What came back in one phase. */
export interface Counts {
  requests: number;
  /** Not answered with 200, for whatever reason. */
  failed: number;
  /** Requests per version that answered. */
  versions: Record<string, number>;
  /** Requests per reason of failure. */
  failures: Record<string, number>;
  milliseconds: number[];
  /** When a version first answered, in milliseconds since 1970. */
  firstSeen: Record<string, number>;
  /** When it last did, in the same. */
  lastSeen: Record<string, number>;
  /** When the first request failed, in the same. */
  firstFailed?: number;
}

export type ToWorker =
  | { readonly kind: "start"; readonly options: LoadOptions }
  | { readonly kind: "phase"; readonly name: string }
  | { readonly kind: "progress" }
  | { readonly kind: "stop" };

type FromWorker =
  | { readonly kind: "progress"; /** Answers per phase so far. */ readonly answers: Readonly<Record<string, number>> }
  | { readonly kind: "done"; readonly counts: Readonly<Record<string, Counts>> };

type Done = Extract<FromWorker, { kind: "done" }>;

const LOOPBACK = /^127\.\d+\.\d+\.\d+$/;

export class Load {
  private readonly child: ChildProcess;
  private readonly finished: Promise<Done>;

  /** @throws Error for an address that is not of this computer */
  constructor(options: LoadOptions) {
    if (!LOOPBACK.test(options.address)) throw new Error(`load goes to loopback only, not to ${options.address}`);
    this.child = fork(join(__dirname, "worker.ts"), { execArgv: ["--import", "tsx"], serialization: "advanced" });
    this.finished = new Promise((resolve, reject) => {
      this.child.on("message", (message: FromWorker) => message.kind === "done" && resolve(message));
      this.child.on("exit", () => reject(new Error("the load client ended before its time")));
    });
    // Who stops early need not ask for the counts.
    this.finished.catch(() => undefined);
    this.send({ kind: "start", options });
  }

  /** From now on requests are counted under this name. */
  phase(name: string): void {
    this.send({ kind: "phase", name });
  }

  /** Waits until a phase has so many answers, or the load has reached one of its own bounds. */
  until(phase: string, requests: number): Promise<void> {
    return this.wait((answers) => (answers[phase] ?? 0) >= requests);
  }

  /** The same for all phases together. */
  untilTotal(requests: number): Promise<void> {
    return this.wait((answers) => sum(Object.values(answers)) >= requests);
  }

  private async wait(enough: (answers: Readonly<Record<string, number>>) => boolean): Promise<void> {
    for (;;) {
      const answer = new Promise<FromWorker>((resolve) => this.child.once("message", resolve));
      this.send({ kind: "progress" });
      const message = await Promise.race([answer, this.finished]);
      if (message.kind === "done" || enough(message.answers)) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** Lets running requests end. */
  async stop(): Promise<LoadResult> {
    this.send({ kind: "stop" });
    return new LoadResult((await this.finished).counts);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private send(message: ToWorker): void {
    if (this.child.connected) this.child.send(message);
  }
}

/** All phases of one load. */
export class LoadResult {
  constructor(readonly phases: Readonly<Record<string, Counts>>) {}

  get requests(): number {
    return sum(Object.values(this.phases).map((phase) => phase.requests));
  }

  get failed(): number {
    return sum(Object.values(this.phases).map((phase) => phase.failed));
  }

  /** "ECONNRESET 3, status 502 from … 1" */
  get failures(): string {
    const all = new Map<string, number>();
    for (const { failures } of Object.values(this.phases)) {
      for (const [reason, count] of Object.entries(failures)) all.set(reason, (all.get(reason) ?? 0) + count);
    }
    return [...all].map(([reason, count]) => `${reason} ${count}`).join(", ");
  }

  /** How many per cent of a phase's answers came from a version. */
  share(phase: string, version: string): number {
    const counts = this.phases[phase];
    if (!counts) return 0;
    return (100 * (counts.versions[version] ?? 0)) / Math.max(1, sum(Object.values(counts.versions)));
  }

  /** When a version last answered, in milliseconds since 1970. */
  lastSeen(version: string): number | undefined {
    const times = Object.values(this.phases).flatMap((phase) => phase.lastSeen[version] ?? []);
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  /** When a version first answered what was asked in a phase, in milliseconds since 1970. */
  firstIn(phase: string, version: string): number | undefined {
    return this.phases[phase]?.firstSeen[version];
  }

  /** When it last did, in the same. */
  lastIn(phase: string, version: string): number | undefined {
    return this.phases[phase]?.lastSeen[version];
  }

  /** When the first request of all failed, in milliseconds since 1970. */
  get firstFailed(): number | undefined {
    const times = Object.values(this.phases).flatMap(({ firstFailed }) => firstFailed ?? []);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Milliseconds that so many of the answers (0 to 1) took at most. */
  percentile(part: number): number {
    const all = Object.values(this.phases)
      .flatMap((phase) => phase.milliseconds)
      .sort((a, b) => a - b);
    return all[Math.min(all.length - 1, Math.floor(all.length * part))] ?? 0;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
