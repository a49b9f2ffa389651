import { describe, expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { standardDelivery } from "../../config/github";
import { closeEnvironment, planEnvironment, watchEnvironment } from "../../model/pipeline";
import { actionProblems, workflowProblems } from "../../delivery/workflow-rules";

const ROOT = join(__dirname, "../..");
const WORKFLOWS = join(ROOT, ".github/workflows");
const ACTIONS = join(ROOT, ".github/actions");
const REQUIRED = standardDelivery("a-bucket").rules.checks;
const text = (name: string): string => readFileSync(join(WORKFLOWS, name), "utf8");

test.each(readdirSync(WORKFLOWS))("%s keeps to the rules", (name) => {
  expect(workflowProblems(text(name))).toEqual([]);
});

test.each(readdirSync(ACTIONS))("the action %s keeps to them", (name) => {
  expect(actionProblems(readFileSync(join(ACTIONS, name, "action.yml"), "utf8"))).toEqual([]);
});

test("an action that is used has one version in all files", () => {
  const files = [
    ...readdirSync(WORKFLOWS).map((name) => text(name)),
    ...readdirSync(ACTIONS).map((name) => readFileSync(join(ACTIONS, name, "action.yml"), "utf8")),
  ];
  const used = new Set(
    files.flatMap((file) => [...file.matchAll(/uses: (\S+@[0-9a-f]{40} # v[\d.]+)/g)].map((m) => m[1]!)),
  );
  const names = [...used].map((each) => each.split("@")[0]!);
  expect(names).toEqual([...new Set(names)]);
});

test("the checks that the branch's rules require are jobs of the pull-request workflow", () => {
  const { jobs } = parse(text("pull-request.yml")) as { jobs: Record<string, { strategy?: unknown }> };
  for (const check of REQUIRED) {
    expect(jobs).toHaveProperty(check);
    // A matrix' jobs have names of their own.
    expect(jobs[check]!.strategy).toBeUndefined();
  }
});

test("jobs are in environments that the delivery stack makes", () => {
  const made = (["staging", "production"] as const).flatMap((name) => [
    name,
    planEnvironment(name),
    watchEnvironment(name),
    closeEnvironment(name),
  ]);
  const used = readdirSync(WORKFLOWS).flatMap((name) => {
    const { jobs } = parse(text(name)) as { jobs: Record<string, { environment?: string }> };
    return Object.values(jobs).flatMap(({ environment }) => (environment === undefined ? [] : [environment]));
  });
  expect(used.length).toBeGreaterThan(10);
  for (const environment of used) expect(made).toContain(environment.replace(/^\$\{\{[^}]*\}\}/, "staging"));
});

describe("what is told of", () => {
  const GOOD = `
on: workflow_dispatch
permissions: {}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions: { contents: read }
    if: github.ref == 'refs/heads/main' && github.actor == github.triggering_actor && !endsWith(github.actor, '[bot]')
    environment: production
    concurrency: { group: production }
    steps:
      - uses: actions/checkout@1111111111111111111111111111111111111111 # v1
        with: { persist-credentials: false }
      - env: { TWINSET_SECRETS: "\${{ toJSON(secrets) }}" }
        run: node scripts/in-environment.cjs -- npx twinset way-in open "$ENVIRONMENT" --for 30m
      - run: exec node scripts/in-environment.cjs --survive x -- node bin/twinset.cjs apply
      - if: always()
        run: node scripts/in-environment.cjs --wait x
      - if: always()
        run: node scripts/in-environment.cjs -- npx twinset way-in close "$ENVIRONMENT"
  close:
    needs: deploy
    if: always() && needs.deploy.result != 'skipped'
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions: { contents: read }
    environment: production-close
    steps:
      - run: node scripts/in-environment.cjs -- npx twinset way-in close "$ENVIRONMENT"
`;
  test("nothing where all is well", () => expect(workflowProblems(GOOD)).toEqual([]));

  const cases: readonly [string, (good: string) => string, string][] = [
    ["a tag in place of a commit", (w) => w.replace(/@1{40}/, "@v4"), "is not pinned"],
    ["a short commit", (w) => w.replace(/@1{40}/, "@1111111"), "is not pinned"],
    [
      "a reusable workflow by its branch",
      (w) => w + "  other:\n    permissions: {}\n    uses: a/b/.github/workflows/c.yml@main\n",
      "is not pinned",
    ],
    [
      "a job without permissions",
      (w) => w.replace("    permissions: { contents: read }\n", ""),
      "jobs.deploy: has no permissions",
    ],
    [
      "permissions for everything",
      (w) => w.replace("permissions: { contents: read }", "permissions: write-all"),
      "every scope at once",
    ],
    ["a workflow without permissions", (w) => w.replace("permissions: {}\n", ""), "the repository's default"],
    ["a job without a limit of time", (w) => w.replace("    timeout-minutes: 30\n", ""), "has no timeout-minutes"],
    [
      "a typed value in a script",
      (w) => w.replace("bin/twinset.cjs apply", "bin/twinset.cjs apply ${{ inputs.product }}"),
      "pass it by env",
    ],
    [
      "an event's value in a script",
      (w) => w.replace("bin/twinset.cjs apply", "echo ${{ github.event.pull_request.title }}"),
      "pass it by env",
    ],
    [
      "a branch's name in a script",
      (w) => w.replace("bin/twinset.cjs apply", "echo ${{ github.head_ref }}"),
      "pass it by env",
    ],
    ["a secret in a script", (w) => w.replace("bin/twinset.cjs apply", "echo ${{ secrets.X }}"), "pass it by env"],
    [
      "a function around a typed value",
      (w) => w.replace("bin/twinset.cjs apply", "echo ${{ format('{0}', inputs.x) }}"),
      "pass it by env",
    ],
    [
      "a checkout that keeps its token",
      (w) => w.replace("        with: { persist-credentials: false }\n", ""),
      "leaves its token",
    ],
    [
      "an environment without concurrency",
      (w) => w.replace("    concurrency: { group: production }\n", ""),
      "without a concurrency group",
    ],
    [
      "pull_request_target",
      (w) => w.replace("on: workflow_dispatch", "on: { pull_request_target: {} }"),
      "pull_request_target",
    ],
    [
      "secrets for all steps",
      (w) => w.replace("    steps:\n", '    env: { A: "${{ secrets.A }}" }\n    steps:\n'),
      "each of its steps",
    ],
    ["secrets for all jobs", (w) => w.replace("jobs:\n", 'env: { A: "${{ secrets.A }}" }\njobs:\n'), "for every job"],
    [
      "all secrets for an action",
      (w) =>
        w.replace(
          "with: { persist-credentials: false }",
          'with: { persist-credentials: false, token: "${{ toJSON(secrets) }}" }',
        ),
      "all secrets for an action",
    ],
    [
      "secrets for a bare command",
      (w) =>
        w.replace("run: node scripts/in-environment.cjs -- npx twinset way-in open", "run: npx twinset way-in open"),
      "not run by in-environment",
    ],
    [
      "a way in that its job leaves open",
      (w) =>
        w.replace(
          "      - if: always()\n        run: node scripts/in-environment.cjs -- npx twinset way-in close",
          "      - run: node scripts/in-environment.cjs -- npx twinset way-in close",
        ),
      "its last step does not close",
    ],
    ["a way in that no second job closes", (w) => w.replace("needs: deploy\n", "needs: []\n"), "no second job"],
    ["a second job that a failure skips", (w) => w.replace("if: always() && ", "if: "), "no second job"],
    [
      "a second job that waits for an approval",
      (w) => w.replace("environment: production-close", "environment: production\n    concurrency: x"),
      "no second job",
    ],
    [
      "a second job with more than it needs",
      (w) => w.replace("environment: production-close", "environment: production-watch"),
      "no second job",
    ],
    [
      "a way in that is opened where it is not closed",
      (w) =>
        w.replace(
          "      - if: always()\n        run: node scripts/in-environment.cjs -- npx twinset way-in close",
          "      - if: always() && matrix.host\n        run: node scripts/in-environment.cjs -- npx twinset way-in close",
        ),
      "its last step does not close",
    ],
    ["a run that a bot may have asked for", (w) => w.replace(" && !endsWith(github.actor, '[bot]')", ""), "by a bot"],
    [
      "a run that another has begun again",
      (w) => w.replace("github.actor == github.triggering_actor && ", ""),
      "by a bot",
    ],
    ["a way around who has started it", (w) => w.replace("'[bot]')", "'[bot]') || inputs.sure"), "by a bot"],
    ["a run of another branch", (w) => w.replace("github.ref == 'refs/heads/main' && ", ""), "by a bot"],
    ...(["contents", "actions", "deployments", "id-token"] as const).map(
      (right) =>
        [
          `a job that may write ${right}`,
          (w: string) => w.replace("permissions: { contents: read }", `permissions: { ${right}: write }`),
          `may write ${right}`,
        ] satisfies [string, (good: string) => string, string],
    ),
    [
      "a pull request's code beside the right to write comments",
      (w) =>
        w
          .replace("on: workflow_dispatch", "on: pull_request")
          .replace("permissions: { contents: read }", "permissions: { pull-requests: write }"),
      "beside code that is not the base's",
    ],
    [
      "secrets beside the right to write comments",
      (w) =>
        w
          .replace("on: workflow_dispatch", "on: pull_request")
          .replace("permissions: { contents: read }", "permissions: { pull-requests: write }"),
      "beside secrets",
    ],
    [
      "a pull request's code in an environment that is no plan's",
      (w) => w.replace("on: workflow_dispatch", "on: pull_request"),
      "runs a pull request's code in production",
    ],
    ["a way in that ends before its job", (w) => w.replace("--for 30m", "--for 29m"), "open for 29 minutes"],
    ["a way in for the default time", (w) => w.replace(" --for 30m", ""), "not said in minutes"],
    [
      "npx between a signal and who is to hear it",
      (w) => w.replace("node bin/twinset.cjs", "npx twinset"),
      "begun by npx",
    ],
    ["work that nobody waits for", (w) => w.replace(" --wait x", " --other x"), "is not waited for"],
  ];
  test.each(cases)("%s", (_, change, problem) => {
    const changed = change(GOOD);
    expect(changed).not.toBe(GOOD);
    expect(workflowProblems(changed).join("\n")).toContain(problem);
  });

  test("one secret by its name may go where it is needed", () => {
    const step = '      - env: { TOKEN: "${{ secrets.TOKEN }}" }\n        run: docker login\n';
    expect(workflowProblems(GOOD + step)).toEqual([]);
  });

  test("the same of actions", () => {
    const action = "runs:\n  steps:\n    - uses: actions/setup-node@v4\n    - run: echo ${{ inputs.x }}\n";
    expect(actionProblems(action)).toEqual([expect.stringContaining("step 1"), expect.stringContaining("step 2")]);
    expect(actionProblems("runs:\n  steps:\n    - run: echo\n      env: { A: '${{ secrets.A }}' }\n")).toContain(
      "speaks of secrets",
    );
  });
});
