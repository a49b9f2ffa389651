/**
 * `twinset rollback <product> [version]`: all traffic to the other set, by one targeted apply. From a canary that is
 * canary 0. A version that runs no more is deployed again first; its images are still on the host.
 */
import { Command } from "commander";
import { error, ProblemsError } from "../../model/problem";
import { otherColour, type ProductRelease } from "../../model/release";
import { trafficBack } from "../../release/steps";
import { EXIT } from "../shared/exit";
import { environmentName, mustKnow } from "../shared/names";
import { ALLOW, ENVIRONMENT, JSON_LINES, UNLOCK } from "../shared/options";
import { loadCatalog } from "../shared/catalog";
import { deployStep } from "./deploy";
import { type ReleaseFlags, told } from "./session";
import { single } from "./single";
import { switchStep } from "./switch";

export const rollback = (
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> => told(flags, () => rollbackTo(product, version, flags, env));

async function rollbackTo(
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const { platform, releases } = loadCatalog(env);
  mustKnow(
    platform.products.map(({ name }) => name),
    product,
  );
  const before = releases[environmentName(flags.environment)].release[product];
  const idle = before && before[otherColour(before.live)];
  const back = (entry: ProductRelease): ProductRelease =>
    entry.canary > 0 ? { ...entry, canary: 0 } : trafficBack(entry, otherColour(entry.live));
  const running = before && (before.canary > 0 ? before[before.live] : idle);
  if (running && (version === undefined || running.version === version)) {
    return single(product, flags, env, "back", "rollback", back, "back");
  }
  if (before && version === undefined) {
    throw new ProblemsError([
      error(
        `${product}/rollback`,
        `${before.live} runs alone: the other set was retired`,
        "a version to go back to",
        `name it: twinset rollback ${product} <version> (twinset status ${flags.environment} has the last ones)`,
      ),
    ]);
  }
  if (!before || version === undefined) return single(product, flags, env, "back", "rollback", back, "back");
  // It has to run before it can have traffic. No canary, as it was live before.
  const code = await deployStep(product, version, flags, env, "back");
  return code === EXIT.done ? switchStep(product, otherColour(before.live), flags, env, "back") : code;
}

export const command = new Command("rollback")
  .description(
    "all traffic back to the other set, by one targeted apply; a version that runs no more is deployed first",
  )
  .argument("<product>")
  .argument("[version]", "default: the one of the other set")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...JSON_LINES)
  .action(async (product: string, version: string | undefined, given: ReleaseFlags) => {
    process.exitCode = await rollback(product, version, given, process.env);
  });
