/** Is everything there that a version needs? Looked at before anything is changed. */
import { type FoundImages, resolveImages } from "../../clients/registry/images";
import { type Problem, ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import { type Preflight, preflight } from "../../release/preflight";
import { productOf } from "../../release/site";
import type { Session } from "./session";

/** Everything that speaks against it, and the images as they were found. */
export const checked = (session: Session, version: string, before: ProductRelease | null): Promise<Preflight> =>
  preflight(session.site, {
    ...{ product: session.product, version, before },
    findImages: () => foundImages(session, version),
  });

function foundImages({ site, product }: Session, version: string): Promise<FoundImages | readonly Problem[]> {
  const { registryUsername: username, registryToken: password } = site.credentials;
  const login = username && password ? { username, password } : undefined;
  return resolveImages(site.platform, productOf(site, product), { version }, login);
}

/** A version's images in the registry, and nothing else. @throws ProblemsError where one is not there */
export async function imagesOf(session: Session, version: string): Promise<FoundImages> {
  const found = await foundImages(session, version);
  if ("digests" in found) return found;
  throw new ProblemsError(found);
}

/** @throws ProblemsError with all that speaks against it */
export function mustBeReady({ pins, problems }: Preflight): Preflight["pins"] {
  if (problems.length > 0) throw new ProblemsError(problems);
  return pins;
}
