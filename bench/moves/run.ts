/**
 * `npm run bench -- --moves`: how long it takes until visitors see a canary, a switch, a rollback, and what that time is
 * made of: twinset's own commands on a rehearsal's world, under load (docs/rehearsal.md).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApplyFailed } from "../../rehearsal/world";
import { Endings } from "../../rehearsal/endings";
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
  const moves = new Moves(world, options.rate, say);
  const bring = async (): Promise<string> => {
    const name = await version(world, `v2.${made++}.0-bench`);
    say(`${name} to ${idle}`);
    await moves.silently("deploy", product, name);
    return name;
  };
  let failure: unknown;
  try {
    const next = await bring();
    await rounds(moves, roundOf({ product, live, idle, good, next }), options);
    if (options.mishaps > 0) {
      await moves.underLoad(() => mishaps(world, moves, options.mishaps, live, idle, bring, say));
    }
  } catch (reason) {
    // What was measured until then is shown.
    failure = reason;
  }
  const { result, seconds } = moves.seen;
  console.log(
    `\n${product} of ${platform.name}, ${platform.products.length} products; ${versions}; ${loadWords(options)}.\n`,
  );
  console.log(movesTable(moves.made, result));
  console.log(`\n${totals(moves.made, result, seconds)}\n`);
  console.log(`${allParts(moves.made)}\n`);
  if (failure !== undefined) throw failure;
  if (options.parts) {
    const table = await measureParts(world, required, say);
    console.log(`\n${table}\n`);
  }
  return result.failed > 0 ? EXIT.failed : EXIT.passed;
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

/** Each under a load of its own, so that whoever ends it early has the figures of all rounds before. */
async function rounds(
  moves: Moves,
  round: readonly MoveKind[],
  { count, requests, minutes }: MovesOptions,
): Promise<void> {
  const until = performance.now() + 60_000 * minutes;
  for (let i = 0; i < count || moves.seen.result.requests < requests; i++) {
    if (performance.now() > until) return;
    await moves.underLoad(async () => {
      for (const kind of round) await moves.make(kind);
    });
    console.log(`\n${movesTable(moves.made, moves.seen.result)}\n`);
  }
}
