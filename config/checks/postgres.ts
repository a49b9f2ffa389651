import {
  ADMINISTRATOR_CONNECTIONS,
  connectionsForProducts,
  isInPostgres,
  maxConnections,
  roleConnections,
} from "../../model/database";
import type { Environment } from "../../model/environment";
import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import type { PostgresStore, Product, ProductDatabase } from "../../model/service";

/** PostgreSQL cuts longer ones, and then finds no database of the whole name. */
const LONGEST_NAME = 63;
/** As the job that makes them takes them from one line. */
const EXTENSION = /^[a-z0-9_-]+$/;
/** The server's own, and what SQL reads as something else than a role. */
const OWN_NAMES: readonly string[] = ["template0", "template1", "postgres", "public", "none"];

type WithDatabase = Product & { readonly database: ProductDatabase };

const withDatabase = (platform: Platform): WithDatabase[] =>
  platform.products.filter((product): product is WithDatabase => product.database !== undefined);
const postgresOf = (platform: Platform): PostgresStore | undefined =>
  platform.stores.find((store): store is PostgresStore => store.kind === "postgres");

/** What products say of their databases: names that are theirs alone, extensions, numbers. */
export function checkDatabases(platform: Platform): Problem[] {
  const products = withDatabase(platform);
  const store = postgresOf(platform);
  return [
    ...products.flatMap((product) => [
      ...checkName(product, products, store),
      ...checkExtensions(product),
      ...checkNumbers(product),
    ]),
    ...(store ? wholeNumber(`${store.name}/maxConnections`, store.maxConnections, ADMINISTRATOR_CONNECTIONS + 1) : []),
  ];
}

function checkName(product: WithDatabase, all: readonly WithDatabase[], store: PostgresStore | undefined): Problem[] {
  const { name } = product.database;
  const path = `${product.name}/database/name`;
  const isOwn = OWN_NAMES.includes(name) || name.startsWith("pg_") || name === store?.user;
  if (name === "" || isOwn || Buffer.byteLength(name) > LONGEST_NAME) {
    return [
      error(
        path,
        isOwn ? `${name}, which is the server's or the administrator's own` : `"${name}"`,
        `a name of the product's own, at most ${LONGEST_NAME} bytes`,
        `name it after the product, e.g. "${product.name}"`,
      ),
    ];
  }
  const others = all.filter((other) => other !== product && other.database.name === name);
  return others.length === 0
    ? []
    : [
        error(
          path,
          `${name}, which ${list(others.map((other) => other.name))} has`,
          "a database and a role of its own, as each product has its own password and rights",
          "name it otherwise",
        ),
      ];
}

function checkExtensions({ name, database: { extensions = [] } }: WithDatabase): Problem[] {
  return extensions.flatMap((extension, place) => {
    const path = `${name}/database/extensions/${place}`;
    if (extensions.indexOf(extension) < place) {
      return [error(path, `${extension} again`, "each extension once, where it is to be made", "remove it")];
    }
    return EXTENSION.test(extension)
      ? []
      : [error(path, `"${extension}"`, "the name of an extension", 'write it as PostgreSQL does, e.g. "uuid-ossp"')];
  });
}

const checkNumbers = ({ name, database: { connections = {} } }: WithDatabase): Problem[] => [
  ...wholeNumber(`${name}/database/connections/pool`, connections.pool, 1),
  ...wholeNumber(`${name}/database/connections/reserve`, connections.reserve, 1),
];

const wholeNumber = (path: string, value: number | undefined, least: number): Problem[] =>
  value === undefined || (Number.isInteger(value) && value >= least)
    ? []
    : [error(path, String(value), `a whole number, at least ${least}`, "correct the number")];

/** One product that takes all connections is an outage of the others; so what they may hold must fit. */
export function checkConnections(platform: Platform, environment: Environment): Problem[] {
  const store = postgresOf(platform);
  if (!store) return [];
  const roles = withDatabase(platform)
    .filter((product) => isInPostgres(product, environment))
    .map(({ name, ...product }) => ({
      name,
      connections: roleConnections({ name, ...product }, product.database, environment),
    }));
  const sum = roles.reduce((total, { connections }) => total + connections, 0);
  // Numbers that are none have problems of their own.
  if (!(sum > connectionsForProducts(store))) return [];
  const needed = sum + ADMINISTRATOR_CONNECTIONS;
  return [
    error(
      `${store.name}/maxConnections`,
      `${maxConnections(store)}, where products may hold ${sum} in ${environment.name}: ${roles.map(({ name, connections }) => `${name} ${connections}`).join(", ")}`,
      `at least ${needed}: ${ADMINISTRATOR_CONNECTIONS} of them are the administrator's`,
      `set maxConnections: ${Math.ceil(needed / 50) * 50}, or give products a smaller pool (database: { connections: { pool: 5 } })`,
    ),
  ];
}
