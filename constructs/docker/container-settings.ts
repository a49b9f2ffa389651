import type { ContainerConfig } from "@cdktf/provider-docker/lib/container";
import type { NetworkName } from "../../model/service";
import type { Networks } from "./networks";

/** Non-root by default: "All containers run as unprivileged user (UID 1001)". */
export const DEFAULT_USER = "1001:1001";

/** Environment variables as Docker wants them, sorted, so that a reordered catalog changes nothing. */
export const envList = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env)
    .map(([key, value]) => `${key}=${value}`)
    .sort();

/** The container's networks, with the names under which others reach it there. */
export const attach = (
  networks: Networks,
  names: readonly NetworkName[],
  aliases?: readonly string[],
): NonNullable<ContainerConfig["networksAdvanced"]> =>
  names.map((name) => ({ name: networks.name(name), ...(aliases ? { aliases: [...aliases] } : {}) }));
