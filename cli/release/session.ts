/** What every release command has: an open environment, the state's lock, the journal, and a way to be seen. */
import { ProblemsError } from "../../model/problem";
import { LockedError } from "../../release/engine";
import { EnvironmentLock } from "../../release/environment-lock";
import type { Journal } from "../../release/journal/journal";
import type { Reporter } from "../../release/report";
import { EXIT } from "../shared/exit";
import { environmentName, mustKnow } from "../shared/names";
import { openSite, type OpenSite } from "../shared/site";
import { loadCatalog } from "../shared/catalog";
import { jsonReporter, lineReporter, liveReporter } from "./show";

export interface ReleaseFlags {
  readonly environment: string;
  readonly until?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly allow?: readonly string[];
  readonly unlock?: string;
  /** Lines of the journal that cannot be read, and that the operator has looked at. */
  readonly past?: readonly string[];
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
  readonly lock: EnvironmentLock;
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
    lock: new EnvironmentLock(site.files, purpose, flags.unlock),
  };
  try {
    return await work(session);
  } finally {
    await givenBack(session);
  }
}

/** What was done is done, and its code says so, also where the lock stays behind. */
async function givenBack({ lock, report }: Session): Promise<void> {
  try {
    await lock.release();
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    const given = reason.problems.map((problem) => problem.given).join("; ");
    const text = `The lock could not be given back (${given}). Whoever comes next is told how to take it: --unlock <id>.`;
    report({ kind: "line", level: "warning", text });
  }
}

function reporterFor({ json }: ReleaseFlags): Reporter {
  if (json) return jsonReporter((line) => process.stdout.write(`${line}\n`));
  return process.stdout.isTTY ? liveReporter(process.stdout) : lineReporter((line) => console.log(line));
}
