import { type LoadedPlatform, loadPlatform } from "../../config/load";
import { OVERLAY, rehearsed } from "../../rehearsal/overlay";

/** The catalog that `PLATFORM` names, or a rehearsal's. */
export function loadCatalog(env: NodeJS.ProcessEnv): LoadedPlatform {
  const loaded = loadPlatform({
    platform: env["PLATFORM"],
    profiles: env["PROFILES"],
    releasesDirectory: env["TWINSET_RELEASES"],
  });
  const overlay = env[OVERLAY];
  return overlay === undefined ? loaded : rehearsed(loaded, overlay);
}
