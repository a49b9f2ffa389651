/** Asks for an image by its name as Docker reads it, as somebody without a login first. */
import { type RegistryCredentials, resolveDigest, type Resolved, type ResolveOptions } from "./digest";
import { referenceOf } from "./reference";

/**
 * Most images are anybody's, and a login that is wrong must not keep them from us; it is sent to its own registry only.
 * @param name "postgres:16-alpine"; with a digest that is what is asked for
 * @param login of a registry, where there is one
 */
export async function resolveNamed(
  name: string,
  login: (host: string) => RegistryCredentials | undefined,
  options: ResolveOptions = {},
): Promise<Resolved> {
  const reference = referenceOf(name);
  if (!reference) return { problem: "unreachable", said: "this is no name of an image with a tag" };
  const answer = await resolveDigest(reference, undefined, options);
  const credentials = login(reference.host);
  const isClosed = "problem" in answer && answer.problem !== "unreachable";
  return isClosed && credentials ? resolveDigest(reference, credentials, options) : answer;
}
