/** Every path of docs/threat-model.md, once: the page, the tests and the drill have them from here. */
import { AT_GITHUB } from "./at-github";
import { OWN_CODE } from "./own-code";
import type { Path } from "./path";

/** In the page's order. */
export const PATHS: readonly Path[] = [...AT_GITHUB, ...OWN_CODE];
