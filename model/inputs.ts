/** What a platform has to be told from outside: each input once, with everything that needs it. */
import type { Environment } from "./environment";
import { DEVELOPMENT_PASSWORD, madeUp } from "./made-up";
import { snake } from "./names";
import type { Platform } from "./platform";
import type { Product } from "./service";
import { type Input, inputsOf } from "./values";

/** One input and everything that needs it: for `examples/<platform>.env` and for `npm run env`. */
export interface InputUse {
  readonly input: Input;
  /** "chat/chat-backend", or "platform". */
  readonly usedBy: readonly string[];
}

/** The password of a product's role in the platform's own PostgreSQL. */
export const databasePassword = (product: string): Input =>
  madeUp(`${snake(product)}_database_password`, {
    description: `Password of the role that ${product} has in PostgreSQL`,
    developmentDefault: DEVELOPMENT_PASSWORD,
  });

/** The password of a product's user in the platform's own Redis. */
export const redisPassword = (product: string): Input =>
  madeUp(`${snake(product)}_redis_password`, {
    description: `Password of the user that ${product} has in Redis`,
    developmentDefault: DEVELOPMENT_PASSWORD,
  });

/** The connection strings of a product's Supabase project. */
export const supabaseUrl = (product: string, use: "pool" | "migration"): Input => ({
  kind: "input",
  secret: true,
  name: `${snake(product)}_${use === "pool" ? "database_url" : "migration_database_url"}`,
  description:
    use === "pool"
      ? `Connection string of ${product}'s Supabase pooler in transaction mode (port 6543), without parameters`
      : `Connection string of ${product}'s Supabase database for migrations (port 5432), without parameters`,
  where: "Supabase → project → Settings → Database → Connection string",
  example: `postgresql://user:password@db.example.supabase.co:${use === "pool" ? 6543 : 5432}/postgres`,
});

/** All inputs of an environment, by name, with who uses each. */
export function inputUses(platform: Platform, environment: Environment): InputUse[] {
  const uses = new Map<string, { input: Input; usedBy: Set<string> }>();
  const add = (input: Input, by: string): void => {
    const use = uses.get(input.name) ?? { input, usedBy: new Set<string>() };
    use.usedBy.add(by);
    uses.set(input.name, use);
  };

  for (const input of machineryInputs(platform, environment)) add(input, "platform");
  for (const store of platform.stores) {
    const values = store.kind === "custom" ? Object.values(store.env) : [store.password];
    for (const value of values) for (const input of inputsOf(value, environment.name)) add(input, store.name);
  }
  for (const product of platform.products) {
    for (const service of product.services) {
      const by = `${product.name}/${service.name}`;
      for (const value of Object.values(service.env)) {
        for (const input of inputsOf(value, environment.name)) add(input, by);
      }
    }
    for (const input of databaseInputs(product, environment)) add(input, product.name);
    if (product.redis) add(redisPassword(product.name), product.name);
  }
  return [...uses.values()]
    .map(({ input, usedBy }) => ({ input, usedBy: [...usedBy].sort() }))
    .sort((a, b) => (a.input.name < b.input.name ? -1 : 1));
}

function databaseInputs(product: Product, environment: Environment): Input[] {
  if (!product.database) return [];
  return product.database.at[environment.name] === "postgres"
    ? [databasePassword(product.name)]
    : [supabaseUrl(product.name, "pool"), ...(product.migration ? [supabaseUrl(product.name, "migration")] : [])];
}

function machineryInputs(platform: Platform, environment: Environment): Input[] {
  const { inputs } = platform;
  return [
    inputs.registryUsername,
    inputs.registryToken,
    inputs.smokeKey,
    ...(environment.host.kind === "hetzner" ? [inputs.hcloudToken, inputs.sshAllowedCidrs, inputs.sshPublicKeys] : []),
    ...(environment.dns.kind === "cloudflare" ? [inputs.cloudflareApiToken, inputs.cloudflareZoneId] : []),
    ...(environment.dns.kind === "cloudflare" && environment.otaHost ? [inputs.cloudflareAccountId] : []),
    ...(environment.tls.kind === "letsencrypt" && environment.tls.challenge === "dns" ? [inputs.edgeDnsToken] : []),
  ];
}
