import { type Platform, servicesOf } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import { at } from "./catalog";

/** What is waited for at the start must exist, and must not itself wait for the one that waits. */
export function checkDependencies(platform: Platform): Problem[] {
  const services = new Map(servicesOf(platform).map((s) => [s.name, s]));
  const known = new Set([...services.keys(), ...platform.stores.map((s) => s.name)]);
  const problems: Problem[] = [];
  for (const product of platform.products) {
    for (const service of product.services) {
      for (const dependency of service.dependsOn ?? []) {
        if (!known.has(dependency)) {
          problems.push(
            error(
              at(product, service, "dependsOn"),
              dependency,
              `a service or store of the catalog: ${list([...known].sort())}`,
              "correct the name or add what is missing",
            ),
          );
        }
      }
    }
  }
  const stores = new Map(platform.stores.map((s) => [s.name, s.kind === "custom" ? s : { dependsOn: [] }]));
  for (const [name, { dependsOn = [] }] of stores) {
    for (const dependency of dependsOn.filter((other) => !stores.has(other))) {
      problems.push(
        error(
          `${name}/dependsOn`,
          dependency,
          `a store of the catalog: ${list([...stores.keys()].sort())}`,
          "correct the name or add what is missing",
        ),
      );
    }
  }
  for (const cycle of [findCycle(services), findCycle(stores)]) {
    if (!cycle) continue;
    problems.push(
      error(
        `${cycle[0]}/dependsOn`,
        cycle.join(" → "),
        "dependencies without a circle",
        "remove one of these dependencies; services that need each other only while serving need none",
      ),
    );
  }
  return problems;
}

/** The first circle in dependencies, closed: ["a", "b", "a"]. */
function findCycle(items: ReadonlyMap<string, { readonly dependsOn?: readonly string[] }>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, trail: string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of items.get(name)?.dependsOn ?? []) {
      const cycle = visit(next, [...trail, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of items.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}
