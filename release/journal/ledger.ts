import type { Ledger, Noted } from "../engine";
import type { NewEntry } from "./entry";
import type { Journal } from "./journal";

export interface RunLedger extends Ledger {
  /** Ids of the entries that it has written. */
  readonly own: ReadonlySet<string>;
}

/**
 * Writes the engine's steps into the journal, as a run's.
 * @param past lines that cannot be read, and that somebody has looked at; for a step by itself, which has no other entry
 */
export function ledgerOf(journal: Journal, run: string, product: string, past: readonly string[] = []): RunLedger {
  const own = new Set<string>();
  return {
    own,
    async append({ text, ...noted }: Noted): Promise<void> {
      // Each event has an entry of its own kind, all with the same fields.
      const looked = past.length > 0 && noted.event === "step-started" ? { past } : {};
      const entry = { ...noted, ...looked, run, product, ...(text ? { reason: text.join("\n") } : {}) } as NewEntry;
      own.add((await journal.append(entry)).id);
    },
  };
}
