/**
 * GitHub's own Markdown as the Debian package `cmark-gfm` has it, and what it makes of a text. It knows nothing of what GitHub
 * looks for afterwards: mentions, issues, commits, emoji, formulas.
 */
import { spawnSync } from "node:child_process";

const EXTENSIONS = ["table", "strikethrough", "autolink", "tagfilter", "footnotes", "tasklist"];
const PROGRAM = "cmark-gfm";

/** Why nothing can be held against it here; undefined: it is there. */
export function cmarkMissing(): string | undefined {
  const { stdout, status } = spawnSync(PROGRAM, ["--list-extensions"], { encoding: "utf8" });
  if (status !== 0) return `there is no ${PROGRAM} (Debian: apt-get install cmark-gfm)`;
  const lacks = EXTENSIONS.filter((name) => !stdout.includes(name));
  return lacks.length > 0 ? `${PROGRAM} does not know ${lacks.join(", ")}` : undefined;
}

/** A piece of what a text means. */
export interface Node {
  readonly type: string;
  readonly attributes: string;
  /** Of "text", "code", "html_inline", "html_block", "code_block". */
  readonly text: string;
  readonly children: readonly Node[];
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&" };
const decoded = (xml: string): string => xml.replace(/&(lt|gt|quot|amp);/g, (_, name: string) => ENTITIES[name]!);

/** What GitHub's Markdown makes of a text. */
export function cmark(markdown: string): Node {
  const options = EXTENSIONS.flatMap((name) => ["-e", name]);
  const { stdout, stderr, status } = spawnSync(PROGRAM, ["-t", "xml", "--unsafe", ...options], {
    input: markdown,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${PROGRAM}: ${stderr}`);
  // It has no name for footnotes here.
  return parsed(stdout.replaceAll("<unknown>", "footnote"));
}

function parsed(xml: string): Node {
  const root = { type: "", attributes: "", text: "", children: [] as Node[] };
  const open: { type: string; attributes: string; text: string; children: Node[] }[] = [root];
  const tags = /<(\/?)([a-z_]+)((?:\s[^<>]*?)?)(\/?)>(?:(?<=xml:space="preserve">)([^<]*))?/g;
  for (const [, closes, type, attributes, alone, text] of xml.matchAll(tags)) {
    if (closes) {
      open.pop();
      continue;
    }
    const node = { type: type!, attributes: attributes!, text: decoded(text ?? ""), children: [] };
    open.at(-1)!.children.push(node);
    if (!alone) open.push(node);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error("this XML has not ended");
  return root.children[0]!;
}
