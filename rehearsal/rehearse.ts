/** `npm run rehearse`: runs drills on a world of their own, shows what goes on, and reports. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import colours from "picocolors";
import type { LoadedPlatform } from "../config/load";
import { synthesize } from "../main";
import type { Environment } from "../model/environment";
import type { EnvironmentName } from "../model/environment-name";
import { environmentPrefix } from "../model/names";
import { type Platform, selectProducts } from "../model/platform";
import { error, list, ProblemsError } from "../model/problem";
import type { StackConfig } from "../terraform/config";
import { LOCK_VARIABLE, NO_LOCK } from "../terraform/project-lock";
import { takeComputer } from "./alone";
import { DRILLS } from "./drills";
import { type DeploymentDrill, type Drill, type DrillRun, type Figure, mustBeBearable } from "./drills/drill";
import { allAnswer } from "./drills/host";
import { Endings } from "./endings";
import { EXIT } from "./exit";
import { githubTrial } from "./github-trial";
import { MissingProgram } from "./images/stand-ins";
import { Interrupt } from "./interrupt";
import { type Preflight, preflight } from "./preflight";
import { type DrillResult, formatFigure, formatImages, missedPromises, type Report } from "./report";
import { Workbench } from "./workbench";
import { World } from "./world";

export interface RehearseOptions {
  /** @default "manacore" */
  readonly platform?: string | undefined;
  /** @default "production" */
  readonly environment?: EnvironmentName;
  /** Names or numbers. @default all */
  readonly drills?: readonly string[] | undefined;
  /** Only these products, and what they need: for a small computer. @default all */
  readonly products?: readonly string[] | undefined;
  /** The product that is released in drills. @default the one with a migration and the most services */
  readonly product?: string | undefined;
  /** Leave containers, volumes and images where they are. @default false */
  readonly keep?: boolean | undefined;
  /** The Docker engine may be restarted. @default false */
  readonly restartEngine?: boolean | undefined;
  /** A folder for plans that are reviewed. */
  readonly plans?: string | undefined;
  /** Run what this computer can run, instead of nothing when something is missing. @default false */
  readonly ifPossible?: boolean | undefined;
  /** Where the report goes. @default "rehearsal-report.json" */
  readonly report?: string | undefined;
  /** The process' environment. */
  readonly env: NodeJS.ProcessEnv;
  /** @default console.log */
  readonly write?: (line: string) => void;
}

