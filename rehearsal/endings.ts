/** How everything that was started ends: the last one first, and one that fails does not keep the others. */

type End = () => Promise<unknown> | void;

export class Endings {
  private readonly ends: { readonly end: End; readonly removes: boolean }[] = [];

  /** Stops something that runs. */
  stops(end: End): void {
    this.ends.push({ end, removes: false });
  }

  /** Removes something that was made and that one may want to keep. */
  removes(end: End): void {
    this.ends.push({ end, removes: true });
  }

  /** @throws AggregateError with all that went wrong, after everything was tried */
  async end({ keep = false } = {}): Promise<void> {
    const problems: unknown[] = [];
    for (let next = this.ends.pop(); next; next = this.ends.pop()) {
      if (keep && next.removes) continue;
      try {
        await next.end();
      } catch (reason) {
        problems.push(reason);
      }
    }
    if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join("\n"));
  }
}
