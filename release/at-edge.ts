/**
 * What the edge serves of a product, and how its traffic goes back there at once (docs/adr/0012): before, and without,
 * Terraform, its state and its lock. Terraform is told afterwards; until it is, the edge itself refuses every switch that
 * does not know of the move.
 */
import {
  type EdgeKeeper,
  KeeperError,
  type Move,
  type Mover,
  MovedMeanwhile,
  NoKeeper,
  NotMoved,
  type PastSplit,
  type ServedSplit,
} from "../clients/edge-keeper";
import { whoAmI } from "../clients/process";
import { ProblemsError } from "../model/problem";
import {
  type Colour,
  COLOURS,
  formatSplit,
  otherColour,
  type ProductRelease,
  type Weights,
  weights,
} from "../model/release";
import type { Reporter } from "./report";

/** The keeper beside the edge, as a release uses it. */
export type Keeper = Pick<EdgeKeeper, "facts" | "served" | "move" | "renew">;

/** Between two attempts somebody else moved the traffic, too. */
const ATTEMPTS = 3;

/** Do two splits send the same share of the visitors to each set? One without traffic need not run. */
export const isSameSplit = (a: Weights, b: Weights): boolean =>
  (a.blue ?? 0) === (b.blue ?? 0) && (a.green ?? 0) === (b.green ?? 0);

const isThere = (served: ServedSplit, { live, ...to }: ProductRelease): boolean =>
  served.inForce && served.live === live && isSameSplit(served.weights, weights({ live, ...to }));

/** All traffic on one of the sets that the edge knows. */
const allOn = (live: Colour, known: Weights): Weights =>
  Object.fromEntries(Object.keys(known).map((colour) => [colour, colour === live ? 100 : 0]));

/** Per cent that the set has which is not live. */
export const canaryIn = ({ weights: split, live }: Pick<ServedSplit, "weights" | "live">): number =>
  split[otherColour(live)] ?? 0;

/** The product's entry with the traffic as the edge has it. */
export const entryServed = (entry: ProductRelease, served: ServedSplit): ProductRelease => ({
  ...entry,
  live: served.live,
  canary: canaryIn(served),
});

/** The product's entry as far as the edge knows it: sets by their versions alone. */
export function entryAtEdge(served: ServedSplit): ProductRelease {
  const { live, weights: split, versions } = served;
  const set = (colour: Colour): { version: string } | null =>
    split[colour] === undefined ? null : { version: versions[colour] ?? "" };
  return { live, canary: canaryIn(served), blue: set("blue"), green: set("green") };
}

/** "blue=100,green=0 since 2026-11-28 22:00 (ann@laptop: rollback)". */
export const servedInWords = ({ weights: split, at, who, why }: ServedSplit): string =>
  `${formatSplit(split)} since ${at.slice(0, 16).replace("T", " ")} (${who}: ${why})`;

