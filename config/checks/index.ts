/**
 * Checks across a whole platform, before anything is synthesized. Each looks at one subject, in a file of its own, and
 * returns every problem that it finds; `checkPlatform` runs them all, so that a person sees all problems at once.
 */
import type { Environment } from "../../model/environment";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import type { Problem } from "../../model/problem";
import { checkCacheRules } from "./cache-rules";
import { checkCanary } from "./canary";
import { checkCors } from "./cors";
import { checkDatabase } from "./database";
import { checkDelivery } from "./delivery";
import { checkDependencies } from "./dependencies";
import { checkEdge } from "./edge";
import { checkHealth } from "./health";
import { checkHostNames } from "./host-names";
import { checkImages } from "./images";
import { checkInputs } from "./inputs";
import { checkLimits } from "./limits";
import { checkMemory } from "./memory";
import { checkNames } from "./names";
import { checkNetworks } from "./networks";
import { checkPorts } from "./ports";
import { checkConnections, checkDatabases } from "./postgres";
import { checkRedis, checkRedisMemory } from "./redis";
import { checkReferences } from "./references";
import { checkReleaseFile, type NamedRelease } from "./release";
import { checkReplicas } from "./replicas";
import { checkSecrets } from "./secrets";
import { checkServer } from "./server";
import { checkStores } from "./stores";
import { checkZoneOwner } from "./zone-owner";

export type Releases = Readonly<Record<EnvironmentName, NamedRelease>>;

/** Every check of a platform's catalog. Problems come in this order. */
const CHECKS: readonly ((platform: Platform) => Problem[])[] = [
  checkNames,
  checkNetworks,
  checkPorts,
  checkDependencies,
  checkReferences,
  checkDatabase,
  checkDatabases,
  checkEdge,
  checkCanary,
  checkHealth,
  checkSecrets,
  checkInputs,
  checkStores,
  checkRedis,
  checkImages,
  checkHostNames,
  checkCacheRules,
  checkCors,
  checkZoneOwner,
  checkDelivery,
];

/** Every check of one environment and its release. They come after those of the catalog. */
const ENVIRONMENT_CHECKS: readonly ((
  platform: Platform,
  environment: Environment,
  release: NamedRelease,
) => Problem[])[] = [
  checkServer,
  checkReplicas,
  checkLimits,
  checkMemory,
  checkConnections,
  checkRedisMemory,
  checkReleaseFile,
];

export function checkPlatform(platform: Platform, releases: Releases): Problem[] {
  return [
    ...CHECKS.flatMap((check) => check(platform)),
    ...ENVIRONMENTS.flatMap((name) =>
      ENVIRONMENT_CHECKS.flatMap((check) => check(platform, platform.environments[name], releases[name])),
    ),
  ];
}
