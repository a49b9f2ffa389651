/** A review as Markdown and as text for a terminal: what is in it, and what no text from a plan can do there. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { code, escape } from "../../model/markdown-text";
import { markdown, MOST_CHARACTERS } from "../../review/markdown";
import type { Review } from "../../review/review";
import { planRedactor } from "../../review/secrets";
import { terminalText } from "../../review/terminal";
import { describeMade } from "../../review/document";
import { container, plan, resource, reviewed, set, split, type SplitGiven, switched } from "../support/plan";

const redact = (text: string): string => text;
const BOTH: SplitGiven = { live: "blue", weights: "blue=100,green=0", blue: "v1.5.2", green: "v1.6.0" };
const base = reviewed(
  plan([...set("blue", "changes"), switched("chat", BOTH, { ...BOTH, weights: "blue=90,green=10" })]),
);
const lines = (change: Partial<Review> = {}): string[] => markdown({ ...base, ...change }, { redact }).split("\n");

/** How CommonMark (0.31, 6.1) reads a code span at the start of a text; and what is left after it. */
function codeSpan(text: string): { readonly content: string; readonly rest: string } {
  const [fence] = /^`+/.exec(text)!;
  const end = [...text.slice(fence.length).matchAll(/`+/g)].find(([run]) => run.length === fence.length)!;
  const inside = text.slice(fence.length, fence.length + end.index);
  const content = /^ .* $/.test(inside) && /[^ ]/.test(inside) ? inside.slice(1, -1) : inside;
  return { content, rest: text.slice(2 * fence.length + inside.length) };
}

