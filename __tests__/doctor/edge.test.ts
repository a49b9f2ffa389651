/** What the doctor says of the edge. */
import { expect, test } from "@jest/globals";
import { Context, type DoctorOptions } from "../../doctor";
import { edge } from "../../doctor/edge";
import { MANACORE } from "../support/platforms";

const { platform } = MANACORE;
const asked = (look: DoctorOptions["edge"]) =>
  edge(
    new Context({ platform, environment: platform.environments.production, edge: look } as unknown as DoctorOptions),
  );

test("an edge that serves what Terraform was told is well", async () => {
  expect(await asked(() => Promise.resolve({ differences: [] }))).toMatchObject([{ status: "ok", what: "edge" }]);
});

test("each difference is a warning with the command that shows more", async () => {
  const found = await asked(() => Promise.resolve({ differences: ["chat: the edge has blue=100", "auth: a canary"] }));
  expect(found).toMatchObject([
    { status: "warning", found: "chat: the edge has blue=100", fix: expect.stringContaining("twinset status") },
    { status: "warning", found: "auth: a canary" },
  ]);
});

test("an edge that could not be asked is never well", async () => {
  const found = await asked(() => Promise.resolve({ differences: [], unknown: "no answer within 10 s" }));
  expect(found).toMatchObject([{ status: "warning", found: expect.stringContaining("no answer within 10 s") }]);
});

test("where nothing is deployed nothing is said", async () => {
  expect(await asked(() => Promise.resolve(undefined))).toEqual([]);
  expect(await asked(undefined)).toEqual([]);
});
