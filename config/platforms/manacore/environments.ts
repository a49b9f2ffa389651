import type { Environment } from "../../../model/environment";
import type { EnvironmentName } from "../../../model/environment-name";
import { gibibytes } from "../../../model/units";
import { standardEnvironments } from "../../environments";
import { ZONE } from "./hosts";

/** Origins of the mobile apps (deployment-architecture, "Backend CORS Setup"). */
const MOBILE_ORIGINS = ["capacitor://localhost", "ionic://localhost"];

/** "Single-region deployment (Europe-West3)" and "German data centers": Falkenstein. */
const USUAL = standardEnvironments({
  zone: ZONE,
  email: "devops@manacore.app",
  challenge: "dns",
  stateBucket: "manacore-terraform-state",
  // "Disk: ~100 GB (excluding databases)" and PostgreSQL's 50 GB and Redis' 5 GB; images stay on the server's own disk.
  volume: gibibytes(100),
  // The documents' CCX32 (8 vCPU, 32 GB) and CCX42 (16 vCPU, 64 GB) are no longer sold; these are their successors.
  servers: { staging: "ccx33", production: "ccx43" },
});

/**
 * The usual environment, which the mobile apps may call as well. "Environment-Specific CORS" asks for each subdomain
 * (`https://*.manacore.app`), and so for `status.`, which is another company's: here they are the services' own names.
 */
const withApps = (environment: Environment): Environment => ({
  ...environment,
  corsOrigins: [...environment.corsOrigins, ...MOBILE_ORIGINS],
});

export const ENVIRONMENTS: Readonly<Record<EnvironmentName, Environment>> = {
  development: withApps(USUAL.development),
  staging: { ...withApps(USUAL.staging), otaHost: `staging-ota.${ZONE}` },
  production: { ...withApps(USUAL.production), otaHost: `ota.${ZONE}` },
};
