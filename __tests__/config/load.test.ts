import { describe, expect, test } from "@jest/globals";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadPlatform } from "../../config/load";
import { STANDARD_MONITORING } from "../../config/monitoring";
import { PLATFORMS } from "../../config/platforms";
import { synthesize } from "../../main";
import type { Platform } from "../../model/platform";
import { ProblemsError } from "../../model/problem";

/** Runs with an empty directory that is removed afterwards. */
function inDirectory(run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "twinset-load-"));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("an unknown platform: the known ones are listed", () => {
  expect(() => loadPlatform({ platform: "manacor" })).toThrow(/given +manacor\n +expected +one of manacore/);
});

test("a platform's name is not looked up in what every object has", () => {
  expect(() => loadPlatform({ platform: "constructor" })).toThrow(ProblemsError);
});

test("monitoring is the standard one where a platform says nothing, else its own", () => {
  const { korczewski } = PLATFORMS as { korczewski: Platform };
  expect(korczewski.monitoring).toBeUndefined();
  const loaded = loadPlatform({ platform: "korczewski" });
  expect([loaded.platform.monitoring, loaded.development.monitoring]).toEqual([
    STANDARD_MONITORING,
    STANDARD_MONITORING,
  ]);
  const own = { ...STANDARD_MONITORING, image: "prom/prometheus:v3.14.0" };
  const platforms = { korczewski: { ...korczewski, monitoring: own } };
  expect(loadPlatform({ platform: "korczewski", platforms }).platform.monitoring).toEqual(own);
});

test("Prometheus takes no platform's server beyond what it may use", () => {
  for (const platform of Object.keys(PLATFORMS)) expect(loadPlatform({ platform }).problems).toEqual([]);
});

describe("profiles", () => {
  test("one product brings what it depends on", () => {
    const { development, platform } = loadPlatform({ profiles: "uload" });
    expect(development.products.map((p) => p.name)).toEqual(["mana-core-auth", "uload"]);
    expect(platform.products).toHaveLength(13);
  });
  test("the stores stay, so that no volume goes with a profile", () => {
    const { development } = loadPlatform({ profiles: "bauntown, memoro" });
    expect(development.products.map((p) => p.name)).toEqual(["memoro", "bauntown"]);
    expect(development.stores.map((s) => s.name)).toEqual(["postgres", "redis"]);
  });
  test("an unknown profile is a problem", () => {
    expect(loadPlatform({ profiles: "chat,chatt" }).problems).toMatchObject([{ path: "PROFILES", given: "chatt" }]);
  });
});

describe("synthesis", () => {
  test("writes a stack per environment", () => {
    inDirectory((directory) => {
      synthesize({}, directory);
      for (const name of ["development", "staging", "production"]) {
        expect(existsSync(join(directory, "stacks", name, "cdk.tf.json"))).toBe(true);
      }
    });
  });

  test("profiles cut development down, and nothing else", () => {
    inDirectory((directory) => {
      synthesize({ PROFILES: "bauntown" }, directory);
      const read = (name: string): string => readFileSync(join(directory, "stacks", name, "cdk.tf.json"), "utf8");
      expect(read("development")).toContain("bauntown-landing");
      expect(read("development")).not.toContain("chat-backend");
      expect(read("production")).toContain("chat-backend");
    });
  });

  test("with a problem nothing is written, and what was there stays", () => {
    inDirectory((directory) => {
      const outdir = join(directory, "out");
      expect(() => synthesize({ PROFILES: "nothing" }, outdir)).toThrow(ProblemsError);
      expect(existsSync(outdir)).toBe(false);
      mkdirSync(outdir);
      writeFileSync(join(outdir, "manifest.json"), "as it was");
      expect(() => synthesize({ PROFILES: "nothing" }, outdir)).toThrow(ProblemsError);
      expect(readFileSync(join(outdir, "manifest.json"), "utf8")).toBe("as it was");
    });
  });

  test("release files are read from where they are said to be, and their problems are kept", () => {
    inDirectory((directory) => {
      mkdirSync(join(directory, "manacore"));
      writeFileSync(join(directory, "manacore", "staging.json"), "{");
      const { problems } = loadPlatform({ releasesDirectory: directory });
      expect(problems.map((p) => p.path)).toEqual([
        "config/releases/manacore/development.json",
        "config/releases/manacore/staging.json:1",
        "config/releases/manacore/production.json",
      ]);
    });
  });
});
