/**
 * `npm run bench -- --moves`: how long it takes until visitors see a canary, a switch, a rollback, and what that time is
 * made of: twinset's own commands on a rehearsal's world, under load (docs/rehearsal.md).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApplyFailed, type World } from "../../rehearsal/world";
import { Endings } from "../../rehearsal/endings";
import type { Load } from "../../rehearsal/load/load";
import { EXIT } from "../../rehearsal/exit";
import { Interrupt } from "../../rehearsal/interrupt";
import { allAnswer } from "../../rehearsal/drills/host";
import { idleColour, liveVersion, version } from "../../rehearsal/drills/drill";
import type { MoveKind } from "./figures";
import { MoveFailed, Moves } from "./measure";
import { mishaps } from "./mishaps";
import type { MovesOptions } from "./options";
import { measureParts } from "./parts";
import { type Stage, stage } from "./stage";
import { allParts, movesTable, totals } from "./tables";

/** Seconds. Rounds end then, whatever was sent. */
const LONGEST = 7200;

/** @returns the exit code */
export async function benchMoves(options: MovesOptions): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "twinset-bench-"));
  const endings = new Endings();
  endings.stops(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const interrupt = new Interrupt(endings, console.log);
  const begin = performance.now();
  const say = (line: string): void => {
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.log(
      `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}  ${line}`,
    );
  };
  try {
    const staged = await stage({ ...options, directory, endings, write: say });
    if (!staged) {
      say("Nothing was measured.");
      return EXIT.missing;
    }
    endings.stops(() => staged.world.killLoads());
    return await onStage(staged, options, say);
  } catch (reason) {
    await interrupt.settled();
    if (!(reason instanceof ApplyFailed || reason instanceof MoveFailed)) throw reason;
    say(reason.message);
    return EXIT.failed;
  } finally {
    await interrupt.settled();
    say("removing everything that was made");
    await endings.end();
    interrupt.off();
  }
}

type Say = (line: string) => void;

async function onStage({ world, required, versions }: Stage, options: MovesOptions, say: Say): Promise<number> {
  const { product, platform } = world;
  say(`everything, ${platform.products.length} products`);
  await world.apply();
  await allAnswer(world);
  const { live } = world.desired.release[product]!;
  const idle = idleColour(world);
  const good = liveVersion(world);
  let made = 0;
  const load = world.load([product], "between", {
    ratePerSecond: options.rate,
    maxRequests: 10 * options.requests + 1_000_000,
    maxSeconds: LONGEST,
  });
  const began = performance.now();
  const moves = new Moves(world, load, say);
  const bring = async (): Promise<string> => {
    const name = await version(world, `v2.${made++}.0-bench`);
    say(`${name} to ${idle}`);
    await moves.silently("deploy", product, name);
    return name;
  };
  let failure: unknown;
  try {
    const next = await bring();
    await rounds(world, moves, roundOf({ product, live, idle, good, next }), options, load);
    if (options.mishaps > 0) await mishaps(world, moves, options.mishaps, live, idle, bring, say);
  } catch (reason) {
    // What was measured until then is shown.
    failure = reason;
  }
  const seen = await load.stop();
  console.log(
    `\n${product} of ${platform.name}, ${platform.products.length} products; ${versions}; ${loadWords(options)}.\n`,
  );
  console.log(movesTable(moves.made, seen));
  console.log(`\n${totals(moves.made, seen, (performance.now() - began) / 1000)}\n`);
  console.log(`${allParts(moves.made)}\n`);
  if (failure !== undefined) throw failure;
  if (options.parts) {
    const table = await measureParts(world, required, say);
    console.log(`\n${table}\n`);
  }
  return seen.failed > 0 ? EXIT.failed : EXIT.passed;
}

const loadWords = ({ rate }: MovesOptions): string =>
  `load from this computer, no cookies, at most ${rate} requests a second over 32 connections`;

/** In turns, so that whatever else the machine does hits all alike; the live set is the same again after each round. */
function roundOf({
  product,
  live,
  idle,
  good,
  next,
}: Readonly<Record<"product" | "live" | "idle" | "good" | "next", string>>): readonly MoveKind[] {
  return [
    { name: "canary 10", args: ["canary", "10", product], reached: next },
    { name: "switch, from the canary", args: ["switch", product, idle], left: good },
    { name: "rollback", args: ["rollback", product], left: next },
    { name: "switch, all at once", args: ["switch", product, idle], left: good },
    { name: "switch back", args: ["switch", product, live], left: next },
    { name: "canary 10, once more", args: ["canary", "10", product], reached: next },
    { name: "rollback of the canary", args: ["rollback", product], left: next },
  ];
}

async function rounds(
  world: World,
  moves: Moves,
  round: readonly MoveKind[],
  { count, requests }: MovesOptions,
  load: Load,
): Promise<void> {
  const until = performance.now() + 1000 * LONGEST;
  for (let i = 0; i < count || ((await load.total()) < requests && performance.now() < until); i++) {
    for (const kind of round) await moves.make(kind);
  }
}
