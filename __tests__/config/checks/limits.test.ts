import { test } from "@jest/globals";
import { mebibytes } from "../../../model/units";
import { withEnvironment } from "../../support/platforms";
import { check, expectProblem } from "./support";

test("limits of a name that is neither a service nor a store", () => {
  const limits = { "chat-bakend": { cpu: 1, memory: mebibytes(64) } };
  expectProblem(check(withEnvironment("staging", { limits })), {
    path: "environments/staging/limits/chat-bakend",
    given: "chat-bakend",
    expected: "chat-backend",
  });
});
