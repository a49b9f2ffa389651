/** Of the commands that are one step of a release: one edit of the entry, planned, guarded and applied. */
import { isDeepStrictEqual } from "node:util";
import { error, ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import { Engine } from "../../release/engine";
import { newRunId } from "../../release/journal/journal";
import { ledgerOf } from "../../release/journal/ledger";
import { unfinished } from "../../release/journal/unfinished";
import { inWords, mustBeWhole, problemsOf } from "../../release/journal/whole";
import type { Step } from "../../release/machine";
import { EXIT } from "../shared/exit";
import { terminalOperator } from "../shared/operator";
import { inSession, type ReleaseFlags, type Session } from "./session";

/** Where to a step leads. The way back must not be barred by a journal that cannot be read whole. */
export type Way = "forward" | "back";

/** By the operator's own decision, under the lock, and written down as a run of its own. */
export const single = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  step: Step,
  purpose: string,
  edit: (before: ProductRelease, session: Session) => Promise<ProductRelease> | ProductRelease,
  way: Way = "forward",
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
    const past = await lookedAt(session, way === "back" || takesBack(before, to));
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
      ledger: ledgerOf(journal, id, product, past),
      watcher: { look: () => Promise.resolve({ verdict: "wait", text: [] }) },
      allow: flags.allow ?? [],
    });
    try {
      const begin = performance.now();
      const { event } = await engine.single(step, before, to, `${purpose} of ${product}`);
      const open = unfinished(await journal.read(), product);
      if (step === "back" && event === "ok" && open) {
        // A run that died, or that another operator keeps watch of: with the traffic back it is over.
        await journal.append({ event: "ended", run: open.run, product, outcome: "went-back" });
      }
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

/** Does it only take traffic from the set that is on trial? The live set is known good, whatever the journal says. */
const takesBack = (before: ProductRelease, to: ProductRelease): boolean =>
  to.live === before.live && to.canary < before.canary && isDeepStrictEqual({ ...to, canary: before.canary }, before);

/** Lines of the journal that the operator has looked at. @throws ProblemsError: it cannot be read whole, unless on the way back */
async function lookedAt({ journal, product, flags, report }: Session, isWayBack: boolean): Promise<readonly string[]> {
  const known = await journal.read();
  if (!isWayBack) return mustBeWhole(known, product, flags.environment, flags.past);
  for (const problem of problemsOf(known, product, flags.environment)) {
    report({ kind: "line", level: "warning", text: `${inWords(problem)}. Traffic is moved back all the same.` });
  }
  return [];
}
