import type { ServerType } from "../model/platform";
import { gibibytes } from "../model/units";

/**
 * Sizes of the servers with dedicated cores that Hetzner Cloud sells (API, server types; 2026). Prices are not among
 * them: they changed several times, and Hetzner's API says the real ones where there is a token.
 */
export const SERVER_TYPES = {
  ccx13: { cpu: 2, memory: gibibytes(8), disk: gibibytes(80) },
  ccx23: { cpu: 4, memory: gibibytes(16), disk: gibibytes(160) },
  ccx33: { cpu: 8, memory: gibibytes(32), disk: gibibytes(240) },
  ccx43: { cpu: 16, memory: gibibytes(64), disk: gibibytes(360) },
} as const satisfies Record<string, ServerType>;
