/** What a release left is looked for in the history of the branch: real git, in a folder of the test's own. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unrecorded } from "../../../release/journal/unrecorded";
import type { ProductRelease } from "../../../model/release";
import { contentOf } from "../../../release/journal/journal";

const V1: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.0.0" }, green: null };
const V2: ProductRelease = { live: "green", canary: 0, blue: null, green: { version: "v2.0.0" } };
const V3: ProductRelease = { live: "green", canary: 0, blue: { version: "v3.0.0" }, green: { version: "v2.0.0" } };
const RELEASED = "2026-11-21T10:00:00.000Z";

let folder: string;
const git = (at: string, ...args: string[]): string =>
  execFileSync("git", ["-C", folder, ...args], {
    encoding: "utf8",
    env: {
      ...process.env,
      ...{
        GIT_AUTHOR_NAME: "a",
        GIT_AUTHOR_EMAIL: "a@example",
        GIT_COMMITTER_NAME: "a",
        GIT_COMMITTER_EMAIL: "a@example",
      },
      ...{ GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at, GIT_CONFIG_GLOBAL: "/dev/null" },
    },
  });
const file = (): string => join(folder, "production.json");
const write = (chat: ProductRelease): void =>
  writeFileSync(file(), JSON.stringify({ $schema: "x", products: { chat } }));
const commit = (at: string, chat: ProductRelease): void => {
  write(chat);
  git(at, "add", ".");
  git(at, "commit", "--quiet", "--message", "x");
};
/** The journal after a release that went from V1 to V2. */
const journal = contentOf(
  [
    { event: "started", from: V1, to: V2 },
    { event: "step-done", step: "deploy", from: V1, to: { ...V2, live: "blue", blue: V1.blue } },
    { event: "step-done", step: "retire", to: V2 },
    { event: "step-done", step: "keep" },
    { event: "ended", outcome: "done" },
  ]
    .map((entry, i) => ({
      v: 1,
      id: `e${i}`,
      at: RELEASED,
      run: "r1",
      who: "runner@github",
      product: "chat",
      ...entry,
    }))
    .map((entry) => JSON.stringify(entry))
    .join("\n"),
);
const waiting = (release: ProductRelease, known = journal): Promise<string[]> =>
  unrecorded({
    products: [{ name: "chat" }],
    journal: known,
    release: { chat: release },
    file: file(),
    path: "production.json",
  });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinset-settled-"));
  git(RELEASED, "init", "--quiet", "--initial-branch", "main");
  commit("2026-11-20T10:00:00Z", V1);
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a journal of which all can be read has this release", () => {
  expect(journal.unreadable).toEqual([]);
});
test("the file before the release would undo it", async () => {
  expect(await waiting(V1)).toEqual([`what runner@github did to chat (${RELEASED}, run r1) is not in its file yet.`]);
});
test("an edit of the old file would too, however new it is", async () => {
  const edited = { ...V1, blue: { version: "v1.0.1" } };
  commit("2026-11-22T10:00:00Z", edited);
  expect(await waiting(edited)).toHaveLength(1);
});
test("a file that says what was left is settled, committed or not", async () => {
  expect(await waiting(V2)).toEqual([]);
});
test("people may change it once it was said, and go back to what was before", async () => {
  commit("2026-11-21T11:00:00Z", V2);
  commit("2026-11-22T10:00:00Z", V3);
  expect(await waiting(V3)).toEqual([]);
  commit("2026-11-23T10:00:00Z", V1);
  expect(await waiting(V1)).toEqual([]);
});
test("what the file said before the release is no record of it", async () => {
  commit("2026-11-20T11:00:00Z", V2);
  commit("2026-11-20T12:00:00Z", V1);
  expect(await waiting(V1)).toHaveLength(1);
});
test("a record that came by a merge is one", async () => {
  git(RELEASED, "switch", "--quiet", "--create", "record");
  commit("2026-11-21T11:00:00Z", V2);
  git(RELEASED, "switch", "--quiet", "main");
  git("2026-11-21T12:00:00Z", "merge", "--quiet", "--no-ff", "--message", "m", "record");
  commit("2026-11-22T10:00:00Z", V3);
  expect(await waiting(V3)).toEqual([]);
});
test("one on another branch is none", async () => {
  git(RELEASED, "switch", "--quiet", "--create", "record");
  commit("2026-11-21T11:00:00Z", V2);
  git(RELEASED, "switch", "--quiet", "main");
  expect(await waiting(V1)).toHaveLength(1);
});
test("without the whole history, or without any, it is not known, and so not settled", async () => {
  commit("2026-11-21T11:00:00Z", V2);
  commit("2026-11-22T10:00:00Z", V3);
  const shallow = join(folder, "shallow");
  git(RELEASED, "clone", "--quiet", "--depth", "1", `file://${folder}`, shallow);
  const at = { products: [{ name: "chat" }], journal, release: { chat: V3 }, path: "production.json" };
  expect((await unrecorded({ ...at, file: join(shallow, "production.json") })).join()).toContain("fetch-depth: 0");
  const none = join(folder, "none");
  mkdirSync(none);
  rmSync(join(folder, ".git"), { recursive: true });
  expect((await unrecorded({ ...at, file: join(none, "production.json") })).join()).toContain(
    "is not known: git: fatal",
  );
});
test("a product that no release has touched is nobody's affair", async () => {
  expect(await waiting(V3, contentOf(""))).toEqual([]);
});
