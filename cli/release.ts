/** `twinset release` and its single steps: from the command line to the engine and back to an exit code. */
import { join } from "node:path";
import { canaryRules } from "../model/canary";
import type { EnvironmentName } from "../model/environment";
import { environmentPrefix } from "../model/names";
import { error, list, type Problem, ProblemsError } from "../model/problem";
import {
  type Colour,
  COLOURS,
  MAX_CANARY_PERCENT,
  otherColour,
  type ProductRelease,
  type SetRelease,
} from "../model/release";
import { type Duration, minutes, seconds } from "../model/units";
import { describeChange, Engine, type Ledger, LockedError, type Noted, type RunLock, stepsOf } from "../release/engine";
import { asProblem, guard } from "../release/guard";
import { Journal, newRunId } from "../release/journal";
import type { NewEntry } from "../release/journal-entry";
import { newColour, next, type Outcome, type Run, start, type Step, type Stop, task } from "../release/machine";
import { type Preflight, preflight } from "../release/preflight";
import { knownSecrets, redactor } from "../release/redact";
import { recover } from "../release/recover";
import { type FoundImages, resolveImages } from "../release/registry";
import type { Reporter } from "../release/report";
import { productOf } from "../release/site";
import { type HeldLock, isHeld, StateLock } from "../release/state-lock";
import { type StateFiles, stateFiles } from "../release/state-store";
import { canary, change, deploy, retire, trafficBack } from "../release/steps";
import { type Unfinished, unfinished } from "../release/unfinished";
import { watcher } from "../release/watcher";
import { terminalOperator } from "./operator";
import { accessOf } from "./recover";
import { jsonReporter, lineReporter, liveReporter } from "./show-release";
import { loadCatalog, openSite, type OpenSite } from "./site";

/** What a pipeline can tell apart (docs/releasing.md). */
export const EXIT = {
  done: 0,
  /** Nothing moved, or what had been begun is gone; the old set serves. */
  failed: 1,
  /** A mistake in the command, or something that spoke against it from the start: nothing was changed. */
  mistake: 2,
  /** The guard refused a plan. */
  guarded: 3,
  /** Traffic had moved and is back on the old set. */
  wentBack: 4,
  /** Too little spoke for the new version, or the operator let it stay: a person decides. */
  undecided: 5,
  /** Somebody else is at work on the environment. */
  locked: 6,
  /** Traffic could not be moved back: act at once. */
  stuck: 7,
} as const;

export interface ReleaseFlags {
  readonly environment: string;
  readonly until?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly allow?: readonly string[];
  readonly unlock?: string;
  readonly json?: boolean;
  readonly canaryFor?: string;
  readonly keepFor?: string;
  readonly patience?: string;
}

/** A command's surroundings: the site, the state's lock and journal, and how it is shown. */
interface Session {
  readonly site: OpenSite;
  readonly product: string;
  readonly flags: ReleaseFlags;
  readonly report: Reporter;
  readonly lock: CommandLock;
  readonly journal: Journal;
  readonly env: NodeJS.ProcessEnv;
}

/** Opens the environment, does the work, and gives the lock back whatever came of it. */
async function inSession(
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  purpose: string,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const report = reporterFor(flags);
  try {
    return await opened(product, flags, env, purpose, report, work);
  } catch (reason) {
    if (!(reason instanceof ProblemsError || reason instanceof LockedError)) throw reason;
    report({ kind: "line", level: "error", text: reason.message });
    return reason instanceof LockedError ? EXIT.locked : EXIT.mistake;
  }
}

async function opened(
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  purpose: string,
  report: Reporter,
  work: (session: Session) => Promise<number>,
): Promise<number> {
  const name = environmentName(flags.environment);
  const { platform } = loadCatalog(env);
  mustKnow(
    platform.products.map((each) => each.name),
    product,
  );
  const files = stateFiles(platform.name, platform.environments[name], { env, directory: join(__dirname, "..") });
  // Under the run's own lock Terraform must not ask for it once more.
  const site = await openSite({ environment: name, env, lock: files.kind === "local" });
  const journal = new Journal(files, { redact: redactor(knownSecrets(platform, site.environment, env)) });
  const session: Session = {
    ...{ site, product, flags, journal, env },
    report,
    lock: new CommandLock(files, purpose, flags.unlock),
  };
  try {
    return await work(session);
  } finally {
    await session.lock.release();
  }
}

