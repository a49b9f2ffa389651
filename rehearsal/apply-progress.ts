import type { ApplyEvent } from "../terraform/working-directory";

/** Says now and then how far a long apply is. */
export class ApplyProgress {
  private static readonly EVERY_SECONDS = 20;
  private done = 0;
  private readonly working = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  constructor(say: (line: string) => void) {
    this.timer = setInterval(() => {
      const [first, ...others] = this.working;
      const waiting =
        first === undefined ? "" : `, waiting for ${first}${others.length > 0 ? ` and ${others.length} more` : ""}`;
      say(`… ${this.done} changed${waiting}`);
    }, ApplyProgress.EVERY_SECONDS * 1000);
  }

  take({ type, address }: ApplyEvent): void {
    if (type === "apply_start") this.working.add(address);
    if (type === "apply_complete") this.done += 1;
    if (type === "apply_complete" || type === "apply_errored") this.working.delete(address);
  }

  end(): void {
    clearInterval(this.timer);
  }
}
