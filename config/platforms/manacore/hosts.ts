import type { PublicAccess } from "../../../model/service";
import { hostsIn } from "../../environments";

export const ZONE = "manacore.app";

/**
 * Staging's names. The documents have two forms, `staging-api-chat` (topology, diagrams) and `api-staging-chat`
 * (environment matrix, CI/CD workflow); likewise `auth-staging` (matrix) beside the general `staging-` prefix. The
 * union: `staging-<name>` is the canonical one, the other form works as well.
 */
function staging(label: string): string[] {
  const canonical = `staging-${label}.${ZONE}`;
  const api = /^api-(.+)$/.exec(label);
  if (api) return [canonical, `api-staging-${api[1]}.${ZONE}`];
  return label === "auth" ? [canonical, `auth-staging.${ZONE}`] : [canonical];
}

/** The usual names, with staging's other form. */
export const hosts = (label: string): PublicAccess["hosts"] => ({ ...hostsIn(ZONE)(label), staging: staging(label) });
