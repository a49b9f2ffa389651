import { ENVIRONMENTS } from "../../model/environment-name";
import { containerName, environmentPrefix, HASH_LENGTH, isDnsLabel, MAX_NAME, RESERVED_NAMES } from "../../model/names";
import { type Platform, replicasOf, servicesOf } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import { COLOURS } from "../../model/release";
import type { Product, Service } from "../../model/service";
import { at, duplicates } from "./catalog";

/** Names are addresses between containers, ids in Terraform's state and parts of containers' names. */
export function checkNames(platform: Platform): Problem[] {
  const problems: Problem[] = [];
  const reserved = [...RESERVED_NAMES, ...platform.stores.map((s) => s.name)];
  for (const { name } of platform.products.filter((p) => reserved.includes(p.name))) {
    problems.push(
      error(name, `the product name ${name}`, `a name other than ${list([...reserved].sort())}`, "rename the product"),
    );
  }
  for (const { name } of platform.stores.filter((s) => RESERVED_NAMES.includes(s.name))) {
    const others = `a name other than ${list([...RESERVED_NAMES].sort())}`;
    problems.push(error(name, `the store name ${name}`, others, "rename the store"));
  }
  const named = [
    ...servicesOf(platform).map((s) => ({ name: s.name, what: "service" })),
    ...platform.stores.map((s) => ({ name: s.name, what: "store" })),
  ];
  for (const [name, group] of duplicates(platform.products, (p) => p.name)) {
    problems.push(error(name, `${group.length} products "${name}"`, "one product of a name", "rename one of them"));
  }
  for (const [name, group] of duplicates(named, (n) => n.name)) {
    const what = list(group.map((g) => g.what));
    problems.push(error(name, `${what} with the name "${name}"`, "names that are unique", "rename one of them"));
  }
  for (const { name, what } of [...named, ...platform.products.map((p) => ({ name: p.name, what: "product" }))]) {
    if (!isDnsLabel(name)) {
      problems.push(
        error(
          name,
          `the ${what} name "${name}"`,
          `lower-case letters, digits and dashes, beginning with a letter, at most ${MAX_NAME}`,
          "rename it; containers reach each other by this name",
        ),
      );
    }
  }
  for (const product of platform.products) {
    for (const [role] of duplicates(product.services, (s) => s.role)) {
      problems.push(
        error(product.name, `two services in the role "${role}"`, "one service a role", "give one another role"),
      );
    }
    for (const service of product.services) {
      if (service.name !== product.name && !service.name.startsWith(`${product.name}-`)) {
        problems.push(
          error(
            at(product, service, "name"),
            service.name,
            `a name that begins with "${product.name}-"`,
            `rename it to ${product.name}-${service.role}`,
          ),
        );
      }
      problems.push(...checkContainerName(platform, product, service));
    }
  }
  return problems;
}

function checkContainerName(platform: Platform, product: Product, service: Service): Problem[] {
  const longest = ENVIRONMENTS.flatMap((environment) =>
    COLOURS.map((colour) => {
      const last = replicasOf(platform.environments[environment], service) - 1;
      return `${containerName(environmentPrefix(platform.name, environment), service.name, colour, last)}-${"0".repeat(HASH_LENGTH)}`;
    }),
  ).reduce((a, b) => (b.length > a.length ? b : a));
  return longest.length <= MAX_NAME
    ? []
    : [
        error(
          at(product, service, "name"),
          `${service.name}, which makes the container name ${longest} (${longest.length} characters)`,
          `container names of at most ${MAX_NAME} characters`,
          `shorten the name by ${longest.length - MAX_NAME}`,
        ),
      ];
}