function reporterFor({ json }: ReleaseFlags): Reporter {
  if (json) return jsonReporter((line) => process.stdout.write(`${line}\n`));
  return process.stdout.isTTY ? liveReporter(process.stdout) : lineReporter((line) => console.log(line));
}

/** `twinset release <product> <version>`. */
export const release = (product: string, version: string | undefined, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  inSession(product, flags, env, `release of ${product} ${version ?? ""}`.trim(), async (session) => {
    const until = flags.until === undefined ? undefined : stopOf(flags.until);
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
  const before = site.release()[product] ?? null;
  const open = unfinished(await journal.read(), product);
  if (open) throw new ProblemsError([notEnded(open, flags.environment)]);
  if (!flags.dryRun) await lock.hold();
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
  });
  return follow(session, id, run);
}

async function resume(session: Session, version: string | undefined): Promise<number> {
  const { site, product, journal, lock, flags, env } = session;
  const open = unfinished(await journal.read(), product);
  if (!open?.progress || (version !== undefined && open.progress.version !== version)) {
    const given = open?.progress
      ? `${version}, but ${open.progress.version} is under way`
      : "no run that has not ended";
    throw new ProblemsError([
      error(`${product}/release`, given, "a run to go on with", `see twinset status ${flags.environment}`),
    ]);
  }
  await lock.hold();
  const run = open.progress;
  // Another computer may have a release file from before the run.
  if (open.now) site.save(product, open.now);
  site.render(site.release());
  await journal.append({ event: "resumed", run: open.run, product, progress: run });
  await mendAfterCrash(session, env);
  return follow(session, open.run, run, { since: new Date(open.nowSince), resumed: true });
}

/** What a run that died has left: adopted where the state has lost it. */
async function mendAfterCrash({ site, report }: Session, env: NodeJS.ProcessEnv): Promise<void> {
  const prefix = environmentPrefix(site.platform.name, site.environment.name);
  const docker = await site.docker();
  const found = await recover({ terraform: site.terraform, docker, access: accessOf(env), prefix });
  const count = found.adopted.length + found.removed.length;
  if (count === 0) return;
  const names = [...found.adopted.map(({ address }) => address), ...found.removed];
  report({ kind: "line", level: "info", text: `left by the run that died, and mended: ${list(names)}` });
}

/** Takes the run to its end, and says what is so then. */
async function follow(
  session: Session,
  id: string,
  run: Run,
  { since, resumed = false }: { since?: Date; resumed?: boolean } = {},
): Promise<number> {
  const { site, product, flags, report, journal, lock } = session;
  const begin = performance.now();
  const operator = terminalOperator(process.stdin.isTTY === true && !flags.json && !flags.yes);
  const from = run.before ? run.before[run.before.live]?.version : undefined;
  report({
    kind: "begin",
    ...{ run: id, platform: site.platform.name, environment: site.environment.name, product, version: run.version },
    ...{ from, resumed, steps: stepsOf(run) },
  });
  const rules = canaryRules(productOf(site, product).canary);
  const timings = {
    canarySeconds: durationOf(flags.canaryFor, "--canary-for", rules.duration).seconds,
    patienceSeconds: durationOf(flags.patience, "--patience", rules.patience).seconds,
    keepSeconds: durationOf(flags.keepFor, "--keep-for", rules.keep).seconds,
    everySeconds: LOOK_EVERY,
  };
  const engine = new Engine({
    ...{ site, product, report, operator, lock, timings },
    ledger: ledgerOf(journal, id, product),
    watcher: watcher({ site, product, colour: newColour(run), rules, docker: () => site.docker() }),
    allow: flags.allow ?? [],
    ...(since ? { sharedSince: since } : {}),
  });
  try {
    const ended = await engine.run(run);
    const outcome = ended.outcome!;
    await journal.append({ event: "ended", run: id, product, outcome, progress: ended });
    const { text, next: command } = conclusion(ended, product, flags.environment);
    const took = Math.round((performance.now() - begin) / 1000);
    report({ kind: "end", outcome, seconds: took, text, next: command });
    return outcome === "failed" && engine.refused ? EXIT.guarded : CODES[outcome];
  } finally {
    operator.close();
  }
}

