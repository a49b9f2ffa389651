import { test } from "@jest/globals";
import { withEnvironment } from "../../support/platforms";
import { check, expectProblem } from "./support";

test("replicas of an unknown service", () => {
  expectProblem(check(withEnvironment("staging", { replicas: { "chat-bakend": 2 } })), { given: "chat-bakend" });
});

test.each([0, 1.5])("%s replicas", (count) => {
  expectProblem(check(withEnvironment("staging", { replicas: { "chat-backend": count } })), { given: String(count) });
});
