import type { Platform } from "../../model/platform";
import { korczewski } from "./korczewski";
import { manacore } from "./manacore";
import { sentineliq } from "./sentineliq";

/** Every platform by name; `PLATFORM=<name>` picks one. */
export const PLATFORMS: Readonly<Record<string, Platform>> = { manacore, sentineliq, korczewski };

export const DEFAULT_PLATFORM = "manacore";
