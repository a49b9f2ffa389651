/**
 * `npm run bench`: how long a synth takes, beside what it cannot be faster than and beside the cdktf template's way, and
 * how it grows. Times are only comparable on one machine; the ratios say more.
 *
 * `npm run bench -- --canary`: how often the verdict on a canary is right, on canaries that are made up (bench/canary/).
 *
 * `npm run bench -- --moves`: how long it takes until visitors see a move of the traffic (bench/moves/, docs/rehearsal.md).
 * `npm run bench -- --histories 100000`: histories of two operators, each with outages and deaths (bench/histories.ts).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import colours from "picocolors";
import { DEFAULT_PLATFORM, PLATFORMS } from "../config/platforms";
import { plainTable } from "../cli/shared/table";
import { canaries } from "./canary/run";
import { ProblemsError } from "../model/problem";
import { BenchError, wholeNumber } from "./errors";
import type { Growth } from "./growth";
import { MOVES_OPTIONS, type MovesOptions, movesOptions } from "./moves/options";
import { countOf, fixed, median, range } from "./statistics";
import { moreHistories } from "./histories";

const ROOT = join(__dirname, "..");

/** A synth should take little more than loading what it needs, and much less than the template's way. */
const AIMS = { overFloor: 1.5, underTemplate: 7, growth: 1.5 } as const;
/** Of the made-up canaries. */
const SEED = 14;
const SIZES = [40, 400, 2000, 8000] as const;
/** The growth test's figures per container are compared between these two; smaller ones are mostly warming up. */
const [SMALL, LARGE] = [400, 8000] as const;

async function main(): Promise<void> {
  const { runs, quick, canary, moves, histories, seed } = options();
  if (histories !== undefined) {
    if (!moreHistories(histories, seed)) process.exitCode = 1;
    return;
  }
  if (canary) return canaries(runs, SEED, canary.only);
  if (moves) {
    const { benchMoves } = await import("./moves/run");
    process.exitCode = await benchMoves(moves);
    return;
  }
  const temp = mkdtempSync(join(tmpdir(), "twinset-bench-"));
  try {
    wholeProcesses(runs, temp);
    if (!quick) growth(3);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

interface Options {
  readonly runs: number;
  readonly quick: boolean;
  /** Not the synth: the verdict, of cases with these words in their names. */
  readonly canary: { readonly only: string } | undefined;
  /** Not the synth: moves of the traffic. */
  readonly moves: MovesOptions | undefined;
  /** Not the synth: so many histories. */
  readonly histories: number | undefined;
  readonly seed: number;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      canary: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      moves: { type: "boolean", default: false },
      histories: { type: "string" },
      seed: { type: "string", default: "1" },
      ...MOVES_OPTIONS,
    },
  });
  const runs = wholeNumber("--runs", values.runs ?? (values.canary ? "500" : values.quick ? "3" : "7"));
  return {
    runs,
    quick: values.quick,
    canary: values.canary ? { only: values.only } : undefined,
    moves: values.moves ? movesOptions(values, process.env) : undefined,
    histories: values.histories === undefined ? undefined : wholeNumber("--histories", values.histories),
    seed: wholeNumber("--seed", values.seed, 0),
  };
}

/** What is measured in turns: a b c a b c …, so that whatever else the machine does hits all alike. */
interface Contestant {
  readonly name: string;
  readonly args: readonly string[];
  readonly platform?: string;
  readonly about: string;
}

