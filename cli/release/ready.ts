/** Is everything there that a version needs? Looked at before anything is changed. */
import { type FoundImages, resolveImages } from "../../clients/registry/images";
import { type Problem, ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import { type Preflight, preflight } from "../../release/preflight";
import { productOf } from "../../release/site";
import type { Session } from "./session";

/** Everything that speaks against it, and the images as they were found. */
export function checked(session: Session, version: string, before: ProductRelease | null): Promise<Preflight> {
  const { site, product } = session;
  const { registryUsername: username, registryToken: password } = site.credentials;
  const login = username && password ? { username, password } : undefined;
  const findImages = async (): Promise<FoundImages | readonly Problem[]> =>
    resolveImages(site.platform, productOf(site, product), { version }, login);
  return preflight(site, { product, version, before, findImages });
}

/** @throws ProblemsError with all that speaks against it */
export function mustBeReady({ pins, problems }: Preflight): Preflight["pins"] {
  if (problems.length > 0) throw new ProblemsError(problems);
  return pins;
}
