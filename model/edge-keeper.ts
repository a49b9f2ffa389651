/** The keeper beside the edge: what its construct and whoever speaks to it agree on. */
import type { Resources } from "./service";
import { mebibytes } from "./units";

/** The container's name. @param prefix "manacore-production" */
export const keeperName = (prefix: string): string => `${prefix}-edge-keeper`;

/** The variable of the container that has its program: what is run beside it is the very same. */
export const PROGRAM_VARIABLE = "EDGE_PROGRAM";

/** A shell that sleeps; the core is for the moment in which it has to be quick. */
export const KEEPER_RESOURCES: Resources = {
  limits: { cpu: 1, memory: mebibytes(64) },
  expected: { cpu: 0.02, memory: mebibytes(16) },
};
