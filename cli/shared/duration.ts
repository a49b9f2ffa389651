import { error, ProblemsError } from "../../model/problem";
import { type Duration, minutes, seconds } from "../../model/units";

/** "10m", "90s", "1h". @param flag the option, for errors @throws ProblemsError for what is no time */
export function durationOf(text: string | undefined, flag: string, otherwise: Duration): Duration {
  if (text === undefined) return otherwise;
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  if (amount === undefined) throw new ProblemsError([error(flag, text, "a time such as 90s, 10m or 1h", "correct it")]);
  return unit === "s" ? seconds(Number(amount)) : minutes(Number(amount) * (unit === "h" ? 60 : 1));
}
