/** What every release command has: an open environment, the state's lock, the journal, and a way to be seen. */
import { ProblemsError } from "../../model/problem";
import { environmentPrefix } from "../../model/names";
import { LockedError, type Operator } from "../../release/surroundings";
import { AtEdge } from "../../release/at-edge";
import { EnvironmentLock } from "../../release/environment-lock";
import { type AsidePlace, writeAsides } from "../../release/journal/aside";
import type { Journal } from "../../release/journal/journal";
import type { LedgerOptions } from "../../release/journal/ledger";
import type { ReleaseEvent, Reporter } from "../../release/report";
import { eachText } from "../../model/each-text";
import { minutes } from "../../model/units";
import { durationOf } from "../shared/duration";
import { EXIT } from "../shared/exit";
import { TerraformError } from "../../terraform/working-directory";
import { environmentName, mustKnow } from "../shared/names";
import { ROOT } from "../shared/root";
import { type GotReady, openSite, type OpenSite } from "../shared/site";
import { loadCatalog } from "../shared/catalog";
import { hidden } from "../shared/secrets-at-hand";
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
  readonly recordFor?: string;
}

/** How long Terraform is tried to be told of traffic that is back at the edge. @throws ProblemsError for a time that is none */
export const recordSecondsOf = ({ recordFor }: ReleaseFlags): number =>
  durationOf(recordFor, "--record-for", minutes(2)).seconds;

/** A command's surroundings: the site, the state's lock and journal, and how it is shown. */
export interface Session {
  readonly site: OpenSite;
  readonly product: string;
  readonly flags: ReleaseFlags;
  readonly report: Reporter;
  readonly lock: EnvironmentLock;
  readonly journal: Journal;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when nobody waits any longer for store and Terraform: what hangs is broken off. */
  readonly over: AbortController;
}

/** What a command has of the one that it is a part of. */
export interface Within {
  readonly report?: Reporter;
  /** Aborted when that one waits no longer. */
  readonly over?: AbortSignal;
  /** What was got ready for it. */
  readonly ready?: GotReady | undefined;
}

/** The product's traffic at the edge, as the person who has typed the command moves it. */
export const edgeOf = ({ site, product, report }: Session): AtEdge =>
  new AtEdge({ product, report, by: "person", keeper: () => site.keeper() });

/** Opens the environment, does the work, and gives the lock back whatever came of it. */
export const inSession = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  purpose: string,
  work: (session: Session) => Promise<number>,
  within: Within = {},
): Promise<number> => told(flags, (own) => opened(product, flags, env, purpose, own, within, work), within.report);

/** Tells a mistake, or who has the lock, the way that the command's other words are told. */
export async function told(
  flags: ReleaseFlags,
  work: (report: Reporter) => Promise<number>,
  report = reporterFor(flags),
): Promise<number> {
  try {
    return await work(report);
  } catch (reason) {
    if (!(reason instanceof ProblemsError || reason instanceof LockedError || reason instanceof TerraformError))
      throw reason;
    report({ kind: "line", level: "error", text: reason.message });
    if (reason instanceof TerraformError) return EXIT.failed;
    return reason instanceof LockedError ? EXIT.locked : EXIT.mistake;
  }
}

async function opened(
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  purpose: string,
  report: Reporter,
  { over: outer, ready }: Omit<Within, "report">,
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
  const over = new AbortController();
  const end = (): void => over.abort();
  outer?.addEventListener("abort", end);
  const site = await openSite({ environment: name, env, lock, over: over.signal, ...ready });
  const session: Session = {
    ...{ site, product, flags, journal: site.journal, env },
    ...{ report, over },
    lock: new EnvironmentLock(site.files, purpose, flags.unlock),
  };
  try {
    await bringBackAsides(session);
    return await work(session);
  } finally {
    await givenBack(session);
    // Whatever is still asked is nobody's question any more.
    end();
    outer?.removeEventListener("abort", end);
  }
}

/** Another output directory is another world: a rehearsal's record is never written into the real journal. */
const asidePlace = ({ site, journal, env }: Session): AsidePlace => ({
  directory: env["CDKTF_OUTDIR"] ?? ROOT,
  prefix: environmentPrefix(site.platform.name, site.environment.name),
  store: `${env["AWS_ENDPOINT_URL_S3"] ?? ""} ${journal.place}`,
});

/** How a run's steps are written down. */
export const ledgerOptions = (
  session: Session,
  run: string,
  operator: Pick<Operator, "interrupted">,
): LedgerOptions => ({
  ...{ journal: session.journal, run, product: session.product, aside: asidePlace(session) },
  say: (text) => session.report({ kind: "line", level: "warning", text }),
  interrupted: () => operator.interrupted || session.over.signal.aborted,
});

/** What an earlier run of this computer could not write down comes first. */
async function bringBackAsides(session: Session): Promise<void> {
  const { written, left } = await writeAsides(asidePlace(session), session.journal);
  const say = (text: string): void => session.report({ kind: "line", level: "warning", text });
  if (written > 0) say(`${written} entries that an earlier run had to keep aside are in the journal now.`);
  if (left.length > 0)
    say(`Not in the journal yet, as the state's store does not answer or they cannot be read: ${left.join(", ")}`);
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

export function reporterFor({ json }: ReleaseFlags): Reporter {
  return hiding(reporterOf(json ?? false));
}

const reporterOf = (json: boolean): Reporter => {
  if (json) return jsonReporter((line) => process.stdout.write(`${line}\n`));
  return process.stdout.isTTY ? liveReporter(process.stdout) : lineReporter((line) => console.log(line));
};

/** Whatever is shown of plans, errors and what others said: before it is clipped, coloured or escaped. */
export const hiding =
  (report: Reporter): Reporter =>
  (event) =>
    report(SPEAKS.has(event.kind) ? withoutSecrets(event) : event);

/** Kinds of events with texts from elsewhere, an address with a map's key among them; the others are numbers. */
const SPEAKS: ReadonlySet<ReleaseEvent["kind"]> = new Set([
  ...(["plan", "progress", "line", "step", "end", "begin"] as const),
]);

function withoutSecrets(event: ReleaseEvent): ReleaseEvent {
  const { kind, ...rest } = event;
  const texts = Object.entries(rest).map(([key, value]) => [key, eachText(value as unknown, hidden)]);
  return { kind, ...Object.fromEntries(texts) } as ReleaseEvent;
}
