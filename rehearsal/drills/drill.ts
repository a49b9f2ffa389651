/** What a drill is, and the words in which drills are written. */
import { otherColour } from "../../model/release";
import type { Product } from "../../model/service";
import { change } from "../../release/steps";
import type { Behaviour } from "../images/stand-ins";
import type { LoadResult } from "../load/load";
import { GENEROUS } from "../promises";
import type { Workbench } from "../workbench";
import type { World } from "../world";

/** A number that a drill found, with the promise that it has to keep, if there is one (promises.ts). */
export interface Figure {
  readonly name: string;
  readonly value: number | string;
  /** "s", "requests", "%". */
  readonly unit?: string;
  /** At most this, in the same unit; and the document that says so. */
  readonly promise?: { readonly atMost: number; readonly source: string };
  /** One of many that are told one by one, and not again at the end. @default false */
  readonly isDetail?: boolean;
}

interface Run {
  /** Shows what is being done. */
  readonly say: (line: string) => void;
  readonly options: DrillOptions;
}

/** What a drill on a deployment gets. */
export interface DrillRun extends Run {
  readonly world: World;
}

export interface DrillOptions {
  /** The Docker engine may be restarted, and with it every container on it. */
  readonly restartEngine: boolean;
  /** A folder for the plans that are reviewed, gzipped JSON: the tests' golden ones are of there. @default none is kept */
  readonly plans?: string | undefined;
}

interface Described {
  readonly number: number;
  /** For `--drill`. */
  readonly name: string;
  readonly title: string;
}

/** A drill on the whole deployment. @throws DrillFailure, ApplyFailed */
export interface DeploymentDrill extends Described {
  readonly alone?: false;
  /** Does it start from an empty server? Then nothing is made for it beforehand. */
  readonly fromNothing?: boolean;
  /** Why there is nothing to rehearse with this product; undefined where there is. @default there is */
  readonly pointless?: (product: Product) => string | undefined;
  readonly run: (run: DrillRun) => Promise<readonly Figure[]>;
}

/** A drill that brings its own clouds: it needs Terraform, but no Docker engine. @throws DrillFailure */
export interface AloneDrill extends Described {
  readonly alone: true;
  readonly run: (run: Run & { readonly bench: Workbench }) => Promise<readonly Figure[]>;
}

export type Drill = DeploymentDrill | AloneDrill;

/** The system under rehearsal did not keep a promise. */
export class DrillFailure extends Error {}

/** @throws DrillFailure unless it holds */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new DrillFailure(otherwise);
}

/** @throws DrillFailure for figures that are beyond what busy cores explain */
export function mustBeBearable(figures: readonly Figure[]): void {
  for (const { name, value, unit = "", promise } of figures) {
    if (promise === undefined) continue;
    const most = GENEROUS * promise.atMost;
    must(
      typeof value === "number" && value <= most,
      `${name}: ${value} ${unit}`.trimEnd() + `, more than ${GENEROUS} times what is promised (${promise.source})`,
    );
  }
}

/** The next apply is to take this step of the product's release. */
export function wantStep(world: World, step: Parameters<typeof change>[2]): void {
  world.want({ release: change(world.desired.release, world.product, step) });
}

/** Makes a version of the product that does what it is told. */
export async function version(world: World, name: string, behaviour: Behaviour = {}): Promise<string> {
  await world.images.product(world.product, { version: name }, behaviour);
  return name;
}

/** The version that the release file names for the live set. */
export const liveVersion = (world: World): string => {
  const release = world.desired.release[world.product]!;
  return release[release.live]!.version;
};

export const idleColour = (world: World): "blue" | "green" => otherColour(world.desired.release[world.product]!.live);

/** The product's containers of one version, by their labels: the engine knows their images by an id only. */
export async function ofVersion(world: World, name: string): Promise<string[]> {
  const { labelPrefix } = world.platform;
  return (await world.docker.details(`${world.prefix}-${world.product}-`))
    .filter(({ labels }) => labels[`${labelPrefix}.version`] === name)
    .map((container) => container.name);
}

export function mustNotFail(result: LoadResult): void {
  must(result.failed === 0, `${result.failed} of ${result.requests} requests failed: ${result.failures}`);
}

export const loadFigures = (result: LoadResult): Figure[] => [
  { name: "requests", value: result.requests },
  { name: "failed", value: result.failed },
  { name: "p95", value: Math.round(result.percentile(0.95)), unit: "ms" },
];

export const rounded = (seconds: number): number => Math.round(seconds * 10) / 10;

export const since = (start: number): number => rounded((performance.now() - start) / 1000);
