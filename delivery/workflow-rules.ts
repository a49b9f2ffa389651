/** What every workflow of this project keeps to. actionlint knows the language; these are our own rules. */
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string | boolean;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly if?: string | boolean;
  readonly permissions?: unknown;
  readonly "timeout-minutes"?: number;
  readonly environment?: string | { readonly name: string };
  readonly concurrency?: unknown;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on?: unknown;
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly jobs?: Readonly<Record<string, Job>>;
}

interface Action {
  readonly runs?: { readonly steps?: readonly Step[] };
}

/** A reusable workflow of ours, an action of ours, or one that cannot become another. */
const PINNED = /^(\.\/|[\w.-]+\/[\w./-]+@[0-9a-f]{40}$)/;
/** What GitHub itself makes up and nobody can type. */
const HARMLESS =
  /^\s*(runner\.\w+|github\.(run_id|run_attempt|sha|server_url|repository|api_url|workspace|action_path))\s*$/;
const OPENS = /way-in open "\$ENVIRONMENT" --for (\d+)m/;
const CLOSES = /way-in close "\$ENVIRONMENT"/;

const list = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** @returns what is wrong in a workflow's text, each with its place; nothing: it keeps to the rules */
export function workflowProblems(text: string): string[] {
  const workflow = parse(text) as Workflow;
  const problems: string[] = [];
  const triggers = typeof workflow.on === "string" ? [workflow.on] : Object.keys((workflow.on ?? {}) as object);
  for (const trigger of ["pull_request_target", "workflow_run", "issue_comment"]) {
    if (triggers.includes(trigger)) problems.push(`on: ${trigger} runs with secrets on what strangers wrote`);
  }
  if (workflow.permissions === undefined)
    problems.push("permissions: the workflow says none, so jobs get the repository's default");
  else if (typeof workflow.permissions === "string") problems.push("permissions: for every scope at once");
  if (usesSecrets(workflow.env)) problems.push("env: secrets for every job");
  const jobs = Object.entries(workflow.jobs ?? {});
  for (const [name, job] of jobs) {
    const say = (problem: string): void => void problems.push(`jobs.${name}: ${problem}`);
    if (job.permissions === undefined) say("has no permissions of its own");
    else if (typeof job.permissions === "string") say("has permissions for every scope at once");
    if (job["timeout-minutes"] === undefined && job.uses === undefined) say("has no timeout-minutes");
    if (job.uses !== undefined && !PINNED.test(job.uses)) say(`${job.uses} is not pinned to a commit`);
    if (usesSecrets(job.env)) say("gives secrets to each of its steps");
    for (const problem of stepProblems(job.steps ?? [])) say(problem);
    if (deploys(job) && job.concurrency === undefined && workflow.concurrency === undefined) {
      say("touches an environment without a concurrency group");
    }
    wayInProblems(name, job, jobs).forEach(say);
    rightsProblems(job, triggers).forEach(say);
  }
  return problems;
}

/** The same of a composite action. */
export const actionProblems = (text: string): string[] => [
  ...stepProblems((parse(text) as Action).runs?.steps ?? []),
  ...(/\bsecrets\./.test(text) ? ["speaks of secrets"] : []),
];

