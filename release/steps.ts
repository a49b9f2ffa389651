/**
 * The steps of a release, each an edit of one product's entry in the release file. They are pure: what may follow what,
 * and when, is decided by whoever takes them.
 */
import { otherColour, type ProductRelease, type Release } from "../model/release";

/** A version goes to the idle set; the traffic stays where it is. */
export const deploy = (release: ProductRelease, version: string): ProductRelease => ({
  ...release,
  [otherColour(release.live)]: { version },
  canary: 0,
});

/** The idle set gets so many per cent of the traffic. */
export const canary = (release: ProductRelease, percent: number): ProductRelease => ({ ...release, canary: percent });

/** All traffic goes to the other set. Rollback is the same step once more. */
export const cutover = (release: ProductRelease): ProductRelease => ({
  ...release,
  live: otherColour(release.live),
  canary: 0,
});

/** The live set itself gets another version: each container's successor is healthy before it goes. */
export const replaceLive = (release: ProductRelease, version: string): ProductRelease => ({
  ...release,
  [release.live]: { version },
});

/** The idle set goes. */
export const retire = (release: ProductRelease): ProductRelease => ({
  ...release,
  [otherColour(release.live)]: null,
  canary: 0,
});

/** The whole release with one product's entry changed. */
export function change(release: Release, product: string, step: (release: ProductRelease) => ProductRelease): Release {
  const current = release[product];
  if (!current) throw new Error(`${product} is not in the release`);
  return { ...release, [product]: step(current) };
}
