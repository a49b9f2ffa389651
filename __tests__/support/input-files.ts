/** What a careful team has in its `.env` files. */
import { deliveryValues } from "../../inputs/delivery-values";
import { long } from "../../model/pipeline";
import { KORCZEWSKI } from "./platforms";

const { platform } = KORCZEWSKI;
const delivery = platform.delivery!;
export type Files = Record<string, Record<string, string>>;

/** Korczewski's, whole, with a few lines changed. */
export function files(change: Files = {}): Files {
  const whole: Files = { delivery: {}, staging: {}, production: {} };
  for (const value of deliveryValues(platform, delivery, () => ({}), {})) {
    whole[value.file]![value.name] = long(`${value.file}-${value.name}`, value);
  }
  return Object.fromEntries(Object.entries(whole).map(([name, file]) => [name, { ...file, ...change[name] }]));
}

export const reading = (given: Files) => (stack: string) => given[stack] ?? {};

export const values = (given: Files, env = {}) => deliveryValues(platform, delivery, reading(given), env);
