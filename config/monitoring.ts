import type { MonitoringSettings } from "../model/platform";
import { days, mebibytes } from "../model/units";

/**
 * Monitoring as a platform has it that says nothing else. The documents ask for Prometheus
 * (manacore-deployment-architecture.md, "Metrics Collection"; manacore-ci-cd-plan.md, "Monitoring") and give it neither a
 * version nor a limit.
 */
export const STANDARD_MONITORING: MonitoringSettings = {
  // Long-term support until July 2027. The default variant, with BusyBox: its shell and wget are used.
  image: "prom/prometheus:v3.13.5",
  resources: { limits: { cpu: 0.5, memory: mebibytes(192) }, expected: { cpu: 0.05, memory: mebibytes(192) } },
  retention: days(7),
  size: mebibytes(512),
};
