import { describe, expect, test } from "@jest/globals";
import { databaseUrl, perEnvironment, template } from "../../../model/values";
import { MANACORE, withProduct, withService } from "../../support/platforms";
import { check, expectProblem, product } from "./support";

describe("database", () => {
  test("none, but a service asks for its address", () => {
    const env = { URL: perEnvironment({ development: "x", staging: template`${databaseUrl()}?x`, production: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), {
      path: "bauntown/database",
      given: "none, but bauntown-landing asks",
    });
  });
  test("none, but a migration needs it", () => {
    const migration = { service: "notes-backend", command: ["migrate"] };
    expectProblem(check(withProduct({ ...product("notes"), migration })), { given: "its migration asks" });
  });
  test("in a PostgreSQL that is not there", () => {
    const problems = check((p) => ({ ...p, stores: p.stores.filter((s) => s.name !== "postgres") }));
    expect(problems.map((p) => p.path)).toContainEqual("chat/database/at");
  });
  test("at Supabase, of whose connections the platform says nothing", () => {
    const { supabasePool: _, ...rest } = MANACORE.platform;
    const problems = check(() => rest);
    const users = rest.products.filter(({ database }) => database && Object.values(database.at).includes("supabase"));
    expect(problems.map(({ path }) => path)).toEqual(users.map(({ name }) => `${name}/database/at`));
    expect(problems[0]).toMatchObject({ given: expect.stringContaining("supabase, but"), severity: "error" });
  });
});
