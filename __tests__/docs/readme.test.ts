/** The README's walk-through, followed to the letter, and what else it says that a test can hold it to. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkPlatform } from "../../config/checks";
import { parseReleaseFile } from "../../config/release-file";
import type { Product } from "../../model/service";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll } from "../support/synth";
import { variant, withProduct } from "../support/platforms";
import { anchors, asIfIn, block, page, ROOT } from "./pages";

const readme = page("README.md");

describe("adding a service", () => {
  const directory = mkdtempSync(join(tmpdir(), "twinset-readme-"));
  const path = join(directory, "notes.ts");
  beforeAll(() => writeFileSync(path, asIfIn("config/platforms/manacore", block(readme, "walk-through: product"))));
  afterAll(() => rmSync(directory, { recursive: true }));

  test("the product and its release entry, as shown, synthesize in every environment without a problem", async () => {
    const { notes } = (await import(path)) as { notes: Product };
    const { release, problems } = parseReleaseFile(
      `{"products": ${block(readme, "walk-through: release")}}`,
      "README.md",
    );
    expect(problems).toEqual([]);

    const loaded = variant({ platform: withProduct(notes), releases: release });
    expect(checkPlatform(loaded.platform, loaded.releases)).toEqual([]);
    const stacks = synthAll(loaded);
    for (const stack of Object.values(stacks)) expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]);
    expect(stacks.production.container("notes_blue_backend-0")["env"]).toContain(
      "SEARCH_API_KEY=${var.notes_search_api_key}",
    );
    expect(stacks.production.routing("notes_switch_job")).toContain("Host(`api-notes.manacore.app`)");
  });
});

test("every command of package.json that people use is in the table, and the other way round", () => {
  const { scripts } = JSON.parse(page("package.json")) as { scripts: object };
  const table = /<!-- commands -->(.*?)<!-- \/commands -->/s.exec(readme)![1]!;
  const listed = [...table.matchAll(/`npm (?:run )?([\w:]+)/g)].map((match) => match[1]!);
  const own = Object.keys(scripts).filter((name) => !["postinstall", "twinset"].includes(name));
  expect(listed.sort()).toEqual(own.sort());
});

const PAGES = ["README.md", "CONTRIBUTING.md", ...["docs", "docs/adr"].flatMap((folder) => list(folder))];

test.each(PAGES)("every link of %s leads somewhere", (from) => {
  for (const [, target, anchor] of page(from).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
    const to = target ? join(dirname(from), target) : from;
    const exists = existsSync(join(ROOT, to)) && (!anchor || anchors(page(to)).includes(anchor));
    expect({ target, anchor, exists }).toMatchObject({ exists: true });
  }
});

function list(folder: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
}
