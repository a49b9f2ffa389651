import type { Platform } from "../model/platform";

/**
 * Three networks ("Docker Network Segmentation", manacore-deployment-architecture.md): `frontend` for webs, `backend` for
 * APIs, `data` for stores and who uses them, the last without a way out of the host.
 */
export const SEGMENTED_NETWORKS = {
  frontend: { open: true, edge: true },
  backend: { open: true, edge: true },
  data: { open: false },
} as const satisfies Platform["networks"];

/** Logs in files of their own, 30 MB per container: needs neither a plugin on the host nor a place to send them to. */
export const ROTATED_LOGS = {
  driver: "json-file",
  options: { "max-size": "10m", "max-file": "3" },
} as const satisfies Platform["logs"];
