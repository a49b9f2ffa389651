/** How the benches say their numbers. */

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const fixed = (number: number): string => number.toFixed(2);
export const range = (numbers: readonly number[], unit = ""): string =>
  `${fixed(Math.min(...numbers))}–${fixed(Math.max(...numbers))}${unit}`;
export const countOf = (runs: number): string => (runs === 1 ? "1 run" : `${runs} runs`);
