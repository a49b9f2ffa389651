/**
 * Lets `twinset`'s own commands work on a rehearsal: a process of theirs is told by a file what the rehearsed catalog
 * differs in. It changes where the edge listens and where certificates and images come from, on this computer only.
 */
import { readFileSync } from "node:fs";
import type { LoadedPlatform } from "../config/load";
import type { EnvironmentName } from "../model/environment-name";
import { selectProducts } from "../model/platform";
import { adapt, type Surroundings } from "./adapt";

/** The variable that names the file. */
export const OVERLAY = "TWINSET_REHEARSAL";

export interface Overlay {
  readonly environment: EnvironmentName;
  /** Only these products. */
  readonly products: readonly string[];
  readonly surroundings: Surroundings;
}

/** The catalog as a rehearsal has it. */
export function rehearsed(loaded: LoadedPlatform, file: string): LoadedPlatform {
  const { environment, products, surroundings } = JSON.parse(readFileSync(file, "utf8")) as Overlay;
  const selected = selectProducts(loaded.platform, products);
  const { platform } = adapt(selected, selected.environments[environment], surroundings);
  return { ...loaded, platform, development: platform };
}
