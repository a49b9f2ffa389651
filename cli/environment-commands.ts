/** `twinset status`, `plan` and `apply`: commands about a whole environment. */
import { join } from "node:path";
import type { EnvironmentName } from "../model/environment";
import { Journal } from "../release/journal";
import { knownSecrets, redactor } from "../release/redact";
import { stateFiles } from "../release/state-store";
import { applyEnvironment, planEnvironment } from "./plan";
import { openSite } from "./site";
import { describeStatus, hasTrouble, statusOf } from "./status";

/** @returns 0: all is as the files say, 1: something is not */
export async function status(
  environment: EnvironmentName,
  given: { readonly quick?: boolean; readonly json?: boolean },
  env: NodeJS.ProcessEnv,
): Promise<number> {
  // It looks only, and must not be in the way of who works.
  const site = await openSite({ environment, env, lock: false });
  const { platform } = site;
  const files = stateFiles(platform.name, site.environment, { env, directory: join(__dirname, "..") });
  const journal = new Journal(files, { redact: redactor(knownSecrets(platform, site.environment, env)) });
  const found = await statusOf(site, await journal.read(), !given.quick);
  console.log(given.json ? JSON.stringify(found, undefined, 2) : describeStatus(found));
  return hasTrouble(found) ? 1 : 0;
}

export const plan = async (
  environment: EnvironmentName,
  given: { readonly allow?: readonly string[] },
  env: NodeJS.ProcessEnv,
): Promise<number> => planEnvironment(await openSite({ environment, env }), given.allow ?? []);

export const apply = async (
  environment: EnvironmentName,
  given: { readonly plan?: string; readonly allow?: readonly string[] },
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  applyEnvironment(await openSite({ environment, env }), { plan: given.plan, allow: given.allow ?? [] });
