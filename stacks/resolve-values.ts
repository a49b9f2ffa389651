import { call } from "../constructs/terraform-expression";
import type { Variables } from "../constructs/variables";
import type { Environment } from "../model/environment";
import { hostsOf, type Platform, servicesOf } from "../model/platform";
import { databasePassword, supabaseUrl } from "../model/inputs";
import { type SetRelease, tagOf } from "../model/release";
import type { Product, Service } from "../model/service";
import type { UrlOf, Value } from "../model/values";

/** Whose value it is. A store's belongs to no product, and has no set. */
interface Owner {
  readonly product?: Product;
  readonly version?: string;
}

/** Turns the catalog's values into text for one environment; inputs become references to Terraform variables. */
export class ValueResolver {
  private readonly services: ReadonlyMap<string, Service>;

  constructor(
    private readonly platform: Platform,
    private readonly environment: Environment,
    private readonly variables: Variables,
  ) {
    this.services = new Map(servicesOf(platform).map((service) => [service.name, service]));
  }

  /** All environment variables of a service, a store or the like. */
  env(values: Readonly<Record<string, Value>>, owner: Owner = {}): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, this.text(value, owner)]));
  }

  /** What a migration job runs with: its service's variables, with the database as migrations need it. */
  migrationEnv(product: Product, set: SetRelease): Record<string, string> | undefined {
    const service = product.services.find((s) => s.name === product.migration?.service);
    if (!service) return undefined;
    const url = this.databaseUrl(product, "migration");
    const version = tagOf(set, service.name);
    return { ...this.env(service.env, { product, version }), DATABASE_URL: url, MIGRATION_DATABASE_URL: url };
  }

  private text(value: Value, owner: Owner): string {
    if (typeof value === "string") return value;
    switch (value.kind) {
      case "input":
        return this.variables.text(value);
      case "per-environment":
        return this.text(value.values[this.environment.name], owner);
      case "template":
        return value.parts
          .map((part, i) => (i < value.values.length ? part + this.text(value.values[i]!, owner) : part))
          .join("");
      case "url-of":
        return this.url(value);
      case "url-encoded":
        return call("urlencode", this.text(value.value, owner));
      case "set-version":
        return owner.version!;
      case "database-url":
        return this.databaseUrl(owner.product!, value.for);
    }
  }

  private url({ service: name, from }: UrlOf): string {
    const service = this.services.get(name)!;
    if (this.environment.developmentPorts) {
      return `http://${from === "browser" ? "localhost" : name}:${service.developmentPort}`;
    }
    const scheme = this.environment.tls.kind === "none" ? "http" : "https";
    return `${scheme}://${hostsOf(service, this.environment)[0]}`;
  }

  private databaseUrl(product: Product, use: "pool" | "migration"): string {
    const { database } = product;
    if (!database) throw new Error(`${product.name} has no database, but a value asks for its address`);
    if (database.at[this.environment.name] === "supabase") {
      const { service, migration } = this.platform.supabasePool!;
      const limit = use === "pool" ? `pgbouncer=true&connection_limit=${service}` : `connection_limit=${migration}`;
      return `${this.variables.text(supabaseUrl(product.name, use))}?${limit}`;
    }
    const store = this.platform.stores.find((s) => s.kind === "postgres")!;
    // A password may have characters that mean something in an address.
    const password = call("urlencode", this.variables.text(databasePassword(product.name)));
    return `postgresql://${database.name}:${password}@${store.name}:${store.port}/${database.name}`;
  }
}
