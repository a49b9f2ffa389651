import { describe, test } from "@jest/globals";
import { SENTINELIQ, withService } from "../../support/platforms";
import { check, expectProblem, withStore } from "./support";

describe("dependencies", () => {
  test("unknown", () => {
    expectProblem(check(withService("chat-web", { dependsOn: ["chat-bakend"] })), {
      path: "chat/chat-web/dependsOn",
      given: "chat-bakend",
      expected: "chat-backend",
    });
  });
  test("in a circle", () => {
    expectProblem(check(withService("mana-core-auth", { dependsOn: ["chat-backend"] })), {
      given: "mana-core-auth → chat-backend → mana-core-auth",
    });
  });
  test("unknown, of a store", () => {
    expectProblem(check(withStore("kibana", { dependsOn: ["elasticsaerch"] }), SENTINELIQ), {
      path: "kibana/dependsOn",
      given: "elasticsaerch",
      expected: "elasticsearch",
    });
  });
  test("a service, of a store", () => {
    expectProblem(check(withStore("kibana", { dependsOn: ["saas-server"] }), SENTINELIQ), { given: "saas-server" });
  });
  test("in a circle of stores", () => {
    expectProblem(check(withStore("elasticsearch", { dependsOn: ["kibana"] }), SENTINELIQ), {
      given: "elasticsearch → kibana → elasticsearch",
    });
  });
});
