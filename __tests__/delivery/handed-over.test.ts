import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Origin, ownCode, reviewFrom } from "../../delivery/handed-over";

const origin: Origin = {
  run: "https://github.com/acme/platform/actions/runs/1",
  head: "b".repeat(40),
  base: "a".repeat(40),
  files: [],
};
const comment = (files: readonly string[], review: string | undefined = "**chat** arrives", longest = 60_000): string =>
  reviewFrom("manacore production", review, { ...origin, files }, longest);

describe("whose code made a review", () => {
  test("is not asked about where only data changes", () => {
    const files = [
      "config/releases/manacore/production.json",
      "config/waivers/manacore.json",
      "README.md",
      "docs/adr/x.md",
    ];
    expect(comment(files)).not.toContain("[!");
    expect(comment(files)).toMatch(/^\*\*chat\*\* arrives/);
  });
  test.each([
    ...[
      "review/verdict.ts",
      "cli/environment/review.ts",
      "config/github.ts",
      "config/checks/index.ts",
      "scripts/main.cjs",
    ],
    ...[
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      ".github/workflows/pull-request.yml",
      ".npmrc",
      "a-new-folder/x.js",
    ],
    ...[
      "docs/x.ts",
      "config/releases/x.ts",
      "config/waivers.ts",
      "config/releases/a/b/c.json",
      "node_modules/x/index.js",
    ],
  ])("%s is said first, and loudly", (path) => {
    const text = comment(["README.md", path]);
    expect(text).toMatch(/^> \[!CAUTION\]\n> \*\*This pull request changes the code that made this review:\*\*/);
    expect(text).toContain(`\`${path}\``);
    expect(text).not.toContain("`README.md`");
  });
  test("a catalog is code too, and said more quietly; beside other code it is said loudly", () => {
    expect(comment(["config/platforms/manacore/chat.ts"])).toMatch(/^> \[!NOTE\][\s\S]*A catalog is code too/);
    expect(comment(["config/platforms/manacore/chat.ts", "model/names.ts"])).toMatch(/^> \[!CAUTION\]/);
  });
  test("GitHub names 3,000 files at most: then it is not known", () => {
    expect(comment(Array.from({ length: 3000 }, (_, i) => `docs/${i}.md`))).toMatch(
      /^> \[!CAUTION\][\s\S]*is not known/,
    );
  });
  test("many files are counted", () => {
    expect(comment(Array.from({ length: 25 }, (_, i) => `cli/${i}.ts`))).toContain("and 5 more");
  });
  test("a file's name cannot become Markdown", () => {
    const text = comment(["cli/`](https://evil.example) **fine** @ada <!-- x\u202e.ts"]);
    expect(text).not.toMatch(/evil\.example\)|\*\*fine|<!--|\u202e/);
  });
  test("a path is data only as a whole", () => {
    expect(ownCode(["x/config/releases/a/b.json", "sub/README.md", "docs/a.md.ts", ""])).toHaveLength(3);
  });
});

describe("the text that was handed over", () => {
  test("that is missing is said", () => {
    expect(reviewFrom("manacore production", undefined, origin, 60_000)).toContain(
      "**manacore production could not be planned:** [the run](https://github.com/acme/platform/actions/runs/1)",
    );
  });
  test("has no marker of ours, calls nobody and hides nothing; a digest stays as it is", () => {
    const text = comment(
      [],
      "<!-- twinset:review platform=x -->\n@ada (@acme/all) \u202egreen\u200b\u001b[2J\u{e0041} `x@sha256:ab`\r\n",
    );
    expect(text).not.toMatch(/<!--|@ada|@acme|\u202e|green\u200b|\u001b|\u{e0041}|\r/u);
    expect(text).toContain("`x@sha256:ab`");
  });
  test.each(["/@ada", "\\`@ada", "(@ada", "&#64;ada", "&#x40;ada", "&commat;ada", "`x` @ada", "-@ada", "\u200b@ada"])(
    "%j calls nobody, as GitHub reads it after its Markdown",
    (written) => {
      // GitHub decodes entities before it looks for mentions.
      const read = comment([], written).replace(/&(?:#64|#x40|commat);/g, "@");
      expect(read).not.toMatch(/(?<!\w)@[A-Za-z0-9]/);
      expect(read).toContain("@\u200bada");
    },
  );
  test.each([
    "&#8238;",
    "&#x202E;",
    "&rlm;",
    "&lrm;",
    "&#8238",
    "&#00008238;",
    "&zwj;",
    "&ZeroWidthSpace;",
    "&shy;",
    "&NoBreak;",
    "&#0;",
    "&#xFE0F;",
  ])("%s, which nobody would see, is shown", (entity) => expect(comment([], `a${entity}b`)).toMatch(/^a�b/));
  test("an entity that can be seen, and what a review writes itself so that nobody is called, stay as they are", () => {
    expect(comment([], "### ⚠️ a&amp;b &#124; #&#8203;12 &#36;")).toMatch(/^### ⚠️ a&amp;b &#124; #&#8203;12 &#36;/);
  });
  test("the selector of our own mark is the only one", () => {
    expect(comment([], "⚠️ a\ufe0f ⚠\ufe0f\ufe0f")).toMatch(/^⚠️ a� ⚠️�/);
  });
  test("is never longer than a comment may be, and never without what must be said first", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.integer({ min: 0, max: 400 }),
        fc.array(fc.string({ unit: "binary", maxLength: 300 }), { maxLength: 40 }),
        (unit, times, files) => {
          const text = comment(["cli/x.ts", ...files], unit.repeat(times), 65_000);
          expect(text.length).toBeLessThanOrEqual(65_000);
          expect(text).toMatch(/^> \[!CAUTION\]/);
          expect(text).not.toContain("<!--");
          expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200c-\u200f]|(?<!@)\u200b/);
        },
      ),
      { numRuns: 200 },
    );
  });
});
