/** `twinset release`: from the command line to the engine and back to an exit code. */
import { Command } from "commander";
import { canaryRules } from "../../model/canary";
import { environmentPrefix } from "../../model/names";
import { error, list, type Problem, ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import { Engine } from "../../release/engine";
import { describeChange } from "../../release/plan-words";
import { asProblem, guard, label } from "../../release/guard";
import { engineSilent } from "../../release/live";
import { newRunId } from "../../release/journal/journal";
import { ledgerOf } from "../../release/journal/ledger";
import { type Unfinished, unfinished } from "../../release/journal/unfinished";
import { mustBeWhole } from "../../release/journal/whole";
import { newColour, next, type Run, start, stepsOf, type Stop, STOPS, task } from "../../release/machine";
import { recover } from "../../release/recover";
import { productOf } from "../../release/site";
import { change } from "../../release/steps";
import type { Timings } from "../../release/surroundings";
import { watcher } from "../../release/verdict/watcher";
import { accessOf } from "../shared/access";
import { durationOf } from "../shared/duration";
import { EXIT } from "../shared/exit";
import { terminalOperator } from "../shared/operator";
import { ALLOW, ENVIRONMENT, JSON_LINES, PAST, RECORD_FOR, UNLOCK } from "../shared/options";
import { hasEnded, overtaken } from "./others";
import { checked, mustBeReady } from "./ready";
import { inSession, ledgerOptions, recordSecondsOf, type ReleaseFlags, type Session } from "./session";
import { settled } from "./settle";
import { mustBeServed } from "./single";
import { CODES, conclusion } from "./words";

/** `twinset release <product> <version>`. */
export const release = (product: string, version: string | undefined, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  inSession(product, flags, env, `release of ${product} ${version ?? ""}`.trim(), async (session) => {
    const until = flags.until === undefined ? undefined : stopOf(flags.until);
    // Before anything begins: a run that cannot go on must not be written down.
    timingsOf(session);
    if (flags.resume) return resume(session, version);
    if (version === undefined) {
      throw new ProblemsError([
        error("version", "none", "the version to release", `twinset release ${product} v1.6.0`),
      ]);
    }
    return newRun(session, version, until);
  });

async function newRun(session: Session, version: string, until: Stop | undefined): Promise<number> {
  const { site, product, journal, lock, flags } = session;
  // Who is at work has the lock; a run that nobody works on is found by the journal alone.
  if (!flags.dryRun) {
    await lock.hold();
    const code = await settled(session);
    if (code !== undefined) return code;
  }
  const before = site.release()[product] ?? null;
  if (before && !flags.dryRun) await mustBeServed(session, before);
  const known = await journal.read();
  const past = mustBeWhole(known, product, flags.environment, flags.past);
  const open = unfinished(known, product);
  if (open) throw new ProblemsError([notEnded(open, product, flags.environment)]);
  const pins = mustBeReady(await checked(session, version, before));
  const rules = canaryRules(productOf(site, product).canary);
  const run = start({ before, version, canaryPercent: rules.percent, until, pins });
  if (flags.dryRun) return dryRun(session, run);
  if (!(await agreed(session, run))) return EXIT.mistake;
  const id = newRunId();
  const first = task(run);
  await journal.append({
    event: "started",
    ...{ run: id, product, from: before, to: (first as { to: ProductRelease }).to, progress: run },
    ...(past.length > 0 ? { past: [...past] } : {}),
  });
  return follow(session, id, run);
}

async function resume(session: Session, version: string | undefined): Promise<number> {
  const { site, product, journal, lock, flags, env } = session;
  if (!flags.dryRun) await lock.hold();
  const known = await journal.read();
  // What it would go on from may not be where the run is.
  const past = mustBeWhole(known, product, flags.environment, flags.past);
  const open = unfinished(known, product);
  if (!open?.progress || (version !== undefined && open.progress.version !== version)) {
    const given = open?.progress
      ? `${version}, but ${open.progress.version} is under way`
      : open
        ? `run ${open.run}, of which no state was written down`
        : "no run that has not ended";
    const fix = open && !open.progress ? `end it: twinset rollback ${product}` : "see twinset status";
    throw new ProblemsError([
      error(
        `${product}/release`,
        given,
        "a run to go on with",
        `${fix}${fix.endsWith("status") ? " " : " --environment "}${flags.environment}`,
      ),
    ]);
  }
  const run = open.progress;
  if (flags.dryRun) return dryRun(session, run);
  const { underWay, now } = open;
  const left = { run: open.run, own: new Set<string>(), left: [now, underWay?.to], step: "deploy" as const };
  const others = await overtaken(session, left);
  if (others !== undefined) {
    await journal.append({ event: "ended", run: open.run, product, outcome: "overtaken", progress: run });
    const text = [others, "Nothing was changed; this release is over."];
    session.report({
      kind: "end",
      outcome: "overtaken",
      seconds: 0,
      text,
      next: `twinset status ${flags.environment}`,
    });
    return CODES.overtaken;
  }
  // Another computer may have a release file from before the run.
  if (open.now) site.save(product, open.now);
  site.render(site.release());
  const looked = past.length > 0 ? { past: [...past] } : {};
  await journal.append({ event: "resumed", run: open.run, product, progress: run, ...looked });
  await mendAfterCrash(session, env);
  return follow(session, open.run, run, { since: new Date(open.nowSince), resumed: true });
}

/** What a run that died has left: adopted where the state has lost it. */
async function mendAfterCrash({ site, report }: Session, env: NodeJS.ProcessEnv): Promise<void> {
  const prefix = environmentPrefix(site.platform.name, site.environment.name);
  const engine = await site.docker();
  const silent = (reason: unknown): never => {
    throw engineSilent(site, reason);
  };
  const docker = {
    containers: (begin: string) => engine.containers(begin).catch(silent),
    run: (...args: readonly string[]) => engine.run(...args).catch(silent),
  };
  const found = await recover({ terraform: site.terraform, docker, access: accessOf(env), prefix });
  const count = found.adopted.length + found.removed.length;
  if (count === 0) return;
  const names = [...found.adopted.map(({ address }) => address), ...found.removed];
  report({ kind: "line", level: "info", text: `left by the run that died, and mended: ${list(names)}` });
}

/** Takes the run to its end, and says what is so then. */
export async function follow(
  session: Session,
  id: string,
  run: Run,
  { since, resumed = false }: { since?: Date; resumed?: boolean } = {},
): Promise<number> {
  const { site, product, flags, report, journal, lock } = session;
  const begin = performance.now();
  const operator = terminalOperator(process.stdin.isTTY === true && !flags.json && !flags.yes, (text) =>
    report({ kind: "line", level: "warning", text }),
  );
  const from = run.before ? run.before[run.before.live]?.version : undefined;
  report({
    kind: "begin",
    ...{ run: id, platform: site.platform.name, environment: site.environment.name, product, version: run.version },
    ...{ from, resumed, steps: stepsOf(run) },
  });
  const rules = canaryRules(productOf(site, product).canary);
  const timings = timingsOf(session);
  const ledger = ledgerOf(ledgerOptions(session, id, operator));
  const engine = new Engine({
    ...{ site, product, report, operator, lock, timings, ledger, over: session.over },
    overtaken: (current, step) => overtaken(session, { run: id, own: ledger.own, left: [current.now], step }),
    watcher: watcher({ site, product, colour: newColour(run), rules, docker: () => site.docker() }),
    allow: flags.allow ?? [],
    ...(since ? { sharedSince: since } : {}),
  });
  try {
    const ended = await engine.run(run);
    const outcome = ended.outcome!;
    // A store that does not answer says nothing of others; the record is kept on this computer then.
    const known = outcome === "overtaken" ? await journal.read().catch(unanswered) : undefined;
    if (!(known && hasEnded(known, id))) {
      await ledger.end({ event: "ended", run: id, product, outcome, progress: ended });
    }
    const { text, next: command } = conclusion(ended, product, flags.environment, engine.isDeaf);
    const took = Math.round((performance.now() - begin) / 1000);
    report({ kind: "end", outcome, seconds: took, text, next: command });
    return outcome === "failed" && engine.refused ? EXIT.guarded : CODES[outcome];
  } finally {
    operator.close();
  }
}

function unanswered(reason: unknown): undefined {
  if (!(reason instanceof ProblemsError)) throw reason;
}

/** How long things take: the product's, or what the operator says. @throws ProblemsError for a time that is none */
function timingsOf({ site, product, flags }: Session): Timings {
  const rules = canaryRules(productOf(site, product).canary);
  return {
    canarySeconds: durationOf(flags.canaryFor, "--canary-for", rules.duration).seconds,
    patienceSeconds: durationOf(flags.patience, "--patience", rules.patience).seconds,
    keepSeconds: durationOf(flags.keepFor, "--keep-for", rules.keep).seconds,
    recordSeconds: recordSecondsOf(flags),
    everySeconds: LOOK_EVERY,
  };
}

/** Seconds between two looks at a canary: Prometheus asks the edge as often. */
const LOOK_EVERY = 5;

async function agreed({ site, product, flags }: Session, run: Run): Promise<boolean> {
  if (flags.yes || !process.stdin.isTTY) return true;
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const steps = stepsOf(run).join(", ");
    const answer = await terminal.question(
      `Release ${product} ${run.version} on ${site.environment.name}: ${steps}. Go on? [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    // Ctrl-C, or a terminal that is gone.
    return false;
  } finally {
    terminal.close();
  }
}

/** Each step's own changes, without making any. */
async function dryRun({ site, product, flags, report }: Session, first: Run): Promise<number> {
  let known = new Set<string>();
  let code: number = EXIT.done;
  const products = site.platform.products.map(({ name }) => name);
  for (let run = first; run.step !== "ended"; run = next(run, "ok")) {
    const current = task(run);
    if (current.kind !== "apply") continue;
    const release = site.release();
    site.render(release[product] ? change(release, product, () => current.to) : { ...release, [product]: current.to });
    const changes = await site.terraform.plan();
    const guarded = { product, step: current.step, to: current.to, first: run.before === null };
    // A plan is made from what is there now, so a later step's has the earlier ones' changes in it.
    const lines = changes.map((each) => `${describeChange(each)}${switchIn(each.change.after)}`);
    const own = lines.filter((line) => !known.has(line));
    report({ kind: "line", level: "info", text: `${current.step}: ${own.length > 0 ? own.length : "no"} changes` });
    own.forEach((line) => report({ kind: "line", level: "info", text: `  ${line}` }));
    if (current.step === "deploy") {
      for (const refusal of guard(changes, guarded, products, flags.allow).refused) {
        code = EXIT.guarded;
        const { path, given } = asProblem(refusal, guarded);
        report({ kind: "line", level: "error", text: `  refused: ${path}: ${given}` });
      }
    }
    known = new Set(lines);
  }
  site.render(site.release());
  report({ kind: "line", level: "info", text: "Nothing was changed." });
  return code;
}

function switchIn(planned: Readonly<Record<string, unknown>> | null | undefined): string {
  const weights = label(planned, "release.weights");
  return weights === undefined ? "" : ` (${weights})`;
}

const notEnded = ({ run, who, since, lastSign, progress }: Unfinished, product: string, environment: string): Problem =>
  error(
    `run ${run}`,
    `${progress?.version ?? "a run"} by ${who} since ${since}, last heard of at ${lastSign}, has not ended`,
    "one run of a product at a time",
    `go on with it: --resume; or end it: twinset rollback ${product} --environment ${environment}`,
  );

function stopOf(name: string): Stop {
  const found = STOPS.find((stop) => stop === name);
  if (found) return found;
  throw new ProblemsError([error("--until", name, `one of ${list(STOPS)}`, "correct the step")]);
}

export const command = new Command("release")
  .description("the whole way of a version: deploy, smoke, canary, watch, cutover, keep, retire; or safely back")
  .argument("<product>")
  .argument("[version]", "not with --resume")
  .option(...ENVIRONMENT)
  .option("--until <step>", "end after this step: deploy, smoke, canary, watch, cutover or keep")
  .option("--resume", "go on with the run that has not ended, whichever computer it was on")
  .option("--dry-run", "only show each step's plan")
  .option("--yes", "ask nothing; Ctrl-C in the canary goes back")
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...PAST)
  .option("--canary-for <time>", "how long the canary has to do well, e.g. 10m (default: the product's)")
  .option("--patience <time>", "how long it then waits for enough requests (default: the product's)")
  .option("--keep-for <time>", "how long the old set stays, e.g. 1h (default: the product's)")
  .option(...RECORD_FOR)
  .option(...JSON_LINES)
  .action(async (product: string, version: string | undefined, given: ReleaseFlags) => {
    process.exitCode = await release(product, version, given, process.env);
  });
