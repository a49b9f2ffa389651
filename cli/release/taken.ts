/** One step of a release that is a run of its own: planned, guarded, applied and written down. */
import type { ProductRelease } from "../../model/release";
import { entryAtEdge, servedInWords } from "../../release/at-edge";
import { Engine } from "../../release/engine";
import { newRunId } from "../../release/journal/journal";
import { ledgerOf } from "../../release/journal/ledger";
import type { Step } from "../../release/machine";
import type { Reporter } from "../../release/report";
import type { Foreseen } from "../../release/step-plans";
import { EXIT } from "../shared/exit";
import { terminalOperator } from "../shared/operator";
import { endOpenRun } from "./open-run";
import { edgeOf, ledgerOptions, recordSecondsOf, type Session } from "./session";
import { leaseInWords, NOT_TOLD, servesInWords } from "./words";

/**
 * Takes one step in a session that is open.
 * @param more lines of the journal that the operator has looked at; what was planned ahead
 * @returns the command's exit code
 */
export async function taken(
  session: Session,
  step: Step,
  purpose: string,
  before: ProductRelease,
  to: ProductRelease,
  { past = [], foreseen }: { readonly past?: readonly string[]; readonly foreseen?: Foreseen | undefined } = {},
): Promise<number> {
  const { site, product, flags, report, lock } = session;
  const id = newRunId();
  const say = (text: string): void => report({ kind: "line", level: "warning", text });
  const operator = terminalOperator(false, say, undefined, session.over.signal);
  const engine = new Engine({
    ...{
      site,
      product,
      report,
      operator,
      lock,
      over: session.over,
      timings: {
        canarySeconds: 0,
        patienceSeconds: 0,
        keepSeconds: 0,
        recordSeconds: recordSecondsOf(flags),
        everySeconds: 1,
      },
      by: "person",
    },
    ledger: ledgerOf({ ...ledgerOptions(session, id, operator), past }),
    watcher: { look: () => Promise.resolve({ verdict: "wait", text: [] }) },
    allow: flags.allow ?? [],
    foreseen,
  });
  try {
    // What the catalog's checks refuse is refused before it is written down as begun.
    site.render({ ...site.release(), [product]: to });
    const begin = performance.now();
    const { event } = await engine.single(step, before, to, `${purpose} of ${product}`);
    if (step === "back" && (event === "ok" || event === "unrecorded")) await endOpenRun(session);
    const now = site.release()[product]!;
    const seconds = Math.round((performance.now() - begin) / 100) / 10;
    report({
      kind: "end",
      outcome: event === "ok" ? "done" : event === "unrecorded" ? "went-back" : "failed",
      seconds,
      text: [
        event === "ok" ? servesInWords(now, product) : await servedNow(session),
        ...(event === "unrecorded" ? [NOT_TOLD] : []),
        ...(event === "ok" && now.canary > 0 ? [leaseInWords(site, product)] : []),
      ],
      ...(event === "ok" && now.canary > 0
        ? { next: `twinset watch ${product} --environment ${flags.environment}` }
        : {}),
      ...(event === "ok" ? {} : { next: `twinset status ${flags.environment}` }),
    });
    if (event === "unrecorded") return EXIT.unrecorded;
    return event === "ok" ? EXIT.done : engine.refused ? EXIT.guarded : EXIT.failed;
  } finally {
    operator.close();
  }
}

/** The same within a command that goes on after it: it has not ended, and what serves then is said at its end. */
export const takenOnTheWay: typeof taken = (session, ...step) => {
  const report: Reporter = (event) => {
    if (event.kind !== "end" || event.outcome !== "done") session.report(event);
  };
  return taken({ ...session, report }, ...step);
};

/** What did not go well may have moved the traffic all the same, and a release file may be older than what is so. */
async function servedNow(session: Session): Promise<string> {
  const { product } = session;
  const served = await edgeOf(session).served();
  if (!served) return `What serves ${product} cannot be looked up now.`;
  if (!served.inForce) return `The edge has ${servedInWords(served)}, but does not serve it.`;
  return servesInWords(entryAtEdge(served), product);
}
