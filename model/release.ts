/**
 * The release of one product in one environment: which version each set runs, which set is live, and how much of the
 * traffic the other one gets. `config/releases/<platform>/<environment>.json` holds these.
 */
export const COLOURS = ["blue", "green"] as const;
export type Colour = (typeof COLOURS)[number];

export interface SetRelease {
  /** An image tag that all of the product's services have: "v1.6.0". */
  readonly version: string;
  /** Tag per service that has another one than the version: images that are built and tagged apart. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Digest per service ("sha256:…"), where the tag must not be able to move. */
  readonly digests?: Readonly<Record<string, string>> | undefined;
}

/** The tag of a service's image in a set. */
export const tagOf = (set: SetRelease, service: string): string => set.tags?.[service] ?? set.version;

export interface ProductRelease {
  readonly live: Colour;
  /** Per cent of the requests that the idle set gets. */
  readonly canary: number;
  readonly blue: SetRelease | null;
  readonly green: SetRelease | null;
}

/** Product name → its release. A product that is not in it is not deployed. */
export type Release = Readonly<Record<string, ProductRelease>>;

/** The largest share a canary may have; beyond it a cutover is the honest step. */
export const MAX_CANARY_PERCENT = 50;

export const otherColour = (colour: Colour): Colour => (colour === "blue" ? "green" : "blue");

/** The colours that have containers, live one first. */
export function runningColours(release: ProductRelease): Colour[] {
  return [release.live, otherColour(release.live)].filter((colour) => release[colour] !== null);
}

/** Per cent of the traffic per running colour; they add up to 100. */
export function weights(release: ProductRelease): Partial<Record<Colour, number>> {
  const idle = otherColour(release.live);
  if (release[idle] === null) return { [release.live]: 100 };
  return { [release.live]: 100 - release.canary, [idle]: release.canary };
}

/** Per cent of the traffic per set that runs. */
export type Weights = Readonly<Partial<Record<Colour, number>>>;

/** For labels and tables: "blue=90,green=10". */
export const formatSplit = (split: Weights): string =>
  COLOURS.flatMap((colour) => (split[colour] === undefined ? [] : [`${colour}=${split[colour]}`])).join(",");

export const formatWeights = (release: ProductRelease): string => formatSplit(weights(release));

/** From "blue=90,green=10". */
export const parseSplit = (text: string): Weights =>
  Object.fromEntries(
    COLOURS.flatMap((colour) => {
      const share = new RegExp(`\\b${colour}=(\\d+)`).exec(text)?.[1];
      return share === undefined ? [] : [[colour, Number(share)]];
    }),
  );
