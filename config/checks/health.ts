import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import type { Product, Service } from "../../model/service";
import { at } from "./catalog";

/** A set gets traffic when it is healthy, so every service has to say how that is seen. */
export const checkHealth = ({ products }: Platform): Problem[] =>
  products.flatMap((product) => product.services.flatMap((service) => checkService(product, service)));

function checkService(product: Product, service: Service): Problem[] {
  const path = at(product, service, "health");
  // The type demands one; a catalog that was put together from data may still lack it.
  const health = service.health as Service["health"] | undefined;
  if (!health || (health.kind === "command" && health.command.length === 0)) {
    return [
      error(
        path,
        "no health check",
        "a way to see that the service can serve",
        'add health: Health.http("/api/health")',
      ),
    ];
  }
  return health.kind === "http" && !health.path.startsWith("/")
    ? [error(path, health.path, "a path that begins with /", `write /${health.path}`)]
    : [];
}
