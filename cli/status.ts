/** `twinset status <environment>`: what runs, since when, and what differs from the files. */
import colours from "picocolors";
import { environmentPrefix } from "../model/names";
import { COLOURS, type Colour, type ProductRelease, weights } from "../model/release";
import type { ContainerDetails } from "../release/docker";
import { describeChange } from "../release/engine";
import { type LiveProduct, liveEnvironment, unwell } from "../release/live";
import { type JournalContent, unfinished } from "../release/unfinished";
import type { ResourceChange } from "../terraform/plan";
import type { OpenSite } from "./site";
import { plainTable } from "./table";

export interface Status {
  readonly environment: string;
  readonly products: readonly ProductStatus[];
  /** What an apply of the files as they are would change; undefined: not asked for. */
  readonly drift: readonly string[] | undefined;
}

export interface ProductStatus {
  readonly product: string;
  readonly sets: readonly SetStatus[];
  /** What does not fit together: release file, switch and containers. */
  readonly problems: readonly string[];
  /** A run that has not ended. */
  readonly underWay?: string;
  /** Versions that were live before, newest first. */
  readonly earlier: readonly string[];
}

export interface SetStatus {
  readonly colour: Colour;
  readonly live: boolean;
  readonly version: string;
  /** Per cent of the traffic, by the switch. */
  readonly weight: number | undefined;
  /** Since when the traffic is split so. */
  readonly since: string | undefined;
  readonly containers: readonly {
    readonly name: string;
    readonly health: string;
    readonly startedAt: string;
    readonly restarts: number;
  }[];
}

/** @param drift also plan the whole environment, which takes some seconds */
export async function statusOf(site: OpenSite, journal: JournalContent, drift: boolean): Promise<Status> {
  const release = site.release();
  const { products } = await liveEnvironment(site);
  const names = site.platform.products.map(({ name }) => name).filter((name) => release[name] ?? products.get(name));
  let changes: readonly ResourceChange[] | undefined;
  if (drift) changes = await site.terraform.plan();
  return {
    environment: environmentPrefix(site.platform.name, site.environment.name),
    products: names.map((name) => productStatus(name, release[name], products.get(name), journal)),
    drift: changes?.map(describeChange),
  };
}

function productStatus(
  product: string,
  entry: ProductRelease | undefined,
  found: LiveProduct | undefined,
  journal: JournalContent,
): ProductStatus {
  const open = unfinished(journal, product);
  return {
    product,
    sets: COLOURS.flatMap((colour) => {
      const set = found?.sets[colour];
      return set ? [setStatus(colour, set.version, set.containers, found?.switch)] : [];
    }).sort((a, b) => Number(b.live) - Number(a.live)),
    problems: problemsOf(entry, found),
    ...(open
      ? {
          underWay: `${open.progress?.version ?? "a run"} by ${open.who} since ${open.since}, at ${open.underWay?.step ?? open.lastDone ?? "its start"}`,
        }
      : {}),
    earlier: earlierVersions(product, entry, journal),
  };
}

function setStatus(
  colour: Colour,
  version: string,
  containers: readonly ContainerDetails[],
  traffic: LiveProduct["switch"],
): SetStatus {
  const weight = traffic && new RegExp(`${colour}=(\\d+)`).exec(traffic.weights)?.[1];
  return {
    colour,
    live: traffic?.live === colour,
    version,
    weight: traffic ? Number(weight ?? 0) : undefined,
    since: traffic?.since.toISOString(),
    containers: containers.map(({ name, running, health, startedAt, restarts }) => ({
      name,
      health: running ? (health ?? "no health check") : "stopped",
      startedAt: startedAt.toISOString(),
      restarts,
    })),
  };
}

function problemsOf(entry: ProductRelease | undefined, found: LiveProduct | undefined): string[] {
  if (!entry) return ["runs, but is not in the release file"];
  if (!found) return ["is in the release file, but does not run"];
  const wanted = COLOURS.filter((colour) => entry[colour] !== null);
  const shares = weights(entry);
  return [
    ...wanted.flatMap((colour) => {
      const set = found.sets[colour];
      if (!set) return [`${colour} ${entry[colour]!.version} is in the release file, but does not run`];
      const other =
        set.version === entry[colour]!.version
          ? []
          : [`${colour} runs ${set.version}, the release file says ${entry[colour]!.version}`];
      return [...other, ...unwell(set)];
    }),
    ...COLOURS.filter((colour) => found.sets[colour] && entry[colour] === null).map(
      (colour) => `${colour} ${found.sets[colour]!.version} runs, but is not in the release file`,
    ),
    ...(found.switch
      ? COLOURS.filter(
          (colour) =>
            Number(new RegExp(`${colour}=(\\d+)`).exec(found.switch!.weights)?.[1] ?? 0) !== (shares[colour] ?? 0),
        ).map(
          (colour) =>
            `${colour} has another share of the traffic than the release file says (${found.switch!.weights})`,
        )
      : ["has no switch"]),
  ];
}

/** What was live before, by the journal. */
function earlierVersions(product: string, entry: ProductRelease | undefined, { entries }: JournalContent): string[] {
  const now = entry?.[entry.live]?.version;
  const versions = entries.flatMap((each) => {
    const from = each.product === product && "from" in each ? each.from : undefined;
    const version = from?.[from.live]?.version;
    return version === undefined || version === now ? [] : [version];
  });
  return [...new Set(versions.reverse())].slice(0, 3);
}

/** For people. */
export function describeStatus({ environment, products, drift }: Status, now = new Date()): string {
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
  const notes = products.flatMap(({ product, problems, underWay, earlier }) => [
    ...problems.map((problem) => colours.yellow(`${product}: ${problem}`)),
    ...(underWay ? [colours.yellow(`${product}: under way: ${underWay} (twinset release ${product} --resume)`)] : []),
    ...(earlier.length > 0 ? [colours.dim(`${product}: before that ${earlier.join(", ")}`)] : []),
  ]);
  return [
    colours.bold(environment),
    plainTable(["product", "set", "version", "traffic", "since", "containers"], rows, [
      ...(["left", "left", "left", "right", "right", "left"] as const),
    ]),
    ...(notes.length > 0 ? ["", ...notes] : []),
    "",
    ...driftLines(drift),
  ].join("\n");
}

function driftLines(drift: readonly string[] | undefined): string[] {
  if (!drift) return [colours.dim("Drift was not looked for (--quick).")];
  if (drift.length === 0) return [colours.green("No drift: everything is as the files say.")];
  return [colours.yellow(`Drift: an apply would change ${drift.length}:`), ...drift.map((line) => `  ${line}`)];
}

function health({ containers }: SetStatus, now: Date): string {
  const ill = containers.filter((each) => each.health !== "healthy");
  const oldest = containers.map(({ startedAt }) => startedAt).sort()[0];
  const restarts = containers.reduce((sum, each) => sum + each.restarts, 0);
  const words = [
    ill.length === 0
      ? colours.green(`${containers.length} healthy`)
      : colours.red(ill.map((each) => `${each.name} ${each.health}`).join(", ")),
    ...(oldest ? [`up ${age(oldest, now)}`] : []),
    ...(restarts > 0 ? [colours.yellow(`${restarts} restarts`)] : []),
  ];
  return words.join(", ");
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

export const hasTrouble = ({ products, drift }: Status): boolean =>
  products.some(({ problems }) => problems.length > 0) || (drift?.length ?? 0) > 0;
