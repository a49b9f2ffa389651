/** Each platform of the catalog as it is, and with parts of it changed. Nothing here loads cdktf, which takes a second. */
import { type LoadedPlatform, loadPlatform } from "../../config/load";
import { PLATFORMS } from "../../config/platforms";
import type { Environment } from "../../model/environment";
import type { EnvironmentName } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import type { ProductRelease } from "../../model/release";
import type { Product, Service } from "../../model/service";

export const MANACORE: LoadedPlatform = loadPlatform({ platform: "manacore" });
export const SENTINELIQ: LoadedPlatform = loadPlatform({ platform: "sentineliq" });
export const KORCZEWSKI: LoadedPlatform = loadPlatform({ platform: "korczewski" });

/** Every platform of the catalog with its name, for `describe.each`. */
export const EVERY_PLATFORM: readonly [string, LoadedPlatform][] = Object.keys(PLATFORMS).map((platform) => [
  platform,
  loadPlatform({ platform }),
]);

/** A platform with some of it changed, and with other releases in one environment. */
export function variant(
  change: {
    /** @default MANACORE */
    readonly of?: LoadedPlatform;
    readonly platform?: (platform: Platform) => Platform;
    readonly environment?: EnvironmentName;
    readonly releases?: Readonly<Record<string, ProductRelease>>;
  } = {},
): Omit<LoadedPlatform, "problems"> {
  const { of = MANACORE, environment = "production" } = change;
  const platform = (change.platform ?? ((p) => p))(of.platform);
  const { release, path } = of.releases[environment];
  return {
    platform,
    development: platform,
    releases: { ...of.releases, [environment]: { path, release: { ...release, ...change.releases } } },
  };
}

export const withEnvironment =
  (name: EnvironmentName, change: Partial<Environment>) =>
  (platform: Platform): Platform => ({
    ...platform,
    environments: { ...platform.environments, [name]: { ...platform.environments[name], ...change } },
  });

export const withService =
  (name: string, change: Partial<Service>) =>
  (platform: Platform): Platform => ({
    ...platform,
    products: platform.products.map((product) => ({
      ...product,
      services: product.services.map((service) => (service.name === name ? { ...service, ...change } : service)),
    })),
  });

export const withProduct =
  (product: Product) =>
  (platform: Platform): Platform => ({ ...platform, products: [...platform.products, product] });

/** A release with both sets: green at a new version beside blue. */
export const both = (canary: number, live: "blue" | "green" = "blue"): ProductRelease => ({
  live,
  canary,
  blue: { version: "v1.5.2" },
  green: { version: "v1.6.0" },
});