/** Seconds between two looks at a canary: Prometheus asks the edge as often. */
const LOOK_EVERY = 5;

const CODES: Readonly<Record<Outcome, number>> = {
  done: EXIT.done,
  failed: EXIT.failed,
  "went-back": EXIT.wentBack,
  undecided: EXIT.undecided,
  stayed: EXIT.undecided,
  stuck: EXIT.stuck,
  "not-retired": EXIT.failed,
};

/** What is so now, what was done about it, and the one command to go on. */
function conclusion(run: Run, product: string, environment: string): { text: string[]; next?: string } {
  const { before, now, version, outcome } = run;
  const at = `--environment ${environment}`;
  const live = now ? `${now.live} ${now[now.live]?.version ?? ""}` : "nothing";
  const serves = `${live} serves ${product}${now && now.canary > 0 ? ` with ${100 - now.canary} % of the traffic` : ""}.`;
  const idle = now?.[otherColour(now.live)];
  const stays = idle ? `${otherColour(now!.live)} ${idle.version} runs without traffic, to be looked at.` : "";
  switch (outcome!) {
    case "done":
      if (run.until && run.until !== "keep" && before) {
        return {
          text: [serves, `As far as it was to go: ${run.until}.`],
          next: after(run.until, product, version, at),
        };
      }
      return {
        text: [serves, ...(run.until === "keep" ? [stays] : [])],
        ...(run.until === "keep" ? { next: `twinset retire ${product} ${at}` } : {}),
      };
    case "failed":
      return {
        text: [`${serves} No visitor has seen ${version}.`, ...(stays ? [stays] : [])],
        next: stays ? `twinset retire ${product} ${at}` : `twinset release ${product} ${version} ${at}`,
      };
    case "went-back":
      return { text: [`All traffic is back: ${serves}`, stays], next: `twinset retire ${product} ${at}` };
    case "undecided":
      return {
        text: [`All traffic is on the old version: ${serves}`, stays, "Look at it yourself, then decide."],
        next: `twinset switch ${product} ${newColour(run)} ${at}`,
      };
    case "stayed":
      return { text: [serves, "Nothing goes on by itself."], next: `twinset rollback ${product} ${at}` };
    case "stuck":
      return {
        text: [`TRAFFIC COULD NOT BE MOVED BACK. The switch has failed again and again; ${version} may have visitors.`],
        next: `twinset rollback ${product} ${at}`,
      };
    case "not-retired":
      return {
        text: [serves, "The old set could not be removed; it has no traffic."],
        next: `twinset retire ${product} ${at}`,
      };
  }
}

const after = (stop: Stop, product: string, version: string, at: string): string => {
  const commands: Record<Stop, string> = {
    deploy: `twinset canary 10 ${product} ${at}`,
    smoke: `twinset canary 10 ${product} ${at}`,
    canary: `twinset rollback ${product} ${at}`,
    watch: `twinset switch ${product} <colour> ${at}`,
    cutover: `twinset retire ${product} ${at}`,
    keep: `twinset retire ${product} ${at}`,
  };
  return commands[stop];
};

/** Everything that speaks against it. */
function checked(session: Session, version: string, before: ProductRelease | null): Promise<Preflight> {
  const { site, product } = session;
  const { registryUsername: username, registryToken: password } = site.credentials;
  const login = username && password ? { username, password } : undefined;
  const findImages = async (): Promise<FoundImages | readonly Problem[]> =>
    resolveImages(site.platform, productOf(site, product), { version }, login);
  return preflight(site, { product, version, before, findImages });
}

