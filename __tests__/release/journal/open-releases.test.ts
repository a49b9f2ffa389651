import { afterAll, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stateFiles } from "../../../clients/state-store/state-store";
import { loadPlatform } from "../../../config/load";
import { Journal } from "../../../release/journal/journal";
import { openReleases } from "../../../release/journal/open-releases";

const root = mkdtempSync(join(tmpdir(), "twinset-open-"));
afterAll(() => rmSync(root, { recursive: true }));

test("a release that has begun and not ended is under way, whichever product's", async () => {
  const { platform } = loadPlatform();
  const files = stateFiles(platform.name, platform.environments.development, { env: {}, directory: root });
  const journal = new Journal(files, { redact: (text) => text });
  const under = async (): Promise<string[]> => openReleases(platform, await journal.read());
  const to = { live: "blue", canary: 0, blue: { version: "v1" }, green: null } as const;
  expect(await under()).toEqual([]);
  await journal.append({ event: "started", run: "r1", product: "chat", from: null, to });
  await journal.append({ event: "started", run: "r2", product: "news", from: null, to });
  expect((await under()).sort()).toEqual(["chat", "news"]);
  await journal.append({ event: "ended", run: "r1", product: "chat", outcome: "failed" });
  expect(await under()).toEqual(["news"]);
});
