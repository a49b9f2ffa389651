/**
 * Text of others in our Markdown, held against GitHub's own: it makes no piece of the page but text and code, moves no cell,
 * and what a reader sees is what was given.
 */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codeBlock } from "../../model/markdown-text";
import { oneLine, plainLines, plainText } from "../../model/safe-text";
import type { Block, Span, Words } from "../../review/blocks";
import { markdown, written } from "../../review/markdown";
import type { ResourceChange } from "../../terraform/plan";
import { cmark, cmarkMissing, type Node } from "../support/cmark";
import { foundByGithub, UNSEEN_MARK } from "../support/github-text";
import { goldenPlan, reviewOf } from "../support/golden-plans";

const missing = cmarkMissing();
if (missing) process.stderr.write(`Our Markdown was NOT held against GitHub's own: ${missing}.\n`);
const withCmark = missing ? describe.skip : describe;

const PIECES = [
  ..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
  ...[
    "``",
    "```",
    "````",
    "~~~",
    "**",
    "__",
    "~~",
    "$$",
    "$`",
    "`$",
    "| a | b |",
    "|---|---|",
    "\\|",
    "\\`",
    "\\\\",
    "&#124;",
  ],
  ...["\n", "\r\n", "\n\n", "\r", "\t", " ", "  ", "    ", "\u2028", "\u2029", "\u0085", "\u00a0", "\0", "\u001b[2J"],
  ...[
    "<b>",
    "</details>",
    "<details>",
    "<!--",
    "-->",
    "<img src=x>",
    "<script>",
    "<a href='x'>",
    "<https://x.y>",
    "&amp;",
    "&lt;",
    "&#35;1",
  ],
  ...[
    "[a](b)",
    "![a](b)",
    "[a]: /b",
    "[^1]",
    "[^1]: x",
    "[ ] ",
    "[x] ",
    "- ",
    "+ ",
    "* ",
    "1. ",
    "1) ",
    "# ",
    "###### ",
    "> ",
    "> [!NOTE]",
  ],
  ...[
    "===",
    "---",
    "***",
    "___",
    "- - -",
    "www.a.de",
    "http://a.de",
    "https://a.de/b",
    "ftp://a.de",
    "mailto:a@b.de",
    "a@b.de",
    "xmpp:a@b.de",
  ],
  ...[
    "@ada",
    "@acme/all",
    "#12",
    "GH-123",
    "gh-1",
    "GHSA-aaaa-bbbb-cccc",
    "CVE-2026-1",
    "acme/x#1",
    "ada#1",
    ":tada:",
    ":+1:",
    ":100:",
  ],
  ...[
    "0123456",
    "abcdef0123456789abcdef0123456789abcdef01",
    "acme/x@0123456",
    "$a$",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200f",
    "\ufeff",
  ],
  ...[
    "\u00ad",
    "\ufe0f",
    "\u{e0041}",
    "\ue000",
    "\u3164",
    "é",
    "ü",
    "日本",
    "🛑",
    "a",
    "b",
    "Z",
    "0",
    "1",
    "9",
    ".",
    "x y",
  ],
];
const foreign = fc.string({ unit: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), maxLength: 8 });
const leaf: fc.Arbitrary<Span> = fc.record({ kind: fc.constantFrom("plain", "plain", "code"), text: foreign });
const span: fc.Arbitrary<Span> = fc.oneof(
  { weight: 3, arbitrary: leaf },
  {
    weight: 1,
    arbitrary: fc.array(leaf, { minLength: 1, maxLength: 3 }).map((words) => ({ kind: "strong" as const, words })),
  },
);
const words: fc.Arbitrary<Words> = fc.array(span, { minLength: 1, maxLength: 4 });
const item = fc.record({ words, under: fc.array(words, { maxLength: 2 }) });
const items = fc.array(item, { minLength: 1, maxLength: 3 });
const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ kind: fc.constant("title"), mood: fc.constantFrom("danger", "care", "fine"), words }),
  fc.record({ kind: fc.constant("paragraph"), words }),
  fc.record({ kind: fc.constant("list"), title: foreign.map((text) => `List ${text}`), items, after: words }),
  fc.record({
    kind: fc.constant("table"),
    title: fc.constant("Table"),
    headings: fc.constant(["One", "Two", "Three"]),
    rows: fc.array(fc.tuple(words, words, words), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant("group"), title: foreign.map((text) => `Group ${text}`), items }),
  fc.record({ kind: fc.constant("end"), paragraphs: fc.array(words, { minLength: 1, maxLength: 2 }) }),
) as fc.Arbitrary<Block>;

/** What a reader is to see of words: runs of text and code, strong or not. Space around them nobody sees. */
type Run = readonly [look: string, text: string];
const leaves = (of: Words, strong = ""): Run[] =>
  of.flatMap((each): Run[] => {
    if (each.kind === "strong") return leaves(each.words, "strong ");
    if (each.kind === "code") return [[`${strong}code`, plainText(each.text) || " "]];
    return [[`${strong}text`, each.text]];
  });
