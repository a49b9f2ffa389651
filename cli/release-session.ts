/** What every release command has: an open environment, the state's lock, the journal, and a way to be seen. */
import type { EnvironmentName } from "../model/environment-name";
import { error, list, ProblemsError } from "../model/problem";
import { type Ledger, LockedError, type Noted, type RunLock } from "../release/engine";
import type { Journal } from "../release/journal/journal";
import type { NewEntry } from "../release/journal/entry";
import type { Reporter } from "../release/report";
import { type HeldLock, isHeld, StateLock } from "../clients/state-store/state-lock";
import type { StateFiles } from "../clients/state-store/state-files";
import { EXIT } from "./release-words";
import { jsonReporter, lineReporter, liveReporter } from "./show-release";
import { loadCatalog, openSite, type OpenSite } from "./site";

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
export interface Session {
  readonly site: OpenSite;
  readonly product: string;
  readonly flags: ReleaseFlags;
  readonly report: Reporter;
  readonly lock: CommandLock;
  readonly journal: Journal;
  readonly env: NodeJS.ProcessEnv;
}

/** Opens the environment, does the work, and gives the lock back whatever came of it. */
export const inSession = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  purpose: string,
  work: (session: Session) => Promise<number>,
): Promise<number> => told(flags, (report) => opened(product, flags, env, purpose, report, work));

/** Tells a mistake, or who has the lock, the way that the command's other words are told. */
export async function told(flags: ReleaseFlags, work: (report: Reporter) => Promise<number>): Promise<number> {
  const report = reporterFor(flags);
  try {
    return await work(report);
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
  // Under the run's own lock Terraform must not ask for it once more.
  const lock = platform.environments[name].state.kind === "local";
  const site = await openSite({ environment: name, env, lock });
  const session: Session = {
    ...{ site, product, flags, journal: site.journal, env },
    report,
    lock: new CommandLock(site.files, purpose, flags.unlock),
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

/** Writes the engine's steps into the journal, as a run's. */
export const ledgerOf = (journal: Journal, run: string, product: string): Ledger => ({
  async append({ text, ...noted }: Noted): Promise<void> {
    // Each event has an entry of its own kind, all with the same fields.
    const entry = { ...noted, run, product, ...(text ? { reason: text.join("\n") } : {}) } as NewEntry;
    await journal.append(entry);
  },
});

export function environmentName(name: string): EnvironmentName {
  if (name === "development" || name === "staging" || name === "production") return name;
  throw new ProblemsError([error("--environment", name, "development, staging or production", "correct the name")]);
}

export function mustKnow(products: readonly string[], product: string): void {
  if (products.includes(product)) return;
  throw new ProblemsError([error("product", product, `one of ${list(products)}`, "correct the name")]);
}
