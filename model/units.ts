/**
 * Units as types, so that "30" is never seconds in one place and milliseconds in another.
 */

/** A span of time; whole seconds, never negative. Make one with `seconds`, `minutes`, `hours` or `days`. */
export class Duration {
  constructor(readonly seconds: number) {
    if (!Number.isInteger(seconds) || seconds < 0) {
      throw new RangeError(`a duration is a whole number of seconds, not ${seconds}`);
    }
  }

  plus(other: Duration): Duration {
    return new Duration(this.seconds + other.seconds);
  }

  times(factor: number): Duration {
    return new Duration(this.seconds * factor);
  }

  /** As Go prints it ("40s", "1m30s", "1h0m0s"): the form in which the Docker provider compares durations. */
  toGo(): string {
    const h = Math.floor(this.seconds / 3600);
    const m = Math.floor((this.seconds % 3600) / 60);
    const s = this.seconds % 60;
    if (h > 0) return `${h}h${m}m${s}s`;
    return m > 0 ? `${m}m${s}s` : `${s}s`;
  }
}

export const seconds = (n: number): Duration => new Duration(n);
export const minutes = (n: number): Duration => new Duration(n * 60);
export const hours = (n: number): Duration => new Duration(n * 3600);
export const days = (n: number): Duration => new Duration(n * 86_400);

/** An amount of memory or disk; whole mebibytes. Make one with `mebibytes` or `gibibytes`. */
export class Size {
  constructor(readonly mebibytes: number) {
    if (!Number.isInteger(mebibytes) || mebibytes < 0) {
      throw new RangeError(`a size is a whole number of MiB, not ${mebibytes}`);
    }
  }

  get gibibytes(): number {
    return this.mebibytes / 1024;
  }

  plus(other: Size): Size {
    return new Size(this.mebibytes + other.mebibytes);
  }

  times(factor: number): Size {
    return new Size(this.mebibytes * factor);
  }

  /** For people: "512 MiB", "12.5 GiB". */
  toString(): string {
    return this.mebibytes < 1024 ? `${this.mebibytes} MiB` : `${Math.round(this.gibibytes * 10) / 10} GiB`;
  }
}

export const mebibytes = (n: number): Size => new Size(n);
export const gibibytes = (n: number): Size => new Size(n * 1024);