/** Strong space looks like space. */
const looked = (runs: readonly Run[]): Run[] => {
  const whole: [string, string][] = [];
  for (const [look, text] of runs) {
    const last = whole.at(-1);
    if (last?.[0] === look && look.endsWith("text")) last[1] += text;
    else if (text !== "") whole.push([look, text]);
  }
  return whole;
};
const spaced = (runs: readonly Run[]): string =>
  // Space in text is as wide as one, and strong or not; between runs it belongs to nobody.
  JSON.stringify(
    looked(runs.map(([look, text]) => [look, look.endsWith("code") ? text : text.replace(/ +/g, " ")] as const))
      .flatMap(([look, text]): Run[] =>
        look.endsWith("code")
          ? [[look, text]]
          : text.split(/( )/).map((part) => [part === " " ? "space" : look, part] as const),
      )
      .filter(([, text]) => text !== "")
      .filter(([look], i, all) => look !== "space" || all[i - 1]?.[0] !== "space")
      .filter(([look], i, all) => look !== "space" || (i > 0 && i < all.length - 1)),
  );
const expectedRuns = (of: Words): string => {
  const runs = looked(leaves(of)).map(([look, text]): Run => [look, look.endsWith("text") ? oneLine(text) : text]);
  return spaced(runs);
};

/** What is seen of a node, where nothing but text, code and what is strong may be. */
function seen(node: Node, strong = ""): Run[] {
  return node.children.flatMap((child, i): Run[] => {
    if (child.type === "strong" && strong === "") return seen(child, "strong ");
    if (child.type === "text") return [[`${strong}text`, child.text.replaceAll(UNSEEN_MARK, "")]];
    if (child.type === "code") return [[`${strong}code`, child.text]];
    // How GitHub wants a dollar that is none of a formula's.
    const dollar = (at: number, tag: string, beside: number): boolean =>
      node.children[at]?.text === tag && node.children[beside]?.text === "$";
    if (child.type === "html_inline" && (dollar(i, "<span>", i + 1) || dollar(i, "</span>", i - 1))) return [];
    return [[`${child.type}!`, child.text]];
  });
}
const inlineOf = (node: Node | undefined): string => (node ? spaced(seen(node)) : "[]");

