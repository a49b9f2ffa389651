import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changedCommand } from "../../../cli/pipeline/changed";
import { commentCommand } from "../../../cli/pipeline/comment";
import { compareCommand } from "../../../cli/pipeline/compare";
import { environmentsCommand } from "../../../cli/pipeline/environments";
import { settledCommand } from "../../../cli/pipeline/settled";
import { ProblemsError } from "../../../model/problem";
import { type GithubSimulator, startGithub } from "../../../simulators/github";
import { FakeTerraform } from "../../support/fake-terraform";

const root = mkdtempSync(join(tmpdir(), "twinset-pipeline-"));
let github: GithubSimulator;
beforeAll(async () => {
  github = await startGithub({
    token: "good",
    owner: { login: "acme", type: "User" },
    repositories: ["platform"],
    jobToken: true,
  });
});
afterAll(async () => {
  await github.stop();
  rmSync(root, { recursive: true });
});

const atGithub = (): NodeJS.ProcessEnv => ({
  GITHUB_TOKEN: "good",
  GITHUB_REPOSITORY: "acme/platform",
  GITHUB_API_URL: github.baseUrl,
});
function told() {
  const lines: string[] = [];
  return { write: (line: string): void => void lines.push(line), text: () => lines.join("\n") };
}
const mistakeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (reason) {
    if (reason instanceof ProblemsError) return reason.message;
    throw reason;
  }
  throw new Error("was not refused");
};

describe("twinset environments", () => {
  test.each(["manacore", "sentineliq", "korczewski"])("a matrix of what is deployed of %s", (platform) => {
    const { write, text } = told();
    expect(environmentsCommand({ PLATFORM: platform }, write)).toBe(0);
    expect(JSON.parse(text())).toEqual([
      { platform, environment: "staging", host: true },
      { platform, environment: "production", host: false },
    ]);
  });
});

describe("twinset changed", () => {
  test("names what differs, for people and as a matrix", () => {
    for (const [side, production] of [
      ["base", "{}"],
      ["head", '{"a":1}'],
    ] as const) {
      for (const [name, text] of [
        ["staging", "{}"],
        ["production", production],
      ] as const) {
        const folder = join(root, side, "stacks", name);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "cdk.tf.json"), text);
      }
    }
    const [people, programs, none] = [told(), told(), told()];
    const both = { base: join(root, "base"), head: join(root, "head") };
    changedCommand(both, {}, people.write);
    changedCommand({ ...both, json: true }, {}, programs.write);
    changedCommand({ ...both, base: both.head }, {}, none.write);
    expect(people.text()).toBe("manacore production is changed.");
    expect(JSON.parse(programs.text())).toEqual([
      { platform: "manacore", environment: "production", change: "changed" },
    ]);
    expect(none.text()).toBe("manacore: no environment is changed.");
  });
});

describe("twinset comment", () => {
  test("writes the file as the comment, and without one says that it is over", async () => {
    const pr = String(github.openPullRequest("platform", { title: "change", head: "change" }));
    const file = join(root, "review.md");
    writeFileSync(file, "chat: green v1.6.0 arrives");
    const { write, text } = told();
    await commentCommand("production", { pr, file }, atGithub(), write);
    await commentCommand("production", { pr }, atGithub(), write);
    expect(text()).toMatch(/written\.[\s\S]*retired\./);
  });

  describe("of what a pull request's own jobs have handed over", () => {
    const from = (files: string[]): { run: string; head: string; base: string; files: string } => {
      const path = join(root, "files");
      writeFileSync(path, files.join("\n"));
      return { run: "https://github.com/acme/platform/actions/runs/7", head: "abc", base: "def", files: path };
    };
    const commentOf = async (file: string, files: string[]): Promise<string> => {
      const number = github.openPullRequest("platform", { title: "change", head: "change-handed-over" });
      await commentCommand("production", { pr: String(number), file, ...from(files) }, atGithub(), told().write);
      return github.state.repositories["platform"]!.issues.find((issue) => issue.number === number)!.comments.join();
    };
    test("says first that the code that made it is the pull request's own, and keeps our marker ours", async () => {
      const file = join(root, "handed.md");
      writeFileSync(file, "<!-- twinset:review platform=manacore environment=staging -->nothing to see");
      const text = await commentOf(file, ["review/verdict.ts", "README.md"]);
      expect(text).toMatch(/^<!-- twinset:review platform=manacore environment=production -->\n> \[!CAUTION\]/);
      expect(text.match(/<!--/g)).toHaveLength(1);
    });
    test("what is missing, or leads elsewhere, is no review", async () => {
      expect(await commentOf(join(root, "none.md"), [])).toContain("could not be planned");
      const link = join(root, "link.md");
      symlinkSync("/etc/passwd", link);
      expect(await commentOf(link, [])).toContain("could not be planned");
    });
    test("with some of where it is from only, it is refused", async () => {
      const message = await mistakeOf(() => commentCommand("production", { pr: "1", file: "x", run: "y" }, atGithub()));
      expect(message).toContain("all or --file alone");
    });
  });

  test("a number that is none and a file that is not there are told at once", async () => {
    const message = await mistakeOf(() =>
      commentCommand("production", { pr: "#1", file: join(root, "no.md") }, atGithub()),
    );
    expect(message).toMatch(/--pr\n.*#1[\s\S]*--file/);
  });
});

describe("twinset compare", () => {
  const record = (name: string, fingerprint: string, verdict: string): string => {
    const path = join(root, name);
    const about = {
      v: 1,
      fingerprint,
      platform: "manacore",
      environment: "production",
      at: "2026-11-21T10:00:00.000Z",
    };
    writeFileSync(path, JSON.stringify({ ...about, verdict, changes: {} }));
    return path;
  };
  test("the same plan is fine; another one is not, and what was reviewed is shown where it is at hand", () => {
    const now = record("now.json", "2222222222222222", "auth arrives");
    const then = record("then.json", "1111111111111111", "chat arrives");
    const [same, other, gone] = [told(), told(), told()];
    expect(compareCommand("2222222222222222", { now, then }, same.write)).toBe(0);
    expect(compareCommand("1111111111111111", { now, then }, other.write)).toBe(3);
    expect(other.text()).toMatch(/Reviewed \(.*\): chat arrives\nNow: auth arrives[\s\S]*ask for 2222222222222222/);
    expect(compareCommand("1111111111111111", { now, then: join(root, "gone.json") }, gone.write)).toBe(3);
    expect(gone.text()).toContain("not at hand");
  });
});

describe("twinset settled", () => {
  let fake: FakeTerraform;
  beforeEach(() => {
    fake = new FakeTerraform();
  });
  afterEach(() => fake.remove());

  test("an environment of which no release is known is settled, and GitHub is not asked", async () => {
    const env = { ...process.env, CDKTF_OUTDIR: join(fake.temp, "out") };
    const { write, text } = told();
    expect(await settledCommand("development", env, write)).toBe(0);
    expect(text()).toContain("no release is under way");
  }, 60_000);
});
