/** A canary is in force, and its run waits for something else than a verdict: for the store, the lock, a plan. */
import { weights, type ProductRelease } from "../model/release";
import type { AtEdge } from "./at-edge";
import { inTime } from "./in-time";
import type { Watcher, WatchRules } from "./surroundings";

/** Keeps the canary's lease for as long as nothing speaks against its version. */
export class OnTrial {
  private over = false;
  private against: readonly string[] | undefined;
  private looking: Promise<boolean> = Promise.resolve(true);

  constructor(
    private readonly edge: Pick<AtEdge, "watched">,
    private readonly watcher: Watcher,
    private readonly rules: WatchRules & { readonly everySeconds: number },
  ) {}

  /** @param since when the version got its share, in milliseconds since 1970 */
  during<T>(work: Promise<T>, left: ProductRelease, since: number): Promise<T> {
    const done = work.finally(() => (this.over = true));
    const watch = async (): Promise<void> => {
      do await inTime(done, this.rules.everySeconds * 1000);
      while (!this.over && (await this.goesOn(left, since).catch(() => false)));
    };
    void watch();
    return done;
  }

  /** What speaks against it. Nobody looks any more then: what is waited for is over. */
  async word(): Promise<readonly string[] | undefined> {
    this.over = true;
    await this.looking.catch(() => false);
    return this.against;
  }

  private async goesOn(left: ProductRelease, since: number): Promise<boolean> {
    if ((await this.edge.watched(weights(left))) || this.over) return false;
    this.looking = this.look(since);
    return this.looking;
  }

  private async look(since: number): Promise<boolean> {
    const { verdict, text } = await this.watcher.look((Date.now() - since) / 1000, this.rules);
    if (verdict === "breach") this.against = text;
    return verdict !== "breach";
  }
}