/** Whom all traffic can go back to by what the edge alone remembers. */
export type WayBackAtEdge =
  | { readonly kind: "move"; readonly live: Colour; readonly version: string; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

/**
 * The end of a canary leads to the live set. After a cutover it is the set that had all traffic just before, if it still
 * runs that version and if the one that has it now never had it before: whoever had it twice may be back from something.
 * So may a version that got it past Terraform: what it came after was left. Everything else takes the record.
 */
export function wayBackAtEdge({ weights: split, live, versions, past }: ServedSplit): WayBackAtEdge {
  const other = otherColour(live);
  if (canaryIn({ weights: split, live }) > 0) {
    return { kind: "move", live, version: versions[live] ?? "", why: `${other} has ${split[other]} %` };
  }
  const now = versions[live];
  const held = heldAtEdge(past);
  const last = held.findLastIndex((each) => each.version !== now || each.live !== live);
  const before = held[last];
  if (!before) return { kind: "unknown", why: "the edge knows of no version before this one" };
  if (held.slice(0, last).some(({ version }) => version === now)) {
    return { kind: "unknown", why: `${now ?? live} had all traffic before` };
  }
  const back = wentBack({ weights: split, live, versions, past });
  if (back) return { kind: "unknown", why: `${now ?? live} got all traffic by a way back (${back.who}: ${back.why})` };
  if (before.live !== other || split[other] === undefined || versions[other] !== before.version || !before.version) {
    return {
      kind: "unknown",
      why: `${before.version ?? before.live}, which had all traffic before, does not run any more`,
    };
  }
  return { kind: "move", live: other, version: before.version, why: `${other} had all traffic before` };
}

interface HeldAtEdge extends Pick<PastSplit, "live" | "at" | "by" | "who" | "why"> {
  readonly version: string | undefined;
}

/** Who had all traffic, the oldest first. */
const heldAtEdge = (past: readonly PastSplit[]): HeldAtEdge[] =>
  past
    .filter((each) => canaryIn(each) === 0)
    .map(({ live, versions, at, by, who, why }) => ({ live, version: versions[live], at, by, who, why }));

/** How the traffic went back to the version that has all of it, past Terraform, and which one was left by that. */
export interface WentBack extends Pick<PastSplit, "at" | "who" | "why"> {
  readonly left: string;
  readonly to: string;
}

/**
 * A way back that Terraform's switch had to go, as no keeper answered, is said right after it (`wasBack`).
 * @returns undefined: whoever has all traffic got it by a step forward, or never another one had it
 */
export function wentBack({
  weights: split,
  live,
  versions,
  past,
}: Pick<ServedSplit, "weights" | "live" | "versions" | "past">): WentBack | undefined {
  const to = versions[live];
  if (canaryIn({ weights: split, live }) > 0 || to === undefined) return undefined;
  const isOthers = (each: PastSplit): boolean => each.live !== live || each.versions[each.live] !== to;
  const last = past.findLastIndex((each) => canaryIn(each) === 0 && isOthers(each));
  const left = last < 0 ? undefined : past[last]!.versions[past[last]!.live];
  const since = past.slice(last + 1);
  const begin = since.findIndex((each) => canaryIn(each) === 0);
  if (left === undefined || left === to || begin < 0) return undefined;
  const trial = since.findIndex((each, i) => i > begin && canaryIn(each) > 0);
  const got = since.slice(begin, trial < 0 ? undefined : trial);
  const back = got[0]!.by === "switch" ? got.find(({ by }) => by === "run" || by === "person") : got[0]!;
  if (!back || back.by === "forward") return undefined;
  return { left, to, at: back.at, who: back.who, why: back.why };
}

/** What was watched is no longer so. */
export interface Lost {
  readonly by: Mover;
  readonly text: string;
}

export interface AtEdgeOptions {
  readonly product: string;
  readonly keeper: () => Promise<Keeper>;
  readonly report: Reporter;
  /** Whose moves these are. */
  readonly by: "person" | "run";
}

/** One product's traffic at the edge, for as long as a command runs. */
export class AtEdge {
  /** What was told already, by its kind. */
  private readonly told = new Set<"silent" | "not moved" | "not known">();
  /** Is there a keeper that did not answer when it was asked last? */
  isSilent = false;

  constructor(private readonly options: AtEdgeOptions) {}

  /** @returns undefined: there is no keeper, or it does not answer, which is told once */
  async served(): Promise<ServedSplit | undefined> {
    try {
      const served = await (await this.options.keeper()).served(this.options.product);
      this.isSilent = false;
      return served;
    } catch (reason) {
      this.isSilent = !(reason instanceof NoKeeper);
      this.silent(reason);
      return undefined;
    }
  }

  /**
   * All traffic to the set of an entry, at once.
   * @param seen what is in force, where it was just looked at
   * @returns false: it could not be done here; why is told. Terraform's switch is what is left
   */
  async back(to: ProductRelease, why: string, seen?: ServedSplit): Promise<boolean> {
    let served = seen ?? (await this.served());
    for (let attempt = 0; served && attempt < ATTEMPTS; attempt += 1) {
      if (isThere(served, to)) return true;
      const wanted = to[to.live]?.version;
      if (served.weights[to.live] === undefined || served.versions[to.live] !== wanted) {
        const knows = served.versions[to.live] ?? "no version";
        this.warn(
          "not known",
          `The edge knows ${knows} as ${to.live}, not ${wanted ?? "none"}: only a switch of Terraform's leads there.`,
        );
        return false;
      }
      try {
        await this.move(served, { weights: allOn(to.live, served.weights), live: to.live, by: this.options.by, why });
        return true;
      } catch (reason) {
        if (!(reason instanceof MovedMeanwhile)) {
          this.silent(reason);
          // Its answer alone may have got lost.
          served = await this.served();
          return served !== undefined && isThere(served, to);
        }
        served = await this.served();
      }
    }
    return false;
  }

  /** Terraform's switch has gone a way back that could not be gone here: the edge remembers what it was, if it answers now. */
  async wasBack(to: ProductRelease, why: string): Promise<void> {
    const served = await this.served();
    if (!served || served.by !== "switch" || !isThere(served, to)) return;
    try {
      await this.put(served, { weights: served.weights, live: to.live, by: this.options.by, why });
    } catch (reason) {
      if (!(reason instanceof MovedMeanwhile)) this.silent(reason);
    }
  }

  /** Somebody watches what a run has left in force, for another lease. @returns what is in force in its place */
  async watched(left: Weights): Promise<Lost | undefined> {
    const served = await this.served();
    if (!served) return undefined;
    if (!isSameSplit(served.weights, left)) return lost(served);
    try {
      await (await this.options.keeper()).renew(served);
      return undefined;
    } catch (reason) {
      if (reason instanceof MovedMeanwhile) return lost((await this.served()) ?? served);
      this.silent(reason);
      return undefined;
    }
  }

  /**
   * Traffic to the other set, or more of it, before Terraform carries out the plan that says so. Only between sets that the
   * edge knows as that plan does; everything else is left to the plan.
   * @param seen what was in force a moment ago: who moved it since is not undone
   * @returns whether the edge serves it
   */
  async forward(now: ProductRelease, to: ProductRelease, why: string, seen?: ServedSplit): Promise<boolean> {
    if (now.live === to.live && now.canary === to.canary) return false;
    const served = seen ?? (await this.served());
    const isKnown = served && COLOURS.every((colour) => served.versions[colour] === to[colour]?.version);
    if (!isKnown || !served.inForce || !isSameSplit(served.weights, weights(now))) return false;
    try {
      await this.move(served, { weights: weights(to), live: to.live, by: "forward", why });
      return true;
    } catch (reason) {
      // The plan does it, or says why it cannot.
      if (!(reason instanceof MovedMeanwhile)) this.silent(reason);
      return false;
    }
  }

  /**
   * What is in force and is neither what a step begins with nor what it leads to: somebody has moved the traffic since, or
   * the release file of this computer is older than that. Its step would move it once more.
   * @param seen what is in force, where it was just looked at
   */
  async movedFrom(left: ProductRelease | null, to: ProductRelease, seen?: ServedSplit): Promise<Lost | undefined> {
    const served = seen ?? (await this.served());
    const known = left ? [left, to] : [to];
    if (!served || known.some((entry) => isSameSplit(served.weights, weights(entry)))) return undefined;
    return lost(served);
  }

  /** Is the traffic where an entry has it? An edge that does not answer is nowhere. */
  async isAt(to: ProductRelease): Promise<boolean> {
    const served = await this.served();
    return served !== undefined && isThere(served, to);
  }

  private async move(from: ServedSplit, to: Pick<Move, "weights" | "live" | "by" | "why">): Promise<void> {
    await this.put(from, to);
    this.options.report({ kind: "traffic", weights: to.weights });
  }

  private async put({ revision }: ServedSplit, to: Pick<Move, "weights" | "live" | "by" | "why">): Promise<void> {
    const { product, keeper } = this.options;
    await (await keeper()).move({ ...to, product, revision, who: whoAmI() });
  }

  private silent(reason: unknown): void {
    if (reason instanceof NoKeeper) return;
    if (!(reason instanceof KeeperError || reason instanceof ProblemsError)) throw reason;
    if (reason instanceof NotMoved) this.warn("not moved", `The edge did not go along: ${reason.message}`);
    else this.warn("silent", `The keeper beside the edge does not answer: ${reason.message}`);
  }

  private warn(kind: "silent" | "not moved" | "not known", text: string): void {
    if (!this.told.has(kind)) this.options.report({ kind: "line", level: "warning", text });
    this.told.add(kind);
  }
}

const lost = (served: ServedSplit): Lost => ({
  by: served.by,
  text: `the edge has ${servedInWords(served)}`,
});
