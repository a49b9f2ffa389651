import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StateFile, StateFiles } from "../../../clients/state-store/state-files";
import type { ProductRelease } from "../../../model/release";
import { Journal } from "../../../release/journal/journal";
import { ledgerOf } from "../../../release/journal/ledger";
import { start } from "../../../release/machine";

const BOTH: ProductRelease = { live: "blue", canary: 10, blue: { version: "v1" }, green: { version: "v2" } };
const progress = { ...start({ before: BOTH, version: "v2", canaryPercent: 10 }), step: "watch" as const };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ledger-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a store that hangs holds nobody up who has something to watch, and everything is written in its order", async () => {
  let text = "";
  let answers = (): void => undefined;
  const hanging = new Promise<void>((resolve) => (answers = resolve));
  const files: Partial<StateFiles> = {
    place: (name) => name,
    read: async (): Promise<StateFile | undefined> => {
      await hanging;
      return text === "" ? undefined : { text, version: String(text.length) };
    },
    write: (_, given) => {
      text = given;
      return Promise.resolve(true);
    },
  };
  const said: string[] = [];
  const ledger = ledgerOf({
    ...{ journal: new Journal(files as StateFiles, { redact: (each) => each }), run: "a-run", product: "chat" },
    ...{ aside: { directory, prefix: "test", store: "store" }, say: (each) => said.push(each) },
    interrupted: () => false,
  });
  await ledger.append({ event: "step-done", step: "canary", from: BOTH, to: BOTH, progress, outcome: "ok" });
  await ledger.append({ event: "step-started", step: "watch", progress });
  expect(said).toEqual([expect.stringMatching(/does not answer \(no answer within 5 s\)\. The record is kept/)]);
  expect({ text, asides: readdirSync(directory).length }).toEqual({ text: "", asides: 1 });
  let forward = false;
  const begun = ledger.append({ event: "step-started", step: "cutover", progress }).then(() => (forward = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  // What is done has to be written down before.
  expect(forward).toBe(false);
  answers();
  await begun;
  const events = text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { event: string; step: string }).step);
  expect(events).toEqual(["canary", "watch", "cutover"]);
  expect({ said: said.at(-1), asides: readdirSync(directory) }).toEqual({
    ...{ said: "The state's store answers again, and the record is written.", asides: [] },
  });
}, 20_000);