function mustBeReady({ pins, problems }: Preflight): Preflight["pins"] {
  if (problems.length > 0) throw new ProblemsError(problems);
  return pins;
}

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
  const labels = planned?.["labels"];
  if (!Array.isArray(labels)) return "";
  const weights = (labels as { label?: string; value?: string }[]).find((each) =>
    each.label?.endsWith(".release.weights"),
  );
  return weights ? ` (${weights.value ?? ""})` : "";
}

/** A single step, by the operator's own decision: one edit of the entry, planned, guarded and applied. */
const single = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  step: Step,
  purpose: string,
  edit: (before: ProductRelease, session: Session) => Promise<ProductRelease> | ProductRelease,
): Promise<number> =>
  inSession(product, flags, env, `${purpose} of ${product}`, async (session) => {
    const { site, report, journal, lock } = session;
    const before = site.release()[product];
    if (!before) {
      throw new ProblemsError([
        error(product, "not released", "a product with a live set", `twinset release ${product} <version>`),
      ]);
    }
    const to = await edit(before, session);
    const id = newRunId();
    const operator = terminalOperator(false);
    const engine = new Engine({
      ...{
        site,
        product,
        report,
        operator,
        lock,
        timings: { canarySeconds: 0, patienceSeconds: 0, keepSeconds: 0, everySeconds: 1 },
      },
      ledger: ledgerOf(journal, id, product),
      watcher: { look: () => Promise.resolve({ verdict: "wait", text: [] }) },
      allow: flags.allow ?? [],
    });
    try {
      const begin = performance.now();
      const { event } = await engine.single(step, before, to, `${purpose} of ${product}`);
      const now = site.release()[product]!;
      const seconds = Math.round((performance.now() - begin) / 100) / 10;
      report({
        kind: "end",
        outcome: event === "ok" ? "done" : "failed",
        seconds,
        text: [`${now.live} ${now[now.live]?.version ?? ""} serves ${product}.`],
      });
      return event === "ok" ? EXIT.done : engine.refused ? EXIT.guarded : EXIT.failed;
    } finally {
      operator.close();
    }
  });

/** `twinset deploy <product> <version>`: to the idle set, without traffic. */
export const deployStep = (product: string, version: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "deploy", `deploy of ${version}`, async (before, session) => {
    const set: SetRelease = { version, ...mustBeReady(await checked(session, version, before)) };
    return deploy(before, set);
  });

/** `twinset canary <percent> <product>`. */
export const canaryStep = (text: string, product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "canary", `canary of ${text} %`, (before) => {
    const percent = Number(text);
    if (!Number.isInteger(percent) || percent < 0 || percent > MAX_CANARY_PERCENT) {
      throw new ProblemsError([
        error("percent", text, `a whole number from 0 to ${MAX_CANARY_PERCENT}`, "beyond that, switch"),
      ]);
    }
    return canary(before, percent);
  });

/** `twinset switch <product> <colour>`. */
export const switchStep = (product: string, colour: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "cutover", `switch to ${colour}`, (before) => {
    if (!isColour(colour)) {
      throw new ProblemsError([error("colour", colour, "blue or green", "correct the colour")]);
    }
    if (before[colour] === null) {
      throw new ProblemsError([
        error(`${product}/${colour}`, "no version", "a set that runs", `twinset deploy ${product} <version>`),
      ]);
    }
    return trafficBack(before, colour);
  });

/** `twinset retire <product>`: the set without traffic goes. */
export const retireStep = (product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "retire", "retirement of the idle set", (before) => {
    if (before.canary > 0) {
      const idle = otherColour(before.live);
      throw new ProblemsError([
        error(
          `${product}/${idle}`,
          `${before.canary} % of the traffic`,
          "a set without traffic",
          `twinset rollback ${product}`,
        ),
      ]);
    }
    return retire(before);
  });

/**
 * `twinset rollback <product> [version]`: all traffic to the other set, by one targeted apply. From a canary that is
 * canary 0. A version that runs no more is deployed again first; its images are still on the host.
 */
