import { describe, test } from "@jest/globals";
import { Health } from "../../../model/health";
import { withService } from "../../support/platforms";
import { check, expectProblem } from "./support";

describe("health", () => {
  test("none", () => {
    expectProblem(check(withService("chat-web", { health: undefined as never })), {
      path: "chat/chat-web/health",
      given: "no health check",
    });
  });
  test("an empty command", () => {
    expectProblem(check(withService("chat-web", { health: Health.command([]) })), { path: "chat/chat-web/health" });
  });
  test("a path without a slash", () => {
    expectProblem(check(withService("chat-web", { health: Health.http("health") })), { fix: "/health" });
  });
});
