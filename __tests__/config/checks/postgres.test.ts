import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { postgres } from "../../../config/stores/postgres";
import { connectionsForProducts, roleConnections } from "../../../model/database";
import type { Platform } from "../../../model/platform";
import type { PostgresStore, ProductDatabase } from "../../../model/service";
import { databaseUrl } from "../../../model/values";
import { KORCZEWSKI } from "../../support/platforms";
import { check, expectProblem } from "./support";

const withPostgres =
  (change: Partial<PostgresStore>) =>
  (platform: Platform): Platform => ({
    ...platform,
    stores: platform.stores.map((store) => (store.kind === "postgres" ? { ...store, ...change } : store)),
  });
const withDatabase =
  (name: string, change: Partial<ProductDatabase>) =>
  (platform: Platform): Platform => ({
    ...platform,
    products: platform.products.map((product) =>
      product.name === name ? { ...product, database: { ...product.database!, ...change } } : product,
    ),
  });
const checkKorczewski = (change: (platform: Platform) => Platform) => check(change, KORCZEWSKI);
const { platform: KORCZEWSKI_PLATFORM } = KORCZEWSKI;
const l2p = KORCZEWSKI_PLATFORM.products.find(({ name }) => name === "l2p")!;
const { production } = KORCZEWSKI_PLATFORM.environments;

describe("connections", () => {
  test("more than the server has, in the one environment with three replicas", () => {
    expectProblem(checkKorczewski(withPostgres({ maxConnections: 149 })), {
      path: "postgres/maxConnections",
      given: "149, where products may hold 140 in production: auth 25, l2p 65, payment 25, videovault 25",
      expected: "at least 150: 10 of them",
      fix: "maxConnections: 150",
    });
    expect(checkKorczewski(withPostgres({ maxConnections: 150 }))).toEqual([]);
  });
  test("a smaller pool fits", () => {
    const small = (platform: Platform): Platform =>
      withDatabase("l2p", { connections: { pool: 2, reserve: 1 } })(withPostgres({ maxConnections: 100 })(platform));
    expect(checkKorczewski(small)).toEqual([]);
  });
  test("are counted for both sets, each replica of what asks for the database, and a migration", () => {
    expect(roleConnections(l2p, l2p.database!, production)).toBe(10 * 3 * 2 + 5);
    const migrating = { ...l2p, migration: { service: "l2p-backend", command: ["migrate"] } };
    expect(roleConnections(migrating, l2p.database!, production)).toBe(10 * 3 * 2 + 2 + 5);
    const both = l2p.services.map((each) => ({ ...each, env: { ...each.env, DATABASE_URL: databaseUrl() } }));
    expect(roleConnections({ ...l2p, services: both }, l2p.database!, production)).toBe(10 * (3 + 1) * 2 + 5);
  });
  test("what the check lets through always fits, and what it does not never does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 11, max: 400 }), fc.integer({ min: 1, max: 30 }), (maxConnections, pool) => {
        const problems = checkKorczewski((platform) =>
          withDatabase("l2p", { connections: { pool } })(withPostgres({ maxConnections })(platform)),
        );
        const held = 75 + 6 * pool + 5;
        expect(problems.some(({ given }) => given.includes("in production"))).toBe(
          held > connectionsForProducts(postgres({ maxConnections })),
        );
      }),
      { numRuns: 30 },
    );
  });
  test("at Supabase take none of ours", () => {
    expect(check(withPostgres({ maxConnections: 300 })).map(({ given }) => given)).toEqual([]);
    const few = check(withPostgres({ maxConnections: 100 }));
    expect(few.map(({ given }) => /in (\w+):/.exec(given)?.[1])).toEqual(["development"]);
  });
  test.each([10, 0, -1, 1.5, Number.NaN])("a number that is none: %s", (maxConnections) => {
    expect(checkKorczewski(withPostgres({ maxConnections })).map(({ path }) => path)).toContain(
      "postgres/maxConnections",
    );
  });
  test.each(["pool", "reserve"])("a %s that is none", (key) => {
    expectProblem(checkKorczewski(withDatabase("auth", { connections: { [key]: 0 } })), {
      path: `auth/database/connections/${key}`,
      given: "0",
    });
  });
});

describe("a database", () => {
  test.each(["postgres", "template1", "template0", "public", "pg_mine"])("with the server's own name: %s", (name) => {
    expectProblem(checkKorczewski(withDatabase("auth", { name })), { path: "auth/database/name", given: name });
  });
  test("with the administrator's name, which would lose its rights", () => {
    const problems = checkKorczewski((p) => withDatabase("auth", { name: "boss" })(withPostgres({ user: "boss" })(p)));
    expectProblem(problems, { path: "auth/database/name", given: "the administrator's own" });
  });
  test.each(["", "x".repeat(64), "ö".repeat(32)])("with a name that PostgreSQL cannot have: %s", (name) => {
    expectProblem(checkKorczewski(withDatabase("auth", { name })), { path: "auth/database/name" });
  });
  test("that another product has", () => {
    const problems = checkKorczewski(withDatabase("auth", { name: "l2p" }));
    expect(problems.map(({ path }) => path)).toEqual(["auth/database/name", "l2p/database/name"]);
    expect(problems[0]!.given).toBe("l2p, which l2p has");
  });
});

describe("an extension", () => {
  test("twice", () => {
    expectProblem(checkKorczewski(withDatabase("auth", { extensions: ["cube", "citext", "cube"] })), {
      path: "auth/database/extensions/2",
      given: "cube again",
    });
  });
  test.each(["", "a b", "Cube;", "é"])("that is no name: %s", (extension) => {
    expectProblem(checkKorczewski(withDatabase("auth", { extensions: [extension] })), {
      path: "auth/database/extensions/0",
    });
  });
});

test("a platform without PostgreSQL has nothing to check", () => {
  const none = (p: Platform): Platform => ({ ...p, stores: p.stores.filter(({ kind }) => kind !== "postgres") });
  expect(check(none).filter(({ path }) => path.includes("maxConnections"))).toEqual([]);
});