function wholeProcesses(runs: number, temp: string): void {
  const program = programArgs();
  const platforms = Object.keys(PLATFORMS);
  const bindings = node([...TSX, "bench/bindings.ts"], temp)
    .stdout.trim()
    .split("\n");
  const contestants: readonly Contestant[] = [
    ...platforms.map((platform) => ({
      name: `synth ${platform}`,
      args: program,
      platform,
      about: `all of its stacks, as cdktf runs it: PLATFORM=${platform} node ${program.join(" ")}`,
    })),
    {
      name: "translated",
      args: [...TSX, "main.ts"],
      platform: DEFAULT_PLATFORM,
      about: `${DEFAULT_PLATFORM}'s synth without the bundle, each file translated by itself: node ${TSX.join(" ")} main.ts`,
    },
    {
      name: "floor",
      args: [...TSX, "bench/floor.ts", ...bindings],
      about: `only loading the ${bindings.length} modules of bindings that main.ts loads: node ${TSX.join(" ")} bench/floor.ts …`,
    },
    {
      name: "bare",
      args: [
        "-e",
        `for (const path of process.argv.slice(1)) require(path)`,
        ...bindings.filter((path) => /\.js$/.test(path)),
      ],
      about: "only loading those of them that are JavaScript (all but Hetzner's), by Node alone",
    },
    {
      name: "template",
      args: ["-r", "ts-node/register", "-r", "tsconfig-paths/register", "bench/template-way.ts"],
      platform: DEFAULT_PLATFORM,
      about: `${DEFAULT_PLATFORM}'s synth the cdktf template's way: ts-node with type checks, whole providers (npx's own time left out)`,
    },
  ];
  // The first run of each fills the disk's and tsx's caches.
  const race = ({ args, platform }: Contestant): number => node(args, temp, platform).seconds;
  contestants.forEach(race);
  const rounds = Array.from({ length: runs }, () => contestants.map(race));
  const times = contestants.map((_, i) => rounds.map((round) => round[i]!));

  console.log(`Whole processes, ${countOf(runs)} each, in turns, after one that does not count:\n`);
  const rows = contestants.map(({ name, about }, i) => [
    name,
    `${fixed(median(times[i]!))} s`,
    range(times[i]!, " s"),
    about,
  ]);
  console.log(plainTable(["", "median", "min–max", "what it is"], rows, ["left", "right", "right", "left"]));

  const ratio = (over: number, under: number): number[] => rounds.map((round) => round[over]! / round[under]!);
  const named = (name: string): number => contestants.findIndex((each) => each.name === name);
  const overFloor = platforms.map((name, i) => ({ name, ratios: ratio(i, named("floor")) }));
  const chosen = platforms.indexOf(DEFAULT_PLATFORM);
  const underTemplate = ratio(named("template"), chosen);
  const others = [
    { title: `translated / synth ${DEFAULT_PLATFORM}`, ratios: ratio(named("translated"), chosen) },
    { title: `synth ${DEFAULT_PLATFORM} / bare`, ratios: ratio(chosen, named("bare")) },
  ];
  console.log("\nRatios, each of two runs that followed one another:\n");
  console.log(
    plainTable(
      ["", "median", "min–max", "aim", ""],
      [
        ...overFloor.map(({ name, ratios }) => [
          `synth ${name} / floor`,
          fixed(median(ratios)),
          range(ratios),
          `at most ${AIMS.overFloor}`,
          met(median(ratios) <= AIMS.overFloor),
        ]),
        [
          `template / synth ${DEFAULT_PLATFORM}`,
          fixed(median(underTemplate)),
          range(underTemplate),
          `at least ${AIMS.underTemplate}`,
          met(median(underTemplate) >= AIMS.underTemplate),
        ],
        ...others.map(({ title, ratios }) => [title, fixed(median(ratios)), range(ratios), "", ""]),
      ],
      ["left", "right", "right", "left", "left"],
    ),
  );
}

/** TypeScript as it is, each file translated when it is loaded. */
const TSX = ["--import", "tsx"] as const;

/** How `cdktf` starts the program, from its own configuration, without "node". */
function programArgs(): string[] {
  const { app } = JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8")) as { app: string };
  const [program, ...args] = app.split(" ");
  if (program !== "node")
    throw new BenchError(`cdktf.json: app is "${app}", but bench/run.ts can only measure "node …"`);
  return args;
}

function growth(runs: number): void {
  const results = SIZES.map((size) => {
    const all = Array.from(
      { length: runs },
      () => JSON.parse(node(["--import", "tsx", "bench/growth.ts", `${size}`]).stdout) as Growth,
    );
    const by = (key: keyof Growth): number[] => all.map((one) => one[key]);
    return {
      size,
      seconds: by("seconds"),
      resources: by("resources")[0]!,
      checks: by("checksSeconds"),
      memory: by("megabytes"),
    };
  });
  const perContainer = (size: number): number => {
    const { seconds } = results.find((result) => result.size === size)!;
    return (median(seconds) / size) * 1000;
  };
  console.log(
    `\nGrowth: one production stack of made-up products with Manacore's shape, ${countOf(runs)} each. Time is the synth alone,` +
      "\nwithout loading modules and without the catalog's checks, which are timed by themselves; memory is the process's peak.\n",
  );
  console.log(
    plainTable(
      ["containers", "resources", "median", "min–max", "per container", "checks", "memory"],
      results.map(({ size, seconds, resources, checks, memory }) => [
        ...[String(size), String(resources), `${fixed(median(seconds))} s`, range(seconds, " s")],
        ...[`${fixed(perContainer(size))} ms`, `${fixed(median(checks))} s`, `${median(memory)} MB`],
      ]),
      Array.from({ length: 7 }, () => "right" as const),
    ),
  );
  const factor = perContainer(LARGE) / perContainer(SMALL);
  console.log(
    `\n  A container among ${LARGE} takes ${fixed(factor)} times as long as one among ${SMALL}; aim: at most ${AIMS.growth} (linear)  ${met(factor <= AIMS.growth)}`,
  );
}

/** Runs Node in the project, with an output directory of its own and no other setting of cdktf's or ours. */
function node(args: readonly string[], temp?: string, platform?: string): { seconds: number; stdout: string } {
  const OURS = /^(CDKTF_|SYNTH_|PLATFORM$|PROFILES$|NODE_OPTIONS$|TS_NODE_)/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
  const start = performance.now();
  const result = spawnSync(process.execPath, args, {
    cwd: ROOT,
    env: {
      ...env,
      ...(temp ? { CDKTF_OUTDIR: join(temp, "out") } : {}),
      ...(platform ? { PLATFORM: platform } : {}),
    },
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - start) / 1000;
  if (result.status === 0) return { seconds, stdout: result.stdout };
  throw new BenchError(
    `node ${args.slice(0, 6).join(" ")} failed, so there is nothing to measure:\n${result.stderr.trim()}`,
  );
}

const met = (is: boolean): string => (is ? colours.green("met") : colours.yellow("missed"));

main().catch((reason: unknown) => {
  if (!(reason instanceof BenchError || reason instanceof ProblemsError)) throw reason;
  console.error(reason.message);
  process.exitCode = 1;
});
