/** `twinset watch <product>`: a canary that nobody watches ends by itself; this one watches it, and judges it. */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { otherColour } from "../../model/release";
import { newRunId } from "../../release/journal/journal";
import { unfinished } from "../../release/journal/unfinished";
import type { Run } from "../../release/machine";
import { trafficBack } from "../../release/steps";
import { ENVIRONMENT, JSON_LINES, PAST, RECORD_FOR, UNLOCK } from "../shared/options";
import { follow } from "./release";
import { inSession, type ReleaseFlags } from "./session";
import { settled } from "./settle";
import { entryOf, lookedAt } from "./single";

/**
 * For a canary that came by itself (`twinset canary`, an apply of a release file). It renews the lease, and takes the
 * traffic back at a breach, as a release does; when the time is over the canary stays for its lease, and somebody decides.
 */
export const watch = (product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv): Promise<number> =>
  inSession(product, flags, env, `watch of ${product}`, async (session) => {
    const { lock, journal } = session;
    await lock.hold();
    const code = await settled(session);
    if (code !== undefined) return code;
    const now = entryOf(session);
    const known = await journal.read();
    const past = lookedAt(session, known, false);
    const open = unfinished(known, product);
    const idle = now[otherColour(now.live)];
    if (now.canary === 0 || !idle || open) {
      const given = open ? `a release of ${open.progress?.version ?? "it"} has not ended` : "no canary is in force";
      const fix = open
        ? `go on with it: twinset release ${product} --resume`
        : `begin one: twinset canary 10 ${product}`;
      throw new ProblemsError([error(`${product}/watch`, given, "a canary without a release", fix)]);
    }
    const before = trafficBack(now, now.live);
    const run: Run = {
      ...{ step: "watch", before, now, version: idle.version, canaryPercent: now.canary, until: "watch", attempts: 0 },
    };
    const id = newRunId();
    await journal.append({
      event: "started",
      ...{ run: id, product, from: before, to: now, progress: run },
      ...(past.length > 0 ? { past: [...past] } : {}),
    });
    return follow(session, id, run);
  });

export const command = new Command("watch")
  .description("watch a canary that came by itself, which else ends with its lease; a breach takes it back")
  .argument("<product>")
  .option(...ENVIRONMENT)
  .option(...UNLOCK)
  .option(...PAST)
  .option("--canary-for <time>", "how long the canary has to do well, e.g. 10m (default: the product's)")
  .option("--patience <time>", "how long it then waits for enough requests (default: the product's)")
  .option(...RECORD_FOR)
  .option(...JSON_LINES)
  .action(async (product: string, given: ReleaseFlags) => {
    process.exitCode = await watch(product, given, process.env);
  });
