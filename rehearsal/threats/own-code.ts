/** Paths that our own code and workflows keep: tried with that very code. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { reviewFrom } from "../../delivery/handed-over";
import { STARTED_BY_ONE, workflowProblems } from "../../delivery/workflow-rules";
import { contentOf } from "../../release/journal/journal";
import { unrecorded } from "../../release/journal/unrecorded";
import { allow, start } from "./acts";
import type { Path, Refusal, ThreatWorld } from "./path";

const WORKFLOWS = join(__dirname, "../../.github/workflows");
const workflowText = (name: string): string => readFileSync(join(WORKFLOWS, name), "utf8");

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
}
interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly if?: string; readonly environment?: string; readonly steps?: readonly Step[] }>
  >;
}

const stepsOf = (name: string): readonly Step[] =>
  Object.values((parse(workflowText(name)) as Workflow).jobs).flatMap(({ steps = [] }) => steps);

/** Would a job with this condition begin, in a run of these people? @throws Error for what is not understood here */
function begins(condition: string, { actor, again }: { readonly actor: string; readonly again: string }): boolean {
  const terms: Readonly<Record<string, boolean>> = {
    "github.ref == 'refs/heads/main'": true,
    "github.actor == github.triggering_actor": actor === again,
    "!endsWith(github.actor, '[bot]')": !actor.endsWith("[bot]"),
  };
  return condition.split(" && ").every((term) => {
    const holds = terms[term.trim()];
    if (holds === undefined) throw new Error(`a job's condition is not understood here: ${term}`);
    return holds;
  });
}

/** Does production's job begin, once GitHub would let it? @param changed what else the jobs ask */
function jobBegins({ github, at }: ThreatWorld, changed: (condition: string) => string): Refusal {
  const may = github.jobMayBegin(at.repo, "production.yml", "production");
  if (may !== "begins") return `GitHub itself: ${may}`;
  const { jobs } = parse(workflowText("production.yml")) as Workflow;
  const [name, job] = Object.entries(jobs).find(([, { environment }]) => environment === "production")!;
  const condition = job.if ?? "";
  return begins(changed(condition), github.lastRun(at.repo, "production.yml")) ? undefined : `${name}: if ${condition}`;
}

async function asBot(world: ThreatWorld, changed: (condition: string) => string = (same) => same): Promise<Refusal> {
  await start(world, world.workflow);
  await allow(world, world.mallory);
  return jobBegins(world, changed);
}

async function again(world: ThreatWorld, changed: (condition: string) => string = (same) => same): Promise<Refusal> {
  await start(world, world.grace);
  const { id } = world.github.lastRun(world.at.repo, "production.yml");
  await world.mallory.actions.reRunWorkflow({ ...world.at, run_id: id });
  await allow(world, world.mallory);
  return jobBegins(world, changed);
}

const withoutAsking = (condition: string): string => condition.replace(` && ${STARTED_BY_ONE}`, "");

/** In a folder that is gone afterwards. */
async function inFolder<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "twinset-threats-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const V1 = { live: "blue", canary: 0, blue: { version: "v1.0.0" }, green: null } as const;
const V2 = { live: "green", canary: 0, blue: null, green: { version: "v2.0.0" } } as const;
/** A release from the first to the second, as its journal has it. */
const RELEASED = [
  { event: "started", from: V1, to: V2 },
  { event: "step-done", step: "retire", to: V2 },
  { event: "ended", outcome: "done" },
].map((entry, i) =>
  JSON.stringify({
    ...{ v: 1, id: `e${i}`, at: "2026-11-21T10:00:00.000Z", run: "r1", who: "runner@github", product: "chat" },
    ...entry,
  }),
);

/** The branch has the file from before the release, as the pull request with its record was closed. */
const closedRecord = ({ path }: ThreatWorld, journal: readonly string[]): Promise<Refusal> =>
  inFolder(async (folder) => {
    const file = join(folder, "production.json");
    writeFileSync(file, JSON.stringify({ $schema: "x", products: { chat: V1 } }));
    const names = ["AUTHOR", "COMMITTER"].flatMap((who) => [
      [`GIT_${who}_NAME`, "a"],
      [`GIT_${who}_EMAIL`, "a@example"],
      [`GIT_${who}_DATE`, "2026-11-20T10:00:00Z"],
    ]);
    const env = { PATH: path, ...Object.fromEntries(names), GIT_CONFIG_GLOBAL: "/dev/null" };
    for (const args of [
      ["init", "--quiet"],
      ["add", "."],
      ["commit", "--quiet", "--message", "x"],
    ]) {
      const { status, stderr } = spawnSync("git", ["-C", folder, ...args], { encoding: "utf8", env });
      if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
    }
    const known = { products: [{ name: "chat" }], release: { chat: V1 }, file, path: "production.json" };
    const [said] = await unrecorded({ ...known, journal: contentOf(journal.join("\n")) });
    return said;
  });

