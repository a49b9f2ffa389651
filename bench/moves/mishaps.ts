/** A rollback while something else is broken: visitors are back all the same, and the exit code says what was left undone. */
import { isHeld, StateLock } from "../../clients/state-store/state-lock";
import { stateFiles } from "../../clients/state-store/state-store";
import type { World } from "../../rehearsal/world";
import type { MoveKind } from "./figures";
import { MoveFailed, type Moves } from "./measure";

interface Mishap {
  readonly name: string;
  /** How the rollback may end. */
  readonly codes: readonly number[];
  /**
   * Must the version that is left never have had the traffic before? Without the record the edge alone decides, and one
   * that had it twice may be back from something.
   */
  readonly fresh: boolean;
  /** Breaks it. @returns how it is whole again */
  begin(world: World): Promise<() => Promise<void> | void>;
}

/** So many requests at most meet the fault; none is left over, as it is taken away again. */
const ALL = Number.MAX_SAFE_INTEGER;

const MISHAPS: readonly Mishap[] = [
  {
    name: "rollback, the state's store is down",
    codes: [8],
    fresh: true,
    begin: ({ clouds: { store } }) => {
      store.faults.inject({ fault: { kind: "error", status: 503 }, times: ALL });
      return Promise.resolve(() => store.faults.clear());
    },
  },
  {
    name: "rollback, another one has the lock",
    codes: [8],
    fresh: false,
    begin: async (world) => {
      const { environment, platform, directory } = world.options;
      const files = stateFiles(platform.name, environment, { env: world.access(), directory });
      const acquired = await new StateLock(files, "twinset", "somebody@elsewhere").acquire(
        "a long release, for the bench",
      );
      if (!isHeld(acquired)) throw new MoveFailed(`the lock is taken already, by ${acquired.heldBy.who}`);
      return async () => void (await acquired.release());
    },
  },
  {
    name: "rollback, the registry is stopped",
    codes: [0],
    fresh: false,
    begin: async (world) => {
      await world.registry.stop();
      return () => undefined;
    },
  },
];

/**
 * Each so often, the last one being the registry's, which does not come back. The idle set has to run.
 * @param bring puts another version into the idle set @returns its name
 */
export async function mishaps(
  world: World,
  moves: Moves,
  times: number,
  live: string,
  idle: string,
  bring: () => Promise<string>,
  say: (line: string) => void,
): Promise<void> {
  const { product } = world;
  let other = await bring();
  let isFresh = true;
  for (const { name, codes, fresh, begin } of MISHAPS) {
    for (let i = 0; i < times; i++) {
      if (fresh && !isFresh) other = await bring();
      isFresh = false;
      await moves.silently("switch", product, idle);
      const rollback: MoveKind = { name, args: ["rollback", product, "--record-for", "1s"], left: other };
      const end = await begin(world);
      try {
        await moves.make(rollback, { codes });
      } catch (reason) {
        if (!(reason instanceof MoveFailed)) throw reason;
        say(reason.message);
      } finally {
        await end();
      }
      // It tells Terraform of what the edge has, first.
      await moves.silently("switch", product, live);
    }
  }
}