/** A block of HTML as a browser shows it, but for the tags that are ours; whatever else is a tag stands out. */
const readHtml = (html: string): string =>
  html
    .replaceAll("<span>$</span>", "$")
    .replace(/<(?!\/?(?:details|summary)>)/g, "HTML!")
    .replace(/&(?:(lt|gt|amp)|#(\d+));/g, (_, name: string | undefined, number: string) =>
      name ? { lt: "<", gt: ">", amp: "&" }[name]! : String.fromCodePoint(Number(number)),
    );

/** An outline of a page: its blocks, each with what is seen in it. */
type Line = readonly [type: string, text: string];
const isBlank = (text: string): boolean => text === "[]";
const itemLines = (of: readonly { words: Words; under?: readonly Words[] }[]): Line[] =>
  of.flatMap(({ words: own, under = [] }) => [
    ["item", expectedRuns(own)] as const,
    ...under.map((line) => ["under", expectedRuns(line)] as const),
  ]);
const strongText = (text: string): string => expectedRuns([{ kind: "strong", words: [{ kind: "plain", text }] }]);
function outline(of: Block): Line[] {
  const paragraph = (line: Words): Line[] => [["paragraph", expectedRuns(line)]];
  switch (of.kind) {
    case "title":
      return [["heading", expectedRuns([{ kind: "plain", text: "MARK " }, ...of.words])]];
    case "paragraph":
      return paragraph(of.words);
    case "list":
      return [["paragraph", strongText(of.title)], ...itemLines(of.items), ...(of.after ? paragraph(of.after) : [])];
    case "table":
      return [
        ["paragraph", strongText(of.title)],
        ["table_header", of.headings.join()],
        ...of.rows.map((cells): Line => ["table_row", cells.map(expectedRuns).join("|")]),
      ];
    case "group":
      return [
        ["html_block", `<details><summary>${oneLine(of.title)}</summary>\n`],
        ...itemLines(of.items),
        ["html_block", "</details>\n"],
      ];
    case "end":
      return [["thematic_break", ""], ...of.paragraphs.flatMap(paragraph)];
  }
}
function found(page: Node): Line[] {
  return page.children.flatMap((node): Line[] => {
    switch (node.type) {
      case "heading":
        return [["heading", inlineOf(node).replace(/🛑|⚠️|✅/u, "MARK")]];
      case "paragraph":
        return [["paragraph", inlineOf(node)]];
      case "list":
        return node.children.flatMap((each) => [
          [each.type, inlineOf(each.children.find(({ type }) => type === "paragraph"))] as const,
          ...each.children.flatMap((inner): Line[] => {
            if (inner.type === "paragraph") return [];
            if (inner.type !== "list") return [[`${inner.type}!`, inner.text]];
            return inner.children.map((line) => [
              line.type === "item" ? "under" : line.type,
              line.children.length > 1 ? "more than a paragraph" : inlineOf(line.children[0]),
            ]);
          }),
        ]);
      case "table":
        return node.children.map(({ type, children }) => [
          type,
          type === "table_header"
            ? children.map(({ children: [text] }) => text!.text).join()
            : children.map(inlineOf).join("|"),
        ]);
      case "html_block":
        return [["html_block", readHtml(node.text).replaceAll(UNSEEN_MARK, "")]];
      default:
        return [[node.type, node.text]];
    }
  });
}

/** Each text that GitHub looks through: no word goes on over code, or over the begin and the end of what is strong. */
const texts = (node: Node): string[] => {
  const runs = node.children.map(({ type, text }) => (["text", "html_inline"].includes(type) ? text : "\ufffc"));
  const own =
    node.type === "html_block" ? [readHtml(node.text.replaceAll("<span>$</span>", "\ufffc"))] : [runs.join("")];
  return [...own, ...node.children.flatMap(texts)];
};

withCmark("text of others, read by GitHub's own Markdown,", () => {
  test("is text or code, wherever it stands, and is what was given", () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 3 }), (blocks) => {
        const page = cmark(written(blocks));
        const wanted = blocks.flatMap(outline).filter(([type, text]) => type !== "paragraph" || !isBlank(text));
        expect(found(page)).toEqual(wanted);
        expect(texts(page).flatMap(foundByGithub)).toEqual([]);
      }),
      { numRuns: Number(process.env["FOREIGN_RUNS"] ?? 400) },
    );
  }, 240_000);

  test("is a block of code with all of its lines, whatever backticks are in them", () => {
    fc.assert(
      fc.property(foreign, foreign, (text, after) => {
        const page = cmark(
          `${codeBlock(text)}\n\n${written([{ kind: "paragraph", words: [{ kind: "plain", text: `x${after}` }] }])}`,
        );
        expect(page.children.map(({ type }) => type)).toEqual(["code_block", "paragraph"]);
        expect(page.children[0]!.text).toBe(`${plainLines(text)}\n`);
      }),
      { numRuns: 300 },
    );
  }, 120_000);

  // What GitHub makes of our own words is what we meant: no piece in them that is none of these.
  const OURS = [
    "document",
    "heading",
    "paragraph",
    "text",
    "code",
    "strong",
    "list",
    "item",
    "html_inline",
    "html_block",
    "thematic_break",
  ];
  const TABLE = ["table", "table_header", "table_row", "table_cell"];
  const types = (node: Node): string[] => [node.type, ...node.children.flatMap(types)];
  const golden = join(__dirname, "golden");
  test.each(readdirSync(golden))("is in %s as it was meant", (file) => {
    const page = cmark(readFileSync(join(golden, file), "utf8"));
    expect(types(page).filter((type) => ![...OURS, ...TABLE].includes(type))).toEqual([]);
    expect(texts(page).flatMap(foundByGithub)).toEqual([]);
    const details = page.children.filter(({ type }) => type === "html_block").map(({ text }) => readHtml(text));
    details.forEach((text) => expect(text).toMatch(/^(<details><summary>[^<]*<\/summary>|<\/details>)\n$/));
  });

  test("is in a whole review what was given, wherever a plan has it", () => {
    const of = goldenPlan("release");
    fc.assert(
      fc.property(foreign, fc.nat(), (text, at) => {
        const index = at % of.resource_changes.length;
        const changes = of.resource_changes.map((each, i) => (i === index ? planted(each, text) : each));
        const page = cmark(markdown(reviewOf({ ...of, resource_changes: changes }), { redact: (whole) => whole }));
        expect(types(page).filter((type) => ![...OURS, ...TABLE].includes(type))).toEqual([]);
        expect(texts(page).flatMap(foundByGithub)).toEqual([]);
        for (const table of page.children.filter(({ type }) => type === "table")) {
          const widths = table.children.map(({ children }) => children.length);
          expect(new Set(widths).size).toBe(1);
        }
      }),
      { numRuns: 15 },
    );
  }, 240_000);
});

/** A change whose texts all have another one behind them: names, images, labels, commands, and its address. */
function planted(change: ResourceChange, text: string): ResourceChange {
  const put = (value: unknown): unknown => {
    if (typeof value === "string") return `${value}${text}`;
    if (Array.isArray(value)) return value.map(put);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, put(inner)]));
  };
  const { after, ...rest } = change.change;
  return { ...change, change: { ...rest, after: put(after) } } as ResourceChange;
}
