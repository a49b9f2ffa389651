import { expect, test } from "@jest/globals";
import type { ProductRelease } from "../../model/release";
import type { Lost } from "../../release/at-edge";
import { OnTrial } from "../../release/meanwhile";
import type { Look } from "../../release/surroundings";

const CANARY: ProductRelease = { live: "blue", canary: 10, blue: { version: "v1" }, green: { version: "v2" } };
const RULES = { seconds: 0, patienceSeconds: 0, everySeconds: 0.01 };

/** Something that takes a tenth of a second, during which a canary is in force. */
async function during(
  verdicts: readonly Look["verdict"][],
  lost?: Lost,
): Promise<{ against: readonly string[] | undefined; renewed: number }> {
  let renewed = 0;
  const left = [...verdicts];
  const trial = new OnTrial(
    { watched: () => ((renewed += 1), Promise.resolve(lost)) },
    { look: () => Promise.resolve({ verdict: left.shift() ?? "pass", text: ["20 % errors"] }) },
    RULES,
  );
  const work = new Promise<string>((resolve) => setTimeout(() => resolve("done"), 100));
  expect(await trial.during(work, CANARY, Date.now())).toBe("done");
  const sofar = renewed;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(renewed - sofar).toBeLessThanOrEqual(1);
  return { against: await trial.word(), renewed };
}

test("a canary keeps its lease while its run waits for something else", async () => {
  const { against, renewed } = await during([]);
  expect(renewed).toBeGreaterThan(2);
  expect(against).toBeUndefined();
});

test("but not once something speaks against its version, which is remembered", async () => {
  expect(await during(["wait", "breach"])).toEqual({ against: ["20 % errors"], renewed: 2 });
});

test("nor once somebody has moved it", async () => {
  expect((await during([], { by: "person", text: "the edge has blue=100" })).renewed).toBe(1);
});
