/** Walks through data for a change of every text in it. */

/** Every text in plain data, keys among them; what has a class of its own is left as it is. */
export function eachText<T>(value: T, change: (text: string) => string): T {
  if (typeof value === "string") return change(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => eachText(each, change)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const result = new Map<string, unknown>();
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    // Two keys that become one text stay two.
    const name = change(key);
    let free = name;
    for (let n = 2; result.has(free); n++) free = `${name} (${n})`;
    result.set(free, eachText(inner, change));
  }
  return Object.fromEntries(result) as T;
}
