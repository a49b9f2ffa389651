import { KEEPER_RESOURCES } from "./edge-keeper";
import type { Environment } from "./environment";
import { monitoringOf } from "./monitoring";
import { type Platform, replicasOf, type ServerType, sized } from "./platform";
import { type Release, runningColours } from "./release";
import type { Product, Resources } from "./service";
import { mebibytes, type Size } from "./units";

/** Memory that may be used (limits) and cores that are expected to be busy. */
export interface Need {
  readonly memory: Size;
  readonly cpu: number;
}

const NOTHING: Need = { memory: mebibytes(0), cpu: 0 };

const add = (a: Need, b: Need): Need => ({ memory: a.memory.plus(b.memory), cpu: round(a.cpu + b.cpu) });
const times = (a: Need, n: number): Need => ({ memory: a.memory.times(n), cpu: round(a.cpu * n) });
const round = (n: number): number => Math.round(n * 100) / 100;

const needOf = (resources: Resources): Need => ({
  memory: resources.limits.memory,
  cpu: resources.expected?.cpu ?? resources.limits.cpu,
});

/** What one container set of a product needs. */
export const setNeed = (product: Product, environment: Environment): Need =>
  product.services.reduce(
    (sum, s) => add(sum, times(needOf(sized(environment, s).resources), replicasOf(environment, s))),
    NOTHING,
  );

/** Containers of one set. */
export const setSize = (product: Product, environment: Environment): number =>
  product.services.reduce((sum, s) => sum + replicasOf(environment, s), 0);

/** What always runs: stores, edge and what keeps its numbers. */
export function baseNeed(platform: Platform, environment: Environment): Need {
  const monitoring = monitoringOf(platform);
  return [
    ...platform.stores.map((store) => sized(environment, store)),
    platform.edge,
    { resources: KEEPER_RESOURCES },
    ...(monitoring ? [monitoring] : []),
  ].reduce((sum, { resources }) => add(sum, needOf(resources)), NOTHING);
}

/** What runs by the release file, now. */
export function currentNeed(platform: Platform, environment: Environment, release: Release): Need {
  return platform.products.reduce(
    (sum, product) => {
      const state = release[product.name];
      return state ? add(sum, times(setNeed(product, environment), runningColours(state).length)) : sum;
    },
    baseNeed(platform, environment),
  );
}

/**
 * The most that can run at once: both sets of every product. It also covers what happens when a changed secret
 * replaces all live containers new-first, as then each of them runs twice for a moment.
 */
export const peakNeed = (platform: Platform, environment: Environment): Need =>
  platform.products.reduce(
    (sum, product) => add(sum, times(setNeed(product, environment), 2)),
    baseNeed(platform, environment),
  );

/** Above this share of the server's memory a deploy is possible but worth a warning. */
export const MEMORY_WARNING = 0.8;

/** The server's size, or undefined for one's own computer, about which nothing is known at synth. */
export const serverTypeOf = (platform: Platform, environment: Environment): ServerType | undefined =>
  environment.host.kind === "hetzner" ? platform.serverTypes[environment.host.serverType] : undefined;
