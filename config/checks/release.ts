import type { Environment } from "../../model/environment";
import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import { otherColour, type Release } from "../../model/release";

/** An environment's release, and how problems name its file. */
export interface NamedRelease {
  readonly release: Release;
  readonly path: string;
}

/** Does the release file fit the catalog? */
export const checkReleaseFile = (
  { products }: Platform,
  { pinnedVersions }: Environment,
  { release, path }: NamedRelease,
): Problem[] => checkRelease(release, path, products, pinnedVersions);

/** What no schema can say: products that exist, a live set with a version, a canary that has somewhere to go. */
export function checkRelease(
  release: Release,
  displayPath: string,
  products: readonly { readonly name: string; readonly services: readonly { readonly name: string }[] }[],
  pinnedVersions: boolean,
): Problem[] {
  return Object.entries(release).flatMap(([name, state]) => {
    const path = `${displayPath} products/${name}`;
    const product = products.find((p) => p.name === name);
    if (!product) {
      return [
        error(path, name, `one of ${list(products.map((p) => p.name))}`, "remove the product or correct its spelling"),
      ];
    }
    const problems: Problem[] = [];
    if (state[state.live] === null) {
      problems.push(
        error(
          `${path}/live`,
          `${state.live}, which has no version`,
          "a live set that runs a version",
          `give ${state.live} a version, or make ${otherColour(state.live)} live`,
        ),
      );
    }
    const idle = otherColour(state.live);
    if (state.canary > 0 && state[idle] === null) {
      problems.push(
        error(
          `${path}/canary`,
          `${state.canary} % for ${idle}, which has no version`,
          "a canary share only when both sets run",
          `give ${idle} a version or set canary to 0`,
        ),
      );
    }
    for (const colour of ["blue", "green"] as const) {
      const set = state[colour];
      if (!set) continue;
      problems.push(...checkVersion(`${path}/${colour}/version`, set.version, pinnedVersions));
      for (const [service, tag] of Object.entries(set.tags ?? {})) {
        problems.push(...checkVersion(`${path}/${colour}/tags/${service}`, tag, pinnedVersions));
      }
      for (const key of ["tags", "digests"] as const) {
        for (const service of Object.keys(set[key] ?? {})) {
          if (!product.services.some((s) => s.name === service)) {
            problems.push(
              error(
                `${path}/${colour}/${key}/${service}`,
                service,
                `one of ${list(product.services.map((s) => s.name))}`,
                `remove the ${key.slice(0, -1)} or correct the service's name`,
              ),
            );
          }
        }
      }
    }
    return problems;
  });
}

/**
 * Tags that move: what runs after the next pull or the next server is anybody's guess. Those of pull requests do, too
 * (docs/images.md); other branches' names nobody can know here.
 */
const MOVING_TAG = /^(latest|main|master|develop|staging|production|pr-\d+)$/;

function checkVersion(path: string, version: string, pinned: boolean): Problem[] {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(version)) {
    return [
      error(path, JSON.stringify(version), "an image tag: letters, digits, _ . - (at most 128)", "correct the tag"),
    ];
  }
  if (pinned && MOVING_TAG.test(version)) {
    return [
      error(path, version, "a tag that does not move, as v1.6.0 or main-abc1234", "name the version that was tested"),
    ];
  }
  return [];
}
