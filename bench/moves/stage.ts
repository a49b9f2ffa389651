/** A rehearsal's world for the bench, with what it needs looked at first; or in words what is missing. */
import { environmentPrefix } from "../../model/names";
import { selectProducts } from "../../model/platform";
import { ProblemsError } from "../../model/problem";
import { takeComputer } from "../../rehearsal/alone";
import type { Endings } from "../../rehearsal/endings";
import { MissingProgram } from "../../rehearsal/images/stand-ins";
import { preflight } from "../../rehearsal/preflight";
import { synthesized, tellMissing, worthwhile } from "../../rehearsal/rehearse";
import { World } from "../../rehearsal/world";
import type { StackConfig } from "../../terraform/config";

export interface StageOptions {
  readonly directory: string;
  readonly endings: Endings;
  /** undefined: all. */
  readonly products: readonly string[] | undefined;
  /** @default the one with a migration and the most services */
  readonly product: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly write: (line: string) => void;
}

export interface Stage {
  readonly world: World;
  readonly required: NonNullable<StackConfig["terraform"]["required_providers"]>;
  /** Terraform's and the engine's version. */
  readonly versions: string;
}

/** @returns undefined: it was said what is missing @throws ProblemsError for products that there are not */
export async function stage(options: StageOptions): Promise<Stage | undefined> {
  const { directory, endings, products, env, write } = options;
  const { loaded, environment, config } = synthesized(
    { platform: env["PLATFORM"], products, product: options.product },
    directory,
  );
  const required = config.terraform.required_providers ?? {};
  const prefix = environmentPrefix(loaded.platform.name, environment.name);
  const found = await preflight({ required, env, prefix, directory });
  if (!found.means) {
    tellMissing(found, write);
    return undefined;
  }
  const product = options.product ?? (products?.length === 1 ? products[0]! : worthwhile(loaded.platform));
  const platform = products ? selectProducts(loaded.platform, [...products, product]) : loaded.platform;
  const known = new Set(platform.products.map(({ name }) => name));
  const { release: whole } = loaded.releases[environment.name];
  const release = Object.fromEntries(Object.entries(whole).filter(([name]) => known.has(name)));
  const taken = takeComputer();
  if (typeof taken === "number") {
    write(`A rehearsal runs on this computer (process ${taken}): one at a time.`);
    return undefined;
  }
  endings.stops(() => taken());
  const { means } = found;
  try {
    const world = await World.start({ directory, platform, environment, release, product, means, endings, say: write });
    return { world, required, versions: `${means.terraform.version}, Docker engine ${found.engine}` };
  } catch (reason) {
    if (reason instanceof ProblemsError) write(reason.message);
    else if (reason instanceof MissingProgram) {
      tellMissing({ missing: [`${reason.message}: its image can neither be pulled nor made`], hints: [] }, write);
    } else throw reason;
    return undefined;
  }
}
