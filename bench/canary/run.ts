/** `npm run bench -- --canary`: how often each rule is right about canaries that are made up. */
import colours from "picocolors";
import { plainTable } from "../../cli/shared/table";
import { CASES, type Case, type Result } from "./cases";
import { argo, flagger, kayenta, type Rule, twinset } from "./rules";
import { simulate } from "./simulate";

const RULES: Readonly<Record<string, Rule>> = {
  twinset,
  "Flagger-like": flagger,
  "Argo-like": argo,
  "Kayenta-like": kayenta,
};

/** @param seed the same gives the same table */
export function canaries(runs: number, seed: number, only = ""): void {
  console.log(`${runs} canaries a row, 10 % of the requests for 10 minutes, seed ${seed}. Seconds are medians.\n`);
  const cases = CASES.filter(({ name }) => name.includes(only));
  const rows = cases.map((kase) => {
    const results = Object.values(RULES).map((rule) => simulate(kase, rule, runs, seed));
    const met = kase.met(results[0]!) ? colours.green("met") : colours.yellow("missed");
    return [kase.name, kase.goal, met, ...results.map((result) => words(kase, result))];
  });
  console.log(plainTable(["", "goal for twinset", "", ...Object.keys(RULES)], rows));
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

/** "aborts 0.2 %, undecided 1 %"; "caught 99 % in 55 s, passes 1 %". */
function words({ good }: Case, { aborted, undecided, passed, kept, seconds, passSeconds }: Result): string {
  const late = seconds === undefined ? "" : ` in ${seconds} s`;
  if (good) {
    const open = undecided > 0 ? `, undecided ${percent(undecided)}` : "";
    const slow = passSeconds !== undefined && passSeconds > 605 ? `, passes in ${passSeconds} s` : "";
    return `aborts ${percent(aborted)}${open}${slow}`;
  }
  const open = undecided > 0 ? `, undecided ${percent(undecided)}` : "";
  return `caught ${percent(aborted)}${late}${open}${passed > 0 ? `, passes ${percent(passed)}, keep included ${percent(kept)}` : ""}`;
}
