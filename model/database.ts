/** What a product's database is bounded by: connections in a store that all products share, and how long they may wait. */
import type { Environment } from "./environment";
import { replicasOf } from "./platform";
import { COLOURS } from "./release";
import type { PostgresStore, Product, ProductDatabase, Service } from "./service";
import { type Duration, minutes, seconds } from "./units";
import { leavesOf } from "./values";

/** PostgreSQL's own. */
const MAX_CONNECTIONS = 100;
/** Kept for the administrator, whatever products hold: Terraform runs ten jobs at once, and each database job is one. */
export const ADMINISTRATOR_CONNECTIONS = 10;
/** What node-postgres, postgres.js and most pools open at most. */
const POOL = 10;
/** Prisma and Drizzle take one for their lock and one for what they change. */
const MIGRATION = 2;
/** A person who looks, and connections of a container that is gone which the server has not noticed yet. */
const RESERVE = 5;

export const maxConnections = (store: PostgresStore): number => store.maxConnections ?? MAX_CONNECTIONS;

/** What products together may hold. */
export const connectionsForProducts = (store: PostgresStore): number =>
  maxConnections(store) - ADMINISTRATOR_CONNECTIONS;

/** Is the product's database in the platform's own PostgreSQL here? */
export const isInPostgres = (product: Product, environment: Environment): boolean =>
  product.database?.at[environment.name] === "postgres";

/**
 * The connections that a product's role may hold: the pools of all its containers, twice, as both sets run during a
 * release; a migration's; and a reserve.
 */
export function roleConnections(product: Product, database: ProductDatabase, environment: Environment): number {
  const { pool = POOL, reserve = RESERVE } = database.connections ?? {};
  const containers = product.services
    .filter((service) => asksForDatabase(service, environment))
    .reduce((sum, service) => sum + replicasOf(environment, service), 0);
  return pool * containers * COLOURS.length + (product.migration ? MIGRATION : 0) + reserve;
}

const asksForDatabase = (service: Service, environment: Environment): boolean =>
  Object.values(service.env).some((value) =>
    leavesOf(value, environment.name).some((leaf) => typeof leaf !== "string" && leaf.kind === "database-url"),
  );

/** How long a role's statement, and a transaction in which nothing happens, may last; 0 s: for as long as it likes. */
export const roleTimeouts = ({
  timeouts = {},
}: ProductDatabase): { statement: Duration; idleInTransaction: Duration } => ({
  // A migration has the same role, and an index over a large table takes its time.
  statement: timeouts.statement ?? seconds(0),
  idleInTransaction: timeouts.idleInTransaction ?? minutes(5),
});
