/** What the keeper answers, read; and what is said where it does not. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EdgeKeeper, KeeperError, MovedMeanwhile, NoKeeper, splitsIn } from "../../clients/edge-keeper";

const ANSWER = [
  "subject chat",
  ...["split blue=90,green=10", "live blue", "blue v1.5.2", "green v1.6.0", "sets sets-1", "revision 0123456789ab"],
  ...["by switch", "recorded yes", "at 2026-11-28T22:00:00Z", "who Terraform", "why switch", "file yes"],
  ...["lease-left 87", "lease 120", "watched-left "],
  "past 2026-11-28T21:00:00Z\u001fswitch\u001fblue=100\u001fblue\u001fv1.5.2\u001f-\u001fTerraform\u001fswitch",
  "served 0123456789ab",
];

describe("facts", () => {
  test("are read as they are", () => {
    expect(splitsIn(ANSWER)).toEqual([
      {
        ...{ product: "chat", weights: { blue: 90, green: 10 }, live: "blue", revision: "0123456789ab", by: "switch" },
        ...{ versions: { blue: "v1.5.2", green: "v1.6.0" }, recorded: true, at: "2026-11-28T22:00:00Z" },
        ...{ who: "Terraform", why: "switch", inForce: true, lease: 120, leaseLeft: 87, watchedLeft: undefined },
        past: [
          {
            ...{ at: "2026-11-28T21:00:00Z", by: "switch", live: "blue", who: "Terraform", why: "switch" },
            ...{ weights: { blue: 100 }, versions: { blue: "v1.5.2" } },
          },
        ],
      },
    ]);
  });
  test("of a file that is not in place, or that the edge does not serve, are not in force", () => {
    expect(splitsIn(ANSWER.map((line) => line.replace("file yes", "file no")))[0]!.inForce).toBe(false);
    expect(splitsIn(ANSWER.map((line) => line.replace("served 0", "served 9")))[0]!.inForce).toBe(false);
  });
  test("of a product that no switch has served yet are left out", () => {
    expect(splitsIn(["subject auth", "file no", "served ", ...ANSWER]).map(({ product }) => product)).toEqual(["chat"]);
  });
  test("that cannot be read are an error in words, whatever the lines are", () => {
    expect(() => splitsIn(ANSWER.map((line) => line.replace("live blue", "live red")))).toThrow(KeeperError);
    fc.assert(
      fc.property(fc.array(fc.string()), (lines) => {
        try {
          splitsIn(["subject chat", "revision 1", ...lines]);
        } catch (reason) {
          expect(reason).toBeInstanceOf(KeeperError);
        }
      }),
    );
  });
});

describe("asked", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "keeper-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  /** @param docker what the program of this name does: lines of shell */
  function keeper(docker: string, destination?: string): EdgeKeeper {
    for (const name of ["docker", "ssh"]) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho "$0 $*" >> ${folder}/calls\n${docker}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    const env = { PATH: `${folder}:${process.env["PATH"]}` };
    return new EdgeKeeper({ prefix: "manacore-production", env, ...(destination ? { destination } : {}) });
  }
  const MOVE = {
    ...{ product: "chat", revision: "0123456789ab", weights: { blue: 100, green: 0 }, live: "blue" as const },
    ...{ by: "person" as const, who: "ann", why: "two\nlines\u001fand a separator" },
  };

  test("on a server goes by one SSH connection, with nothing of the question on the command line", async () => {
    await keeper(`cat > ${folder}/input; echo .0`, "deploy@203.0.113.7").move(MOVE);
    const calls = readFileSync(join(folder, "calls"), "utf8");
    expect(calls).toContain("deploy@203.0.113.7 docker exec -i manacore-production-edge-keeper sh -c");
    expect(calls).not.toContain("ann");
    const parts = readFileSync(join(folder, "input"), "utf8").split("\u001f");
    expect(parts).toHaveLength(9);
    expect(parts.slice(0, 6)).toEqual(["move", "chat", "0123456789ab", "blue=100,green=0", "blue", "person"]);
    expect(parts.at(-1)).toBe("two lines and a separator\n");
  });
  test("is answered with the last line, also where somebody holds the pipe open", async () => {
    const begin = Date.now();
    await keeper("cat > /dev/null; echo .0; sleep 8").move(MOVE);
    expect(Date.now() - begin).toBeLessThan(5000);
  });
  test("what was moved meanwhile, what failed, and a keeper that is not there are told apart", async () => {
    await expect(keeper("echo moved meanwhile; echo .3").move(MOVE)).rejects.toThrow(MovedMeanwhile);
    await expect(keeper("echo the edge refuses chat.yml; echo .1").move(MOVE)).rejects.toThrow(
      "the edge refuses chat.yml",
    );
    await expect(keeper("echo 'Error: No such container: x' >&2; exit 1").facts()).rejects.toThrow(NoKeeper);
    await expect(keeper("echo 'Connection refused' >&2; exit 255").facts()).rejects.toThrow("Connection refused");
    await expect(keeper("exit 0").facts()).rejects.toThrow("ended without an answer (exit code 0)");
  });
});
