/**
 * Why an apply failed, for the person who has to do something about it: which container, how it is, what its health check
 * said last, and what it wrote last.
 */
import { describe, type Diagnostic } from "../terraform/output";
import type { StateResource } from "../terraform/state";
import type { Condition } from "../clients/docker";
import type { Redact } from "../model/redact";

/** The last lines that a container wrote. */
export type LogsOf = (container: string, lines: number) => Promise<readonly string[]>;

export interface ExplainOptions {
  /** How a container is, its health check among it. @default nothing is said about it */
  readonly conditionOf?: (container: string) => Promise<Condition>;
  /** Takes secrets out: a container may write anything. @default everything is shown */
  readonly redact?: Redact;
}

const LOG_LINES = 10;
/** Of a health check's output; a page of HTML would hide the log. */
const CHECK_LINES = 5;
const CHECK_CHARACTERS = 500;

/**
 * Every error in one line, and beneath it, where it is about a container, the container's name, how it is, and its last
 * log lines.
 *
 * @param state what Terraform knows after the failure: a container that never got healthy is tainted in it
 */
export async function explain(
  errors: readonly Diagnostic[],
  state: readonly StateResource[],
  logsOf: LogsOf,
  { conditionOf, redact = (text) => text }: ExplainOptions = {},
): Promise<string[]> {
  const shown = new Set<string>();
  const lines: string[] = [];
  const containers = state.filter(({ type, tainted }) => type === "docker_container" && tainted);
  const about = async (container: StateResource): Promise<void> => {
    shown.add(container.address);
    const name = String(container.values["name"] ?? container.values["id"]);
    lines.push(...(await condition(name, conditionOf, redact)), ...(await lastWords(name, logsOf)));
  };
  for (const error of errors) {
    lines.push(describe(error));
    for (const container of containers.filter(({ address }) => address === error.address)) await about(container);
  }
  for (const container of containers.filter(({ address }) => !shown.has(address))) {
    lines.push(`${container.address} failed`);
    await about(container);
  }
  // A key's lines are a secret together.
  return lines.length > 0 ? redact(lines.join("\n")).split("\n") : [];
}

/** "container … is unhealthy: 7 checks in a row have failed, the last one with exit code 1:", and what that one said. */
async function condition(name: string, conditionOf: ExplainOptions["conditionOf"], redact: Redact): Promise<string[]> {
  const found = await conditionOf?.(name).catch(() => undefined);
  // The log, which comes next, says why when there is no such container any more.
  if (!found) return [];
  const { running, restarting, restarts, exitCode, outOfMemory, health } = found;
  const times = restarts === 1 ? "once" : `${restarts} times`;
  const ended = `ended with exit code ${exitCode}${outOfMemory ? ", out of memory" : ""}`;
  if (restarting) return [`  container ${name} ${ended}, and is started again and again (${times} so far)`];
  if (!running) return [`  container ${name} ${ended}`];
  if (!health) return [];
  const state = `  container ${name} is ${health.status}${restarts > 0 ? ` and was restarted ${times}` : ""}`;
  const { failures, last } = health;
  if (!last) return [`${state}: no health check has ended yet`];
  if (failures === 0) return [state];
  const checks = failures === 1 ? "one health check has failed" : `${failures} health checks in a row have failed`;
  // Of a secret that is cut the rest would not be found.
  const said = redact(last.output).slice(0, CHECK_CHARACTERS).split("\n").slice(0, CHECK_LINES);
  return [
    `${state}: ${checks}, the last one with exit code ${last.exitCode}${last.output === "" ? ", and it said nothing" : ":"}`,
    ...(last.output === "" ? [] : said.map((line) => `    ${line.trimEnd()}`)),
  ];
}

async function lastWords(name: string, logsOf: LogsOf): Promise<string[]> {
  const log = await logsOf(name, LOG_LINES).catch((reason: Error) => [`(no log: ${reason.message})`]);
  const written = log.filter((line) => line.trim() !== "");
  return [
    `  container ${name} said last:`,
    ...(written.length > 0 ? written : ["(nothing)"]).map((line) => `    ${line}`),
  ];
}
