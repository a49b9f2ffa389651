import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLATFORMS } from "../../config/platforms";
import { readWaivers, type Waivers } from "../../config/waivers";
import { POLICIES } from "../../review/policies";

const NAMES = ["keep-data", "nothing-moves"];
const WAIVER = {
  policy: "nothing-moves",
  environment: "production",
  address: "docker_image.chat_blue_web-image",
  reason: "the vendor names no version before January",
  until: "2026-12-31",
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "waivers-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function read(file: unknown): Waivers {
  writeFileSync(join(directory, "shop.json"), typeof file === "string" ? file : JSON.stringify(file));
  return readWaivers("shop", NAMES, directory);
}
/** The one thing that is wrong. */
function problem(file: unknown): Waivers["problems"][number] {
  const { waivers, problems } = read(file);
  expect(waivers).toEqual([]);
  expect(problems).toHaveLength(1);
  return problems[0]!;
}
const withChange = (change: object): object => ({ waivers: [WAIVER, { ...WAIVER, ...change }] });

test("no file is no waiver; one with some is read as it is", () => {
  expect(readWaivers("shop", NAMES, directory)).toEqual({
    waivers: [],
    problems: [],
    path: "config/waivers/shop.json",
  });
  expect(read({ waivers: [] })).toMatchObject({ waivers: [], problems: [] });
  expect(read({ waivers: [WAIVER] })).toMatchObject({ waivers: [WAIVER], problems: [] });
});

test("every platform's own file is right", () => {
  const policies = POLICIES.map(({ name }) => name);
  for (const platform of Object.keys(PLATFORMS)) expect(readWaivers(platform, policies).problems).toEqual([]);
  const folder = join(__dirname, "../../config/waivers");
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  expect(files.filter((name) => !(name.replace(".json", "") in PLATFORMS))).toEqual([]);
});

describe("a mistake is named with its place, and no waiver of the file counts", () => {
  test.each<[string, object, string, string, RegExp]>([
    ["a policy that there is not", { policy: "no-latst" }, "policy", "no-latst", /^one of keep-data, nothing-moves$/],
    [
      "an environment that there is not",
      { environment: "prod" },
      "environment",
      '"prod"',
      /^one of development, staging, production$/,
    ],
    ["no address", { address: "" }, "address", '""', /./],
    ["no reason to speak of", { reason: "later" }, "reason", '"later"', /^a reason of at least 10 characters$/],
    ["a day that is none", { until: "2026-02-30" }, "until", '"2026-02-30"', /^the last day of the waiver/],
    ["a month that is none", { until: "2026-13-01" }, "until", '"2026-13-01"', /^the last day/],
    ["a time", { until: "2026-12-31T00:00:00Z" }, "until", '"2026-12-31T00:00:00Z"', /^the last day/],
    ["a German date", { until: "31.12.2026" }, "until", '"31.12.2026"', /^the last day/],
    ["no end", { until: undefined }, "until", "nothing", /^the last day/],
  ])("%s", (_, change, key, given, expected) => {
    const found = problem(withChange(change));
    expect(found).toMatchObject({ severity: "error", path: `config/waivers/shop.json/waivers/1/${key}`, given });
    expect(found.expected).toMatch(expected);
    expect(found.fix).not.toBe("");
  });

  test("a key that there is not", () => {
    expect(problem(withChange({ untill: "2026-12-31" }))).toMatchObject({
      path: "config/waivers/shop.json/waivers/1",
      expected: "no key called untill",
    });
    expect(problem({ waivers: [], waiver: [] })).toMatchObject({
      path: "config/waivers/shop.json",
      expected: "no key called waiver",
    });
  });

  test.each<[string, unknown, string]>([
    ["no JSON", '{ "waivers": [', "config/waivers/shop.json"],
    ["an empty file", "", "config/waivers/shop.json"],
    ["a list alone", [WAIVER], "config/waivers/shop.json"],
    ["no list", {}, "config/waivers/shop.json/waivers"],
  ])("%s", (_, file, path) => {
    expect(problem(file).path).toBe(path);
  });

  test("all of them at once", () => {
    const { problems } = read({ waivers: [{ ...WAIVER, until: "soon", reason: "" }, { policy: "nothing-moves" }] });
    expect(problems.map(({ path }) => path.replace("config/waivers/shop.json/waivers/", "")).sort()).toEqual([
      "0/reason",
      "0/until",
      "1/address",
      "1/environment",
      "1/reason",
      "1/until",
    ]);
  });
});

test("a waiver of a policy by its name of before counts for what came of it, and that is said", () => {
  const { waivers, problems } = read({ waivers: [{ ...WAIVER, policy: "no-latest" }] });
  expect(waivers).toEqual([{ ...WAIVER, policy: "nothing-moves" }]);
  expect(problems).toMatchObject([
    { severity: "warning", given: "no-latest", expected: "its name now, nothing-moves" },
  ]);
});
