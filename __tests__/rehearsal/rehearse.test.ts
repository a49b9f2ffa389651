import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProblemsError } from "../../model/problem";
import { DRILLS } from "../../rehearsal/drills";
import { EXIT } from "../../rehearsal/exit";
import { rehearse } from "../../rehearsal/rehearse";
import { ownTemp } from "../support/own-temp";

const leftBehind = ownTemp();
let nowhere: string;
beforeAll(() => {
  nowhere = mkdtempSync(join(tmpdir(), "nothing-here-"));
});
afterAll(() => rmSync(nowhere, { recursive: true }));

describe("on a computer that has nothing", () => {
  test("what is missing is listed, all at once, and nothing is rehearsed", async () => {
    const lines: string[] = [];
    const report = join(nowhere, "report.json");
    const env = { PATH: nowhere, GOPATH: nowhere, TERRAFORM_BINARY_NAME: "no-such-terraform" };
    expect(await rehearse({ env, report, write: (line) => lines.push(line) })).toBe(EXIT.missing);
    const text = lines.join("\n");
    expect(text).toContain("Missing on this computer:");
    expect(lines.at(-1)).toBe("Nothing was rehearsed.");
    expect(text).toContain("no-such-terraform was not found");
    expect(text).toContain("a Docker engine that answers");
    expect(text).toContain("pebble, the local ACME server");
    expect(existsSync(report)).toBe(false);
    expect(leftBehind()).toEqual([]);
  }, 30_000);

  test("an engine that is somebody's server is none", async () => {
    const lines: string[] = [];
    const env = { PATH: nowhere, GOPATH: nowhere, DOCKER_HOST: "ssh://deploy@203.0.113.7" };
    await rehearse({ env, write: (line) => lines.push(line) });
    expect(lines.join("\n")).toContain("DOCKER_HOST is ssh://…, which may be somebody's server");
    expect(lines.join("\n")).not.toContain("203.0.113.7");
  }, 30_000);
});

describe("what is asked for", () => {
  const refused = (options: Partial<Parameters<typeof rehearse>[0]>): Promise<unknown> =>
    rehearse({ env: { PATH: nowhere }, write: () => undefined, ...options });

  test("a drill that there is not", async () => {
    await expect(refused({ drills: ["fire"] })).rejects.toThrow(ProblemsError);
    await expect(refused({ drills: ["fire"] })).rejects.toThrow(/given {5}fire\n.*from-nothing.*github/s);
  });

  test("development, which needs no rehearsal", async () => {
    await expect(refused({ environment: "development" })).rejects.toThrow(/staging or production/);
  });

  test("a product that there is not", async () => {
    await expect(refused({ products: ["shop"] })).rejects.toThrow(/shop/);
  });
});

test("drills have a number and a name each, and the one that destroys everything comes after all that need it", () => {
  expect(new Set(DRILLS.map(({ number }) => number)).size).toBe(DRILLS.length);
  expect(new Set(DRILLS.map(({ name }) => name)).size).toBe(DRILLS.length);
  const after = DRILLS.slice(DRILLS.findIndex(({ name }) => name === "destroy") + 1);
  expect(after.every(({ alone }) => alone)).toBe(true);
  expect(DRILLS[0]).toMatchObject({ name: "from-nothing", fromNothing: true });
});
