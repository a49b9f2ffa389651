/** Something that a person can mend; told without a stack trace. */
export class BenchError extends Error {}

/** @throws BenchError for anything but a whole number */
export function wholeNumber(option: string, text: string, least = 1): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && text.trim() !== "") return number;
  throw new BenchError(`${option}: ${text} given, a whole number from ${least} expected, e.g. ${option} 7`);
}
