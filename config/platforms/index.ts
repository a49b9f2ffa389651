import type { Platform } from "../../model/platform";
import { manacore } from "./manacore";

/** Every platform by name; `PLATFORM=<name>` picks one. */
export const PLATFORMS: Readonly<Record<string, Platform>> = { manacore };

export const DEFAULT_PLATFORM = "manacore";
