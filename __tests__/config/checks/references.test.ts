import { describe, test } from "@jest/globals";
import { perEnvironment, template, urlOf } from "../../../model/values";
import { SENTINELIQ, withProduct, withService } from "../../support/platforms";
import { chat, check, expectProblem, product, withStore } from "./support";

describe("references", () => {
  test("the address of a service that is not there", () => {
    const env = { AUTH: perEnvironment({ development: "x", staging: template`${urlOf("auth")}/v1`, production: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), {
      path: "bauntown/bauntown-landing/env/AUTH",
      given: "the address of auth",
    });
  });
  test("the address of a service that is not there, in a store", () => {
    expectProblem(check(withStore("kibana", { env: { SERVER: urlOf("server") } }), SENTINELIQ), {
      path: "kibana/env/SERVER",
      given: "the address of server",
    });
  });
  test("a migration of a service that is not there", () => {
    const migration = { service: "notes-api", command: ["migrate"] };
    const database = { ...chat.database!, name: "notes" };
    expectProblem(check(withProduct({ ...product("notes"), database, migration })), {
      path: "notes/migration/service",
    });
  });
});