/** @throws ProblemsError for mistakes in the options or the catalog */
export async function rehearse(options: RehearseOptions): Promise<number> {
  const write = options.write ?? console.log;
  const chosen = chosenDrills(options.drills);
  const directory = mkdtempSync(join(tmpdir(), "twinset-rehearsal-"));
  const endings = new Endings();
  endings.stops(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const interrupt = new Interrupt(endings, write);
  try {
    return await rehearseIn({ directory, endings, interrupt, chosen, options, write });
  } finally {
    // What was interrupted fails; nothing is to follow from that.
    await interrupt.settled();
    await endings.end({ keep: options.keep ?? false });
    interrupt.off();
  }
}

interface Session {
  readonly directory: string;
  readonly endings: Endings;
  readonly interrupt: Interrupt;
  readonly chosen: readonly Drill[];
  readonly options: RehearseOptions;
  readonly write: (line: string) => void;
}

async function rehearseIn(session: Session): Promise<number> {
  const { directory, endings, options, write } = session;
  const { loaded, environment, config } = synthesized(options, directory);
  const required = { ...config.terraform.required_providers, ...GITHUB_TRIAL.terraform.required_providers };
  const prefix = environmentPrefix(loaded.platform.name, environment.name);
  const found = await preflight({ required, env: options.env, prefix, directory });
  const product = options.product ?? worthwhile(loaded.platform);
  const released = loaded.platform.products.find(({ name }) => name === product)!;
  const pointless = (drill: Drill): string | undefined => (drill.alone ? undefined : drill.pointless?.(released));
  session.chosen.forEach((drill) => {
    const why = pointless(drill);
    if (why !== undefined) write(colours.dim(`Drill ${drill.name}: nothing to rehearse, ${why}.`));
  });
  const chosen = session.chosen.filter((drill) => pointless(drill) === undefined);
  const possible = chosen.filter(({ alone }) => found.means || (alone && found.terraform));
  const all = possible.length === chosen.length;
  if (!all) tellMissing(found, write);
  if (!found.terraform || possible.length === 0 || (!all && !options.ifPossible)) {
    write(colours.yellow("Nothing was rehearsed."));
    return EXIT.missing;
  }

  const platform = options.products ? selectProducts(loaded.platform, [...options.products, product]) : loaded.platform;
  const known = new Set(platform.products.map(({ name }) => name));
  const { release: whole } = loaded.releases[environment.name];
  const release = Object.fromEntries(Object.entries(whole).filter(([name]) => known.has(name)));
  if (found.means && possible.some(({ alone }) => !alone)) {
    const taken = takeComputer();
    if (typeof taken === "number") {
      write(colours.yellow(`Another rehearsal runs on this computer (process ${taken}). Nothing was rehearsed.`));
      return EXIT.missing;
    }
    endings.stops(() => Promise.resolve(taken()));
  }
  const startedAt = new Date();
  const progress = new Progress(write);
  progress.title(`Rehearsal of ${platform.name} ${environment.name}, ${found.terraform.terraform.version}`);
  const given = { directory, platform, environment, release };
  let bench: Workbench | World;
  try {
    const say = (line: string): void => progress.line(line);
    bench =
      found.means && possible.some(({ alone }) => !alone)
        ? await World.start({ ...given, product, means: found.means, endings, say })
        : new Workbench({ ...given, means: found.terraform });
  } catch (reason) {
    if (reason instanceof ProblemsError) {
      write(colours.red(reason.message));
      write(colours.yellow("Nothing was rehearsed."));
      return EXIT.missing;
    }
    if (!(reason instanceof MissingProgram)) throw reason;
    tellMissing({ missing: [`${reason.message}: its image can neither be pulled nor made`], hints: [] }, write);
    return EXIT.missing;
  }
  const drills: DrillResult[] = [];
  for (const drill of possible) drills.push(await runDrill(drill, bench, progress, session));
  progress.title(
    options.keep ? `Keeping what begins with ${prefix}- on this engine` : "Removing everything that was made",
  );
  await endings.end({ keep: options.keep ?? false });

  const report: Report = {
    platform: platform.name,
    environment: environment.name,
    versions: versionsOf(required, found),
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    changes: bench instanceof World ? [...bench.changes, PLUGINS] : [],
    images: bench instanceof World ? Object.fromEntries(bench.images.origins) : {},
    drills,
    notRun: chosen.filter((drill) => !possible.includes(drill)).map(({ name }) => name),
    missing: found.missing,
  };
  const path = options.report ?? "rehearsal-report.json";
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  show(report, path, write);
  return drills.every(({ result }) => result === "passed") ? EXIT.passed : EXIT.failed;
}

/** On stand-in hosts it takes what there is, whoever built it (docs/adr/0015). */
const PLUGINS = "plugins are those of this computer, held to no lock";

const GITHUB_TRIAL = githubTrial("any") as {
  readonly terraform: { readonly required_providers: NonNullable<StackConfig["terraform"]["required_providers"]> };
};

/** The stack as it is, before anything is adapted: it says which plugins are needed. */
export function synthesized(
  options: Pick<RehearseOptions, "platform" | "environment" | "products" | "product">,
  directory: string,
): { loaded: LoadedPlatform; environment: Environment; config: StackConfig } {
  const outdir = join(directory, "whole");
  const loaded = synthesize({ PLATFORM: options.platform, [LOCK_VARIABLE]: NO_LOCK }, outdir);
  const environment = loaded.platform.environments[options.environment ?? "production"];
  if (environment.host.kind === "local") {
    throw new ProblemsError([
      error("environment", environment.name, "staging or production", "development runs on this computer as it is"),
    ]);
  }
  const products = loaded.platform.products.map(({ name }) => name);
  const asked = [...(options.products ?? []), ...(options.product === undefined ? [] : [options.product])];
  const unknown = asked.filter((name) => !products.includes(name));
  if (unknown.length > 0) {
    throw new ProblemsError(
      unknown.map((name) => error("products", name, `some of ${list(products)}`, "correct the name")),
    );
  }
  const file = join(outdir, "stacks", environment.name, "cdk.tf.json");
  return { loaded, environment, config: JSON.parse(readFileSync(file, "utf8")) as StackConfig };
}

/** The product whose release has most to show. */
export const worthwhile = ({ products }: Platform): string =>
  [...products].sort(
    (a, b) =>
      Number(b.migration !== undefined) - Number(a.migration !== undefined) || b.services.length - a.services.length,
  )[0]!.name;

const versionsOf = (
  required: NonNullable<StackConfig["terraform"]["required_providers"]>,
  { terraform, engine }: Preflight,
): Report["versions"] => ({
  ...(terraform ? { terraform: terraform.terraform.version } : {}),
  ...(engine === undefined ? {} : { "docker engine": engine }),
  ...Object.fromEntries(Object.entries(required).map(([name, { version }]) => [`provider ${name}`, version])),
});

function chosenDrills(asked: readonly string[] | undefined): readonly Drill[] {
  if (!asked || asked.length === 0) return DRILLS;
  const unknown = asked.filter((name) => !DRILLS.some((drill) => drill.name === name || String(drill.number) === name));
  if (unknown.length > 0) {
    throw new ProblemsError(
      unknown.map((name) =>
        error("drill", name, `one of ${list(DRILLS.map((drill) => drill.name))}, or its number`, "correct the name"),
      ),
    );
  }
  return DRILLS.filter((drill) => asked.includes(drill.name) || asked.includes(String(drill.number)));
}

export function tellMissing(
  { missing, hints }: Pick<Preflight, "missing" | "hints">,
  write: (line: string) => void,
): void {
  write(colours.yellow("Missing on this computer:"));
  missing.forEach((line) => write(`  ${line}`));
  hints.forEach((line) => write(line));
}

async function runDrill(
  drill: Drill,
  bench: Workbench | World,
  progress: Progress,
  { options, interrupt }: Session,
): Promise<DrillResult> {
  const start = performance.now();
  progress.title(`${drill.number}. ${drill.title}`);
  const run = {
    say: (line: string): void => progress.line(line),
    options: { restartEngine: options.restartEngine ?? false, plans: options.plans },
  };
  const base = { number: drill.number, name: drill.name, title: drill.title };
  const seconds = (): number => Math.round((performance.now() - start) / 1000);
  const world = bench instanceof World ? bench : undefined;
  let found: readonly Figure[] = [];
  try {
    const figures = drill.alone ? await drill.run({ ...run, bench }) : await onWorld(drill, world!, run);
    found = figures;
    figures.forEach((figure) => progress.figure(formatFigure(figure)));
    mustBeBearable(figures);
    progress.verdict("passed", seconds());
    return { ...base, result: "passed", seconds: seconds(), figures };
  } catch (reason) {
    await interrupt.settled();
    const message = reason instanceof Error ? reason.message : String(reason);
    progress.failure(reason);
    progress.verdict("failed", seconds());
    await world?.repair().catch((problem: unknown) => progress.failure(problem));
    return { ...base, result: "failed", seconds: seconds(), figures: found, reason: message };
  } finally {
    world?.killLoads();
  }
}

async function onWorld(drill: DeploymentDrill, world: World, run: Omit<DrillRun, "world">): Promise<readonly Figure[]> {
  if (!drill.fromNothing) {
    run.say("as the release file has it");
    await world.settle();
    await allAnswer(world);
  }
  return drill.run({ ...run, world });
}

/** Lines with the time since the beginning. */
class Progress {
  private readonly start = performance.now();

  constructor(private readonly write: (line: string) => void) {}

  title(text: string): void {
    this.write(`\n${this.time()} ${colours.bold(text)}`);
  }

  line(text: string): void {
    this.write(`${this.time()}   ${text}`);
  }

  figure(text: string): void {
    this.write(`${this.time()}   ${colours.cyan(text)}`);
  }

  failure(reason: unknown): void {
    const lines = (reason instanceof Error ? reason.message : String(reason)).split("\n");
    lines.forEach((line) => this.write(`${this.time()}   ${colours.red(line)}`));
  }

  verdict(result: DrillResult["result"], seconds: number): void {
    const word = result === "passed" ? colours.green("passed") : colours.red("FAILED");
    this.write(`${this.time()}   ${word} (${seconds} s)`);
  }

  private time(): string {
    const seconds = Math.round((performance.now() - this.start) / 1000);
    return colours.dim(`${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`);
  }
}

function show(report: Report, path: string, write: (line: string) => void): void {
  write("");
  for (const drill of report.drills) {
    const word = drill.result === "passed" ? colours.green("passed") : colours.red("FAILED");
    write(`${String(drill.number).padStart(2)}  ${word}  ${String(drill.seconds).padStart(4)} s  ${drill.title}`);
    const details =
      drill.reason === undefined
        ? drill.figures
            .filter(({ isDetail }) => !isDetail)
            .map(formatFigure)
            .join(" · ")
        : drill.reason.split("\n")[0]!;
    write(`                    ${colours.dim(details)}`);
  }
  write("");
  if (report.changes.length > 0) {
    write(`Images: ${formatImages(report.images).join("; ")}`);
    write(`Other than in ${report.environment}: ${report.changes.join("; ")}`);
  }
  if (report.notRun.length > 0) {
    write(colours.yellow(`Not run: ${report.notRun.join(", ")}. Missing: ${report.missing.join("; ")}`));
  }
  const missed = missedPromises(report.drills);
  if (missed.length > 0) write(colours.yellow(`Not kept, on this computer: ${missed.join("; ")}`));
  const failed = report.drills.filter(({ result }) => result === "failed").length;
  const total = report.drills.length;
  write(
    `${total - failed} of ${total} drills passed in ${Math.round(report.seconds / 60)} min. The report is in ${path}`,
  );
}
