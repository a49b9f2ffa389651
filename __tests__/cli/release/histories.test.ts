/**
 * Histories of two operators, with the real commands in a world in memory. `HISTORIES=100000 SEED=7` plays more and
 * others; `npm run bench -- --histories 100000` does so.
 */
import { expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import type * as Fs from "node:fs";
import type * as Entry from "../../../release/journal/entry";
import { type History, histories, play, type Told } from "../../support/model/history";
import type * as Stage from "../../support/model/stage";

const staged = (): typeof Stage => jest.requireActual("../../support/model/stage");
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

const RUNS = Number(process.env["HISTORIES"] ?? 500);
const SEED = Number(process.env["SEED"] ?? 1128);

test("kinds", async () => {
  if (!process.env["KINDS"]) return;
  const kinds = new Map<string, { count: number; shortest: string; history: History }>();
  const begin = process.hrtime.bigint();
  const ends = new Map<string, number>();
  for (const history of fc.sample(histories, { numRuns: RUNS, seed: SEED })) {
    const told: Told = { lines: [], ends: [] };
    try {
      await play(history, told);
    } catch (reason) {
      const text = (reason as Error).message;
      const kind = text.split("\n")[0]!.replace(/\d+/g, "#").slice(0, Number(process.env["KINDS"]));
      const known = kinds.get(kind);
      kinds.set(kind, {
        ...(known && known.shortest.length <= text.length ? known : { shortest: text, history }),
        ...{ count: (known?.count ?? 0) + 1 },
      });
    }
    for (const end of told.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  const { writeFileSync } = jest.requireActual<typeof Fs>("node:fs");
  writeFileSync(
    "/tmp/kinds.txt",
    `${RUNS} in ${seconds}\n` +
      [...ends].sort().join("\n") +
      "\n" +
      [...kinds]
        .sort((a, b) => b[1].count - a[1].count)
        .map(
          ([kind, { count, shortest, history }]) =>
            `##### ${count} × ${kind}\n${JSON.stringify(history)}\n${shortest}\n`,
        )
        .join("\n"),
  );
}, 3_600_000);

test(`${RUNS} histories`, async () => {
  expect(staged().stage).toBeDefined();
  const ends = new Map<string, number>();
  const begin = process.hrtime.bigint();
  await fc.assert(
    fc.asyncProperty(histories, async (history: History) => {
      const told: Told = { lines: [], ends: [] };
      await play(history, told);
      for (const end of told.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: process.env["SHRINK"] === undefined },
  );
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  if (process.env["HISTORIES"]) {
    const counts = [...ends].sort().map(([end, count]) => `${end}: ${count}`);
    console.log(
      `${RUNS} histories in ${seconds.toFixed(1)} s, ${Math.round(RUNS / seconds)} a second\n${counts.join("\n")}`,
    );
  }
}, 3_600_000);
