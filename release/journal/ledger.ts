import type { Ledger, Noted } from "../engine";
import type { NewEntry } from "./entry";
import type { Journal } from "./journal";

/** Writes the engine's steps into the journal, as a run's. */
export const ledgerOf = (journal: Journal, run: string, product: string): Ledger => ({
  async append({ text, ...noted }: Noted): Promise<void> {
    // Each event has an entry of its own kind, all with the same fields.
    const entry = { ...noted, run, product, ...(text ? { reason: text.join("\n") } : {}) } as NewEntry;
    await journal.append(entry);
  },
});
