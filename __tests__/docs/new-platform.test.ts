/** docs/new-platform.md, followed to the letter: what it shows compiles, has no problem, and is valid Terraform. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { checkPlatform, type Releases } from "../../config/checks";
import { parseReleaseFile } from "../../config/release-file";
import { ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll } from "../support/synth";
import { asIfIn, block, page, ROOT } from "./pages";

const PAGE = page("docs/new-platform.md");
const TEMPLATE = block(PAGE, "template: platform");
const FOLDER = "config/platforms/acme";

const directory = mkdtempSync(join(tmpdir(), "twinset-platform-"));
const path = join(directory, "index.ts");
beforeAll(() => writeFileSync(path, asIfIn(FOLDER, TEMPLATE)));
afterAll(() => rmSync(directory, { recursive: true }));

test("it has fewer than 60 lines, and none is longer than 120 characters", () => {
  const lines = TEMPLATE.trimEnd().split("\n");
  expect(lines.length).toBeLessThan(60);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
});

test("it uses everything that it imports", () => {
  const [imports, code] = [/^import .*$/gm, TEMPLATE.replace(/^import .*$/gm, "")] as const;
  const names = TEMPLATE.match(imports)!.flatMap((line) => /\{ (.*) \}/.exec(line)![1]!.split(", "));
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
});

test("it compiles as strictly as the project", () => {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, types: [] }, ROOT);
  const program = ts.createProgram([path], { ...options, noUnusedLocals: true });
  const problems = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file?.fileName === path)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  expect(problems).toEqual([]);
});

test("its line in the list of platforms is the list that there is, with one more", () => {
  const list = page("config/platforms/index.ts");
  const [added, line] = block(PAGE, "template: list").trim().split("\n\n");
  expect(added).toBe('import { acme } from "./acme";');
  expect(list).toContain(line!.replace(", acme }", " }"));
});

describe("with the release file that is shown", () => {
  const load = async (): Promise<{ platform: Platform; releases: Releases }> => {
    const { acme } = (await import(path)) as { acme: Platform };
    const releases = Object.fromEntries(
      ENVIRONMENTS.map((name) => {
        const file = `config/releases/acme/${name}.json`;
        const { release, problems } = parseReleaseFile(block(PAGE, "template: release"), file);
        expect(problems).toEqual([]);
        return [name, { release, path: file }];
      }),
    ) as unknown as Releases;
    return { platform: acme, releases };
  };

  test("it has no problem, and no warning", async () => {
    const { platform, releases } = await load();
    expect(checkPlatform(platform, releases)).toEqual([]);
  });

  test("every environment is valid Terraform, with what the page promises", async () => {
    const { platform, releases } = await load();
    const stacks = synthAll({ platform, development: platform, releases });
    for (const name of ENVIRONMENTS) expect(checkTerraform(stacks[name].json, SCHEMAS)).toEqual([]);

    const { production, development } = stacks;
    expect(production.resource("docker_image", "shop_blue_backend-image")["name"]).toBe(
      "ghcr.io/acme/shop-backend:v1.0.0",
    );
    expect(production.routing("shop_switch_job")).toContain("Host(`api.example.org`)");
    expect(production.container("shop_blue_web-0")["env"]).toContain("API_URL=https://api.example.org");
    expect(development.container("shop_blue_web-0")["env"]).toContain("API_URL=http://localhost:3001");
    const web = production.upstream("docker_container.shop_blue_web-0");
    expect([...web]).toEqual(
      expect.arrayContaining(["docker_container.shop_blue_backend-0", "docker_container.shop_blue_migration"]),
    );
    expect(Object.keys(production.json["variable"] as object)).toEqual(
      expect.arrayContaining(["jwt_secret", "shop_database_password"]),
    );
  });
});