describe("a text from a plan in Markdown", () => {
  const awkward = fc.string({ unit: fc.constantFrom("`", "``", " ", "a", "\\", "|", "*", "<", "\n", "@") });

  test("a code span begins with its first backtick, ends with its last, and has the whole text", () => {
    fc.assert(
      fc.property(awkward, (text) => {
        const line = text.replace(/[\r\n]+/g, " ");
        const { content, rest } = codeSpan(`${code(text)} and more`);
        expect({ content, rest }).toEqual({ content: line === "" ? " " : line, rest: " and more" });
      }),
      { numRuns: 500 },
    );
  });

  test("outside of code nothing of it is Markdown, HTML, a mention, an issue or an address", () => {
    const every = fc.string({
      unit: fc.constantFrom(
        "`",
        "*",
        "_",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "&",
        "@team",
        "#12",
        "|",
        "\\",
        "\n",
        "www.x.de",
        "http://x",
        "~",
        " ",
      ),
    });
    fc.assert(
      fc.property(every, (text) => {
        const written = escape(text);
        // Each character that means something has a backslash of its own before it, or is an entity.
        const rest = written.replace(/\\[\\`*_{}[\]~]/g, "").replace(/&(?:amp|lt|gt|#124|#8203);/g, "\u200b");
        expect(rest).not.toMatch(/[\\`*_{}[\]~<>&|\n]/);
        expect(rest).not.toMatch(/[@#][^\u200b]|www\.|:\/\//);
      }),
      { numRuns: 500 },
    );
  });

  const NASTY =
    "@team <img src=x onerror=y> | `tick` ](http://evil.example) [x](javascript:y) #1 **bold** www.evil.example";
  const nastyReview = (): Review => {
    const switchJob = resource(
      "docker_container.chat_switch_job",
      "is replaced, old first",
      split(BOTH),
      split({ ...BOTH, weights: "blue=90,green=10", green: NASTY }),
    );
    const image = resource("docker_image.chat_green_web-image", "comes", { name: `${NASTY}:latest` });
    const edge = resource(
      "docker_container.edge",
      "changes",
      container({ command: [NASTY] }),
      container({ command: [`${NASTY}2`] }),
    );
    return reviewed(plan([switchJob, image, edge, ...set("blue", "stays")]));
  };

  test("a label, an image's name and a value of a plan stay what they are, wherever they are said", () => {
    const text = markdown(nastyReview(), { redact });
    expect(text).toContain("evil");
    // Code is code; what is left may not have anything of it.
    const outside = text.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, "");
    expect(outside).not.toMatch(/@(?!&#8203;)/);
    expect(outside).not.toMatch(/<(?!\/?details>|\/?summary>)/);
    expect(outside).not.toMatch(/(?<!\\)\]\(/);
    expect(outside).not.toMatch(/:\/\/|www\./);
    expect(outside).not.toMatch(/(?<!&)#(?=\d)/);
  });

  test("a row of a table has as many cells as its heading, whatever is in them", () => {
    const text = markdown(nastyReview(), { redact });
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    expect(rows.length).toBeGreaterThan(2);
    const bars = (row: string): number => row.replace(/\\\|/g, "").split("|").length;
    const headings = rows.filter((_, i) => rows[i + 1]?.startsWith("| ---"));
    expect(headings.length).toBeGreaterThan(0);
    let width = 0;
    for (const row of rows) {
      if (headings.includes(row)) width = bars(row);
      expect(bars(row)).toBe(width);
    }
  });
});

describe("a comment", () => {
  test("begins with the verdict and its mark, and ends with how to go on and the fingerprint", () => {
    const all = lines();
    expect(all[0]).toMatch(/^### ✅ chat: green v1\.6\.0 gets 10 % of the traffic/);
    expect(all.at(-3)).toBe(
      `Apply exactly this: \`npx twinset apply production --reviewed ${base.fingerprint}\`. A plan that does anything else is refused.`,
    );
    expect(all.at(-1)).toBe(`Fingerprint: \`${base.fingerprint}\``);
  });
  test("says to be careful with what visitors notice, drift, and what will not be applied", () => {
    const interruption = { who: "chat", what: "x", howLong: "1 s", noticed: true, address: "a" };
    expect(lines({ interruptions: [interruption] })[0]).toMatch(/^### ⚠️/);
    expect(lines({ interruptions: [{ ...interruption, noticed: false }] })[0]).toMatch(/^### ✅/);
    expect(lines({ drift: [{ address: "a", gone: true, attributes: [], mended: true }] })[0]).toMatch(/^### ⚠️/);
    expect(lines({ notApplied: [{ address: "a", attributes: ["init"] }] })[0]).toMatch(/^### ⚠️/);
  });
  test("says that there is danger in what is lost, and in a broken policy, which comes before the traffic", () => {
    expect(lines({ losses: [{ address: "docker_volume.a", what: "volume", replaced: false }] })[0]).toMatch(/^### 🛑/);
    const image = resource("docker_image.chat_green_web-image", "comes", { name: "web:latest" });
    const text = markdown(reviewed(plan([image, switched("chat", BOTH, BOTH)])), { redact });
    expect(text).toMatch(/^### 🛑/);
    expect(text.indexOf("this plan is not to be applied")).toBeLessThan(text.indexOf("**Traffic**"));
    expect(text).toContain("It cannot be applied while a policy is broken");
    expect(text).not.toContain("--reviewed");
  });
  test("has the details of each product folded, one block each, which is closed", () => {
    const text = markdown(base, { redact });
    expect(text.match(/<details><summary>chat: 3 changes \(.*\)<\/summary>/g)).toHaveLength(1);
    expect(text.match(/<\/details>/g)).toHaveLength(1);
  });
  test("that has nothing to apply says so, and no command", () => {
    const text = markdown(reviewed(plan([])), { redact });
    expect(text).toContain("There is nothing to apply.");
    expect(text).not.toContain("--reviewed");
  });
  test("says that drift was not looked for where it was not", () => {
    const made = { ...base.made, refreshed: false };
    expect(lines({ made }).join("\n")).toContain("Drift was not looked for");
    expect(lines().join("\n")).not.toContain("Drift was not looked for");
  });
});

describe("how the plan was made", () => {
  const at = new Date("2026-11-21T12:34:56Z");
  const made = (refreshed: boolean | undefined, from?: string): string =>
    describeMade({ made: { refreshed, at, ...(from ? { stateFrom: new Date(from) } : {}) } });
  test("with a look at what is there, without, or unknown", () => {
    expect(made(true)).toBe("Planned at 2026-11-21 12:34Z with a look at what is really there.");
    expect(made(undefined)).toMatch(/it does not say whether/);
    expect(made(false)).toMatch(/from the state, which has no known age, without a look/);
  });
  test.each([
    ["2026-11-21T12:34:00Z", "1 minute"],
    ["2026-11-21T10:35:00Z", "2 hours"],
    ["2026-11-21T11:00:00Z", "95 minutes"],
    ["2026-11-20T02:00:00Z", "35 hours"],
    ["2026-11-01T00:00:00Z", "21 days"],
    ["2026-11-21T13:00:00Z", "0 minutes"],
  ])("the state of %s is %s old", (from, age) => {
    expect(made(false, from)).toContain(`is ${age} old`);
  });
});

describe("text for a terminal", () => {
  const CONTROL = "\u001b[2J\u0007\u009b31m\r\nx\u202ey\u2066";
  test("has no control character of a plan in it, and none of the marks that turn the order of what is read", () => {
    const switchJob = switched("chat", BOTH, { ...BOTH, weights: "blue=90,green=10", green: `v${CONTROL}` });
    const edge = resource(
      "docker_container.edge",
      "changes",
      container({ command: ["a"] }),
      container({ command: [CONTROL] }),
    );
    const text = terminalText(reviewed(plan([switchJob, edge])), redact);
    expect(text).toContain("x�y");
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  });
  test("has everything, nothing folded", () => {
    const text = terminalText(base, redact);
    expect(text.split("\n")[0]).toBe(base.verdict);
    expect(text).toContain("docker_container.chat_blue_backend-0");
    expect(text).toContain(`--reviewed ${base.fingerprint}`);
  });
});

describe("a secret whose characters mean something in Markdown or in a terminal", () => {
  test.each(["p@ss_w*rd|<x>", "`tick`[a](b)", "www.secret.example://x", "line one\nline two\u0007", "a#1~b\\c"])(
    "%j is masked in what is plain and in what is code",
    (secret) => {
      const marked = { change: { after_sensitive: { name: true } } };
      const image = resource("docker_image.chat_green_web-image", "comes", { name: secret }, undefined, marked);
      const job = switched("chat", BOTH, { ...BOTH, weights: "blue=90,green=10", green: secret });
      const of = plan([image, job]);
      const mask = planRedactor(of);
      const review = reviewed(of);
      for (const text of [markdown(review, { redact: mask }), terminalText(review, mask)]) {
        expect(text).toMatch(/(\\?\*){3}/);
        for (const piece of secret.split(/[^a-z]+/).filter((word) => word.length > 3))
          expect(text).not.toContain(piece);
      }
    },
  );
});

test("the longest comment still has room for the line by which it is found again", () => {
  const of = (n: number): Review["groups"][number] => ({
    title: `product-${n}`,
    details: [{ address: "x".repeat(32_000), action: "create", sign: "+", note: "", attributes: [] }],
  });
  const marker = `<!-- twinset:review platform=${"p".repeat(63)} environment=production -->\n`;
  // So long that both just fit without it.
  const room = MOST_CHARACTERS - markdown({ ...base, groups: [of(1), of(2)] }, { redact, most: Infinity }).length;
  const wider = { ...of(3), details: [{ ...of(3).details[0]!, address: "y".repeat(room - 150) }] };
  const review = { ...base, groups: [of(1), of(2), wider] };
  expect(markdown(review, { redact, most: Infinity }).length).toBeGreaterThan(MOST_CHARACTERS - marker.length);
  expect(`${marker}${markdown(review, { redact })}`.length).toBeLessThanOrEqual(MOST_CHARACTERS);
});
