/** The lock, for one step of a run, and a look at what others have done. */
import { setTimeout as sleep } from "node:timers/promises";
import { ProblemsError } from "../model/problem";
import type { Run, Step } from "./machine";
import type { Reporter } from "./report";
import { LockedError, LostLock, type Operator, type RunLock } from "./surroundings";

/** What is tried when its time is over gets so long to come to an end; whatever hangs is broken off then. */
export const LAST_TRY_MS = 15_000;

/** Between two attempts to get the lock, or to tell Terraform of what is so at the edge already. */
export const AGAIN_EVERY_MS = 2000;

/** A run gives its lock back in its keep: another product's release that has it then is waited for, and asked so often. */
const OTHERS_MS = 30 * 60_000;
const OTHERS_EVERY_MS = 10_000;

export interface HeldOptions {
  readonly lock: RunLock;
  readonly operator: Operator;
  readonly report: Reporter;
  readonly overtaken?: (run: Pick<Run, "now">, step: Step) => Promise<string | undefined>;
}

/**
 * Where the state's store does not answer, a step forward waits, and so does what Terraform is to be told of traffic that
 * is back at the edge. Where the edge could not move it, the way back goes on without the lock: Terraform has the last
 * word. Whoever else has the lock is waited for, too: on the way back until the deadline, after a keep for half an hour.
 * @param deadline until when, in milliseconds since 1970; Infinity: as long as that takes
 * @returns what somebody else has done meanwhile
 * @throws LockedError
 */
export async function held(
  { lock, operator, report, overtaken }: HeldOptions,
  run: Pick<Run, "now">,
  step: Step,
  deadline: number,
): Promise<string | undefined> {
  const isBack = step === "back";
  const begin = Date.now();
  for (let told = false; ; told = true) {
    try {
      await lock.hold();
      await lock.mustHold();
      const others = overtaken?.(run, step);
      // With the lock in hand nobody moves the traffic meanwhile, whatever the record would say of before.
      return await (isBack ? others?.catch(passSilence) : others);
    } catch (reason) {
      const isSilent = reason instanceof ProblemsError;
      const isOthers = reason instanceof LockedError && !(reason instanceof LostLock);
      if (!isSilent && !(isOthers && (isBack || step === "retire"))) throw reason;
      const goesOn = isSilent && isBack && deadline === Infinity;
      if (!told) {
        const then = goesOn
          ? "Traffic is moved back without the lock."
          : isBack && deadline < Infinity
            ? "Traffic is back at the edge; Terraform is told when that is possible."
            : isOthers
              ? `"${step}" waits for it, for ${OTHERS_MS / 60_000} min at most.`
              : `"${step}" waits.`;
        report({ kind: "line", level: "warning", text: `${reason.message}\n${then}` });
      }
      if (goesOn) return undefined;
      const until = isOthers && !isBack ? begin + OTHERS_MS : deadline;
      if (operator.interrupted || Date.now() >= until) throw isSilent ? new LockedError(reason.message) : reason;
      await sleep(isOthers && !isBack ? OTHERS_EVERY_MS : AGAIN_EVERY_MS);
    }
  }
}

const passSilence = (reason: unknown): undefined => {
  if (!(reason instanceof ProblemsError)) throw reason;
};
