import { type Platform, servicesOf } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import { leavesOf, type Value } from "../../model/values";
import { variablesOf } from "./catalog";

/** Services that values and migrations name. */
export function checkReferences(platform: Platform): Problem[] {
  const names = servicesOf(platform).map((s) => s.name);
  const known = new Set(names);
  return [
    ...variablesOf(platform).flatMap(({ path, value }) =>
      urlsIn(value)
        .filter((name) => !known.has(name))
        .map((name) => error(path, `the address of ${name}`, `one of ${list(names)}`, "correct the name")),
    ),
    ...platform.products.flatMap((product) =>
      product.migration && !product.services.some((s) => s.name === product.migration?.service)
        ? [
            error(
              `${product.name}/migration/service`,
              product.migration.service,
              `one of the product's services: ${list(product.services.map((s) => s.name))}`,
              "name the service whose image has the migrations",
            ),
          ]
        : [],
    ),
  ];
}

const urlsIn = (value: Value): string[] =>
  leavesOf(value).flatMap((leaf) => (typeof leaf !== "string" && leaf.kind === "url-of" ? [leaf.service] : []));
