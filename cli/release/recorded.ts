/** Traffic was moved at the edge: what tells Terraform of it is tried until it works, or until it is time to say that it does not. */
import { setTimeout as sleep } from "node:timers/promises";
import { AGAIN_EVERY_MS } from "../../release/held";
import type { Reporter } from "../../release/report";
import { EXIT } from "../shared/exit";
import { terminalOperator } from "../shared/operator";
import type { ReleaseFlags } from "./session";
import { NOT_TOLD } from "./words";

/** So long after its time whoever waits is told that it goes on. */
const LATE_MS = 10_000;

/** Traffic is back: Terraform is told as soon as store and lock allow it, and what does not is said once. */
export async function recordedInTime(
  product: string,
  flags: ReleaseFlags,
  report: Reporter,
  seconds: number,
  work: (report: Reporter) => Promise<number>,
): Promise<number> {
  const said = new Set<string>();
  const once: Reporter = (event) => {
    if (event.kind === "line" && said.has(event.text)) return;
    if (event.kind === "line") said.add(event.text);
    report(event);
  };
  const begin = performance.now();
  const operator = terminalOperator(false, (text) => report({ kind: "line", level: "warning", text }));
  // What hangs is not broken off, as that could leave an apply half done; but nobody waits for it without a word.
  const late = setTimeout(
    () => {
      const text = `Traffic of ${product} is back; Terraform has still not been told, and does not answer or waits. Ctrl-C twice ends this, and the next command tells it.`;
      report({ kind: "line", level: "warning", text });
    },
    seconds * 1000 + LATE_MS,
  );
  try {
    for (;;) {
      const code = await work(once);
      // What a person has to look at does not get better by waiting.
      if (code === EXIT.done || code === EXIT.guarded || code === EXIT.unrecorded) return code;
      if (operator.interrupted || performance.now() - begin >= seconds * 1000) {
        const took = Math.round((performance.now() - begin) / 1000);
        const text = [`Traffic of ${product} is back.`, NOT_TOLD];
        report({ kind: "end", outcome: "went-back", seconds: took, text, next: `twinset status ${flags.environment}` });
        return EXIT.unrecorded;
      }
      await sleep(AGAIN_EVERY_MS, undefined, operator.interruption ? { signal: operator.interruption } : {}).catch(
        () => undefined,
      );
    }
  } finally {
    clearTimeout(late);
    operator.close();
  }
}
