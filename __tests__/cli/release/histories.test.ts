/**
 * Histories of two operators, with the real commands in a world in memory. `HISTORIES=100000 SEED=7` plays more and
 * others; `npm run bench -- --histories 100000` does so.
 */
import { describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type * as Entry from "../../../release/journal/entry";
import { FOUND } from "../../support/model/found";
import { type History, histories, type Order, play, type Told } from "../../support/model/history";
import type * as Stage from "../../support/model/stage";

jest.mock("node:fs", () => jest.requireActual<typeof Stage>("../../support/model/stage").fs);
jest.mock("node:timers/promises", () => jest.requireActual<typeof Stage>("../../support/model/stage").timers);
jest.mock("../../../cli/shared/site", () => jest.requireActual<typeof Stage>("../../support/model/stage").site);
jest.mock("../../../cli/shared/catalog", () => jest.requireActual<typeof Stage>("../../support/model/stage").catalog);
jest.mock(
  "../../../cli/shared/server-address",
  () => jest.requireActual<typeof Stage>("../../support/model/stage").serverAddress,
);
jest.mock(
  "../../../clients/state-store/state-store",
  () => jest.requireActual<typeof Stage>("../../support/model/stage").stateStore,
);
jest.mock("../../../clients/docker", () => jest.requireActual<typeof Stage>("../../support/model/stage").docker);
jest.mock(
  "../../../clients/registry/images",
  () => jest.requireActual<typeof Stage>("../../support/model/stage").images,
);
jest.mock("../../../clients/edge", () => jest.requireActual<typeof Stage>("../../support/model/stage").edge);
jest.mock("../../../clients/process", () => jest.requireActual<typeof Stage>("../../support/model/stage").processes);
jest.mock(
  "../../../cli/shared/operator",
  () => jest.requireActual<typeof Stage>("../../support/model/stage").operators,
);
jest.mock(
  "../../../release/verdict/watcher",
  () => jest.requireActual<typeof Stage>("../../support/model/stage").verdict,
);
jest.mock("../../../cli/release/show", () => jest.requireActual<typeof Stage>("../../support/model/stage").show);
jest.mock("../../../release/journal/entry", () =>
  jest
    .requireActual<typeof Stage>("../../support/model/stage")
    .remembering(jest.requireActual<typeof Entry>("../../../release/journal/entry")),
);

const RUNS = Number(process.env["HISTORIES"] ?? 2000);
const SEED = Number(process.env["SEED"] ?? 1128);
/** So many lines of what happened are shown of a history that went wrong. */
const SHOWN = 60;

/** @returns what went wrong, or undefined */
async function wrongIn(history: History, ends?: Map<string, number>): Promise<string | undefined> {
  const told: Told = { lines: [], ends: [] };
  try {
    await play(history, told);
    return undefined;
  } catch (reason) {
    return (reason as Error).message;
  } finally {
    for (const end of told.ends) ends?.set(end, (ends.get(end) ?? 0) + 1);
  }
}

const kindOf = (text: string): string => text.split("\n")[0]!.replace(/\d+/g, "#").slice(0, 100);

/** The same, with less in it: one thing is left out after the other, as long as the same goes wrong. */
async function smallest(history: History): Promise<History> {
  const kind = kindOf((await wrongIn(history)) ?? "");
  let best = history;
  for (let again = true; again;) {
    again = false;
    for (const each of smallerThan(best)) {
      const text = await wrongIn(each);
      if (text === undefined || kindOf(text) !== kind) continue;
      best = each;
      again = true;
      break;
    }
  }
  return best;
}

function* smallerThan(history: History): Generator<History> {
  const without = <T>(all: readonly T[], i: number): T[] => all.filter((_, at) => at !== i);
  for (const [i] of history.mishaps.entries()) yield { ...history, mishaps: without(history.mishaps, i) };
  for (const who of ["ann", "bob"] as const) {
    for (const i of history[who].keys()) yield { ...history, [who]: without(history[who], i) };
    for (const [i, order] of history[who].entries()) {
      const { dies, interrupted, ...rest } = order;
      const changed = (to: Order): History => ({
        ...history,
        [who]: history[who].map((each, at) => (at === i ? to : each)),
      });
      if (dies) yield changed({ ...rest, interrupted });
      if (interrupted !== undefined) yield changed({ ...rest, dies });
    }
  }
  if (history.apart !== 0) yield { ...history, apart: 0 };
}

test(`${RUNS} histories`, async () => {
  const ends = new Map<string, number>();
  const failures = new Map<string, { count: number; history: History }>();
  const begin = process.hrtime.bigint();
  for (const history of fc.sample(histories, { numRuns: RUNS, seed: SEED })) {
    const wrong = await wrongIn(history, ends);
    if (wrong === undefined) continue;
    const known = failures.get(kindOf(wrong));
    const count = (known?.count ?? 0) + 1;
    failures.set(kindOf(wrong), known ? { ...known, count } : { count, history });
  }
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  if (process.env["HISTORIES"]) {
    const counts = [...ends].sort().map(([end, count]) => `${end}: ${count}`);
    process.stderr.write(
      `${RUNS} histories of seed ${SEED} in ${seconds.toFixed(1)} s, ${Math.round(RUNS / seconds)} a second\n${counts.join(", ")}\n`,
    );
  }
  const texts: string[] = [];
  for (const [kind, { count, history }] of failures) {
    const small = await smallest(history);
    const lines = ((await wrongIn(small)) ?? "").split("\n");
    texts.push(`${count} × ${kind}`, JSON.stringify(small), lines[0]!, ...lines.slice(1).slice(-SHOWN));
  }
  if (texts.length > 0) throw new Error(`what went wrong:\n${texts.join("\n")}`);
}, 3_600_000);

describe("found by histories, and mended:", () => {
  test.each(Object.entries(FOUND))("%s", async (_, history) => {
    expect(await wrongIn(history)).toBeUndefined();
  });
});
