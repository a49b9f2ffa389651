/** The README's walk-through, followed to the letter, and what else it says that a test can hold it to. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkPlatform } from "../../config/checks";
import { parseReleaseFile } from "../../config/release-file";
import type { Product } from "../../model/service";
import { checkTerraform } from "../support/provider-schemas";
import { SCHEMAS, synthAll, variant, withProduct } from "../support/synth";

const root = join(__dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** The code block under a walk-through comment. */
function block(name: string): string {
  const found = new RegExp(`<!-- walk-through: ${name} -->\\s*\`\`\`\\w+\\n(.*?)\`\`\``, "s").exec(readme);
  if (!found) throw new Error(`README.md has no walk-through block "${name}"`);
  return found[1]!;
}

describe("adding a service", () => {
  // The file lies elsewhere; its imports lead where they would from the place that the README names.
  const place = join(root, "config/platforms/manacore");
  const directory = mkdtempSync(join(tmpdir(), "twinset-readme-"));
  const path = join(directory, "notes.ts");
  beforeAll(() =>
    writeFileSync(
      path,
      block("product").replace(/from "(\.[^"]+)"/g, (_, to: string) => `from "${join(place, to)}"`),
    ),
  );
  afterAll(() => rmSync(directory, { recursive: true }));

  test("the product and its release entry, as shown, synthesize in every environment without a problem", async () => {
    const { notes } = (await import(path)) as { notes: Product };
    const { release, problems } = parseReleaseFile(`{"products": ${block("release")}}`, "README.md");
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
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const table = /<!-- commands -->(.*?)<!-- \/commands -->/s.exec(readme)![1]!;
  const listed = [...table.matchAll(/`npm (?:run )?([\w:]+)/g)].map((match) => match[1]!);
  const own = Object.keys(scripts).filter((name) => !["postinstall", "twinset"].includes(name));
  expect(listed.sort()).toEqual(own.sort());
});

test("every link to a file leads somewhere", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...["docs", "docs/adr"].flatMap((folder) => list(folder))];
  for (const page of pages) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, target] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) {
      expect({ page, target, exists: existsSync(join(root, dirname(page), target!)) }).toMatchObject({ exists: true });
    }
  }
});

const list = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
