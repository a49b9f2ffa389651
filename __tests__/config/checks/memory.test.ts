import { describe, test } from "@jest/globals";
import { gibibytes, mebibytes } from "../../../model/units";
import { withEnvironment, withService } from "../../support/platforms";
import { check, expectProblem } from "./support";

describe("memory", () => {
  const large = (gib: number) =>
    withService("chat-backend", { resources: { limits: { cpu: 1, memory: mebibytes(gib * 1024) } } });
  test("both sets above 80 % of the server's: a warning", () => {
    const problems = check(large(4));
    expectProblem(problems, { path: "environments/staging/host/serverType", severity: "warning", given: "90 %" });
  });
  test("both sets above the server's: an error", () => {
    expectProblem(check(large(8)), { path: "environments/staging/host/serverType", severity: "error" });
  });
  test("replicas count", () => {
    expectProblem(check(withEnvironment("staging", { replicas: { "chat-backend": 20 } })), { severity: "error" });
  });
  test("an environment's own limits count", () => {
    const limits = { "chat-backend": { cpu: 1, memory: gibibytes(4) } };
    expectProblem(check(withEnvironment("staging", { limits })), { severity: "warning", given: "90 %" });
  });
});
