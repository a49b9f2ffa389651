import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import type { Product } from "../../model/service";
import { leavesOf, type Value } from "../../model/values";

/** Who asks for a database must have one, and a store that it is in. */
export const checkDatabase = (platform: Platform): Problem[] =>
  platform.products.flatMap((product) => checkProduct(platform, product));

function checkProduct(platform: Platform, product: Product): Problem[] {
  const asks = product.services.filter((s) => Object.values(s.env).some(asksForDatabase)).map((s) => s.name);
  if (!product.database) {
    return asks.length > 0 || product.migration
      ? [
          error(
            `${product.name}/database`,
            `none, but ${list([...asks, ...(product.migration ? ["its migration"] : [])])} asks for its address`,
            "a database",
            `add database: { name: "${product.name}", at: { … } }`,
          ),
        ]
      : [];
  }
  const atSupabase = Object.values(product.database.at).includes("supabase");
  if (atSupabase && !platform.supabasePool) {
    return [
      error(
        `${product.name}/database/at`,
        "supabase, but the platform says nothing of Supabase's connections",
        "how many connections a service and a migration may have",
        "add supabasePool: { service: 10, migration: 1 } to the platform",
      ),
    ];
  }
  const inPostgres = Object.values(product.database.at).includes("postgres");
  return inPostgres && !platform.stores.some((s) => s.kind === "postgres")
    ? [
        error(
          `${product.name}/database/at`,
          "postgres, but the platform has no PostgreSQL",
          "a store of the kind postgres",
          "add one to the platform's stores",
        ),
      ]
    : [];
}

const asksForDatabase = (value: Value): boolean =>
  leavesOf(value).some((leaf) => typeof leaf !== "string" && leaf.kind === "database-url");
