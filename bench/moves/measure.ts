/** Commands that move traffic, carried out one after the other under one load, each in a phase of its own. */
import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TIMINGS } from "../../clients/timings";
import { type Counts, type Load, LoadResult } from "../../rehearsal/load/load";
import type { World } from "../../rehearsal/world";
import { type Moved, type MoveKind, timingsIn } from "./figures";

/** Milliseconds of load before a command begins and after it has ended: requests of the move before have come back. */
const APART = 400;
/** The phase of what is sent between moves. */
const BETWEEN = "between";
/** Seconds of one load, at most. */
const LONGEST = 3600;

/** A move went another way than it has to; what was measured until then counts. */
export class MoveFailed extends Error {}

export class Moves {
  readonly made: Moved[] = [];
  private readonly phases: Record<string, Counts> = {};
  private load: Load | undefined;
  private seconds = 0;

  constructor(
    private readonly world: World,
    private readonly rate: number,
    private readonly say: (line: string) => void,
  ) {}

  /** What came of all requests so far, and for how many seconds they were sent. */
  get seen(): { readonly result: LoadResult; readonly seconds: number } {
    return { result: new LoadResult(this.phases), seconds: this.seconds };
  }

  /** Load for as long as this takes; what came of it is there also where it fails. */
  async underLoad(work: () => Promise<void>): Promise<void> {
    const begin = performance.now();
    const load = this.world.load([this.world.product], BETWEEN, {
      ratePerSecond: this.rate,
      maxRequests: LONGEST * this.rate,
      maxSeconds: LONGEST,
    });
    this.load = load;
    try {
      await load.until(BETWEEN, 100);
      await work();
    } finally {
      this.load = undefined;
      const { phases } = await load.stop();
      this.seconds += (performance.now() - begin) / 1000;
      for (const [name, counts] of Object.entries(phases)) {
        // Only what is between moves is there in each load.
        this.phases[name in this.phases ? `${name} ${Object.keys(this.phases).length}` : name] = counts;
      }
    }
  }

  /**
   * @param name for the table. @default the kind's own
   * @param codes that it may end with @throws MoveFailed for another one
   */
  async make(kind: MoveKind, { name = kind.name, codes = [0] as readonly number[] } = {}): Promise<Moved> {
    const { environment, directory } = this.world.options;
    const phase = `${this.made.length + 1} ${name}`;
    const timings = join(directory, `timings-${this.made.length + 1}.jsonl`);
    this.load?.phase(phase);
    await sleep(APART);
    const result = await this.world.command([...kind.args, "--environment", environment.name, "--json"], {
      env: { [TIMINGS]: timings },
    });
    await sleep(APART);
    this.load?.phase(BETWEEN);
    const { code, began, ended } = result;
    const children = existsSync(timings) ? timingsIn(readFileSync(timings, "utf8")) : [];
    const moved: Moved = { name, phase, kind, code, began, ended, children, busy: loadavg()[0]! };
    this.made.push(moved);
    this.say(`${phase}: ended with ${code ?? "a signal"} after ${ended - began} ms`);
    if (code === null || !codes.includes(code)) {
      const last = result.text.split("\n").slice(-12).join("\n");
      throw new MoveFailed(
        `twinset ${kind.args.join(" ")} ended with ${code ?? "a signal"}, not ${codes.join(" or ")}:\n${last}`,
      );
    }
    return moved;
  }

  /** The same between what is measured: nobody counts it. @throws MoveFailed */
  async silently(...args: readonly string[]): Promise<void> {
    const { code, text } = await this.world.command([
      ...args,
      "--environment",
      this.world.options.environment.name,
      "--json",
    ]);
    if (code === 0) return;
    throw new MoveFailed(
      `twinset ${args.join(" ")} ended with ${code ?? "a signal"}:\n${text.split("\n").slice(-12).join("\n")}`,
    );
  }
}
