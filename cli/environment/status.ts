/** `twinset status [environment]`: what runs, since when, and what differs from the files. */
import { Command } from "commander";
import colours from "picocolors";
import { ENVIRONMENTS } from "../../model/environment-name";
import { eachText } from "../../model/each-text";
import { list, ProblemsError } from "../../model/problem";
import type { JournalContent } from "../../release/journal/unfinished";
import { type ContainerStatus, hasTrouble, type SetStatus, type Status, statusOf } from "../../release/status";
import { EXIT } from "../shared/exit";
import { environmentName } from "../shared/names";
import { hidden } from "../shared/secrets-at-hand";
import { openSite, type OpenSite } from "../shared/site";
import { plainTable } from "../shared/table";
import { told } from "../shared/told";

/** For people. */
export function describeStatus(status: Status, now = new Date()): string {
  const { environment, name, products, journal = [] } = status;
  const rows = products.flatMap(({ product, sets }) =>
    sets.length === 0
      ? [[product, colours.dim("-"), "", "", "", ""]]
      : sets.map((set, i) => [
          i === 0 ? product : "",
          (set.colour === "blue" ? colours.blue : colours.green)(set.colour) + (set.live ? "" : colours.dim(" idle")),
          set.version,
          set.weight === undefined ? "?" : `${set.weight} %`,
          set.live && set.since ? age(set.since, now) : "",
          health(set, now),
        ]),
  );
  const notes = products.flatMap(({ product, problems, underWay, watched, earlier }) => [
    ...problems.map((problem) => colours.yellow(`${product}: ${problem}`)),
    ...(underWay
      ? [
          colours.yellow(
            `${product}: under way: ${underWay} (twinset release ${product} --resume --environment ${name})`,
          ),
        ]
      : []),
    ...(watched === undefined ? [] : [colours.yellow(`${product}: ${watched}`)]),
    ...(earlier.length > 0 ? [colours.dim(`${product}: before that ${earlier.join(", ")}`)] : []),
  ]);
  return [
    colours.bold(environment),
    plainTable(["product", "set", "version", "traffic", "since", "containers"], rows, [
      ...(["left", "left", "left", "right", "right", "left"] as const),
    ]),
    ...(notes.length > 0 ? ["", ...notes] : []),
    ...(status.edgeUnknown === undefined
      ? []
      : [
          "",
          colours.yellow(
            `What the edge serves is not known, so traffic is as the last switches say: ${status.edgeUnknown}`,
          ),
        ]),
    ...(status.recordUnknown === undefined
      ? []
      : [
          "",
          colours.yellow(
            `The record could not be read, so what is under way and what was before is not known: ${status.recordUnknown}`,
          ),
        ]),
    ...(journal.length > 0 ? ["", ...journal.map((line) => colours.yellow(`${line}.`))] : []),
    "",
    ...driftLines(status),
  ].join("\n");
}

function driftLines({ drift, driftUnknown, recordUnknown }: Status): string[] {
  if (recordUnknown !== undefined) return [colours.dim("Drift was not looked for: that takes the state.")];
  if (driftUnknown !== undefined) return [colours.yellow(`Drift is not known: ${driftUnknown}`)];
  if (!drift) return [colours.dim("Drift was not looked for (--quick).")];
  if (drift.length === 0) return [colours.green("No drift: everything is as the files say.")];
  return [colours.yellow(`Drift: an apply would change ${drift.length}:`), ...drift.map((line) => `  ${line}`)];
}

/** "3 healthy: backend 12 d, web 12 d, landing 2 h": each by its role, with the time since its start. */
function health({ containers }: SetStatus, now: Date): string {
  const well = (each: ContainerStatus): boolean => ["healthy", "no health check"].includes(each.health);
  const ordered = [...containers].sort((a, b) => a.replica - b.replica);
  const shown = ordered.map((each) => {
    const several = containers.filter(({ service }) => service === each.service).length > 1;
    const name = several ? `${each.service} ${each.replica}` : each.service;
    const restarts = each.restarts > 0 ? colours.yellow(` (restarted ${each.restarts}×)`) : "";
    if (each.health === "stopped") return `${colours.red(`${name} stopped`)}${restarts}`;
    const since = age(each.startedAt, now);
    return `${well(each) ? name : colours.red(`${name} ${each.health}`)} ${since}${restarts}`;
  });
  const count = containers.filter(well).length;
  const sum =
    count === containers.length
      ? colours.green(`${count} healthy`)
      : colours.red(`${count} of ${containers.length} healthy`);
  return `${sum}: ${shown.join(", ")}`;
}

/** "3 h", "12 d". */
export function age(since: string, now: Date): string {
  const seconds = Math.max(0, (now.getTime() - new Date(since).getTime()) / 1000);
  const units: readonly (readonly [size: number, unit: string])[] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
  ];
  const [size, unit] = units.find(([size]) => seconds >= 2 * size) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** So long a store may take; what the edge serves is told without it. */
const STORE_MS = 10_000;

/** @returns the journal, or why it cannot be read */
const journalOf = (site: OpenSite): Promise<JournalContent | string> =>
  site.journal.read().catch((reason: unknown) => {
    if (!(reason instanceof ProblemsError)) throw reason;
    return reason.problems.map(({ path, given }) => `${path}: ${given}`).join("; ");
  });

/** What Terraform, the store, the edge and a journal's lines say; all else are names and numbers of ours. */
const withoutSecrets = (status: Status): Status => {
  const { drift, driftUnknown, edgeUnknown, recordUnknown, journal } = status;
  return { ...status, ...eachText({ ...{ drift, driftUnknown, edgeUnknown, recordUnknown }, journal }, hidden) };
};

/** @returns 0: all is as the files say, 1: something is not, or could not be looked at */
export const status = (
  name: string,
  given: { readonly quick?: boolean; readonly json?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  told(name, async () => {
    const environment = environmentName(name);
    // It looks only, and must not be in the way of who works.
    const over = new AbortController();
    const site = await openSite({ environment, env, lock: false, unready: true, over: over.signal });
    const timer = setTimeout(() => over.abort(), STORE_MS);
    const known = await journalOf(site).finally(() => clearTimeout(timer));
    const isKnown = typeof known !== "string";
    if (!isKnown) over.abort();
    const found = withoutSecrets(await statusOf(site, known, isKnown && !given.quick));
    console.log(given.json ? JSON.stringify(found, undefined, 2) : describeStatus(found));
    return hasTrouble(found) ? EXIT.failed : EXIT.done;
  });

export const command = new Command("status")
  .description("per product: what is live and idle, traffic, health and age of each container, drift")
  .argument("[environment]", list([...ENVIRONMENTS]), "production")
  .option("--quick", "do not look for drift, which takes a whole plan")
  .option("--json", "for programs")
  .action(async (name: string, given: { quick?: boolean; json?: boolean }) => {
    process.exitCode = await status(name, given, process.env);
  });
