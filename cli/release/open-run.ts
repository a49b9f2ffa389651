/** A run that nobody is at any more, or that is another operator's: with the traffic where it should be it is over. */
import { ProblemsError } from "../../model/problem";
import { type Unfinished, unfinished } from "../../release/journal/unfinished";
import type { Outcome } from "../../release/machine";
import type { Session } from "./session";

/** Steps before which no visitor has seen the version. */
const UNSEEN: ReadonlySet<string | undefined> = new Set(["deploy", "smoke", "clean-up"]);

const outcomeOf = ({ progress }: Unfinished): Outcome => (UNSEEN.has(progress?.step) ? "failed" : "went-back");

/**
 * Under the lock, once the traffic is where it is to be.
 * @param live the version that has it, where nothing was moved: a run of that one may be in its keep, and goes on
 */
export async function endOpenRun({ journal, product, report }: Session, live?: string): Promise<void> {
  try {
    const open = unfinished(await journal.read(), product);
    if (!open || (live !== undefined && open.progress?.version === live)) return;
    const outcome = outcomeOf(open);
    await journal.append({ event: "ended", run: open.run, product, outcome });
    if (live === undefined) return;
    const what = outcome === "failed" ? "no visitor has seen it" : "it has no visitors any more";
    const text = `The release of ${open.progress?.version ?? product} by ${open.who} since ${open.since} has ended by this: ${what}.`;
    report({ kind: "line", level: "info", text });
  } catch (reason) {
    // The traffic is back, whatever the store says; who goes on with such a run sees that it was overtaken.
    if (!(reason instanceof ProblemsError)) throw reason;
    const text = `Whether a release of ${product} is still open could not be looked up: ${reason.problems[0]!.given}`;
    report({ kind: "line", level: "warning", text });
  }
}
