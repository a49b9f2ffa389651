/** What Ctrl-C does to whoever has a world. */
import { killChildren } from "../clients/program";
import type { Endings } from "./endings";
import { EXIT } from "./exit";

/** Ctrl-C: children end, everything that was made goes, then the process ends. A second one ends it at once. */
export class Interrupt {
  private static readonly SIGNALS = ["SIGINT", "SIGTERM"] as const;
  private happened = false;

  constructor(
    private readonly endings: Endings,
    private readonly write: (line: string) => void,
  ) {
    Interrupt.SIGNALS.forEach((signal) => process.on(signal, this.onSignal));
  }

  private readonly onSignal = (): void => {
    if (this.happened) process.exit(EXIT.interrupted);
    this.happened = true;
    this.write("\nInterrupted: removing everything that was made …");
    killChildren();
    void this.endings
      .end()
      .catch((reason: unknown) => this.write(String(reason)))
      .finally(() => process.exit(EXIT.interrupted));
  };

  /** After a signal this never comes: whoever waits for it goes no further, and the process ends. */
  settled(): Promise<void> {
    return this.happened ? new Promise(() => undefined) : Promise.resolve();
  }

  off(): void {
    Interrupt.SIGNALS.forEach((signal) => process.off(signal, this.onSignal));
  }
}
