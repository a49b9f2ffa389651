/** docs/review.md says of policies, of the comment and of waivers what the program does. */
import { afterAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWaivers } from "../../config/waivers";
import { ENVIRONMENTS } from "../../model/environment-name";
import { MOST_CHARACTERS } from "../../review/markdown";
import { POLICIES } from "../../review/policies";
import { MANACORE, plan } from "../support/plan";
import { block, page, tables } from "./pages";

const PAGE = page("docs/review.md");
const [ROWS = []] = tables(/<!-- policies -->(.*?)<!-- \/policies -->/s.exec(PAGE)![1]!);

describe("the table of policies", () => {
  test("has each of them, with what it demands and why, and no other", () => {
    const rows = ROWS.map(({ policy, demands, reason }) => ({ policy: policy!.replaceAll("`", ""), demands, reason }));
    expect(rows).toEqual(POLICIES.map(({ name, demands, reason }) => ({ policy: name, demands, reason })));
  });
  test.each(POLICIES.map((policy) => [policy.name, policy] as const))("says where %s is not asked", (name, policy) => {
    const cell = ROWS.find((row) => row["policy"] === `\`${name}\``)!["not asked"]!;
    const configuration = { blocks: new Map(), others: new Map(), providers: {} };
    const context = { plan: plan([]), platform: MANACORE, configuration };
    const silent = ENVIRONMENTS.filter((each) =>
      policy.pointless?.({ ...context, environment: MANACORE.environments[each] }),
    );
    expect(ENVIRONMENTS.filter((each) => cell.includes(each))).toEqual(silent);
  });
});

test("the example is the golden comment's, but for what is folded and the policies", () => {
  // Another recording of the plan has another fingerprint.
  const lines = (text: string): string[] =>
    text
      .replace(/[0-9a-f]{16}/g, "<fingerprint>")
      .trim()
      .split("\n");
  const golden = lines(page("__tests__/review/golden/release.md"));
  const shown = lines(block(PAGE, "example: release"));
  expect(shown.filter((line) => !golden.includes(line))).toEqual([]);
  expect([shown[0], shown.at(-1)]).toEqual([golden[0], golden.at(-1)]);
  expect(shown.length).toBeGreaterThan(20);
});

describe("the file of waivers", () => {
  const directory = mkdtempSync(join(tmpdir(), "review-page-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  test("is right as it is shown", () => {
    writeFileSync(join(directory, "manacore.json"), block(PAGE, "example: waivers"));
    const policies = POLICIES.map(({ name }) => name);
    const { waivers, problems } = readWaivers("manacore", policies, directory);
    expect(problems).toEqual([]);
    expect(waivers).toHaveLength(1);
  });
});

test("the limit is GitHub's", () => {
  expect(PAGE).toContain(`${MOST_CHARACTERS.toLocaleString("en")} characters`);
});
