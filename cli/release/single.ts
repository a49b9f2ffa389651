/** Of the commands that are one step of a release: one edit of the entry, planned, guarded and applied. */
import { isDeepStrictEqual } from "node:util";
import { error, ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import { Engine } from "../../release/engine";
import { newRunId } from "../../release/journal/journal";
import { ledgerOf } from "../../release/journal/ledger";
import { type JournalContent, unfinished } from "../../release/journal/unfinished";
import { inWords, mustBeWhole, problemsOf } from "../../release/journal/whole";
import type { Step } from "../../release/machine";
import { EXIT } from "../shared/exit";
import { terminalOperator } from "../shared/operator";
import { inSession, ledgerOptions, type ReleaseFlags, type Session } from "./session";

/** By the operator's own decision, under the lock, and written down as a run of its own. */
export const single = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  step: Step,
  purpose: string,
  edit: (before: ProductRelease, session: Session) => Promise<ProductRelease> | ProductRelease,
): Promise<number> =>
  inSession(product, flags, env, `${purpose} of ${product}`, async (session) => {
    const before = entryOf(session);
    if (step === "deploy" || step === "retire") await mustNotBeReserved(session, before);
    const to = await edit(before, session);
    const past = lookedAt(session, await session.journal.read(), takesBack(before, to));
    return taken(session, step, purpose, before, to, past);
  });

/**
 * While a release is not over, the set that it can go back to is not touched: neither replaced nor retired.
 * @throws ProblemsError naming whose way back it is
 */
async function mustNotBeReserved({ journal, product, flags }: Session, before: ProductRelease): Promise<void> {
  const open = unfinished(await journal.read(), product);
  const way = open?.before;
  if (!open || !way) return;
  const { live } = way;
  const version = way[live]?.version;
  if (version === undefined || before[live]?.version !== version) return;
  throw new ProblemsError([
    error(
      `${product}/${live}`,
      `${live} ${version} is the way back of ${open.progress?.version ?? "a release"}, which ${open.who} has been releasing since ${open.since}`,
      "a set that nobody may have to go back to",
      `wait until it is over; if nobody is at it any more: twinset release ${product} --resume, or twinset rollback ${product} (--environment ${flags.environment})`,
    ),
  ]);
}

/** The product's entry in the release file. @throws ProblemsError where there is none */
export function entryOf({ site, product }: Session): ProductRelease {
  const entry = site.release()[product];
  if (entry) return entry;
  throw new ProblemsError([
    error(product, "not released", "a product with a live set", `twinset release ${product} <version>`),
  ]);
}

/**
 * Takes one step in a session that is open.
 * @param past lines of the journal that the operator has looked at
 * @returns the command's exit code
 */
export async function taken(
  session: Session,
  step: Step,
  purpose: string,
  before: ProductRelease,
  to: ProductRelease,
  past: readonly string[] = [],
): Promise<number> {
  const { site, product, flags, report, lock } = session;
  const id = newRunId();
  const operator = terminalOperator(false, (text) => report({ kind: "line", level: "warning", text }));
  const engine = new Engine({
    ...{
      site,
      product,
      report,
      operator,
      lock,
      timings: { canarySeconds: 0, patienceSeconds: 0, keepSeconds: 0, everySeconds: 1 },
    },
    ledger: ledgerOf({ ...ledgerOptions(session, id, operator), past }),
    watcher: { look: () => Promise.resolve({ verdict: "wait", text: [] }) },
    allow: flags.allow ?? [],
  });
  try {
    // What the catalog's checks refuse is refused before it is written down as begun.
    site.render({ ...site.release(), [product]: to });
    const begin = performance.now();
    const { event } = await engine.single(step, before, to, `${purpose} of ${product}`);
    if (step === "back" && event === "ok") await endOpenRun(session);
    const now = site.release()[product]!;
    const seconds = Math.round((performance.now() - begin) / 100) / 10;
    report({
      kind: "end",
      outcome: event === "ok" ? "done" : "failed",
      seconds,
      text: [`${now.live} ${now[now.live]?.version ?? ""} serves ${product}.`],
      ...(event === "ok" ? {} : { next: `twinset status ${flags.environment}` }),
    });
    return event === "ok" ? EXIT.done : engine.refused ? EXIT.guarded : EXIT.failed;
  } finally {
    operator.close();
  }
}

/** A run that died, or that another operator keeps watch of: with the traffic back it is over. */
async function endOpenRun({ journal, product, report }: Session): Promise<void> {
  try {
    const open = unfinished(await journal.read(), product);
    if (open) await journal.append({ event: "ended", run: open.run, product, outcome: "went-back" });
  } catch (reason) {
    // The traffic is back, whatever the store says; who goes on with such a run sees that it was overtaken.
    if (!(reason instanceof ProblemsError)) throw reason;
    const text = `Whether a release of ${product} is still open could not be looked up: ${reason.problems[0]!.given}`;
    report({ kind: "line", level: "warning", text });
  }
}

/** Does it only take traffic from the set that is on trial? The live set is known good, whatever the journal says. */
const takesBack = (before: ProductRelease, to: ProductRelease): boolean =>
  to.live === before.live && to.canary < before.canary && isDeepStrictEqual({ ...to, canary: before.canary }, before);

/** Lines of the journal that the operator has looked at. @throws ProblemsError: it cannot be read whole, unless on the way back */
export function lookedAt(
  { product, flags, report }: Session,
  known: JournalContent,
  isWayBack: boolean,
): readonly string[] {
  if (!isWayBack) return mustBeWhole(known, product, flags.environment, flags.past);
  for (const problem of problemsOf(known, product, flags.environment)) {
    report({ kind: "line", level: "warning", text: `${inWords(problem)}. Traffic is moved back all the same.` });
  }
  return [];
}
