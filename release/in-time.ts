/** What may take as long as a store likes, and is not waited for. */

/** @returns undefined: not within so many milliseconds, or not at all */
export async function inTime<T>(work: Promise<T> | undefined, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([Promise.resolve(work).catch(() => undefined), late]).finally(() => clearTimeout(timer));
}
