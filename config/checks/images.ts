import { parseImage } from "../../model/image-version";
import { type NamedImage, ownImages } from "../../model/images";
import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { DIGESTS_PATH, type DigestsFile } from "../image-digests";

const COMMAND = "npm run images -- --update";

/** An image's version is a decision of the catalog's, and its digest one of the file of digests: each is in one place. */
export const checkImages = (platform: Platform): Problem[] =>
  ownImages(platform).flatMap(({ name, path }) => {
    const { repository, tag, digest } = parseImage(name) ?? {};
    if (repository === undefined || tag === undefined || tag === "latest") {
      return [error(path, name, "an image with a version", "name the version, e.g. postgres:16-alpine")];
    }
    return digest === undefined
      ? []
      : [
          error(
            path,
            name,
            `a name with a tag alone: digests are in ${DIGESTS_PATH}`,
            `take the digest away; ${COMMAND}`,
          ),
        ];
  });

/** Is each digest on file one of an image that a platform runs? One that is not holds nothing, and looks as if it did. */
export function checkDigests({ digests, at }: DigestsFile, platforms: readonly Platform[]): Problem[] {
  const used = platforms.flatMap(ownImages);
  return Object.keys(digests)
    .filter((name) => !used.some((image) => image.name === name))
    .map((name) => {
      const others = sameRepository(name, used);
      return others.length > 0
        ? error(at(name), name, `the tag of the catalog: ${others.join(" or ")}`, COMMAND)
        : error(at(name), `${name}, which no platform runs`, "an image of the catalog", `remove it; ${COMMAND}`);
    });
}

function sameRepository(name: string, images: readonly NamedImage[]): string[] {
  const repository = parseImage(name)?.repository;
  const same = images.filter((image) => parseImage(image.name)?.repository === repository);
  return repository === undefined ? [] : [...new Set(same.map((image) => image.name))];
}
