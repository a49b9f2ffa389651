/**
 * Are the images of a release in the registry, and which are they? A tag may move, so a release file names each image by
 * its digest too.
 */
import { imageRepository, type Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { type SetRelease, tagOf } from "../../model/release";
import type { Product, Service } from "../../model/service";
import { originOf, type RegistryCredentials, resolveDigest, type Resolved, type ResolveOptions } from "./digest";

export { type ImageReference, type RegistryCredentials, resolveDigest, type Resolved } from "./digest";

/** Digest per service. */
export interface FoundImages {
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * Finds the images of all services of a product.
 * @param set the version, and the tags of services that have another one
 * @returns the digests of all, or everything that speaks against it
 */
export async function resolveImages(
  platform: Platform,
  product: Product,
  set: Pick<SetRelease, "version" | "tags">,
  credentials: RegistryCredentials | undefined,
  options: ResolveOptions = {},
): Promise<FoundImages | readonly Problem[]> {
  const { host } = platform.registry;
  const found = await Promise.all(
    product.services.map(async (service) => {
      const name = imageRepository(platform, service);
      const tag = tagOf(set, service.name);
      const reference = { host, repository: name.slice(host.length + 1), tag };
      return { service, image: `${name}:${tag}`, resolved: await resolveDigest(reference, credentials, options) };
    }),
  );
  const digests: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const { service, image, resolved } of found) {
    if ("digest" in resolved) digests[service.name] = resolved.digest;
    else problems.push(problemOf(platform, product, service, image, resolved, credentials !== undefined));
  }
  return problems.length > 0 ? problems : { digests };
}

function problemOf(
  platform: Platform,
  product: Product,
  service: Service,
  image: string,
  { problem, said }: Exclude<Resolved, { readonly digest: string }>,
  loggedIn: boolean,
): Problem {
  const { host } = platform.registry;
  const path = `${product.name}/${service.name}/image`;
  const { registryUsername, registryToken } = platform.inputs;
  const login = `TF_VAR_${registryUsername.name} and TF_VAR_${registryToken.name}`;
  switch (problem) {
    case "absent":
      return error(
        path,
        `${image}, which ${host} does not have (${said})`,
        "an image in the registry",
        `push it (docker push ${image}), or name a version that was pushed`,
      );
    case "refused":
      return error(
        path,
        `${image}, which ${host} does not show (${said})`,
        "an image that this login may read",
        loggedIn
          ? `give ${login} a login that may read the package, or push it: some registries answer so when there is none`
          : `give a login in ${login}`,
      );
    case "unreachable":
      return error(
        path,
        `${image}, and no answer about it from ${host} (${said})`,
        "a registry that answers",
        `try again; curl -I ${originOf(host)}/v2/ shows whether it can be reached`,
      );
  }
}
