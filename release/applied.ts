/**
 * What Terraform has brought about of a product, from the state: which version each set runs, which one is live, and how
 * the traffic is split. The release file on this computer may be older, or newer than what was applied.
 */
import { COLOURS, type Colour, otherColour, parseSplit, type ProductRelease, type SetRelease } from "../model/release";
import type { Product } from "../model/service";
import { imageRepository, type Platform } from "../model/platform";
import type { StateResource } from "../terraform/state";
import { label, switchAddress } from "./guard";

/** @returns undefined: it was never released, or its switch is not in force (it failed, or is just being made) */
export function appliedRelease(
  state: readonly StateResource[],
  platform: Platform,
  product: Product,
): ProductRelease | undefined {
  const current = currentOf(state);
  const job = current.find(({ address }) => address === switchAddress(product.name));
  const live = label(job?.values, "release.live") as Colour | undefined;
  const weights = label(job?.values, "release.weights");
  if (live === undefined || weights === undefined) return undefined;
  return { live, canary: weightIn(weights, otherColour(live)), ...appliedSets(state, platform, product) };
}

/** Which version each set runs, whether or not the switch is in force. */
export function appliedSets(
  state: readonly StateResource[],
  platform: Platform,
  product: Product,
): Pick<ProductRelease, "blue" | "green"> {
  const current = currentOf(state);
  const [blue, green] = COLOURS.map((colour) => setIn(current, platform, product, colour)) as [
    SetRelease | null,
    SetRelease | null,
  ];
  return { blue, green };
}

const currentOf = (state: readonly StateResource[]): StateResource[] =>
  state.filter(({ tainted, deposed_key: deposed }) => !tainted && deposed === undefined);

/** A set's share in per cent, from "blue=90,green=10". */
export const weightIn = (weights: string, colour: Colour): number => parseSplit(weights)[colour] ?? 0;

function setIn(
  state: readonly StateResource[],
  platform: Platform,
  product: Product,
  colour: Colour,
): SetRelease | null {
  const found = product.services.flatMap((service) => {
    const prefix = `docker_container.${product.name}_${colour}_${service.role}-`;
    const container = state.find(({ address }) => address.startsWith(prefix) && /-\d+$/.test(address));
    const tag = label(container?.values, "version");
    if (tag === undefined) return [];
    const image = state.find(
      ({ address }) => address === `docker_image.${product.name}_${colour}_${service.role}-image`,
    );
    const name = String(image?.values["name"] ?? "");
    const digest = name.startsWith(imageRepository(platform, service)) ? /@(sha256:[0-9a-f]{64})$/.exec(name)?.[1] : "";
    return [{ service: service.name, tag, digest }];
  });
  if (found.length === 0) return null;
  // The tag that most have; one of two is the first's.
  const counts = new Map<string, number>();
  for (const { tag } of found) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const [version] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most));
  const tags = found.filter(({ tag }) => tag !== version).map(({ service, tag }) => [service, tag] as const);
  const digests = found.flatMap(({ service, digest }) => (digest ? [[service, digest] as const] : []));
  return {
    version,
    ...(tags.length > 0 ? { tags: Object.fromEntries(tags) } : {}),
    ...(digests.length > 0 ? { digests: Object.fromEntries(digests) } : {}),
  };
}

/** In what two entries of a release file differ, a line each: "live: blue, but green in the state". */
export function differences(file: ProductRelease | undefined, applied: ProductRelease): string[] {
  if (!file) return ["it has no entry for the product"];
  return [
    ...(file.live === applied.live ? [] : [`live: ${file.live}, but ${applied.live} in the state`]),
    ...(file.canary === applied.canary ? [] : [`canary: ${file.canary} %, but ${applied.canary} % in the state`]),
    ...COLOURS.flatMap((colour) => {
      const [is, was] = [textOf(applied[colour]), textOf(file[colour])];
      return is === was ? [] : [`${colour}: ${was}, but ${is} in the state`];
    }),
  ];
}

function textOf(set: SetRelease | null): string {
  if (!set) return "nothing";
  const tags = Object.entries(set.tags ?? {}).map(([service, tag]) => `${service} ${tag}`);
  return [set.version, ...tags].join(", ");
}