/** All that there are, at once: one by its name is the step's own affair. */
const usesAllSecrets = (env: object | undefined): boolean => /toJSON\(\s*secrets/i.test(JSON.stringify(env ?? {}));
const usesSecrets = (env: object | undefined): boolean => /\bsecrets\b/.test(JSON.stringify(env ?? {}));

function stepProblems(steps: readonly Step[]): string[] {
  return steps.flatMap(({ uses, run, with: given, env }, index): string[] => {
    const at = `step ${index + 1}`;
    const inserted = [...(run ?? "").matchAll(/\$\{\{(.*?)\}\}/gs)].map((match) => match[1]!);
    return [
      ...(uses !== undefined && !PINNED.test(uses) ? [`${at}: ${uses} is not pinned to a commit`] : []),
      ...inserted
        .filter((expression) => !HARMLESS.test(expression))
        .map((expression) => `${at}: \${{${expression}}} becomes part of a script; pass it by env`),
      ...(uses?.startsWith("actions/checkout@") && given?.["persist-credentials"] !== false
        ? [`${at}: the checkout leaves its token behind`]
        : []),
      ...(uses !== undefined && (usesAllSecrets(env) || usesAllSecrets(given))
        ? [`${at}: all secrets for an action`]
        : []),
      ...(usesAllSecrets(env) && !run?.includes("scripts/in-environment.cjs")
        ? [`${at}: all secrets for a command that is not run by in-environment`]
        : []),
    ];
  });
}

const environmentOf = ({ environment }: Job): string | undefined =>
  typeof environment === "object" ? environment.name : environment;

/** Environments that are planned for, looked at, or closed may be touched by several at once. */
function deploys(job: Job): boolean {
  const name = environmentOf(job);
  return name !== undefined && !/-(plan|watch|close)$/.test(name);
}

/** A person, who has begun the run and whose run nobody else has begun again. */
export const STARTED_BY_ONE = "github.actor == github.triggering_actor && !endsWith(github.actor, '[bot]')";
const OF_MAIN = "github.ref == 'refs/heads/main'";
const BASE = "${{ github.event.pull_request.base.sha }}";

/** docs/threat-model.md: whoever pushes a branch must get neither its code nor its words past another person by a workflow. */
function rightsProblems(job: Job, triggers: readonly string[]): string[] {
  const rights = (typeof job.permissions === "object" ? (job.permissions ?? {}) : {}) as Record<string, string>;
  const environment = environmentOf(job);
  const ofPullRequest = triggers.includes("pull_request");
  const condition = String(job.if ?? "");
  const steps = job.steps ?? [];
  const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
  const writes = ["actions", "contents", "deployments", "id-token", "pull-requests"].filter(
    (right) => rights[right] === "write",
  );
  return [
    ...writes
      .filter((right) => right !== "pull-requests")
      .map((right) => `may write ${right}: nothing here needs it, and it acts as somebody whom nobody has asked`),
    ...(writes.includes("pull-requests") && !(ofPullRequest && checkouts.every((step) => step.with?.["ref"] === BASE))
      ? ["may write pull requests beside code that is not the base's"]
      : []),
    ...(writes.includes("pull-requests") && environment !== undefined
      ? ["may write pull requests beside secrets"]
      : []),
    ...(environment === undefined || !ofPullRequest || environment.endsWith("-plan")
      ? []
      : [`runs a pull request's code in ${environment}`]),
    // "staging" alone may be agreed to by whoever has asked.
    ...(triggers.includes("workflow_dispatch") && deploys(job) && environment !== "staging"
      ? [OF_MAIN, STARTED_BY_ONE]
          .filter((part) => !condition.split(" || ")[0]!.includes(part) || condition.includes("||"))
          .map((part) => `may be started by a bot, or begun again by another (if: … ${part})`)
      : []),
  ];
}

/** A job that opens a way in closes it itself, and another job on another runner does so too, whatever became of the first. */
function wayInProblems(name: string, job: Job, jobs: readonly (readonly [string, Job])[]): string[] {
  const steps = job.steps ?? [];
  const opening = steps.find(({ run }) => OPENS.test(run ?? ""));
  if (!opening)
    return steps.some(({ run }) => run?.includes("way-in open"))
      ? ["opens a way in for a time that is not said in minutes"]
      : [];
  const minutes = Number(OPENS.exec(opening.run!)![1]);
  const last = steps.at(-1);
  const outlives = steps.some(({ run }) => run?.includes("--survive"));
  const waits = steps.some((step) => step.run?.includes("--wait") && String(step.if) === "always()");
  const closer = jobs.some(
    ([, other]) =>
      other !== job &&
      list(other.needs).includes(name) &&
      String(other.if).startsWith("always()") &&
      (other.steps ?? []).some(({ run }) => CLOSES.test(run ?? "")) &&
      environmentOf(other)?.endsWith("-close") === true,
  );
  // Where none is opened there is none to close.
  const whatever = opening.if === undefined ? "always()" : `always() && ${String(opening.if)}`;
  return [
    ...(CLOSES.test(last?.run ?? "") && String(last?.if) === whatever
      ? []
      : ["its last step does not close the way in whatever happened (if: always())"]),
    ...(closer ? [] : ["no second job closes the way in (needs it, if: always(), an environment for closing)"]),
    ...(minutes >= (job["timeout-minutes"] ?? Infinity)
      ? []
      : [`its way in is open for ${minutes} minutes, and it may take ${job["timeout-minutes"]}`]),
    // npx ends at the first signal, and leaves alone what it has started.
    ...(steps.some(({ run }) => /--survive \S+ -- npx/.test(run ?? ""))
      ? ["what outlives its step is begun by npx"]
      : []),
    ...(outlives && !waits ? ["what outlives its step is not waited for (--wait, if: always())"] : []),
  ];
}
