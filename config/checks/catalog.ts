/** What several checks look for in a catalog: places, variables, ports, and what stands there twice. */
import type { Platform } from "../../model/platform";
import type { Product, Service, Store } from "../../model/service";
import type { Value } from "../../model/values";

/** The path of a service's part, as problems name it. */
export const at = (product: Product, service: Service, rest: string): string =>
  `${product.name}/${service.name}/${rest}`;

/** Items that share a key, by key. */
export function duplicates<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups].filter(([, group]) => group.length > 1);
}

/** The ports that a store may have on a computer. */
export const portsOf = (store: Store): number[] => [
  ...new Set([...(store.developmentPort ? [store.developmentPort] : []), ...(store.insidePorts ?? [])]),
];

/** Every environment variable of the catalog: the services' and the custom stores'. */
export const variablesOf = (
  platform: Platform,
): { readonly path: string; readonly key: string; readonly value: Value }[] => [
  ...platform.products.flatMap((product) =>
    product.services.flatMap((service) =>
      Object.entries(service.env).map(([key, value]) => ({ path: at(product, service, `env/${key}`), key, value })),
    ),
  ),
  ...platform.stores.flatMap((store) =>
    store.kind === "custom"
      ? Object.entries(store.env).map(([key, value]) => ({ path: `${store.name}/env/${key}`, key, value }))
      : [],
  ),
];