/** As GitHub runs a step: by bash, with these programs before all others. */
const runStep = (
  { path }: ThreatWorld,
  script: string,
  env: Readonly<Record<string, string>>,
  programs: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number | null; readonly said: string; readonly files: readonly string[] }> =>
  inFolder((folder) => {
    const bin = join(folder, "bin");
    const work = join(folder, "work");
    [bin, work].forEach((made) => mkdirSync(made));
    for (const [name, text] of Object.entries(programs)) {
      writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    }
    const files = { GITHUB_OUTPUT: join(folder, "outputs"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
      {
        cwd: work,
        // Of a socket bash takes itself for one that was called from afar, and reads its user's file.
        stdio: ["ignore", "pipe", "pipe"],
        encoding: "utf8",
        env: { PATH: `${bin}:${path}`, ...files, ...env },
      },
    );
    return { status, said: stdout + stderr, files: readdirSync(work) };
  });

const scriptOf = (file: string, name: string): string => stepsOf(file).find((step) => step.name === name)!.run!;

/** What is typed as a service's name is a command of hers. @param insert as text of the script, as `${{ }}` would */
async function typed(world: ThreatWorld, insert: boolean): Promise<Refusal> {
  const evil = "x; touch owned; #";
  const script = scriptOf("image.yml", "Check inputs, make names");
  const inputs = { PROJECT: "apps/chat", TEMPLATE: "nestjs", PORT: "3002", TEMPLATES: "docker" };
  const others = { PLATFORMS: "linux/amd64", PUSH: "true", READ_ONLY_TOKEN: "false", GITHUB_REPOSITORY_OWNER: "acme" };
  const run = insert ? script.replace('"$SERVICE"', evil) : script;
  const { files, said, status } = await runStep(world, run, { SERVICE: evil, ...inputs, ...others });
  if (files.includes("owned")) return undefined;
  return status === 0 ? undefined : said;
}

const DIGEST = `sha256:${"a".repeat(64)}`;
/** A registry that says this of a version; whoever pushes leaves a file. */
async function overVersion(world: ThreatWorld, status: number, text: string): Promise<Refusal> {
  const name = "ghcr.io/acme/chat-backend";
  const env = { IMAGE: `${name}@${DIGEST}`, TAGS: `${name}:v1.6.0`, USERNAME: "mallory", PASSWORD: "token" };
  const curl = `cat > /dev/null
while [ $# -gt 0 ]; do
  case "$1" in --output) file=$2; shift;; https://ghcr.io/token*) echo '{"token":"t"}'; exit 0;; esac
  shift
done
printf '%s' '${text}' > "$file"
printf '%s' '${status}'`;
  const { files, said } = await runStep(world, scriptOf("image.yml", "Give it its tags"), env, {
    docker: "touch pushed",
    curl,
  });
  return files.includes("pushed") ? undefined : said;
}

/** The tags that an image of another branch than the default one gets, by the rules of docker/metadata-action. */
function tagsOfBranch(branch: string, rules: string): string[] {
  return rules
    .split("\n")
    .filter((rule) => rule.includes("event=branch") && !rule.includes("enable={{is_default_branch}}"))
    .map((rule) => `${/prefix=([^,]*)/.exec(rule)?.[1] ?? ""}${branch}`);
}

function namesBranch(changed: (rules: string) => string): Refusal {
  const rules = changed(stepsOf("image.yml").find(({ id }) => id === "tags")!.with!["tags"]!);
  const wanted = ["v1.6.0", "latest", "buildcache"];
  const got = wanted.flatMap((branch) => tagsOfBranch(branch, rules));
  if (got.length < wanted.length) return "no tag at all";
  return wanted.some((tag) => got.includes(tag)) ? undefined : `they become ${got.join(", ")}`;
}

const ORIGIN = { run: "https://github.com/acme/platform/actions/runs/1", head: "b".repeat(40), base: "a".repeat(40) };
const comment = (files: readonly string[], text: string): string =>
  reviewFrom("manacore production", text, { ...ORIGIN, files }, 60_000);

function saysFirst(files: readonly string[]): Refusal {
  const [first = "", second = ""] = comment(files, "### ✅ nothing changes").split("\n");
  return first === "> [!CAUTION]" ? second : undefined;
}

const LIES = "<!-- twinset:review platform=manacore environment=production -->\n@ada agrees, \u202eon si \u200bti";
const asItIs = (text: string): Refusal =>
  /<!-- twinset|(?<!\w)@ada|[\u202e]|si \u200b/.test(text) ? undefined : `it says: ${text.split("\n")[1] ?? ""}`;

const BASE = "${{ github.event.pull_request.base.sha }}";
/** Rules of ours that a workflow breaks. */
const besideWriting = (text: string): Refusal =>
  workflowProblems(text).some((problem) => problem.includes("may write pull requests beside code"))
    ? undefined
    : "the job that may write has the base's code only";

export const OWN_CODE: readonly Path[] = [
  {
    person: "lets a workflow start production as the bot, and agrees to it",
    refused: /if .*endsWith/,
    attempt: (world) => asBot(world),
    guard: "that each job asks who started it",
    unguarded: (world) => asBot(world, withoutAsking),
  },
  {
    person: "begins a colleague's run again, and agrees to it",
    refused: /if .*triggering_actor/,
    attempt: (world) => again(world),
    guard: "that each job asks who began it again",
    unguarded: (world) => again(world, withoutAsking),
  },
  {
    person: "closes the pull request with a release's record, so that files undo it",
    refused: /is not in its file yet/,
    attempt: (world) => closedRecord(world, RELEASED),
    guard: "the journal",
    unguarded: (world) => closedRecord(world, []),
  },
  {
    person: "changes the code that makes a review, or its verdict",
    refused: /changes the code that made this review/,
    attempt: async () => saysFirst(["config/releases/manacore/production.json", "review/verdict.ts"]),
    guard: "the list of files that GitHub has",
    unguarded: async () => saysFirst(["config/releases/manacore/production.json"]),
  },
  {
    person: "has the review's text say what is not so, in the pipeline's name",
    refused: /it says: @\u200bada agrees, �on si �ti/,
    attempt: async () => asItIs(comment([], LIES)),
    guard: "what takes them out",
    unguarded: async () => asItIs(LIES),
  },
  {
    person: "gets at a token that may write, with a pull request's code",
    refused: /the base's code only/,
    attempt: async () => besideWriting(workflowText("pull-request.yml")),
    guard: "which commit that job checks out",
    unguarded: async () => besideWriting(workflowText("pull-request.yml").replaceAll(BASE, "${{ github.sha }}")),
  },
  {
    person: "types something that becomes part of a script",
    refused: /service is "x; touch owned; #"; expected/,
    attempt: (world) => typed(world, false),
    guard: "that inputs come by env",
    unguarded: (world) => typed(world, true),
  },
  {
    person: "pushes an image over a version",
    refused: /v1\.6\.0 exists already/,
    attempt: (world) => overVersion(world, 200, '{"another":1}'),
    guard: "the version that is there",
    unguarded: (world) =>
      overVersion(world, 404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'),
  },
  {
    person: "names a branch `v1.6.0`, `latest` or `buildcache`",
    refused: /they become branch-v1\.6\.0, branch-latest, branch-buildcache/,
    attempt: async () => namesBranch((rules) => rules),
    guard: "the prefix of branches' tags",
    unguarded: async () => namesBranch((rules) => rules.replace("prefix=branch-,", "")),
  },
  {
    person: "deploys with a token that was to read",
    refused: /pull requests need one that only reads/,
    needsTerraform: true,
    attempt: (world) => world.planned!({ plan_secrets: SAME_TOKEN }),
    guard: "that it is the same token",
    unguarded: (world) => world.planned!({}),
  },
];

/** Production's own, as the drill gives it (terraform/dummy-values.ts). */
const SAME_TOKEN = { AWS_ACCESS_KEY_ID: "dummy-production-AWS_ACCESS_KEY_ID", AWS_SECRET_ACCESS_KEY: "x" };
