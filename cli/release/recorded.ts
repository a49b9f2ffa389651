/** Traffic was moved at the edge: what tells Terraform of it is tried until it works, or until it is time to say that it does not. */
import { setTimeout as sleep } from "node:timers/promises";
import { AGAIN_EVERY_MS, LAST_TRY_MS } from "../../release/held";
import type { Reporter } from "../../release/report";
import { EXIT } from "../shared/exit";
import { terminalOperator } from "../shared/operator";
import type { ReleaseFlags, Within } from "./session";
import { NOT_TOLD } from "./words";

/** So long after everything else was broken off whoever waits is told what for. */
const LATE_MS = 10_000;

/** The command that tells Terraform; its flags have the time that is left for that. */
export type Recording = (flags: ReleaseFlags, within: Within) => Promise<number>;

/**
 * Traffic is back: Terraform is told as soon as store and lock allow it, and what does not is said once. When the time is
 * over what hangs is broken off: questions to the store, and all of Terraform but an apply that has begun with a resource.
 */
export async function recordedInTime(
  product: string,
  flags: ReleaseFlags,
  report: Reporter,
  seconds: number,
  work: Recording,
): Promise<number> {
  const said = new Set<string>();
  let isTold = false;
  const once: Reporter = (event) => {
    if (event.kind === "step" && event.step === "back" && event.state === "done") isTold = true;
    if (event.kind === "line" && said.has(event.text)) return;
    if (event.kind === "line") said.add(event.text);
    report(event);
  };
  const begin = performance.now();
  const left = (): number => Math.max(0, seconds - (performance.now() - begin) / 1000);
  const operator = terminalOperator(false, (text) => report({ kind: "line", level: "warning", text }));
  const over = new AbortController();
  const hangs = setTimeout(() => over.abort(), seconds * 1000 + LAST_TRY_MS);
  const late = setTimeout(
    () => {
      const text = `Traffic of ${product} is back; what Terraform has begun is not broken off, and this waits for it. Ctrl-C twice ends it, and the next command tells Terraform.`;
      report({ kind: "line", level: "warning", text });
    },
    seconds * 1000 + LAST_TRY_MS + LATE_MS,
  );
  try {
    for (;;) {
      const code = await work({ ...flags, recordFor: `${Math.ceil(left())}s` }, { report: once, over: over.signal });
      // What a person has to look at does not get better by waiting.
      if (code === EXIT.done || code === EXIT.guarded) return code;
      // Terraform knows, and only the record does not: that is tried again, and is no reason to say that it does not.
      if (code === EXIT.unrecorded && !isTold) return code;
      if (operator.interrupted || left() === 0) {
        const took = Math.round((performance.now() - begin) / 1000);
        const text = [`Traffic of ${product} is back.`, isTold ? "Terraform has been told." : NOT_TOLD];
        const next = `twinset status ${flags.environment}`;
        report({ kind: "end", outcome: isTold ? "done" : "went-back", seconds: took, text, next });
        return isTold ? EXIT.done : EXIT.unrecorded;
      }
      await sleep(AGAIN_EVERY_MS, undefined, operator.interruption ? { signal: operator.interruption } : {}).catch(
        () => undefined,
      );
    }
  } finally {
    clearTimeout(hangs);
    clearTimeout(late);
    operator.close();
  }
}
