/**
 * The steps of a release, each an edit of one product's entry in the release file. They are pure: what may follow what,
 * and when, is decided by whoever takes them.
 */
import { type Colour, otherColour, type ProductRelease, type Release, type SetRelease } from "../model/release";

/** A version goes to the idle set; the traffic stays where it is. */
export const deploy = (release: ProductRelease, set: SetRelease): ProductRelease => ({
  ...release,
  [otherColour(release.live)]: set,
  canary: 0,
});

/** A product that was not released before: one set, which is live. */
export const firstRelease = (set: SetRelease): ProductRelease => ({ live: "blue", canary: 0, blue: set, green: null });

/** The idle set gets so many per cent of the traffic. */
export const canary = (release: ProductRelease, percent: number): ProductRelease => ({ ...release, canary: percent });

/** All traffic goes to the other set. Rollback is the same step once more. */
export const cutover = (release: ProductRelease): ProductRelease => ({
  ...release,
  live: otherColour(release.live),
  canary: 0,
});

/** All traffic is on the set of this colour, wherever it was. */
export const trafficBack = (release: ProductRelease, live: Colour): ProductRelease => ({ ...release, live, canary: 0 });

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

/** The set that gets visitors, or more of them, by a step forward. */
export const gains = (from: ProductRelease | null, to: ProductRelease): Colour | undefined =>
  from?.live !== to.live ? to.live : to.canary > from.canary ? otherColour(to.live) : undefined;

/** The whole release with one product's entry changed. */
export function change(release: Release, product: string, step: (release: ProductRelease) => ProductRelease): Release {
  const current = release[product];
  if (!current) throw new Error(`${product} is not in the release`);
  return { ...release, [product]: step(current) };
}
