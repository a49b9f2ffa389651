import { describe, test } from "@jest/globals";
import { secret, setting } from "../../../model/values";
import { SENTINELIQ, withService } from "../../support/platforms";
import { check, expectProblem, withStore } from "./support";

describe("inputs", () => {
  test("a name that is no Terraform variable", () => {
    const env = { KEY: secret("Chat-Key", { description: "x", where: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "inputs/Chat-Key" });
  });
  test("a secret here and a setting there", () => {
    const env = { KEY: setting("stripe_secret_key", { description: "x", where: "x" }) };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "inputs/stripe_secret_key" });
  });
  test("a secret in a service and a setting in a store", () => {
    const env = { KEY: setting("jwt_secret", { description: "x", where: "x" }) };
    expectProblem(check(withStore("kibana", { env }), SENTINELIQ), { path: "inputs/jwt_secret" });
  });
});
