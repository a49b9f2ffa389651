/** A terminal for tests: what was written to it, as a person sees it, and all that has scrolled away. */
import stringWidth from "string-width";

export class Terminal {
  /** From the first line on, those that have scrolled away among them. */
  private readonly grid: string[][] = [[]];
  private row = 0;
  private column = 0;

  constructor(
    readonly columns: number,
    readonly rows = 1000,
  ) {}

  /** @throws Error for an escape that moves the cursor in a way that is not known here */
  write(text: string): void {
    for (const [part] of text.matchAll(/\u001b\[(\d*)([A-Za-z])|[^]/gu)) {
      if (part.length > 1 && part.startsWith("\u001b")) this.escape(part);
      else if (part === "\n") this.to(this.row + 1, 0);
      else if (part === "\r") this.column = 0;
      else if (/\p{Cc}/u.test(part)) throw new Error(`a control character: ${JSON.stringify(part)}`);
      else this.print(part);
    }
  }

  /** All lines, without the empty ones at the end. */
  lines(): string[] {
    const lines = this.grid.map((cells) => cells.join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  private escape(part: string): void {
    const count = Number(part.slice(2, -1) || "1");
    switch (part.at(-1)) {
      case "m":
        return;
      case "A":
        // It cannot go to what has scrolled away.
        this.row = Math.max(this.row - count, this.grid.length - this.rows, 0);
        return;
      case "J":
        this.grid[this.row]!.length = this.column;
        // The screen stays as tall as it is.
        for (let below = this.row + 1; below < this.grid.length; below++) this.grid[below] = [];
        return;
      default:
        throw new Error(`an escape that a terminal is not to get: ${JSON.stringify(part)}`);
    }
  }

  private print(character: string): void {
    const width = stringWidth(character);
    if (this.column + width > this.columns) this.to(this.row + 1, 0);
    const cells = this.grid[this.row]!;
    while (cells.length < this.column) cells.push(" ");
    if (width === 0) {
      cells[Math.max(0, this.column - 1)] += character;
      return;
    }
    cells[this.column] = character;
    // The second column of a wide one is nobody else's.
    if (width === 2) cells[this.column + 1] = "";
    this.column += width;
  }

  private to(row: number, column: number): void {
    while (this.grid.length <= row) this.grid.push([]);
    this.row = row;
    this.column = column;
  }
}
