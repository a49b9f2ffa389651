import { badCanary, tooLittle } from "./canary";
import { cloudFaults, github } from "./clouds";
import type { Drill } from "./drill";
import { destroyed, fromNothing, replacedServer, restarts } from "./host";
import { rolling, rotatedSecret } from "./live-set";
import { byHand, crashes, killed, twoOperators } from "./mishaps";
import { failedMigration, foreignChange, neverHealthy, onlyItsOwn, releaseUnderLoad, rollback } from "./release";
import { reviewed } from "./reviewed";
import { runLock } from "./run-lock";
import { threats } from "./threats";
import { edgeFirst, lease } from "./worst-moments";

/** In the order in which they run: the first makes everything, the one that destroys it is the last on it. */
export const DRILLS: readonly Drill[] = [
  ...[fromNothing, releaseUnderLoad, neverHealthy, failedMigration, rollback, killed, twoOperators, byHand],
  ...[reviewed, badCanary, tooLittle, crashes, edgeFirst, lease, foreignChange, onlyItsOwn, rotatedSecret, rolling],
  ...[restarts, cloudFaults, replacedServer, destroyed, github, threats, runLock],
];