export async function rollback(
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const { platform, releases } = loadCatalog(env);
  mustKnow(
    platform.products.map(({ name }) => name),
    product,
  );
  const before = releases[environmentName(flags.environment)].release[product];
  const idle = before && before[otherColour(before.live)];
  const back = (entry: ProductRelease): ProductRelease =>
    entry.canary > 0 ? { ...entry, canary: 0 } : trafficBack(entry, otherColour(entry.live));
  const running = before && (before.canary > 0 ? before[before.live] : idle);
  if (running && (version === undefined || running.version === version)) {
    return single(product, flags, env, "back", "rollback", back);
  }
  if (before && version === undefined) {
    throw new ProblemsError([
      error(
        `${product}/rollback`,
        `${before.live} runs alone: the other set was retired`,
        "a version to go back to",
        `name it: twinset rollback ${product} <version> (twinset status ${flags.environment} has the last ones)`,
      ),
    ]);
  }
  // Two steps, as the version has to run before it can have traffic: no canary, as it was live before.
  return release(product, version, { ...flags, until: "cutover", canaryFor: "0s", patience: "0s" }, env);
}

const isColour = (text: string): text is Colour => COLOURS.some((colour) => colour === text);

/** The state's lock, for as long as a command needs it. */
class CommandLock implements RunLock {
  private readonly lock: StateLock;
  private held: HeldLock | undefined;

  constructor(
    files: StateFiles,
    private readonly purpose: string,
    /** The id of a lock whose holder is dead. */
    private unlock: string | undefined,
  ) {
    this.lock = new StateLock(files, "twinset");
  }

  async hold(): Promise<void> {
    if (this.held) return;
    const acquired = this.unlock
      ? await this.lock.takeOver(this.unlock, this.purpose)
      : await this.lock.acquire(this.purpose);
    this.unlock = undefined;
    if (!isHeld(acquired)) {
      const { who, since, info, id } = acquired.heldBy;
      throw new LockedError(
        [
          `The environment is locked by ${who} since ${since}: ${info}.`,
          `If that run is dead and not just slow, do the same again with --unlock ${id}`,
        ].join("\n"),
      );
    }
    this.held = acquired;
  }

  async mustHold(): Promise<void> {
    if (this.held && !(await this.held.stillHeld())) {
      throw new LockedError("Somebody took the lock from this run; it does nothing more.");
    }
  }

  async release(): Promise<void> {
    const held = this.held;
    this.held = undefined;
    await held?.release();
  }
}

const ledgerOf = (journal: Journal, run: string, product: string): Ledger => ({
  async append({ text, ...noted }: Noted): Promise<void> {
    // Each event has an entry of its own kind, all with the same fields.
    const entry = { ...noted, run, product, ...(text ? { reason: text.join("\n") } : {}) } as NewEntry;
    await journal.append(entry);
  },
});

const notEnded = ({ run, who, since, lastSign, progress }: Unfinished, environment: string): Problem =>
  error(
    `run ${run}`,
    `${progress?.version ?? "a run"} by ${who} since ${since}, last heard of at ${lastSign}, has not ended`,
    "one run of a product at a time",
    `go on with it: --resume; or end it: twinset rollback <product> --environment ${environment}`,
  );

function environmentName(name: string): EnvironmentName {
  if (name === "development" || name === "staging" || name === "production") return name;
  throw new ProblemsError([error("--environment", name, "development, staging or production", "correct the name")]);
}

function mustKnow(products: readonly string[], product: string): void {
  if (products.includes(product)) return;
  throw new ProblemsError([error("product", product, `one of ${list(products)}`, "correct the name")]);
}

function stopOf(name: string): Stop {
  const stops: readonly Stop[] = ["deploy", "smoke", "canary", "watch", "cutover", "keep"];
  const found = stops.find((stop) => stop === name);
  if (found) return found;
  throw new ProblemsError([error("--until", name, `one of ${list(stops)}`, "correct the step")]);
}

/** "10m", "90s", "1h". */
export function durationOf(text: string | undefined, flag: string, otherwise: Duration): Duration {
  if (text === undefined) return otherwise;
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  if (amount === undefined) throw new ProblemsError([error(flag, text, "a time such as 90s, 10m or 1h", "correct it")]);
  return unit === "s" ? seconds(Number(amount)) : minutes(Number(amount) * (unit === "h" ? 60 : 1));
}
