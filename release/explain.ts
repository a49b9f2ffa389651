/** Why an apply failed, for the person who has to do something about it: which container, and what it said last. */
import { describe, type Diagnostic } from "../terraform/output";
import type { StateResource } from "../terraform/state";

/** The last lines that a container wrote. */
export type LogsOf = (container: string, lines: number) => Promise<readonly string[]>;

const LOG_LINES = 10;

/**
 * Every error in one line, and beneath it, where it is about a container, the container's name and its last log lines.
 *
 * @param state what Terraform knows after the failure: a container that never got healthy is tainted in it
 */
export async function explain(
  errors: readonly Diagnostic[],
  state: readonly StateResource[],
  logsOf: LogsOf,
): Promise<string[]> {
  const shown = new Set<string>();
  const lines: string[] = [];
  const containers = state.filter(({ type, tainted }) => type === "docker_container" && tainted);
  for (const error of errors) {
    lines.push(describe(error));
    for (const container of containers.filter(({ address }) => address === error.address)) {
      shown.add(container.address);
      lines.push(...(await about(container, logsOf)));
    }
  }
  for (const container of containers.filter(({ address }) => !shown.has(address))) {
    lines.push(`${container.address} failed`, ...(await about(container, logsOf)));
  }
  return lines;
}

async function about({ values }: StateResource, logsOf: LogsOf): Promise<string[]> {
  const name = String(values["name"] ?? values["id"]);
  const log = await logsOf(name, LOG_LINES).catch((reason: Error) => [`(no log: ${reason.message})`]);
  return [`  container ${name} said last:`, ...log.map((line) => `    ${line}`)];
}
