/** Where an image lies, by its name as Docker reads it: without a registry's name in front it is Docker Hub's. */
import { parseImage } from "../../model/image-version";
import type { ImageReference } from "./digest";

/** What Docker Hub's API answers at; its names begin with none of the three. */
const HUB = "registry-1.docker.io";
const HUB_NAMES: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", HUB]);

/** @returns undefined: no name of an image, or one with neither tag nor digest */
export function referenceOf(name: string): ImageReference | undefined {
  const { repository, tag: named, digest } = parseImage(name) ?? {};
  // What Docker asks for, where it has both.
  const tag = digest ?? named;
  if (repository === undefined || tag === undefined) return undefined;
  const [first = "", ...rest] = repository.split("/");
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  if (isHost && !HUB_NAMES.has(first)) return { host: first, repository: rest.join("/"), tag };
  const path = isHost ? rest : [first, ...rest];
  // Docker's own images have no owner.
  return { host: HUB, repository: path.length === 1 ? `library/${path[0]}` : path.join("/"), tag };
}
