/** What came of a rehearsal: for people as a table, for programs as JSON. */
import type { Figure } from "./drills/drill";
import type { Origin } from "./images/stand-ins";

export interface DrillResult {
  readonly number: number;
  readonly name: string;
  readonly title: string;
  readonly result: "passed" | "failed";
  /** Seconds, with everything that it took to get ready for it. */
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Why it failed. */
  readonly reason?: string;
}

export interface Report {
  readonly platform: string;
  readonly environment: string;
  /** "Terraform v1.11.4" and so on. */
  readonly versions: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly seconds: number;
  /** What the rehearsed stack differs in from the real one. */
  readonly changes: readonly string[];
  readonly images: Readonly<Record<string, Origin>>;
  readonly drills: readonly DrillResult[];
  /** Drills that this computer could not run. */
  readonly notRun: readonly string[];
  /** What they would have needed. */
  readonly missing: readonly string[];
}

/** Does a figure keep its promise? One without a promise does. */
export const keepsPromise = ({ value, promise }: Figure): boolean =>
  promise === undefined || (typeof value === "number" && value <= promise.atMost);

/** "deploy 42.1 s (deploy under 10 min: kept)". */
export function formatFigure(figure: Figure): string {
  const { name, value, unit, promise } = figure;
  const number = typeof value === "number" ? value.toLocaleString("en") : value;
  const shown = `${name} ${number}${unit === undefined ? "" : ` ${unit}`}`;
  return promise ? `${shown} (${promise.source}: ${keepsPromise(figure) ? "kept" : "NOT KEPT"})` : shown;
}

/** "rollback: traffic back 32 s (traffic back under 30 s: NOT KEPT)": told at the end, also where the drill has passed. */
export const missedPromises = (drills: readonly DrillResult[]): string[] =>
  drills.flatMap(({ name, figures }) =>
    figures.filter((figure) => !keepsPromise(figure)).map((figure) => `${name}: ${formatFigure(figure)}`),
  );

/** "12 pulled, 3 of this engine, 35 stand-ins: ghcr.io/…" */
export function formatImages(images: Report["images"]): string[] {
  const words: Record<Origin, string> = { pulled: "pulled", local: "already on this engine", "stand-in": "stand-ins" };
  return (Object.keys(words) as Origin[]).flatMap((origin) => {
    const names = Object.keys(images).filter((name) => images[name] === origin);
    if (names.length === 0) return [];
    const shown = names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
    return [`${names.length} ${words[origin]}: ${shown}`];
  });
}
