/** The reusable workflow that builds an image: what it may do, in which order, and its scripts, run for real. */
import { describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { checkRelease } from "../../config/checks/release";
import { TARGETS } from "../../images/targets";

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string | boolean>>;
}

interface Job {
  readonly needs?: string | string[];
  readonly if?: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly "timeout-minutes": number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Record<"workflow_call" | "workflow_dispatch", { inputs: Record<string, { options?: string[] }> }>;
  readonly permissions: object;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<"build" | "scan" | "tag", Job>>;
}

const TEXT = readFileSync(join(__dirname, "../../.github/workflows/image.yml"), "utf8");
const workflow = parse(TEXT) as Workflow;
const { build, scan, tag } = workflow.jobs;
const jobs = Object.values(workflow.jobs);
const steps = jobs.flatMap((job) => job.steps);

/** A step's script, run by bash as GitHub does, with another `docker` in place of the real one. */
function runStep(
  name: string,
  env: Readonly<Record<string, string>>,
  docker = "exit 1",
  curl = "exit 7",
): { status: number | null; stdout: string; stderr: string; outputs: string; summary: string } {
  const directory = mkdtempSync(join(tmpdir(), "twinset-workflow-"));
  try {
    const outputs = join(directory, "outputs");
    const summary = join(directory, "summary");
    for (const file of [outputs, summary]) writeFileSync(file, "");
    for (const [name, text] of Object.entries({ docker, curl })) {
      writeFileSync(join(directory, name), `#!/bin/bash\n${text}\n`);
      chmodSync(join(directory, name), 0o755);
    }
    const script = steps.find((step) => step.name === name)!.run!;
    const { status, stdout, stderr } = spawnSync("bash", ["-e", "-o", "pipefail", "-c", script], {
      encoding: "utf8",
      env: {
        PATH: `${directory}:${process.env["PATH"]}`,
        GITHUB_OUTPUT: outputs,
        GITHUB_STEP_SUMMARY: summary,
        CALLS: join(directory, "calls"),
        ...env,
      },
    });
    return { status, stdout, stderr, outputs: readFileSync(outputs, "utf8"), summary: readFileSync(summary, "utf8") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("what it may do", () => {
  test("nothing at all, but for what each job names", () => {
    expect(workflow.permissions).toEqual({});
    expect(build.permissions).toEqual({ contents: "read", packages: "write" });
    expect(tag.permissions).toEqual({ packages: "write" });
  });

  test("the scanner gets a token that cannot write", () => {
    expect(scan.permissions).toEqual({ contents: "read", packages: "read" });
  });

  test("actions are pinned by commit, with the version beside it", () => {
    const uses = [...TEXT.matchAll(/uses: (.*)/g)].map((match) => match[1]!);
    expect(uses.length).toBeGreaterThan(5);
    for (const use of uses) expect(use).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("images that run in a job are pinned by digest", () => {
    for (const name of ["BUILDKIT", "SBOM_GENERATOR", "EMULATOR", "TRIVY"]) {
      expect(workflow.env[name]).toMatch(/^[\w./-]+:[\w.-]*\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}$/);
    }
  });

  test("no script has an expression in it: inputs come by the environment, where they are only text", () => {
    for (const { run } of steps) expect(run ?? "").not.toContain("${{");
  });

  test("no credentials are left in the working copy, and every job ends", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout"));
    expect(checkouts.map((step) => step.with!["persist-credentials"])).toEqual([false, false]);
    for (const job of jobs) expect(job["timeout-minutes"]).toBeLessThanOrEqual(45);
  });
});

describe("the order", () => {
  test("nothing is tagged before it was scanned", () => {
    expect(scan.needs).toBe("build");
    expect(tag.needs).toEqual(["build", "scan"]);
    expect(tag.if).toBeUndefined();
    const options = build.steps.find(({ id }) => id === "build")!.with!;
    expect(options["outputs"]).toContain("push-by-digest=true");
    expect(options["tags"]).toBeUndefined();
    expect(options["push"]).toBeUndefined();
  });

  test("high and critical findings that have been mended somewhere fail the scan", () => {
    expect(workflow.env).toMatchObject({
      TRIVY_SEVERITY: "HIGH,CRITICAL",
      TRIVY_IGNORE_UNFIXED: "true",
      TRIVY_EXIT_CODE: "1",
    });
    for (const name of ["Scan what is not pushed", "Scan each platform"]) {
      const { run } = steps.find((step) => step.name === name)!;
      for (const variable of ["SEVERITY", "IGNORE_UNFIXED", "SCANNERS", "EXIT_CODE"]) {
        expect(run).toContain(`--env TRIVY_${variable}`);
      }
    }
  });

  test("what is pushed has an SBOM and says how it was made", () => {
    const options = build.steps.find(({ id }) => id === "build")!.with!;
    expect(options["sbom"]).toContain("format('generator={0}', env.SBOM_GENERATOR)");
    expect(options["provenance"]).toContain("'mode=max'");
  });

  test("only the default branch writes the cache", () => {
    const options = build.steps.find(({ id }) => id === "build")!.with!;
    expect(options["cache-to"]).toContain("github.ref_name == github.event.repository.default_branch");
    expect(options["cache-to"]).toContain("github.ref_type == 'branch'");
  });
});

test("both ways in have the same inputs, and the template's are the Dockerfile's targets", () => {
  const { workflow_call: call, workflow_dispatch: dispatch } = workflow.on;
  expect(Object.keys(dispatch.inputs)).toEqual(Object.keys(call.inputs));
  expect(dispatch.inputs["template"]!.options).toEqual([...TARGETS]);
});

describe("tags", () => {
  const rules = String(build.steps.find(({ id }) => id === "tags")!.with!["tags"]);
  const pattern = new RegExp(/type=match,pattern=(.*),group=1/.exec(rules)![1]!);

  test.each([
    ["v1.6.0", "v1.6.0"],
    ["chat/v1.6.0", "v1.6.0"],
    ["chat-v1.6.0", "v1.6.0"],
    ["mana-core-auth@v1.6.0-rc.1", "v1.6.0-rc.1"],
  ])("the Git tag %s is the version %s of a release file", (git, version) => {
    expect(pattern.exec(git)?.[1]).toBe(version);
    const release = { chat: { live: "blue", canary: 0, blue: { version }, green: null } } as const;
    expect(checkRelease(release, "production.json", [{ name: "chat", services: [] }], true)).toEqual([]);
  });

  test.each(["1.6.0", "v1.6", "chat/v1", "nov1.6.0", "v1.6.0+build"])("the Git tag %s is no version", (git) =>
    expect(pattern.exec(git)).toBeNull(),
  );

  test("main-<commit> and latest are the default branch's only", () => {
    expect(rules).toContain("type=sha,prefix=main-,enable={{is_default_branch}}\n");
    expect(rules).toContain("type=raw,value=latest,enable={{is_default_branch}}\n");
    expect(build.steps.find(({ id }) => id === "tags")!.with!["flavor"]).toBe("latest=false");
  });

  test("another branch's name is no tag by itself: it could be v1.6.0, latest or buildcache", () => {
    const branches = rules.split("\n").filter((rule) => rule.includes("event=branch"));
    expect(branches).toEqual([
      "type=ref,event=branch,enable={{is_default_branch}}",
      "type=ref,event=branch,prefix=branch-,enable=${{ github.ref_name != github.event.repository.default_branch }}",
    ]);
  });

  test("a Git tag that names no version ends with what was expected", () => {
    const env = { GITHUB_REF_NAME: "nonsense" };
    expect(runStep("Must have a tag", { ...env, TAGS: "" })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("nonsense names no version; expected a Git tag as v1.6.0 or chat/v1.6.0"),
    });
    expect(runStep("Must have a tag", { ...env, TAGS: "ghcr.io/a/b:v1.6.0" }).status).toBe(0);
  });
});

describe("inputs", () => {
  const GOOD = {
    SERVICE: "chat-backend",
    PROJECT: "apps/chat/apps/backend",
    TEMPLATE: "nestjs",
    PORT: "3002",
    TEMPLATES: "docker",
    PLATFORMS: "linux/amd64,linux/arm64",
    PUSH: "true",
    READ_ONLY_TOKEN: "false",
    GITHUB_REPOSITORY_OWNER: "Wuesteon",
  };
  const check = (changed: Readonly<Record<string, string>> = {}) =>
    runStep("Check inputs, make names", { ...GOOD, ...changed });

  test("the image is the service under the owner, in lower case as registries want it", () => {
    expect(check()).toMatchObject({
      status: 0,
      outputs: "push=true\nplatforms=linux/amd64,linux/arm64\nrepository=ghcr.io/wuesteon/chat-backend\n",
    });
  });

  test("without a push, one platform is built", () => {
    expect(check({ PUSH: "false" }).outputs).toContain("push=false\nplatforms=linux/amd64\n");
  });

  test("a token that cannot write does not push, whatever was asked for", () => {
    expect(check({ READ_ONLY_TOKEN: "true" }).outputs).toContain("push=false\n");
  });

  test.each([
    ["SERVICE", "Chat-Backend"],
    ["SERVICE", "chat;id"],
    ["PROJECT", "../secrets"],
    ["PROJECT", "apps/chat\nVERSION=v9"],
    ["PROJECT", "/etc"],
    ["TEMPLATE", "express"],
    ["PORT", "0"],
    ["TEMPLATES", "docker,x"],
    ["PLATFORMS", "windows/amd64"],
  ])("%s may not be %j", (name, value) => {
    const { status, stdout } = check({ [name]: value });
    expect(status).toBe(1);
    expect(stdout).toContain(`::error::${name.toLowerCase()} is "${value}"; expected`);
  });

  test("all mistakes are told at once", () => {
    expect(check({ SERVICE: "X", PORT: "x" }).stdout.match(/::error::/g)).toHaveLength(2);
  });
});

describe("tagging", () => {
  const MANIFEST = '{"schemaVersion":2}';
  const digest = `sha256:${createHash("sha256").update(MANIFEST).digest("hex")}`;
  const name = "ghcr.io/wuesteon/chat-backend";
  const env = {
    IMAGE: `${name}@${digest}`,
    TAGS: `${name}:main\n${name}:main-abc1234`,
    USERNAME: "ada",
    PASSWORD: "a-token",
  };
  const VERSION = { ...env, TAGS: `${name}:v1.6.0` };
  const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}';
  const DOCKER = 'echo "$@"; touch "$CALLS"';

  /** A registry: of a tag it says this before a push, and after one. */
  const registry = (before: [string, string], after: [string, string] = ["200", MANIFEST]): string => `
    cat > /dev/null
    while [ $# -gt 0 ]; do
      case "$1" in --output) file=$2; shift;; https://ghcr.io/token*) echo '{"token":"t"}'; exit 0;; esac
      shift
    done
    if [ -e "$CALLS" ]; then status='${after[0]}'; text='${after[1]}'; else status='${before[0]}'; text='${before[1]}'; fi
    if [ "$status" = none ]; then echo "curl: (6) no such host" >&2; exit 6; fi
    printf '%s' "$text" > "$file"
    printf '%s' "$status"`;
  const tagged = (of: typeof env, curl: string, docker = DOCKER) => runStep("Give it its tags", of, docker, curl);

  test("gives the scanned digest all of its tags at once", () => {
    expect(tagged(env, registry(["404", UNKNOWN]))).toMatchObject({
      status: 0,
      stdout: `buildx imagetools create --tag ${name}:main --tag ${name}:main-abc1234 ${name}@${digest}\n`,
      summary: expect.stringContaining(`- \`${name}:main-abc1234\``),
    });
  });

  test("a version that the registry does not know is pushed, and is that digest then", () => {
    expect(tagged(VERSION, registry(["404", UNKNOWN]))).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`--tag ${name}:v1.6.0 ${name}@${digest}`),
    });
  });

  test("a version that exists is not replaced", () => {
    const { status, stdout, stderr } = tagged(VERSION, registry(["200", '{"another":1}']));
    expect(status).toBe(1);
    expect(stderr).toContain(`::error::${name}:v1.6.0 exists already`);
    expect(stdout).not.toContain("imagetools create");
  });

  test("one that is this very digest is done already", () => {
    const { status, stdout } = tagged(VERSION, registry(["200", MANIFEST]));
    expect([status, stdout]).toEqual([0, ""]);
  });

  test.each<[string, [string, string]]>([
    ["no token", ["401", '{"errors":[{"code":"UNAUTHORIZED"}]}']],
    ["no right", ["403", '{"errors":[{"code":"DENIED"}]}']],
    ["too many requests", ["429", '{"errors":[{"code":"TOOMANYREQUESTS"}]}']],
    ["an error", ["500", UNKNOWN]],
    ["a proxy's error", ["502", "<html>"]],
    ["no such image, which was just pushed", ["404", '{"errors":[{"code":"NAME_UNKNOWN"}]}']],
    ["a page that is not found", ["404", "<html>not found</html>"]],
    ["nothing found, in no words", ["404", ""]],
    ["a redirection", ["302", ""]],
    ["nothing at all", ["none", ""]],
  ])("where the registry says %s, nothing is pushed", (_, answer) => {
    const { status, stdout, stderr } = tagged(VERSION, registry(answer));
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("the registry does not say whether");
  });

  test("without a token to look with, nothing is pushed", () => {
    const { status, stdout } = tagged(VERSION, "exit 22");
    expect([status, stdout]).toEqual([1, ""]);
  });

  test("a version that somebody else pushed at the same time is told of", () => {
    const { status, stderr } = tagged(VERSION, registry(["404", UNKNOWN], ["200", '{"another":1}']));
    expect(status).toBe(1);
    expect(stderr).toContain("somebody else pushed it at the same time");
  });

  test("no version is half done: what exists is seen before the first push", () => {
    const both = { ...env, TAGS: `${name}:main\n${name}:v1.6.0` };
    expect(tagged(both, registry(["200", '{"another":1}']))).toMatchObject({ status: 1, stdout: "" });
  });

  test("moving tags move; a commit's stays what it was", () => {
    expect(tagged(env, registry(["200", '{"another":1}']))).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/::notice::\S+main-abc1234 exists already[^]*create --tag \S+:main ghcr/),
    });
  });

  test("a registry that refuses fails the job", () => {
    expect(tagged(env, registry(["404", UNKNOWN]), "exit 1").status).not.toBe(0);
  });
});

test("one platform with findings fails the scan, after all were looked at", () => {
  const env = { PLATFORMS: "linux/amd64,linux/arm64", IMAGE: "i", TRIVY: "t", GITHUB_WORKSPACE: "/w" };
  const { status, stdout } = runStep("Scan each platform", env, 'echo "$@"; [[ $* != *amd64* ]]');
  expect(status).toBe(1);
  expect(stdout.match(/--platform linux\/\w+/g)).toEqual(["--platform linux/amd64", "--platform linux/arm64"]);
  expect(runStep("Scan each platform", env, "exit 0").status).toBe(0);
});
