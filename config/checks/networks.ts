import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import { at } from "./catalog";

/** Every network that something joins exists, and the edge reaches every service. */
export function checkNetworks(platform: Platform): Problem[] {
  const { networks } = platform;
  const withEdge = Object.keys(networks).filter((name) => networks[name]!.edge);
  if (withEdge.length === 0) {
    return [error("networks", "none that the edge is in", "at least one", "write edge: true at one of them")];
  }
  const users = [
    ...platform.products.flatMap((p) => p.services.map((s) => ({ path: at(p, s, "networks"), names: s.networks }))),
    ...platform.stores.map((s) => ({ path: `${s.name}/networks`, names: s.networks })),
  ];
  const unknown = users.flatMap(({ path, names }) =>
    names
      .filter((name) => !networks[name])
      .map((name) => error(path, name, `one of ${list(Object.keys(networks))}`, "correct the name")),
  );
  const unreachable = platform.products.flatMap((product) =>
    product.services
      .filter((service) => !service.networks.some((name) => networks[name]?.edge))
      .map((service) =>
        error(
          at(product, service, "networks"),
          `${list([...service.networks])}, in which the edge is not`,
          `a network with the edge: ${list(withEdge)}`,
          `add ${withEdge[0]}`,
        ),
      ),
  );
  return [...unknown, ...unreachable];
}
