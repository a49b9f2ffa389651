/** The keeper beside the edge: what its construct and whoever speaks to it agree on. */
import type { Resources } from "./service";
import { mebibytes } from "./units";

/** The container's name. @param prefix "manacore-production" */
export const keeperName = (prefix: string): string => `${prefix}-edge-keeper`;

/** The variable of the container that has its program: what is run beside it is the very same. */
export const PROGRAM_VARIABLE = "EDGE_PROGRAM";

/** What a switch of Terraform's says in its refusal, where the edge was moved past Terraform and it does not know of that. */
export const UNTOLD = "Terraform has not been told of that yet";

/** A shell that sleeps; the core is for the moment in which it has to be quick. */
export const KEEPER_RESOURCES: Resources = {
  limits: { cpu: 1, memory: mebibytes(64) },
  expected: { cpu: 0.02, memory: mebibytes(16) },
};
