/** What a careful team has in its `.env` files. */
import { deliveryValues } from "../../inputs/delivery-values";
import { KORCZEWSKI } from "./platforms";

const { platform } = KORCZEWSKI;
const delivery = platform.delivery!;
export type Files = Record<string, Record<string, string>>;

/** Korczewski's, whole, with a few lines changed. */
export function files(change: Files = {}): Files {
  const whole: Files = { delivery: {}, staging: {}, production: {} };
  for (const { name, file, minLength = 1 } of deliveryValues(platform, delivery, () => ({}), {})) {
    whole[file]![name] = `${file}-${name}`.padEnd(minLength, "-");
  }
  return Object.fromEntries(Object.entries(whole).map(([name, file]) => [name, { ...file, ...change[name] }]));
}

export const reading = (given: Files) => (stack: string) => given[stack] ?? {};

export const values = (given: Files, env = {}) => deliveryValues(platform, delivery, reading(given), env);
