/** A canary is in force, and its run waits for something else than a verdict: for the store, the lock, a plan. */
import { weights, type ProductRelease } from "../model/release";
import type { AtEdge } from "./at-edge";
import { inTime } from "./in-time";
import type { Watcher, WatchRules } from "./surroundings";

/** Keeps the canary's lease for as long as nothing speaks against its version. */
export class OnTrial {
  /** What speaks against it, once something does. */
  against: readonly string[] | undefined;

  constructor(
    private readonly edge: Pick<AtEdge, "watched">,
    private readonly watcher: Watcher,
    private readonly rules: WatchRules & { readonly everySeconds: number },
  ) {}

  /** @param since when the version got its share, in milliseconds since 1970 */
  during<T>(work: Promise<T>, left: ProductRelease, since: number): Promise<T> {
    let over = false;
    const done = work.finally(() => (over = true));
    const goesOn = async (): Promise<boolean> => {
      if ((await this.edge.watched(weights(left))) || over) return false;
      const { verdict, text } = await this.watcher.look((Date.now() - since) / 1000, this.rules);
      if (verdict === "breach") this.against = text;
      return verdict !== "breach";
    };
    const watch = async (): Promise<void> => {
      do await inTime(done, this.rules.everySeconds * 1000);
      while (!over && (await goesOn().catch(() => false)));
    };
    void watch();
    return done;
  }
}
