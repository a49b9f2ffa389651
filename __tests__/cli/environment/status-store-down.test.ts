/** The state's store does not answer: `twinset status` says all that it can know without it. */
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { status } from "../../../cli/environment/status";
import { FakeWorld } from "../../support/fake-world";
import { AUTH, BEFORE, bringAbout } from "../release/lab";

jest.setTimeout(120_000);

let world: FakeWorld;
beforeEach(async () => {
  world = await FakeWorld.start({ "mana-core-auth": AUTH, chat: BEFORE });
  await bringAbout(world, { ...BEFORE, canary: 10, green: { version: "v1.6.0" } });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await world.stop();
});

async function shown(): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  jest.spyOn(console, "log").mockImplementation((text) => void lines.push(String(text)));
  return { code: await status("production", {}, world.env), text: lines.join("\n") };
}

test("what the edge serves and what runs, that the record could not be read, and a code that says so", async () => {
  // Where the server is was heard of by an earlier command.
  expect((await shown()).text).toContain("90 %");
  world.store.faults.inject({ fault: { kind: "error", status: 403 }, path: /./, times: 100_000 });
  const { code, text } = await shown();
  expect(code).toBe(1);
  expect(text).toMatch(/chat +blue +v1\.5\.2 +90 %/);
  expect(text).toMatch(/green idle +v1\.6\.0 +10 %/);
  expect(text).toMatch(/The record could not be read, .* not known: .*journal\.jsonl: 403 .*/);
  expect(text).toContain("the canary ends by itself");
  expect(text).toContain("Drift was not looked for: that takes the state.");
});
