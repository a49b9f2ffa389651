import { test } from "@jest/globals";
import { gibibytes } from "../../../model/units";
import { check, expectProblem, withHost } from "./support";

test("an unknown server type", () => {
  expectProblem(check(withHost({ serverType: "ccx99" })), {
    path: "environments/staging/host/serverType",
    expected: "ccx33 and ccx43",
  });
});

test("a volume that Hetzner does not sell", () => {
  expectProblem(check(withHost({ volume: gibibytes(5) })), { path: "environments/staging/host/volume" });
});
