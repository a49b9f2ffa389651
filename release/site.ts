/** One environment as a release works on it: its catalog, its release file, its stack, its engine, its edge. */
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import type { ProductRelease, Release } from "../model/release";
import type { Product } from "../model/service";
import type { WorkingDirectory } from "../terraform/working-directory";
import type { Docker } from "../clients/docker";
import type { EdgeAddress } from "../clients/edge";
import type { Keeper } from "./at-edge";

export interface Site {
  readonly platform: Platform;
  readonly environment: Environment;
  /** As the release file has it now. */
  release(): Release;
  /** Writes a product's entry into the release file, and leaves everything else in it as it is. */
  save(product: string, entry: ProductRelease): void;
  /** Writes the stack for a release to where Terraform works. @throws ProblemsError when the catalog's checks refuse it */
  render(release: Release): void;
  readonly terraform: Pick<WorkingDirectory, "plan" | "preview" | "applyPlanned" | "state">;
  /** The environment's Docker engine. @throws ProblemsError when it has no server yet */
  docker(): Promise<Pick<Docker, "details" | "logs" | "condition">>;
  /** What is beside the edge and knows how it splits the traffic. @throws ProblemsError when there is no server yet */
  keeper(): Promise<Keeper>;
  /** Where the edge listens. */
  edge(): Promise<EdgeAddress>;
  /** Takes the environment's secrets out of a text that somebody else has written: a container, Terraform. */
  redact(text: string): string;
  /** Values that the engine itself needs; secrets among them. */
  readonly credentials: {
    readonly registryUsername: string | undefined;
    readonly registryToken: string | undefined;
    readonly smokeKey: string | undefined;
  };
}

/** The catalog's product. */
export const productOf = (site: Pick<Site, "platform">, name: string): Product =>
  site.platform.products.find((product) => product.name === name)!;
