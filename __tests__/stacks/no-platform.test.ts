/** What makes a platform is data: nothing that turns it into stacks knows any platform by name. */
import { describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { PLATFORMS } from "../../config/platforms";

const ROOT = join(__dirname, "../..");
const FILES = ["model", "constructs", "stacks"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file)),
);

/** Texts of the program that have a platform's name in them, and what is decided by a platform's name. Not comments. */
function mentions(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const say = (node: ts.Node): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${path}:${line + 1} ${node.getText()}`);
  };
  const visit = (node: ts.Node): void => {
    if (
      (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) &&
      Object.keys(PLATFORMS).some((name) => node.text.toLowerCase().includes(name))
    ) {
      say(node);
    }
    const decides = decidedBy(node);
    if (decides && /\bplatform\.(name|title)\b/.test(decides.getText())) say(decides);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** What a node decides by, if it decides: a condition, a comparison, a choice or a look-up by key. */
function decidedBy(node: ts.Node): ts.Node | undefined {
  if (ts.isIfStatement(node) || ts.isSwitchStatement(node) || ts.isWhileStatement(node)) return node.expression;
  if (ts.isConditionalExpression(node)) return node.condition;
  if (ts.isElementAccessExpression(node)) return node.argumentExpression;
  const compares = [
    ts.SyntaxKind.EqualsEqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
    ts.SyntaxKind.InKeyword,
  ];
  if (ts.isBinaryExpression(node) && compares.includes(node.operatorToken.kind)) return node;
  const asks = /\.(includes|startsWith|endsWith|has|get|test|match)$/;
  return ts.isCallExpression(node) && asks.test(node.expression.getText()) ? node : undefined;
}

test("there is something to look at", () => expect(FILES.length).toBeGreaterThan(30));

test.each(FILES)("%s names no platform", (path) => {
  expect(mentions(path, readFileSync(join(ROOT, path), "utf8"))).toEqual([]);
});

describe("this test finds", () => {
  test.each([
    'const zone = "manacore.app";',
    "const zone = `${name}.sentineliq.com`;",
    'const owner = { "Korczewski": 1 };',
    "if (platform.name === other) run();",
    "const large = isLarge(platform.name) ? 2 : 1;",
    "const size = SIZES[platform.name];",
    "switch (this.props.platform.name) {}",
    "const special = SPECIAL.includes(platform.name);",
  ])("%s", (text) => expect(mentions("x.ts", text)).not.toEqual([]));
  test.each(["// manacore, for example", "const prefix = `${platform.name}-${environment.name}`;"])(
    "nothing in %s",
    (text) => expect(mentions("x.ts", text)).toEqual([]),
  );
});
